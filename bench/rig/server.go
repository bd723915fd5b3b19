// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/bench/contestant"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Transport is how servers are reached.
type Transport string

// The transports. Both are HTTP/2 in cleartext on loopback.
const (
	GRPC    Transport = "gRPC"
	Connect Transport = "Connect"
)

// Server is a server behind a contestant, or behind none, and a client of it
// that always sends a token.
type Server struct {
	// Unary makes one call, Stream opens one stream and reads so many messages.
	Unary  func(ctx context.Context, token string) error
	Stream func(ctx context.Context, token string, messages int) error
	Close  func()
}

// Serves reports whether the instance can stand before a server of that kind.
func Serves(over Transport, i *contestant.Instance) bool {
	if over == GRPC {
		return i.Unary != nil && i.Stream != nil
	}
	return i.Middleware != nil || i.Connect != nil
}

// NewServer starts a server on a free loopback port, behind nothing if i is nil.
func NewServer(ctx context.Context, over Transport, i *contestant.Instance) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	if i == nil {
		i = new(contestant.Instance)
	}
	if over == GRPC {
		return grpcServer(listener, i)
	}
	return connectServer(listener, i), nil
}

func grpcServer(listener net.Listener, i *contestant.Instance) (*Server, error) {
	var options []grpc.ServerOption
	if i.Unary != nil {
		options = append(options, grpc.ChainUnaryInterceptor(i.Unary), grpc.ChainStreamInterceptor(i.Stream))
	}
	server := grpc.NewServer(options...)
	widgetv1.RegisterWidgetServiceServer(server, grpcService{})
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		server.Stop()
		return nil, err
	}
	client := widgetv1.NewWidgetServiceClient(conn)
	with := func(ctx context.Context, token string) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	request := &widgetv1.GetWidgetRequest{Name: "widget"}
	return &Server{
		Unary: func(ctx context.Context, token string) error {
			_, err := client.GetWidget(with(ctx, token), request)
			return err
		},
		Stream: func(ctx context.Context, token string, messages int) error {
			stream, err := client.WatchWidgets(with(ctx, token), &widgetv1.WatchWidgetsRequest{Count: int32(messages)}) //nolint:gosec // a few thousand
			if err != nil {
				return err
			}
			for n := 0; ; n++ {
				if _, err := stream.Recv(); errors.Is(err, io.EOF) {
					return complete(n, messages)
				} else if err != nil {
					return err
				}
			}
		},
		Close: func() {
			_ = conn.Close()
			server.Stop()
		},
	}, nil
}

// Handler is the service for connect-go, behind an instance.
func Handler(i *contestant.Instance) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(connectService{}, i.Connect...))
	if i.Middleware != nil {
		return i.Middleware(mux)
	}
	return mux
}

func connectServer(listener net.Listener, i *contestant.Instance) *Server {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: Handler(i), Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{Protocols: &protocols}
	client := widgetv1connect.NewWidgetServiceClient(&http.Client{Transport: transport}, "http://"+listener.Addr().String())
	request := &widgetv1.GetWidgetRequest{Name: "widget"}
	return &Server{
		Unary: func(ctx context.Context, token string) error {
			ctx, call := connect.NewClientContext(ctx)
			call.RequestHeader().Set("Authorization", "Bearer "+token)
			_, err := client.GetWidget(ctx, request)
			return err
		},
		Stream: func(ctx context.Context, token string, messages int) error {
			ctx, call := connect.NewClientContext(ctx)
			call.RequestHeader().Set("Authorization", "Bearer "+token)
			stream, err := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: int32(messages)}) //nolint:gosec // a few thousand
			if err != nil {
				return err
			}
			n := 0
			for stream.Receive() {
				n++
			}
			if err := errors.Join(stream.Err(), stream.Close()); err != nil {
				return err
			}
			return complete(n, messages)
		},
		Close: func() {
			transport.CloseIdleConnections()
			_ = server.Close()
		},
	}
}

func complete(n, messages int) error {
	if n != messages {
		return fmt.Errorf("rig: %d messages of %d", n, messages)
	}
	return nil
}
