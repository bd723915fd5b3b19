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
	"slices"
	"sync/atomic"
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

	behind *contestant.Instance
	open   atomic.Bool
}

// Open has calls reach the service without a check, or with it again, over the same
// connection.
func (s *Server) Open(open bool) { s.open.Store(open) }

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
	s := &Server{behind: i}
	if over == GRPC {
		return s, s.serveGRPC(listener)
	}
	s.serveConnect(listener)
	return s, nil
}

// switchable is a service whose unary methods have no interceptor while calls are
// not checked.
func (s *Server) switchable(service *grpc.ServiceDesc) *grpc.ServiceDesc {
	own := *service
	own.Methods = slices.Clone(own.Methods)
	for i := range own.Methods {
		handler := own.Methods[i].Handler
		own.Methods[i].Handler = func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			if s.open.Load() {
				interceptor = nil
			}
			return handler(service, ctx, decode, interceptor)
		}
	}
	return &own
}

func (s *Server) stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if s.open.Load() {
		return handler(service, stream)
	}
	return s.behind.Stream(service, stream, info, handler)
}

func (s *Server) serveGRPC(listener net.Listener) error {
	var options []grpc.ServerOption
	if s.behind.Unary != nil {
		options = append(options, grpc.ChainUnaryInterceptor(s.behind.Unary))
	}
	if s.behind.Stream != nil {
		options = append(options, grpc.ChainStreamInterceptor(s.stream))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(s.switchable(&widgetv1.WidgetService_ServiceDesc), grpcService{})
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		server.Stop()
		return err
	}
	client := widgetv1.NewWidgetServiceClient(conn)
	with := func(ctx context.Context, token string) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	request := &widgetv1.GetWidgetRequest{Name: "widget"}
	s.Unary = func(ctx context.Context, token string) error {
		_, err := client.GetWidget(with(ctx, token), request)
		return err
	}
	s.Stream = func(ctx context.Context, token string, messages int) error {
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
	}
	s.Close = func() {
		_ = conn.Close()
		server.Stop()
	}
	return nil
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

// switched is the service for connect-go, behind an instance and behind none.
type switched struct {
	server        *Server
	checked, open http.Handler
}

// ServeHTTP implements [http.Handler].
func (h switched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.server.open.Load() {
		h.open.ServeHTTP(w, r)
		return
	}
	h.checked.ServeHTTP(w, r)
}

func (s *Server) serveConnect(listener net.Listener) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	handler := switched{s, Handler(s.behind), Handler(new(contestant.Instance))}
	server := &http.Server{Handler: handler, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{Protocols: &protocols}
	client := widgetv1connect.NewWidgetServiceClient(&http.Client{Transport: transport}, "http://"+listener.Addr().String())
	request := &widgetv1.GetWidgetRequest{Name: "widget"}
	s.Unary = func(ctx context.Context, token string) error {
		ctx, call := connect.NewClientContext(ctx)
		call.RequestHeader().Set("Authorization", "Bearer "+token)
		_, err := client.GetWidget(ctx, request)
		return err
	}
	s.Stream = func(ctx context.Context, token string, messages int) error {
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
	}
	s.Close = func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	}
}

func complete(n, messages int) error {
	if n != messages {
		return fmt.Errorf("rig: %d messages of %d", n, messages)
	}
	return nil
}
