// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// plain is the interceptor that people write around a library which verifies
// tokens and knows no RPC. It does as little as it can, to be fair.
func plain(verify VerifyFunc, stop func()) *Instance {
	authenticate := func(ctx context.Context) (context.Context, error) {
		values := metadata.ValueFromIncomingContext(ctx, "authorization")
		if len(values) != 1 {
			return nil, errNoToken
		}
		token, ok := strings.CutPrefix(values[0], "Bearer ")
		if !ok {
			return nil, errNoToken
		}
		identity, err := verify(ctx, token)
		if err != nil {
			return nil, status.Error(codes.Unauthenticated, err.Error())
		}
		return context.WithValue(ctx, identityKey{}, identity), nil
	}
	return &Instance{
		Unary: func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			ctx, err := authenticate(ctx)
			if err != nil {
				return nil, err
			}
			return handler(ctx, request)
		},
		Stream: func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			ctx, err := authenticate(stream.Context())
			if err != nil {
				return err
			}
			return handler(srv, &streamWithContext{ServerStream: stream, ctx: ctx})
		},
		Connect: []connect.HandlerOption{connect.WithInterceptors(connectInterceptor(verify))},
		Stop:    stop,
	}
}

var errNoToken = status.Error(codes.Unauthenticated, "no bearer token")

type streamWithContext struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream's context is how a caller travels
}

func (s *streamWithContext) Context() context.Context { return s.ctx }

// connectInterceptor is the same for connect-go.
type connectInterceptor VerifyFunc

func (v connectInterceptor) authenticate(ctx context.Context, authorization string) (context.Context, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("no bearer token"))
	}
	identity, err := v(ctx, token)
	if err != nil {
		return nil, connect.NewError(connect.CodeUnauthenticated, err)
	}
	return context.WithValue(ctx, identityKey{}, identity), nil
}

func (v connectInterceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		ctx, err := v.authenticate(ctx, request.Header().Get("Authorization"))
		if err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}

func (v connectInterceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		ctx, err := v.authenticate(ctx, conn.RequestHeader().Get("Authorization"))
		if err != nil {
			return err
		}
		return next(ctx, conn)
	}
}

func (v connectInterceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
