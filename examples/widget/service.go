// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package widget is the service that the examples and the tests guard: one
// method of every streaming kind, served on both transports. It knows nothing
// of tokens beyond asking who is calling.
package widget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/grpc"
)

// Service is the part of the service that both transports share. The zero value
// is ready; it is safe for concurrent use.
type Service struct {
	// OnCall, if set, may refuse a call from within the handler.
	OnCall func(context.Context) error

	calls atomic.Int64
}

// Calls returns how many calls have reached a handler.
func (s *Service) Calls() int { return int(s.calls.Load()) }

// GRPC returns the service for grpc-go.
func (s *Service) GRPC() widgetv1.WidgetServiceServer { return grpcService{Service: s} }

// Connect returns the service for connect-go.
func (s *Service) Connect() widgetv1connect.WidgetServiceHandler { return connectService{Service: s} }

// enter counts the call and says who makes it.
func (s *Service) enter(ctx context.Context) (caller string, err error) {
	s.calls.Add(1)
	if claims, ok := auth.FromContext(ctx); ok {
		caller = fmt.Sprintf("%s %s", claims.Issuer(), claims.Subject())
	}
	if s.OnCall != nil {
		err = s.OnCall(ctx)
	}
	return caller, err
}

// GetWidget returns a widget of that name.
func (s *Service) GetWidget(ctx context.Context, r *widgetv1.GetWidgetRequest) (*widgetv1.GetWidgetResponse, error) {
	caller, err := s.enter(ctx)
	return &widgetv1.GetWidgetResponse{Widget: &widgetv1.Widget{Name: r.GetName()}, Caller: caller}, err
}

// CreateWidget returns the widget it was given.
func (s *Service) CreateWidget(ctx context.Context, r *widgetv1.CreateWidgetRequest) (*widgetv1.CreateWidgetResponse, error) {
	caller, err := s.enter(ctx)
	return &widgetv1.CreateWidgetResponse{Widget: r.GetWidget(), Caller: caller}, err
}

// Ping says who is calling, as far as it knows.
func (s *Service) Ping(ctx context.Context, _ *widgetv1.PingRequest) (*widgetv1.PingResponse, error) {
	caller, err := s.enter(ctx)
	return &widgetv1.PingResponse{Caller: caller}, err
}

// DeleteWidget does nothing.
func (s *Service) DeleteWidget(ctx context.Context, _ *widgetv1.DeleteWidgetRequest) (*widgetv1.DeleteWidgetResponse, error) {
	_, err := s.enter(ctx)
	return &widgetv1.DeleteWidgetResponse{}, err
}

func (s *Service) watch(ctx context.Context, r *widgetv1.WatchWidgetsRequest, send func(*widgetv1.WatchWidgetsResponse) error) error {
	caller, err := s.enter(ctx)
	for i := int32(0); i < r.GetCount() && err == nil; i++ {
		err = send(&widgetv1.WatchWidgetsResponse{Widget: &widgetv1.Widget{Name: fmt.Sprint("widget-", i)}, Caller: caller})
	}
	return err
}

func (s *Service) sync(ctx context.Context, receive func() (*widgetv1.SyncWidgetsRequest, error), send func(*widgetv1.SyncWidgetsResponse) error) error {
	caller, err := s.enter(ctx)
	for err == nil {
		var r *widgetv1.SyncWidgetsRequest
		if r, err = receive(); err == nil {
			err = send(&widgetv1.SyncWidgetsResponse{Widget: r.GetWidget(), Caller: caller})
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type grpcService struct {
	widgetv1.UnsafeWidgetServiceServer
	*Service
}

func (s grpcService) WatchWidgets(r *widgetv1.WatchWidgetsRequest, stream grpc.ServerStreamingServer[widgetv1.WatchWidgetsResponse]) error {
	return s.watch(stream.Context(), r, stream.Send)
}

func (s grpcService) ImportWidgets(stream grpc.ClientStreamingServer[widgetv1.ImportWidgetsRequest, widgetv1.ImportWidgetsResponse]) error {
	caller, err := s.enter(stream.Context())
	var count int32
	for err == nil {
		if _, err = stream.Recv(); err == nil {
			count++
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return stream.SendAndClose(&widgetv1.ImportWidgetsResponse{Count: count, Caller: caller})
}

func (s grpcService) SyncWidgets(stream grpc.BidiStreamingServer[widgetv1.SyncWidgetsRequest, widgetv1.SyncWidgetsResponse]) error {
	return s.sync(stream.Context(), stream.Recv, stream.Send)
}

type connectService struct{ *Service }

func (s connectService) WatchWidgets(ctx context.Context, r *widgetv1.WatchWidgetsRequest, stream *connect.ServerStream[widgetv1.WatchWidgetsResponse]) error {
	return s.watch(ctx, r, stream.Send)
}

func (s connectService) ImportWidgets(ctx context.Context, stream *connect.ClientStream[widgetv1.ImportWidgetsRequest]) (*widgetv1.ImportWidgetsResponse, error) {
	caller, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	var count int32
	for stream.Receive() {
		count++
	}
	return &widgetv1.ImportWidgetsResponse{Count: count, Caller: caller}, stream.Err()
}

func (s connectService) SyncWidgets(ctx context.Context, stream *connect.BidiStream[widgetv1.SyncWidgetsRequest, widgetv1.SyncWidgetsResponse]) error {
	return s.sync(ctx, stream.Receive, stream.Send)
}
