// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// connectHandler is the conformance service on connect-go.
func connectHandler(methods []protoreflect.MethodDescriptor, check decisionCheck, options ...connect.HandlerOption) http.Handler {
	mux := http.NewServeMux()
	for _, m := range methods {
		mux.Handle(procedure(m), connectMethod(m, check, options))
	}
	return mux
}

func connectMethod(m protoreflect.MethodDescriptor, check decisionCheck, options []connect.HandlerOption) http.Handler {
	options = append([]connect.HandlerOption{
		connect.WithSchema(m),
		connect.WithRequestInitializer(func(spec connect.Spec, message any) error {
			*message.(*dynamicpb.Message) = *dynamicpb.NewMessage(spec.Schema.(protoreflect.MethodDescriptor).Input())
			return nil
		}),
	}, options...)
	if m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
		options = append(options, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	// begin is for a call with the requests that receive returns.
	begin := func(ctx context.Context, receive func() (*dynamicpb.Message, error)) (*exchange, error) {
		info, _ := connect.CallInfoForHandlerContext(ctx)
		x := &exchange{
			method: m, header: info.RequestHeader(), query: info.Peer().Query,
			receive: func() (protoreflect.Message, error) {
				request, err := receive()
				if err != nil {
					return nil, err
				}
				return request, nil
			},
			setHeader:  adder(info.ResponseHeader()),
			setTrailer: adder(info.ResponseTrailer()),
		}
		return x, check(ctx, procedure(m), x.header)
	}
	answer := func(ctx context.Context, receive func() (*dynamicpb.Message, error)) (*connect.Response[dynamicpb.Message], error) {
		x, err := begin(ctx, receive)
		if err != nil {
			return nil, err
		}
		response, err := x.one(ctx)
		if err != nil {
			return nil, connectError(err)
		}
		return connect.NewResponse(response.(*dynamicpb.Message)), nil
	}
	stream := func(ctx context.Context, receive func() (*dynamicpb.Message, error), send func(*dynamicpb.Message) error) error {
		x, err := begin(ctx, receive)
		if err != nil {
			return err
		}
		x.open = func() error { return send(nil) }
		x.send = func(response proto.Message) error { return send(response.(*dynamicpb.Message)) }
		return connectError(x.many(ctx))
	}
	switch path := procedure(m); {
	case m.IsStreamingClient() && m.IsStreamingServer():
		return connect.NewBidiStreamHandler(path, func(ctx context.Context, s *connect.BidiStream[dynamicpb.Message, dynamicpb.Message]) error {
			return stream(ctx, s.Receive, s.Send)
		}, options...)
	case m.IsStreamingServer():
		return connect.NewServerStreamHandler(path, func(ctx context.Context, r *connect.Request[dynamicpb.Message], s *connect.ServerStream[dynamicpb.Message]) error {
			return stream(ctx, once(r.Msg), s.Send)
		}, options...)
	case m.IsStreamingClient():
		return connect.NewClientStreamHandler(path, func(ctx context.Context, s *connect.ClientStream[dynamicpb.Message]) (*connect.Response[dynamicpb.Message], error) {
			return answer(ctx, func() (*dynamicpb.Message, error) {
				if s.Receive() {
					return s.Msg(), nil
				}
				if err := s.Err(); err != nil {
					return nil, err
				}
				return nil, io.EOF
			})
		}, options...)
	default:
		return connect.NewUnaryHandler(path, func(ctx context.Context, r *connect.Request[dynamicpb.Message]) (*connect.Response[dynamicpb.Message], error) {
			return answer(ctx, once(r.Msg))
		}, options...)
	}
}

// once returns a message, and then the end.
func once(m *dynamicpb.Message) func() (*dynamicpb.Message, error) {
	return func() (*dynamicpb.Message, error) {
		if m == nil {
			return nil, io.EOF
		}
		next := m
		m = nil
		return next, nil
	}
}

func adder(h http.Header) func(string, []string) {
	return func(name string, values []string) {
		for _, v := range values {
			h.Add(name, v)
		}
	}
}

// connectError makes a failure an error of connect-go and leaves others alone.
func connectError(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	out := connect.NewError(connect.Code(f.code), errors.New(f.message))
	for _, any := range f.details {
		detail, err := connect.NewErrorDetail(any)
		if err != nil {
			return err
		}
		out.AddDetail(detail)
	}
	return out
}

// withToken puts a token in front of a handler, where there is none.
func withToken(next http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && strings.HasPrefix(r.URL.Path, "/"+suitePackage) && r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		next.ServeHTTP(w, r)
	})
}
