// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// guardedStream is a stream whose context carries the caller's claims, and which
// ends when these do.
type guardedStream struct {
	grpc.ServerStream

	ctx     context.Context
	watched *auth.Stream
	ending  error // the status for an end; written before the context is done
}

// statusWriter is what a transport of grpc-go can do besides what it is known for:
// end an RPC with a status while its handler is still running. It is the only way
// to wake a handler that is blocked in RecvMsg or SendMsg without the client being
// told that it has canceled the call itself.
type statusWriter interface {
	WriteStatus(s *status.Status) error
}

// serve runs the handler of a stream that was let through.
func serve(decided context.Context, guard *auth.Guard, r *auth.Request, stream grpc.ServerStream, handle func(grpc.ServerStream) error) error {
	ctx, cancel := context.WithCancelCause(decided)
	defer cancel(nil)
	s := &guardedStream{ServerStream: stream, ctx: ctx}
	s.watched = guard.OpenStream(decided, r, func(e *auth.Error) {
		s.ending = answer(stream.Context(), guard, e)
		cancel(s.ending)
		if w, ok := grpc.ServerTransportStreamFromContext(stream.Context()).(statusWriter); ok {
			// It may be over already, and then this does nothing.
			_ = w.WriteStatus(status.Convert(s.ending))
		}
	})
	err := handle(s)
	if s.watched.Close() != nil {
		return s.ending
	}
	if err != nil {
		return answer(stream.Context(), guard, err)
	}
	return nil
}

func (s *guardedStream) Context() context.Context { return s.ctx }

// end returns the status that the stream was ended with, and nil while it is open.
func (s *guardedStream) end() error {
	if s.watched.Err() == nil {
		return nil
	}
	<-s.ctx.Done() // it is about to be
	return context.Cause(s.ctx)
}

func (s *guardedStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if ended := s.end(); ended != nil {
		return ended
	}
	return err
}

func (s *guardedStream) SendMsg(m any) error {
	if ended := s.end(); ended != nil {
		return ended
	}
	err := s.ServerStream.SendMsg(m)
	if err != nil {
		if ended := s.end(); ended != nil {
			return ended
		}
	}
	return err
}
