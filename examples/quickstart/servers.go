// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

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

// startServers serves the widget service on both transports, each on a free
// port of the loopback interface, and returns a client for each.
func startServers(guard *auth.Guard) (clients []client, stop func(), err error) {
	var listen net.ListenConfig
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = listen.Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
	}
	var service widget.Service

	grpcServer := grpc.NewServer(grpcauth.ServerOptions(guard)...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(grpcServer, guard), service.GRPC())

	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(service.Connect(), connectauth.HandlerOptions(guard)))
	connectServer := &http.Server{Handler: connectauth.Middleware(guard)(mux), ReadHeaderTimeout: 10 * time.Second}

	var servers errgroup.Group
	servers.Go(func() error { return grpcServer.Serve(listeners[0]) })
	servers.Go(func() error {
		if err := connectServer.Serve(listeners[1]); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	grpcClient, closeClient, err := newGRPCClient(listeners[0].Addr().String())
	stop = func() {
		closeClient()
		grpcServer.Stop()
		_ = connectServer.Close()
		_ = servers.Wait()
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return []client{grpcClient, newConnectClient("http://" + listeners[1].Addr().String())}, stop, nil
}
