// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
)

// sendGrace is how long a client has to take what was sent before its stream was
// ended, and from when the handler returns, the reason for that. A handler that is
// blocked in Send waits for as long: nothing else than a write deadline wakes it,
// and that ends the stream without a reason.
const sendGrace = 5 * time.Second

// guardedConn is a stream that ends when the claims of its caller do. What belongs to
// it is within, so that a stream takes one allocation here.
type guardedConn struct {
	connect.StreamingHandlerConn

	adapter adapter
	lent    *lent
	carrier lentCarrier // if anything is lent
	watched auth.Stream
	ending  atomic.Pointer[connect.Error] // set before the handler's context is done
	sending atomic.Int32                  // how many messages are on their way
}

// serve runs the handler of a stream that was let through.
func (a adapter) serve(decided context.Context, conn connect.StreamingHandlerConn, next connect.StreamingHandlerFunc) error {
	c := &guardedConn{StreamingHandlerConn: conn, adapter: a, lent: lentTo(decided, a.guard, conn.RequestHeader())}
	r := &auth.Request{Procedure: conn.Spec().Procedure, HTTPMethod: http.MethodPost, Carrier: c.takeCarrier()}
	watch := decided
	if !a.guard.Decided(decided, r.Procedure) {
		// An interceptor between the gate and here has put other claims into the
		// context, which are the handler's. The stream is still this caller's.
		var err error
		if watch, err = a.guard.Check(decided, r); err != nil {
			return a.handlerError(err, conn.RequestHeader().Get("Origin"), conn.ResponseHeader())
		}
	}
	ctx := c.watched.Context(decided)
	a.guard.WatchStream(watch, r, &c.watched, c)
	defer func() { _ = c.watched.Close() }() // also if the handler panics
	err := next(ctx, c)
	// From here on nothing touches the connection any more.
	if ended := c.watched.Close(); ended != nil {
		err = ended
		c.lent.woken()
	}
	if err != nil {
		return a.handlerError(err, conn.RequestHeader().Get("Origin"), conn.ResponseHeader())
	}
	return nil
}

// takeCarrier returns the carrier of the stream's request. The one that is lent is
// the gate's.
func (c *guardedConn) takeCarrier() auth.Carrier {
	header := headerCarrier(c.RequestHeader())
	if c.lent == nil {
		return header
	}
	c.carrier = lentCarrier{header, c.lent}
	return &c.carrier
}

// EndStream implements [auth.StreamTransport].
func (c *guardedConn) EndStream(e *auth.Error) error {
	ending, _ := c.adapter.answer(e)
	_ = ending.Meta() // which is made when it is first asked for, and may be by several
	c.ending.Store(ending)
	return ending
}

// WakeHandler implements [auth.StreamTransport].
func (c *guardedConn) WakeHandler() { c.lent.wake(&c.sending) }

// end returns the error that the stream was ended with, and nil while it is open.
func (c *guardedConn) end() error {
	if ending := c.ending.Load(); ending != nil {
		return ending
	}
	return nil
}

// Receive implements [connect.StreamingHandlerConn].
func (c *guardedConn) Receive(message any) error {
	if ended := c.end(); ended != nil {
		return ended
	}
	err := c.StreamingHandlerConn.Receive(message)
	if ended := c.end(); ended != nil {
		return ended
	}
	return err
}

// Send implements [connect.StreamingHandlerConn].
func (c *guardedConn) Send(message any) error {
	c.sending.Add(1)
	if ended := c.end(); ended != nil {
		c.sending.Add(-1)
		return ended
	}
	if c.lent.unread() {
		c.ResponseHeader().Set("Connection", "close")
	}
	err := c.StreamingHandlerConn.Send(message)
	c.sending.Add(-1)
	if ended := c.end(); ended != nil {
		c.lent.sent(&c.sending)
		if err != nil {
			return ended
		}
	}
	return err
}

// wake has a handler that is blocked in Receive or Send go on, as far as the
// response controller of the request can do that. sending is how many messages are
// on their way; whoever adds to it looks afterwards whether the stream has ended.
func (l *lent) wake(sending *atomic.Int32) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	controller := http.NewResponseController(l.writer)
	// Once an HTTP/1 request is read to its end, net/http listens for the client
	// to leave, and would take a deadline for that: the next request on the
	// connection began canceled (golang/go#70834). Nobody is blocked in Receive
	// then.
	if http1 := l.request.ProtoMajor < 2; !http1 || !l.body.ended.Load() {
		l.interrupted = http1
		_ = controller.SetReadDeadline(time.Unix(1, 0))
	}
	// On HTTP/2 this ends the response when it is reached, whether anybody writes
	// or not: a handler that is busy with something else would have no answer left.
	if sending.Load() > 0 {
		_ = controller.SetWriteDeadline(time.Now().Add(sendGrace))
	}
}

// unread reports whether an HTTP/1 request is answered before all of it was read.
// Its connection cannot have another request: the stream may yet be ended by
// interrupting what is left to read, which would come too late to say so once the
// header of the response is out. Said before, net/http does not wait for the rest
// of the request either.
func (l *lent) unread() bool {
	return l != nil && l.request.ProtoMajor < 2 && !l.body.ended.Load()
}

// sent is for after a message that was on its way when its stream ended. The client
// has taken it in time, and what is left is the answer, which [lent.woken] sees to.
func (l *lent) sent(sending *atomic.Int32) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over && sending.Load() == 0 {
		_ = http.NewResponseController(l.writer).SetWriteDeadline(time.Time{})
	}
}

// woken is for the goroutine of the handler, when it is back after a wake and
// before the answer.
func (l *lent) woken() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	_ = http.NewResponseController(l.writer).SetWriteDeadline(time.Now().Add(sendGrace))
	if !l.interrupted {
		return
	}
	// The request may have come to its end just before it was interrupted, and
	// then the connection must not have another. If it has not, its client is
	// perhaps still writing, and would lose the answer if the connection was closed
	// at once. For a request that is too large net/http does what it takes.
	w := l.writer
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = outer.Unwrap()
	}
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, io.NopCloser(strings.NewReader("rest")), 0))
}

// body is the body of a request, of which is known whether all of it was read.
type body struct {
	io.ReadCloser

	ended atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}
