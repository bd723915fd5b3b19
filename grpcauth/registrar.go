// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"slices"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc"
)

// Server is what [Registrar] registers with; *grpc.Server is one.
type Server interface {
	grpc.ServiceRegistrar
	GetServiceInfo() map[string]grpc.ServiceInfo
}

// Registrar returns server with a guard before the methods of every service
// that is registered through it:
//
//	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), svc)
//
// A unary call is then refused before its message is read: grpc-go decodes it
// between the methods' handler and the interceptors. Use it together with
// [ServerOptions], whose interceptors guard what is registered without it, open
// streams and handlers of unknown services; each call is decided once. An
// [*auth.Error] from a method is made a status next to the method, so that
// interceptors of any order see the code the caller gets.
func Registrar(server Server, guard *auth.Guard) Server {
	return registrar{Server: server, guard: guard}
}

type registrar struct {
	Server

	guard *auth.Guard
}

// RegisterService implements [grpc.ServiceRegistrar].
func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	guarded := *desc
	guarded.Methods = slices.Clone(desc.Methods)
	for i := range guarded.Methods {
		m := &guarded.Methods[i]
		m.Handler = r.unary("/"+desc.ServiceName+"/"+m.MethodName, m.Handler)
	}
	guarded.Streams = slices.Clone(desc.Streams)
	for i := range guarded.Streams {
		s := &guarded.Streams[i]
		s.Handler = r.stream("/"+desc.ServiceName+"/"+s.StreamName, s.Handler)
	}
	r.Server.RegisterService(&guarded, impl)
}

// unary decides before next decodes the message and calls the interceptors.
func (r registrar) unary(procedure string, next grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		decided, err := check(ctx, r.guard, request(procedure))
		if err != nil {
			return nil, err
		}
		innermost := func(ctx context.Context, request any, info *grpc.UnaryServerInfo, method grpc.UnaryHandler) (any, error) {
			answered := func(ctx context.Context, request any) (any, error) {
				response, err := method(ctx, request)
				if err != nil {
					return nil, answer(ctx, r.guard, err)
				}
				return response, nil
			}
			if interceptor == nil {
				return answered(ctx, request)
			}
			return interceptor(ctx, request, info, answered)
		}
		return next(srv, decided, decode, innermost)
	}
}

// stream runs inside the interceptors, which have decided unless the server was
// made without [ServerOptions].
func (r registrar) stream(procedure string, next grpc.StreamHandler) grpc.StreamHandler {
	return func(srv any, stream grpc.ServerStream) error {
		ctx := stream.Context()
		if r.guard.Decided(ctx, procedure) {
			if err := next(srv, stream); err != nil {
				return answer(ctx, r.guard, err)
			}
			return nil
		}
		asked := request(procedure)
		decided, err := check(ctx, r.guard, asked)
		if err != nil {
			return err
		}
		return serve(decided, r.guard, &asked, stream, func(s grpc.ServerStream) error { return next(srv, s) })
	}
}

// Verify reports every method of the server that has no rule, and every rule
// that is for no method of the server. Call it when everything is registered,
// and do not serve if it returns an error. The error names all faults.
//
// It compares names, and cannot see whether the guard is wired in: that takes
// [ServerOptions] in grpc.NewServer.
func Verify(server Server, guard *auth.Guard) error {
	var served []string
	for service, info := range server.GetServiceInfo() {
		for _, m := range info.Methods {
			served = append(served, "/"+service+"/"+m.Name)
		}
	}
	return guard.Coverage(served...)
}
