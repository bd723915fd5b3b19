// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package transports serves the widget service on both transports, calls it on
// both, and compares what came of it with what should have. The other examples
// share it.
package transports

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// Free is an address on the loopback interface with a port that is free.
const Free = "127.0.0.1:0"

// Servers are a grpc-go and a Connect server behind one Guard.
type Servers struct {
	// GRPCAddr and ConnectAddr are where they listen.
	GRPCAddr, ConnectAddr string

	grpc    *grpc.Server
	connect *http.Server
	group   errgroup.Group
}

// Serve starts both servers. They speak no TLS: that is for loopback, or for
// behind a proxy that does.
func Serve(guard *auth.Guard, service *widget.Service, grpcAddr, connectAddr string) (*Servers, error) {
	var listen net.ListenConfig
	grpcListener, err := listen.Listen(context.Background(), "tcp", grpcAddr)
	if err != nil {
		return nil, err
	}
	connectListener, err := listen.Listen(context.Background(), "tcp", connectAddr)
	if err != nil {
		return nil, errors.Join(err, grpcListener.Close())
	}

	s := &Servers{
		GRPCAddr:    grpcListener.Addr().String(),
		ConnectAddr: connectListener.Addr().String(),
		grpc:        grpc.NewServer(grpcauth.ServerOptions(guard)...),
	}
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(s.grpc, guard), service.GRPC())

	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(service.Connect(), connectauth.HandlerOptions(guard)))
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

// Stop ends both servers and the calls under way, and returns what went wrong
// while they served.
func (s *Servers) Stop() error {
	s.grpc.Stop()
	err := s.connect.Close()
	return errors.Join(err, s.group.Wait())
}
