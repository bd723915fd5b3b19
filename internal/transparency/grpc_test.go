// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/grpcauth"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// registerGRPC registers the conformance service with a server of grpc-go.
func registerGRPC(server grpc.ServiceRegistrar, methods []protoreflect.MethodDescriptor, check decisionCheck) {
	desc := &grpc.ServiceDesc{ServiceName: string(methods[0].Parent().FullName()), HandlerType: (*any)(nil)}
	for _, m := range methods {
		if !m.IsStreamingClient() && !m.IsStreamingServer() {
			desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: string(m.Name()), Handler: grpcUnary(m, check)})
			continue
		}
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: string(m.Name()), Handler: grpcStream(m, check),
			ClientStreams: m.IsStreamingClient(), ServerStreams: m.IsStreamingServer(),
		})
	}
	server.RegisterService(desc, struct{}{})
}

func grpcUnary(m protoreflect.MethodDescriptor, check decisionCheck) grpc.MethodHandler {
	handle := func(ctx context.Context, request any) (any, error) {
		x, err := grpcExchange(ctx, m, check)
		if err != nil {
			return nil, err
		}
		next := once(request.(*dynamicpb.Message))
		x.receive = func() (protoreflect.Message, error) {
			r, err := next()
			if err != nil {
				return nil, err
			}
			return r, nil
		}
		x.setHeader = func(name string, values []string) { _ = grpc.SetHeader(ctx, md(name, values)) }
		x.setTrailer = func(name string, values []string) { _ = grpc.SetTrailer(ctx, md(name, values)) }
		response, err := x.one(ctx)
		if err != nil {
			return nil, grpcError(err)
		}
		return response, nil
	}
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		request := dynamicpb.NewMessage(m.Input())
		if err := decode(request); err != nil {
			return nil, err
		}
		if interceptor == nil {
			return handle(ctx, request)
		}
		return interceptor(ctx, request, &grpc.UnaryServerInfo{Server: srv, FullMethod: procedure(m)}, handle)
	}
}

func grpcStream(m protoreflect.MethodDescriptor, check decisionCheck) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		ctx := stream.Context()
		x, err := grpcExchange(ctx, m, check)
		if err != nil {
			return err
		}
		received := false
		x.receive = func() (protoreflect.Message, error) {
			if received && !m.IsStreamingClient() {
				return nil, io.EOF
			}
			received = true
			request := dynamicpb.NewMessage(m.Input())
			return request, stream.RecvMsg(request)
		}
		x.setHeader = func(name string, values []string) { _ = stream.SetHeader(md(name, values)) }
		x.setTrailer = func(name string, values []string) { stream.SetTrailer(md(name, values)) }
		x.open = func() error { return stream.SendHeader(nil) }
		x.send = func(response proto.Message) error { return stream.SendMsg(response) }
		if m.IsStreamingServer() {
			return grpcError(x.many(ctx))
		}
		response, err := x.one(ctx)
		if err != nil {
			return grpcError(err)
		}
		return stream.SendMsg(response)
	}
}

func grpcExchange(ctx context.Context, m protoreflect.MethodDescriptor, check decisionCheck) (*exchange, error) {
	x := &exchange{method: m, header: make(map[string][]string)}
	incoming, _ := metadata.FromIncomingContext(ctx)
	for name, values := range incoming {
		if strings.HasSuffix(name, "-bin") {
			values = slices.Clone(values)
			for i, v := range values {
				values[i] = base64.RawStdEncoding.EncodeToString([]byte(v))
			}
		}
		x.header[name] = values
	}
	return x, check(ctx, procedure(m), x.header)
}

// md is metadata as grpc-go wants it, with binary values decoded.
func md(name string, values []string) metadata.MD {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, "-bin") {
		values = slices.Clone(values)
		for i, v := range values {
			if decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(v, "=")); err == nil {
				values[i] = string(decoded)
			}
		}
	}
	return metadata.MD{name: values}
}

// grpcError makes a failure a status and leaves other errors alone.
func grpcError(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	return status.ErrorProto(&spb.Status{Code: int32(f.code), Message: f.message, Details: f.details})
}

// tokenServer puts a token into the metadata of unary calls that have none. It
// stands between a server and a grpcauth.Registrar, which decides about those
// calls where methods are registered. Streams are decided by an interceptor and
// have tokenStream before that.
type tokenServer struct {
	grpcauth.Server

	token string
}

func (s tokenServer) RegisterService(desc *grpc.ServiceDesc, impl any) {
	changed := *desc
	changed.Methods = slices.Clone(desc.Methods)
	for i := range changed.Methods {
		next := changed.Methods[i].Handler
		changed.Methods[i].Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return next(srv, contextWithToken(ctx, s.token), decode, interceptor)
		}
	}
	s.Server.RegisterService(&changed, impl)
}

func tokenStream(token string) grpc.ServerOption {
	return grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return handler(srv, &streamWithContext{ServerStream: stream, ctx: contextWithToken(stream.Context(), token)})
	})
}

type streamWithContext struct {
	grpc.ServerStream

	ctx context.Context
}

func (s *streamWithContext) Context() context.Context { return s.ctx }

func contextWithToken(ctx context.Context, token string) context.Context {
	incoming, _ := metadata.FromIncomingContext(ctx)
	if token == "" || len(incoming.Get("authorization")) > 0 {
		return ctx
	}
	incoming.Set("authorization", "Bearer "+token) // a copy
	return metadata.NewIncomingContext(ctx, incoming)
}
