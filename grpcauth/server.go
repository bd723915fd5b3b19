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
			if decided, err = check(ctx, guard, request(info.FullMethod)); err != nil {
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

// StreamServerInterceptor guards streaming methods only; see
// [UnaryServerInterceptor]. It decides when the stream opens, and ends it when the
// token's deadline, a revocation or the guard's [auth.StreamPolicy] says so: with
// the status of that refusal, also if the handler is blocked. The handler's context
// is done then, with the refusal as its cause.
func StreamServerInterceptor(guard *auth.Guard) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		r := request(info.FullMethod)
		decided, err := check(stream.Context(), guard, r)
		if err != nil {
			return err
		}
		return serve(decided, guard, &r, stream, func(s grpc.ServerStream) error { return handler(srv, s) })
	}
}

// request is what the guard is asked about.
func request(fullMethod string) auth.Request {
	// gRPC knows no other HTTP method (gRPC over HTTP2, Requests).
	return auth.Request{Procedure: fullMethod, HTTPMethod: "POST", Carrier: incoming{}}
}

// check returns the context of a decided call, or the status of its refusal.
func check(ctx context.Context, guard *auth.Guard, r auth.Request) (context.Context, error) {
	decided, refusal := guard.Check(ctx, &r)
	if refusal != nil {
		return nil, answer(ctx, guard, refusal)
	}
	return decided, nil
}
