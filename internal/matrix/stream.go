// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"

	"connectrpc.com/connect"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/grpc"
)

// Stream is a handler's side of a stream, in the same form for both libraries.
type Stream struct {
	// Receive returns [io.EOF] when the client is done.
	Receive func() error
	// Send sends a message of about this many bytes. It is nil for a method whose
	// client streams alone, which is answered when the handler returns.
	Send func(size int) error
	// Connect is the handler's side in connect-go, for what is not the same.
	Connect connect.StreamingHandlerConn
}

// StreamHandler handles streams of every kind.
type StreamHandler func(ctx context.Context, s Stream) error

// noise cannot be compressed much, so that what is sent fills windows.
var noise = func() string {
	var b strings.Builder
	for b.Len() < 64<<10 {
		b.WriteString(rand.Text())
	}
	return b.String()
}()

// payload is a name of that size, or the longest.
func payload(size int) *widgetv1.Widget { return &widgetv1.Widget{Name: noise[:min(size, len(noise))]} }

func (s *Server) grpcService() widgetv1.WidgetServiceServer {
	if s.stream == nil {
		return s.Service.GRPC()
	}
	return grpcStreams{s.Service.GRPC(), s.stream}
}

func (s *Server) connectService() widgetv1connect.WidgetServiceHandler {
	if s.stream == nil {
		return s.Service.Connect()
	}
	return connectStreams{s.Service.Connect(), s.stream}
}

type grpcStreams struct {
	widgetv1.WidgetServiceServer

	handle StreamHandler
}

func (g grpcStreams) WatchWidgets(_ *widgetv1.WatchWidgetsRequest, stream grpc.ServerStreamingServer[widgetv1.WatchWidgetsResponse]) error {
	return g.handle(stream.Context(), Stream{
		Receive: func() error { return io.EOF },
		Send:    func(size int) error { return stream.Send(&widgetv1.WatchWidgetsResponse{Widget: payload(size)}) },
	})
}

func (g grpcStreams) ImportWidgets(stream grpc.ClientStreamingServer[widgetv1.ImportWidgetsRequest, widgetv1.ImportWidgetsResponse]) error {
	err := g.handle(stream.Context(), Stream{Receive: func() error {
		_, err := stream.Recv()
		return err
	}})
	if err != nil {
		return err
	}
	return stream.SendAndClose(&widgetv1.ImportWidgetsResponse{})
}

func (g grpcStreams) SyncWidgets(stream grpc.BidiStreamingServer[widgetv1.SyncWidgetsRequest, widgetv1.SyncWidgetsResponse]) error {
	return g.handle(stream.Context(), Stream{
		Receive: func() error {
			_, err := stream.Recv()
			return err
		},
		Send: func(size int) error { return stream.Send(&widgetv1.SyncWidgetsResponse{Widget: payload(size)}) },
	})
}

type connectStreams struct {
	widgetv1connect.WidgetServiceHandler

	handle StreamHandler
}

func (c connectStreams) WatchWidgets(ctx context.Context, _ *widgetv1.WatchWidgetsRequest, stream *connect.ServerStream[widgetv1.WatchWidgetsResponse]) error {
	return c.handle(ctx, Stream{
		Receive: func() error { return io.EOF },
		Send:    func(size int) error { return stream.Send(&widgetv1.WatchWidgetsResponse{Widget: payload(size)}) },
		Connect: stream.Conn(),
	})
}

func (c connectStreams) ImportWidgets(ctx context.Context, stream *connect.ClientStream[widgetv1.ImportWidgetsRequest]) (*widgetv1.ImportWidgetsResponse, error) {
	return &widgetv1.ImportWidgetsResponse{}, c.handle(ctx, Stream{
		Receive: func() error {
			if stream.Receive() {
				return nil
			}
			if err := stream.Err(); err != nil {
				return err
			}
			return io.EOF
		},
		Connect: stream.Conn(),
	})
}

func (c connectStreams) SyncWidgets(ctx context.Context, stream *connect.BidiStream[widgetv1.SyncWidgetsRequest, widgetv1.SyncWidgetsResponse]) error {
	return c.handle(ctx, Stream{
		Receive: func() error {
			_, err := stream.Receive()
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		},
		Send:    func(size int) error { return stream.Send(&widgetv1.SyncWidgetsResponse{Widget: payload(size)}) },
		Connect: stream.Conn(),
	})
}
