// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc"
)

// RequireDecision returns options that fail, as internal errors, calls that guard has
// not decided when they get there. Give them last, so that they stand between
// every interceptor and the handlers:
//
//	srv := grpc.NewServer(slices.Concat(grpcauth.ServerOptions(guard), others, grpcauth.RequireDecision(guard))...)
//
// On a server that is wired well they never fire. They are for the one that is
// not, or no longer: one interceptor of the two is missing, an interceptor
// calls the handler with a context of its own, or a service is registered past a
// [Registrar] that was to decide alone (which decides streams too late for this;
// give [ServerOptions] as well). The handler does not run, and the observer gets
// [auth.EventUndecided].
func RequireDecision(guard *auth.Guard) []grpc.ServerOption {
	undecided := func(ctx context.Context, procedure string) error {
		if guard.Decided(ctx, procedure) {
			return nil
		}
		return answer(ctx, guard, guard.Undecided(ctx, procedure))
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if err := undecided(ctx, info.FullMethod); err != nil {
				return nil, err
			}
			return handler(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if err := undecided(stream.Context(), info.FullMethod); err != nil {
				return err
			}
			return handler(srv, stream)
		}),
	}
}
