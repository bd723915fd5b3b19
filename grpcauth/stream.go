// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"sync/atomic"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// guardedStream is a stream whose context carries the caller's claims, and which
// ends when these do. What belongs to it is within, so that a stream takes one
// allocation here.
type guardedStream struct {
	grpc.ServerStream

	guard   *auth.Guard
	watched auth.Stream
	ctx     context.Context
	ending  atomic.Pointer[error] // the status for an end; set before the context is done
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
	s := &guardedStream{ServerStream: stream, guard: guard}
	s.ctx = s.watched.Context(decided)
	guard.WatchStream(decided, r, &s.watched, s)
	defer func() { // also if the handler panics
		if s.watched.Close() != nil {
			// Before an interceptor outside makes something else of it.
			s.tell()
		}
	}()
	err := handle(s)
	if s.watched.Close() != nil {
		return s.end()
	}
	if err != nil {
		return answer(stream.Context(), guard, err)
	}
	return nil
}

// EndStream implements [auth.StreamTransport].
func (s *guardedStream) EndStream(e *auth.Error) error {
	ending := answer(s.ServerStream.Context(), s.guard, e)
	s.ending.Store(&ending)
	return ending
}

// WakeHandler implements [auth.StreamTransport].
func (s *guardedStream) WakeHandler() {
	// Behind ServeHTTP this waits for what is being written to the client, and so
	// for the client.
	go s.tell()
}

func (s *guardedStream) Context() context.Context { return s.ctx }

// end returns the status that the stream was ended with, and nil while it is open.
func (s *guardedStream) end() error {
	if ending := s.ending.Load(); ending != nil {
		return *ending
	}
	return nil
}

// tell has the transport end the call with the status of the stream's end, and
// returns when that is on its way. It does nothing if the call is over already.
func (s *guardedStream) tell() {
	if w, ok := grpc.ServerTransportStreamFromContext(s.ServerStream.Context()).(statusWriter); ok {
		_ = w.WriteStatus(status.Convert(s.end()))
	}
}

func (s *guardedStream) RecvMsg(m any) error {
	if ended := s.end(); ended != nil {
		return ended
	}
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
