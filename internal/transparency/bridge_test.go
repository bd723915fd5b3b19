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
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// bridge serves a service that was written for grpc-go with connect-go, to
// clients of the gRPC protocol. Messages pass connect-go as bytes.
func bridge(desc *grpc.ServiceDesc, service any, options ...connect.HandlerOption) http.Handler {
	mux := http.NewServeMux()
	options = append(options, connect.WithCodec(frameCodec{}))
	for _, m := range desc.Methods {
		path := "/" + desc.ServiceName + "/" + m.MethodName
		mux.Handle(path, connect.NewUnaryHandler(path, func(ctx context.Context, request *connect.Request[frame]) (*connect.Response[frame], error) {
			call := newBridgeCall(ctx, path)
			response, err := m.Handler(service, call.ctx, request.Msg.decode, nil)
			if err != nil {
				return nil, bridgeError(err)
			}
			encoded, err := proto.Marshal(response.(proto.Message))
			return connect.NewResponse(&frame{encoded}), err
		}, options...))
	}
	for _, s := range desc.Streams {
		path := "/" + desc.ServiceName + "/" + s.StreamName
		mux.Handle(path, connect.NewBidiStreamHandler(path, func(ctx context.Context, stream *connect.BidiStream[frame, frame]) error {
			return bridgeError(s.Handler(service, &bridgeStream{bridgeCall: newBridgeCall(ctx, path), stream: stream}))
		}, options...))
	}
	return mux
}

// frame is an encoded message.
type frame struct{ encoded []byte }

func (f *frame) decode(m any) error { return proto.Unmarshal(f.encoded, m.(proto.Message)) }

type frameCodec struct{}

func (frameCodec) Name() string { return "proto" }

func (frameCodec) Marshal(m any) ([]byte, error) {
	if f, ok := m.(*frame); ok {
		return f.encoded, nil
	}
	return proto.Marshal(m.(proto.Message)) // the status of an error
}

func (frameCodec) Unmarshal(encoded []byte, m any) error {
	m.(*frame).encoded = append([]byte{}, encoded...)
	return nil
}

// bridgeCall is a call of connect-go as grpc.SetHeader and others see it.
type bridgeCall struct {
	ctx  context.Context
	path string
	info connect.CallInfo
}

func newBridgeCall(ctx context.Context, path string) *bridgeCall {
	info, _ := connect.CallInfoForHandlerContext(ctx)
	incoming := make(metadata.MD)
	for name, values := range info.RequestHeader() {
		for _, v := range values {
			name := strings.ToLower(name)
			if strings.HasSuffix(name, "-bin") {
				if decoded, err := connect.DecodeBinaryHeader(v); err == nil {
					v = string(decoded)
				}
			}
			incoming.Append(name, v)
		}
	}
	c := &bridgeCall{path: path, info: info}
	c.ctx = grpc.NewContextWithServerTransportStream(metadata.NewIncomingContext(ctx, incoming), c)
	return c
}

func (c *bridgeCall) Method() string { return c.path }

func (c *bridgeCall) SetHeader(m metadata.MD) error {
	addMetadata(c.info.ResponseHeader(), m)
	return nil
}

func (c *bridgeCall) SendHeader(m metadata.MD) error { return c.SetHeader(m) }

func (c *bridgeCall) SetTrailer(m metadata.MD) error {
	addMetadata(c.info.ResponseTrailer(), m)
	return nil
}

func addMetadata(h http.Header, m metadata.MD) {
	for name, values := range m {
		for _, v := range values {
			if strings.HasSuffix(name, "-bin") {
				v = connect.EncodeBinaryHeader([]byte(v))
			}
			h.Add(name, v)
		}
	}
}

type bridgeStream struct {
	*bridgeCall

	stream *connect.BidiStream[frame, frame]
}

func (s *bridgeStream) Context() context.Context { return s.ctx }

func (s *bridgeStream) SetTrailer(m metadata.MD) { _ = s.bridgeCall.SetTrailer(m) }

func (s *bridgeStream) SendHeader(m metadata.MD) error {
	_ = s.SetHeader(m)
	return s.stream.Send(nil)
}

func (s *bridgeStream) SendMsg(m any) error {
	encoded, err := proto.Marshal(m.(proto.Message))
	if err != nil {
		return err
	}
	return s.stream.Send(&frame{encoded})
}

func (s *bridgeStream) RecvMsg(m any) error {
	f, err := s.stream.Receive()
	if errors.Is(err, io.EOF) {
		return io.EOF // grpc-go does not wrap it
	}
	if err != nil {
		return err
	}
	return f.decode(m)
}

// bridgeError makes a status an error of connect-go.
func bridgeError(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	return connect.NewError(connect.Code(s.Code()), errors.New(s.Message()))
}

// checkInterceptor refuses calls that were not decided as they should have been.
type checkInterceptor decisionCheck

func (c checkInterceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		if err := c(ctx, request.Spec().Procedure, request.Header()); err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}

func (c checkInterceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if err := c(ctx, conn.Spec().Procedure, conn.RequestHeader()); err != nil {
			return err
		}
		return next(ctx, conn)
	}
}

func (c checkInterceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
