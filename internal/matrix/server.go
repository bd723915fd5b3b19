// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
)

// Server is the widget service behind one guard on every transport, on loopback
// listeners.
type Server struct {
	// Service is what the transports share.
	Service *widget.Service

	grpc, grpcHTTP, connect, bare string
}

// Options are further options of the servers.
type Options struct {
	GRPC    []grpc.ServerOption
	Connect []connect.HandlerOption
}

// NewServer starts the servers and stops them when the test ends. The native
// gRPC server uses the registrar; the one behind ServeHTTP has interceptors
// only.
func NewServer(t testing.TB, guard *auth.Guard, options ...Options) *Server {
	t.Helper()
	s := &Server{Service: new(widget.Service)}
	grpcOptions := grpcauth.ServerOptions(guard)
	handlerOptions := []connect.HandlerOption{connectauth.HandlerOptions(guard), connect.WithReadMaxBytes(1 << 20)}
	for _, o := range options {
		grpcOptions = append(grpcOptions, o.GRPC...)
		handlerOptions = append(handlerOptions, o.Connect...)
	}

	native := grpc.NewServer(grpcOptions...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(native, guard), s.Service.GRPC())
	l := listen(t)
	go func() { _ = native.Serve(l) }()
	t.Cleanup(native.Stop)
	s.grpc = l.Addr().String()

	behindHTTP := grpc.NewServer(grpcOptions...)
	widgetv1.RegisterWidgetServiceServer(behindHTTP, s.Service.GRPC())
	s.grpcHTTP = serve(t, behindHTTP)

	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(s.Service.Connect(), handlerOptions...))
	s.connect = serve(t, connectauth.Middleware(guard)(mux))
	s.bare = serve(t, mux)
	return s
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve answers HTTP/1.1 and cleartext HTTP/2 on one listener.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	l := listen(t)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}
