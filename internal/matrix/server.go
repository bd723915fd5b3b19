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
	stream        StreamHandler
	// running are the servers, so that a test may shut them down.
	running []running
}

// running is a server that has been started.
type running struct {
	backend backend
	tls     bool
	grpc    *grpc.Server // without net/http
	http    *http.Server
	handler *grpc.Server // behind net/http
}

// Options are further options of the servers.
type Options struct {
	GRPC    []grpc.ServerOption
	Connect []connect.HandlerOption
	// Stream, if not nil, handles every streaming method in place of the service.
	Stream StreamHandler
	// Outside, if not nil, is around the guard's interceptors.
	Outside *Interceptors
	// HTTP, if not nil, is put around what net/http serves.
	HTTP func(http.Handler) http.Handler
}

// Interceptors are one for the streams of each library.
type Interceptors struct {
	GRPC    grpc.StreamServerInterceptor
	Connect connect.Interceptor
}

// NewServer starts the servers and stops them when the test ends. The native
// gRPC server uses the registrar; the one behind ServeHTTP has interceptors
// only. Beside the handlers of connect-go are the metadata of the resource.
func NewServer(t testing.TB, guard *auth.Guard, options ...Options) *Server {
	t.Helper()
	s := &Server{Service: new(widget.Service), plain: make(map[backend]string), secure: make(map[backend]string)}
	grpcOptions := grpcauth.ServerOptions(guard)
	handlerOptions := []connect.HandlerOption{connectauth.HandlerOptions(guard), connect.WithReadMaxBytes(1 << 20)}
	around := func(h http.Handler) http.Handler { return h }
	for _, o := range options {
		grpcOptions = append(grpcOptions, o.GRPC...)
		handlerOptions = append(handlerOptions, o.Connect...)
		if o.Outside != nil {
			grpcOptions = append([]grpc.ServerOption{grpc.ChainStreamInterceptor(o.Outside.GRPC)}, grpcOptions...)
			handlerOptions = append([]connect.HandlerOption{connect.WithInterceptors(o.Outside.Connect)}, handlerOptions...)
		}
		if o.Stream != nil {
			s.stream = o.Stream
		}
		if o.HTTP != nil {
			around = o.HTTP
		}
	}

	s.plain[native] = s.serveGRPC(t, guard, false, grpcOptions)
	s.secure[native] = s.serveGRPC(t, guard, true, append(grpcOptions, grpc.Creds(credentials.NewTLS(serverTLS()))))

	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(s.connectService(), handlerOptions...))
	mux.Handle("/.well-known/oauth-protected-resource/", connectauth.ResourceMetadataHandler(guard))
	for server, h := range map[backend]http.Handler{handler: connectauth.Middleware(guard)(mux), bare: mux} {
		s.plain[server] = s.serveHTTP(t, around(h), nil, running{backend: server})
		s.secure[server] = s.serveHTTP(t, around(h), serverTLS(), running{backend: server, tls: true})
	}
	for _, config := range []*tls.Config{nil, serverTLS()} {
		// One for each listener: to stop it is to stop all that it serves.
		inner := grpc.NewServer(grpcOptions...)
		widgetv1.RegisterWidgetServiceServer(inner, s.grpcService())
		addresses := s.plain
		if config != nil {
			addresses = s.secure
		}
		addresses[behind] = s.serveHTTP(t, around(inner), config, running{backend: behind, tls: config != nil, handler: inner})
	}
	return s
}

func (s *Server) addr(over Transport) string {
	if over.TLS {
		return s.secure[over.server]
	}
	return s.plain[over.server]
}

// Shutdown stops the server of a transport as one that is to be replaced: what
// runs may come to its end. It waits for that.
func (s *Server) Shutdown(ctx context.Context, over Transport) error {
	for _, r := range s.running {
		if r.backend != over.server || r.tls != over.TLS {
			continue
		}
		if r.http == nil {
			r.grpc.GracefulStop()
			return nil
		}
		err := r.http.Shutdown(ctx)
		if r.handler != nil && err == nil {
			// net/http does not know of handlers whose call is over already.
			r.handler.GracefulStop()
		}
		return err
	}
	return errors.New("matrix: no such server")
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *Server) serveGRPC(t testing.TB, guard *auth.Guard, secure bool, options []grpc.ServerOption) string {
	t.Helper()
	server := grpc.NewServer(options...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(server, guard), s.grpcService())
	l := listen(t)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	s.running = append(s.running, running{backend: native, tls: secure, grpc: server})
	return l.Addr().String()
}

// serveHTTP answers HTTP/1.1 and HTTP/2 on one listener, in cleartext if there
// is no configuration of TLS.
func (s *Server) serveHTTP(t testing.TB, h http.Handler, config *tls.Config, as running) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(config != nil)
	protocols.SetUnencryptedHTTP2(config == nil)
	as.http = &http.Server{Handler: h, Protocols: &protocols, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second}
	l := listen(t)
	go func() {
		serve := as.http.Serve
		if config != nil {
			serve = func(l net.Listener) error { return as.http.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	t.Cleanup(func() { _ = as.http.Close() })
	s.running = append(s.running, as)
	return l.Addr().String()
}
