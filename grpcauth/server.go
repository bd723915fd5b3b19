// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc"
)

// ServerOptions returns the options that guard every method of a server: both
// interceptors, chained after those of options given before. Interceptors
// chained before them see refusals as the status that the caller gets.
//
// With a nil guard every call is refused as unavailable.
func ServerOptions(guard *auth.Guard) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(UnaryServerInterceptor(guard)),
		grpc.ChainStreamInterceptor(StreamServerInterceptor(guard)),
	}
}

// UnaryServerInterceptor guards unary methods only; a server with streaming
// methods needs [StreamServerInterceptor] as well, or [ServerOptions] for both.
// An [*auth.Error] that the handler returns becomes a status like a refusal.
func UnaryServerInterceptor(guard *auth.Guard) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		decided := ctx
		if !guard.Decided(ctx, info.FullMethod) {
			var err error
			if decided, err = check(ctx, guard, info.FullMethod); err != nil {
				return nil, err
			}
		}
		response, err := handler(decided, req)
		if err != nil {
			return nil, answer(ctx, guard, err)
		}
		return response, nil
	}
}

// StreamServerInterceptor guards streaming methods only, when the stream opens;
// see [UnaryServerInterceptor].
func StreamServerInterceptor(guard *auth.Guard) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := stream.Context()
		decided, err := check(ctx, guard, info.FullMethod)
		if err != nil {
			return err
		}
		if err := handler(srv, &guardedStream{ServerStream: stream, ctx: decided}); err != nil {
			return answer(ctx, guard, err)
		}
		return nil
	}
}

// check returns the context of a decided call, or the status of its refusal.
func check(ctx context.Context, guard *auth.Guard, fullMethod string) (context.Context, error) {
	// gRPC knows no other HTTP method (gRPC over HTTP2, Requests).
	decided, refusal := guard.Check(ctx, &auth.Request{Procedure: fullMethod, HTTPMethod: "POST", Carrier: incoming{}})
	if refusal != nil {
		return nil, answer(ctx, guard, refusal)
	}
	return decided, nil
}

// guardedStream is a stream whose context carries the caller's claims.
type guardedStream struct {
	grpc.ServerStream

	ctx context.Context
}

func (s *guardedStream) Context() context.Context { return s.ctx }
