// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// api is one audience and the signatures of its tokens.
type api struct{ resource, alg, kid string }

// apis are the audiences of a guarded service, one for each algorithm. The key
// ids are those a server starts with.
var apis = []api{
	{"urn:api:jwt", "RS256", "rsa-1"},
	{"urn:api:jwt:es256", "ES256", "ec-1"},
	{"urn:api:jwt:eddsa", "EdDSA", "ed-1"},
}

func audiences() []string {
	var names []string
	for _, a := range apis {
		names = append(names, a.resource)
	}
	return names
}

// widgetRules are the rules of the guarded service.
var widgetRules = auth.Rules{
	widgetv1connect.WidgetServiceGetWidgetProcedure:     {AllScopes: []string{"read"}},
	widgetv1connect.WidgetServiceWatchWidgetsProcedure:  {AllScopes: []string{"read"}},
	widgetv1connect.WidgetServiceImportWidgetsProcedure: {AllScopes: []string{"read"}},
	widgetv1connect.WidgetServiceSyncWidgetsProcedure:   {AllScopes: []string{"read"}},
	widgetv1connect.WidgetServiceCreateWidgetProcedure:  {AllScopes: []string{"write"}},
}

// newGuard returns a guard for tokens of the issuer with this identifier.
// Without audiences in the configuration they are those of [apis].
func newGuard(t testing.TB, identifier string, c jwtauth.Config, options ...issuer.Option) *auth.Guard {
	t.Helper()
	iss, err := issuer.New(identifier, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	if c.Audiences == nil {
		c.Audiences = audiences()
	}
	verifier, err := jwtauth.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := auth.NewGuard(verifier, widgetRules)
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// guarded is the widget service behind one guard: grpc-go and connect-go, each
// over TLS and over plain TCP.
type guarded struct {
	service *widget.Service
	ca      *authority

	grpcTLS, grpcPlain, connectTLS, connectPlain string

	arrived atomic.Pointer[arrival]
	errors  serverLog
}

// arrival is how a request reached net/http.
type arrival struct {
	method, proto string
	tls           bool
}

func (a arrival) String() string { return fmt.Sprintf("%s %s, TLS %v", a.method, a.proto, a.tls) }

// startGuarded starts the servers and stops them when the test ends. onCall may
// be nil.
func startGuarded(t testing.TB, guard *auth.Guard, onCall func(context.Context) error) *guarded {
	t.Helper()
	s := &guarded{service: &widget.Service{OnCall: onCall}, ca: newAuthority(t)}
	files := s.ca.server(t)
	pair, err := tls.LoadX509KeyPair(files.certFile, files.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}

	s.grpcTLS = s.serveGRPC(t, guard, grpc.Creds(credentials.NewTLS(secure)))
	s.grpcPlain = s.serveGRPC(t, guard)

	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(s.service.Connect(), connectauth.HandlerOptions(guard)))
	handler := s.record(connectauth.Middleware(guard)(mux))
	s.connectTLS = s.serveHTTP(t, handler, secure.Clone())
	s.connectPlain = s.serveHTTP(t, handler, nil)
	return s
}

func (s *guarded) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.ca.cert)
	return pool
}

func (s *guarded) serveGRPC(t testing.TB, guard *auth.Guard, options ...grpc.ServerOption) string {
	t.Helper()
	server := grpc.NewServer(append(options, grpcauth.ServerOptions(guard)...)...)
	widgetv1.RegisterWidgetServiceServer(server, s.service.GRPC())
	l := listenLoopback(t)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// serveHTTP answers HTTP/1.1 and HTTP/2 on one listener.
func (s *guarded) serveHTTP(t testing.TB, h http.Handler, secure *tls.Config) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(secure != nil)
	protocols.SetUnencryptedHTTP2(secure == nil)
	server := &http.Server{
		Handler: h, Protocols: &protocols, TLSConfig: secure,
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(&s.errors, "", 0),
	}
	l := listenLoopback(t)
	go func() {
		var err error
		if secure != nil {
			err = server.ServeTLS(l, "", "")
		} else {
			err = server.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// record remembers how the last request arrived.
func (s *guarded) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.arrived.Store(&arrival{method: r.Method, proto: r.Proto, tls: r.TLS != nil})
		next.ServeHTTP(w, r)
	})
}

func listenLoopback(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serverLog is what net/http had to complain about.
type serverLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
