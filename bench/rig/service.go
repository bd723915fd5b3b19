// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"

	"connectrpc.com/connect"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/grpc"
)

// grpcService answers at once and asks nobody who is calling, so that a server
// with a check and one without do the same besides.
type grpcService struct {
	widgetv1.UnimplementedWidgetServiceServer
}

func (grpcService) GetWidget(_ context.Context, r *widgetv1.GetWidgetRequest) (*widgetv1.GetWidgetResponse, error) {
	return answer(r), nil
}

func (grpcService) WatchWidgets(r *widgetv1.WatchWidgetsRequest, stream grpc.ServerStreamingServer[widgetv1.WatchWidgetsResponse]) error {
	return watch(r, stream.Send)
}

type connectService struct {
	widgetv1connect.UnimplementedWidgetServiceHandler
}

func (connectService) GetWidget(_ context.Context, r *widgetv1.GetWidgetRequest) (*widgetv1.GetWidgetResponse, error) {
	return answer(r), nil
}

func (connectService) WatchWidgets(_ context.Context, r *widgetv1.WatchWidgetsRequest, stream *connect.ServerStream[widgetv1.WatchWidgetsResponse]) error {
	return watch(r, stream.Send)
}

func answer(r *widgetv1.GetWidgetRequest) *widgetv1.GetWidgetResponse {
	return &widgetv1.GetWidgetResponse{Widget: &widgetv1.Widget{Name: r.GetName()}}
}

func watch(r *widgetv1.WatchWidgetsRequest, send func(*widgetv1.WatchWidgetsResponse) error) error {
	message := &widgetv1.WatchWidgetsResponse{Widget: &widgetv1.Widget{Name: "widget"}}
	for range r.GetCount() {
		if err := send(message); err != nil {
			return err
		}
	}
	return nil
}
