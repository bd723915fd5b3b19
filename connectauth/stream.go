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
// ended, and the reason for that. A handler that is blocked in Send waits for as
// long: nothing else than a write deadline wakes it, and that ends the stream
// without a reason.
const sendGrace = 5 * time.Second

// guardedConn is a stream that ends when the claims of its caller do.
type guardedConn struct {
	connect.StreamingHandlerConn

	ending atomic.Pointer[connect.Error] // set before the handler's context is done
}

// serve runs the handler of a stream that was let through.
func (a adapter) serve(decided context.Context, conn connect.StreamingHandlerConn, next connect.StreamingHandlerFunc) error {
	ctx, cancel := context.WithCancelCause(decided)
	defer cancel(nil)
	lent := lentTo(decided, a.guard, conn.RequestHeader())
	r := &auth.Request{Procedure: conn.Spec().Procedure, HTTPMethod: http.MethodPost, Carrier: carrierOf(conn.RequestHeader(), lent)}
	guarded := &guardedConn{StreamingHandlerConn: conn}
	watched := a.guard.OpenStream(decided, r, func(e *auth.Error) {
		ending, _ := a.answer(e)
		_ = ending.Meta() // which is made when it is first asked for, and may be by several
		guarded.ending.Store(ending)
		cancel(ending)
		lent.wake()
	})
	defer func() { _ = watched.Close() }() // also if the handler panics
	err := next(ctx, guarded)
	// From here on nothing touches the connection any more.
	if ended := watched.Close(); ended != nil {
		err = ended
		lent.woken()
	}
	if err != nil {
		return a.handlerError(err, conn.RequestHeader().Get("Origin"), conn.ResponseHeader())
	}
	return nil
}

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
	if ended := c.end(); ended != nil {
		return ended
	}
	err := c.StreamingHandlerConn.Send(message)
	if err != nil {
		if ended := c.end(); ended != nil {
			return ended
		}
	}
	return err
}

// wake has a handler that is blocked in Receive or Send go on, as far as the
// response controller of the request can do that.
func (l *lent) wake() {
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
	_ = controller.SetWriteDeadline(time.Now().Add(sendGrace))
}

// woken is for the goroutine of the handler, when it is back after a wake and
// before the answer.
func (l *lent) woken() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.interrupted || l.over {
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
