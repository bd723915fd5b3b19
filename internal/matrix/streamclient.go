// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"errors"
	"io"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// StreamClient opens streams with a generated client: of grpc-go where that is
// the server, otherwise of connect-go. It is safe for concurrent use.
type StreamClient struct {
	grpc    widgetv1.WidgetServiceClient
	connect widgetv1connect.WidgetServiceClient
}

// ClientStream is a client's side of a stream, in the same form for both
// libraries.
type ClientStream struct {
	// Send sends a message of about this many bytes; it is nil for a method whose
	// server streams alone.
	Send func(size int) error
	// CloseSend says that there are no more.
	CloseSend func() error
	// Receive returns [io.EOF] when the stream has ended well. Of a method whose
	// client streams alone, connect-go's client can only close and receive.
	Receive func() error
	// Challenges are those in the leading header, once Receive has returned an error.
	Challenges func(err error) []string
}

// StreamClient returns a client over one transport.
func (s *Server) StreamClient(t testing.TB, over Transport) *StreamClient {
	t.Helper()
	if over.Native() {
		return &StreamClient{grpc: widgetv1.NewWidgetServiceClient(s.grpcConn(t, over))}
	}
	return &StreamClient{connect: s.generatedConnect(t, over)}
}

// Open calls a streaming method.
func (c *StreamClient) Open(ctx context.Context, method, token string) (*ClientStream, error) {
	if c.grpc != nil {
		return c.openGRPC(metadata.AppendToOutgoingContext(ctx, "authorization", auth.SchemeBearer+" "+token), method)
	}
	ctx, call := connect.NewClientContext(ctx)
	call.RequestHeader().Set("Authorization", auth.SchemeBearer+" "+token)
	return c.openConnect(ctx, method)
}

// Get makes a unary call.
func (c *StreamClient) Get(ctx context.Context, token string) error {
	if c.grpc != nil {
		_, err := c.grpc.GetWidget(metadata.AppendToOutgoingContext(ctx, "authorization", auth.SchemeBearer+" "+token), &widgetv1.GetWidgetRequest{})
		return err
	}
	ctx, call := connect.NewClientContext(ctx)
	call.RequestHeader().Set("Authorization", auth.SchemeBearer+" "+token)
	_, err := c.connect.GetWidget(ctx, &widgetv1.GetWidgetRequest{})
	return err
}

func (c *StreamClient) openGRPC(ctx context.Context, method string) (*ClientStream, error) {
	var stream grpc.ClientStream
	out := new(ClientStream)
	switch method {
	case "WatchWidgets":
		watch, err := c.grpc.WatchWidgets(ctx, new(widgetv1.WatchWidgetsRequest))
		if err != nil {
			return nil, err
		}
		stream = watch
	case "ImportWidgets":
		imports, err := c.grpc.ImportWidgets(ctx)
		if err != nil {
			return nil, err
		}
		stream = imports
		out.Send = func(size int) error { return imports.Send(&widgetv1.ImportWidgetsRequest{Widget: payload(size)}) }
	default:
		both, err := c.grpc.SyncWidgets(ctx)
		if err != nil {
			return nil, err
		}
		stream = both
		out.Send = func(size int) error { return both.Send(&widgetv1.SyncWidgetsRequest{Widget: payload(size)}) }
	}
	out.CloseSend = stream.CloseSend
	out.Receive = func() error { return stream.RecvMsg(new(widgetv1.SyncWidgetsResponse)) } // which reads the others as well
	out.Challenges = func(error) []string {
		header, _ := stream.Header()
		return header.Get("www-authenticate")
	}
	return out, nil
}

func (c *StreamClient) openConnect(ctx context.Context, method string) (*ClientStream, error) {
	out := &ClientStream{Challenges: func(err error) []string {
		if e, ok := errors.AsType[*connect.Error](err); ok {
			return e.Meta().Values("Www-Authenticate")
		}
		return nil
	}}
	switch method {
	case "WatchWidgets":
		stream, err := c.connect.WatchWidgets(ctx, new(widgetv1.WatchWidgetsRequest))
		if err != nil {
			return nil, err
		}
		out.CloseSend = func() error { return nil }
		out.Receive = func() error {
			if stream.Receive() {
				return nil
			}
			defer func() { _ = stream.Close() }()
			if err := stream.Err(); err != nil {
				return err
			}
			return io.EOF
		}
	case "ImportWidgets":
		stream, err := c.connect.ImportWidgets(ctx)
		if err != nil {
			return nil, err
		}
		out.Send = func(size int) error { return stream.Send(&widgetv1.ImportWidgetsRequest{Widget: payload(size)}) }
		out.CloseSend = func() error { return nil }
		answered := false
		out.Receive = func() error {
			if answered {
				return io.EOF
			}
			answered = true
			_, err := stream.CloseAndReceive()
			return err
		}
	default:
		stream, err := c.connect.SyncWidgets(ctx)
		if err != nil {
			return nil, err
		}
		out.Send = func(size int) error { return stream.Send(&widgetv1.SyncWidgetsRequest{Widget: payload(size)}) }
		out.CloseSend = stream.CloseRequest
		out.Receive = func() error {
			_, err := stream.Receive()
			if err == nil {
				return nil
			}
			defer func() {
				_ = stream.CloseRequest()
				_ = stream.CloseResponse()
			}()
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		}
	}
	return out, nil
}

// Answer reads from a client's error its code, and the reason of a refusal.
func Answer(err error) (codes.Code, auth.Reason) {
	if errors.Is(err, io.EOF) {
		return codes.OK, ""
	}
	if e, ok := errors.AsType[*connect.Error](err); ok {
		challenge, _ := connectauth.Challenge(err)
		return codes.Code(e.Code()), challenge.Reason
	}
	challenge, _ := grpcauth.Challenge(err)
	return status.Code(err), challenge.Reason
}
