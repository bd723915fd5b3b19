// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"errors"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// RegisterStreamRenewal serves bearerkit.auth.v1.StreamRenewal, by which clients
// have streams go on with a fresh token. The guard needs [auth.AllowStreamRenewal],
// and has to be before this service as before every other:
//
//	grpcauth.RegisterStreamRenewal(grpcauth.Registrar(srv, guard), guard)
//
// Streams are those of the same guard, on whatever transport. What is sent is bounded
// by the server's grpc.MaxRecvMsgSize and, behind a [Registrar], read only if the
// token is good.
func RegisterStreamRenewal(server grpc.ServiceRegistrar, guard *auth.Guard) {
	file := authv1.File_bearerkit_auth_v1_stream_renewal_proto
	service := file.Services().Get(0)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: string(service.FullName()),
		HandlerType: (*renewer)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: string(service.Methods().Get(0).Name()), Handler: renewStream()}},
		Metadata:    file.Path(), // where reflection finds it
	}, &guardRenewer{guard: guard})
}

// renewer is what generated code would have as the server's interface.
type renewer interface {
	renew(ctx context.Context, r *authv1.RenewRequest) (*authv1.RenewResponse, error)
}

type guardRenewer struct{ guard *auth.Guard }

func (g *guardRenewer) renew(ctx context.Context, r *authv1.RenewRequest) (*authv1.RenewResponse, error) {
	end, err := g.guard.RenewStream(ctx, r.GetStream())
	switch {
	case errors.Is(err, auth.ErrNoStream):
		return nil, status.Error(codes.NotFound, auth.ErrNoStream.Error())
	case err != nil:
		// Here as well as in what is around: an interceptor may be all there is.
		return nil, answer(ctx, g.guard, err)
	}
	return &authv1.RenewResponse{End: timestamp(end)}, nil
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// renewStream returns the handler that generated code would have.
func renewStream() grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := new(authv1.RenewRequest)
		if err := decode(in); err != nil {
			return nil, err
		}
		call := func(ctx context.Context, in any) (any, error) {
			return srv.(renewer).renew(ctx, in.(*authv1.RenewRequest))
		}
		if interceptor == nil {
			return call(ctx, in)
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: auth.StreamRenewalProcedure}, call)
	}
}
