// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// servers are a grpc-go and a Connect server behind one guard.
type servers struct {
	grpcAddr, connectURL string

	grpc    *grpc.Server
	connect *http.Server
	group   errgroup.Group
}

// serve starts both, with renewals if the guard allows them.
func serve(guard *auth.Guard) (*servers, error) {
	var listen net.ListenConfig
	grpcListener, err := listen.Listen(context.Background(), "tcp", transports.Free)
	if err != nil {
		return nil, err
	}
	connectListener, err := listen.Listen(context.Background(), "tcp", transports.Free)
	if err != nil {
		return nil, errors.Join(err, grpcListener.Close())
	}
	s := &servers{
		grpcAddr:   grpcListener.Addr().String(),
		connectURL: "http://" + connectListener.Addr().String(),
		grpc:       grpc.NewServer(grpcauth.ServerOptions(guard)...),
	}
	service := new(widget.Service)

	registrar := grpcauth.Registrar(s.grpc, guard)
	widgetv1.RegisterWidgetServiceServer(registrar, grpcWatch{service.GRPC()})
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(connectWatch{service.Connect()}, connectauth.HandlerOptions(guard)))
	if guard.RenewsStreams() {
		grpcauth.RegisterStreamRenewal(registrar, guard)
		mux.Handle(connectauth.NewStreamRenewalHandler(guard))
	}
	s.connect = &http.Server{Handler: connectauth.Middleware(guard)(mux), ReadHeaderTimeout: 10 * time.Second}

	s.group.Go(func() error { return s.grpc.Serve(grpcListener) })
	s.group.Go(func() error {
		if err := s.connect.Serve(connectListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return s, nil
}

func (s *servers) stop() error {
	s.grpc.Stop()
	err := s.connect.Close()
	return errors.Join(err, s.group.Wait())
}

// tick sends a widget now and then until the stream is over. It knows nothing of
// tokens: its context is done when the token is not good any more, and what it
// returns then does not matter.
func tick(ctx context.Context, send func(*widgetv1.WatchWidgetsResponse) error) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := send(&widgetv1.WatchWidgetsResponse{Widget: &widgetv1.Widget{Name: "w"}}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

type grpcWatch struct{ widgetv1.WidgetServiceServer }

func (grpcWatch) WatchWidgets(_ *widgetv1.WatchWidgetsRequest, stream grpc.ServerStreamingServer[widgetv1.WatchWidgetsResponse]) error {
	return tick(stream.Context(), stream.Send)
}

type connectWatch struct {
	widgetv1connect.WidgetServiceHandler
}

func (connectWatch) WatchWidgets(ctx context.Context, _ *widgetv1.WatchWidgetsRequest, stream *connect.ServerStream[widgetv1.WatchWidgetsResponse]) error {
	return tick(ctx, stream.Send)
}
