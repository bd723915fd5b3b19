// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"io"
	"net/http"
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

	ctx     context.Context
	watched *auth.Stream
}

// serve runs the handler of a stream that was let through.
func (a adapter) serve(decided context.Context, conn connect.StreamingHandlerConn, next connect.StreamingHandlerFunc) error {
	ctx, cancel := context.WithCancelCause(decided)
	defer cancel(nil)
	lent := lentTo(decided, a.guard, conn.RequestHeader())
	r := &auth.Request{Procedure: conn.Spec().Procedure, HTTPMethod: http.MethodPost, Carrier: carrier{header: conn.RequestHeader(), lent: lent}}
	guarded := &guardedConn{StreamingHandlerConn: conn, ctx: ctx}
	guarded.watched = a.guard.OpenStream(decided, r, func(e *auth.Error) {
		ending, _ := a.answer(e)
		cancel(ending)
		lent.wake()
	})
	err := next(ctx, guarded)
	// From here on nothing touches the connection any more.
	if ended := guarded.watched.Close(); ended != nil {
		err = ended
	}
	if err != nil {
		return a.handlerError(err, conn.RequestHeader().Get("Origin"), conn.ResponseHeader())
	}
	return nil
}

// end returns the error that the stream was ended with, and nil while it is open.
func (c *guardedConn) end() error {
	if c.watched.Err() == nil {
		return nil
	}
	<-c.ctx.Done() // it is about to be
	return context.Cause(c.ctx)
}

// Receive implements [connect.StreamingHandlerConn].
func (c *guardedConn) Receive(message any) error {
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
	controller := http.NewResponseController(l.writer)
	// Once an HTTP/1 request is read to its end, net/http listens for the client
	// to leave, and would take a deadline for that: the next request on the
	// connection began canceled (golang/go#70834). Nobody is blocked in Receive
	// then.
	if l.request.ProtoMajor > 1 || !l.body.ended.Load() {
		_ = controller.SetReadDeadline(time.Unix(1, 0))
	}
	_ = controller.SetWriteDeadline(time.Now().Add(sendGrace))
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
