// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"crypto/tls"
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
	"google.golang.org/grpc/credentials"
)

// Server is the widget service behind one guard on every transport, on loopback
// listeners with and without TLS.
type Server struct {
	// Service is what the transports share.
	Service *widget.Service

	plain, secure map[backend]string // addresses
}

// Options are further options of the servers.
type Options struct {
	GRPC    []grpc.ServerOption
	Connect []connect.HandlerOption
}

// NewServer starts the servers and stops them when the test ends. The native
// gRPC server uses the registrar; the one behind ServeHTTP has interceptors
// only. Beside the handlers of connect-go are the metadata of the resource.
func NewServer(t testing.TB, guard *auth.Guard, options ...Options) *Server {
	t.Helper()
	s := &Server{Service: new(widget.Service), plain: make(map[backend]string), secure: make(map[backend]string)}
	grpcOptions := grpcauth.ServerOptions(guard)
	handlerOptions := []connect.HandlerOption{connectauth.HandlerOptions(guard), connect.WithReadMaxBytes(1 << 20)}
	for _, o := range options {
		grpcOptions = append(grpcOptions, o.GRPC...)
		handlerOptions = append(handlerOptions, o.Connect...)
	}

	s.plain[native] = s.serveGRPC(t, guard, grpcOptions)
	s.secure[native] = s.serveGRPC(t, guard, append(grpcOptions, grpc.Creds(credentials.NewTLS(serverTLS()))))

	behindHTTP := grpc.NewServer(grpcOptions...)
	widgetv1.RegisterWidgetServiceServer(behindHTTP, s.Service.GRPC())
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(s.Service.Connect(), handlerOptions...))
	mux.Handle("/.well-known/oauth-protected-resource/", connectauth.ResourceMetadataHandler(guard))
	for server, h := range map[backend]http.Handler{behind: behindHTTP, handler: connectauth.Middleware(guard)(mux), bare: mux} {
		s.plain[server] = serveHTTP(t, h, nil)
		s.secure[server] = serveHTTP(t, h, serverTLS())
	}
	return s
}

func (s *Server) addr(over Transport) string {
	if over.TLS {
		return s.secure[over.server]
	}
	return s.plain[over.server]
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *Server) serveGRPC(t testing.TB, guard *auth.Guard, options []grpc.ServerOption) string {
	t.Helper()
	server := grpc.NewServer(options...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(server, guard), s.Service.GRPC())
	l := listen(t)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// serveHTTP answers HTTP/1.1 and HTTP/2 on one listener, in cleartext if there
// is no configuration of TLS.
func serveHTTP(t testing.TB, h http.Handler, config *tls.Config) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(config != nil)
	protocols.SetUnencryptedHTTP2(config == nil)
	server := &http.Server{Handler: h, Protocols: &protocols, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second}
	l := listen(t)
	go func() {
		serve := server.Serve
		if config != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}
