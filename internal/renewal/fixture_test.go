// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/introspection"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	watch   = "/widget.v1.WidgetService/WatchWidgets"
	imports = "/widget.v1.WidgetService/ImportWidgets"
)

// authority is an issuer, and what verifies its tokens.
type authority struct {
	*authtest.Issuer

	verifier auth.Verifier
	// mint makes tokens of the kind under test, with scope read.
	mint func(...authtest.TokenOption) string
	// forged is one that nobody issued.
	forged string
}

func newAuthority(t *testing.T, url string, opaque bool) *authority {
	t.Helper()
	const id, secret = "server", "only for this test"
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: url, ClientID: id, ClientSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	iss, err := issuer.New(url, issuer.WithTransport(as.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	scopes := []string{"read", "write"}
	a := &authority{Issuer: as}
	mint := as.Mint
	if opaque {
		mint = as.MintOpaque
		a.forged = "made-up"
		v, err := introspection.New(iss, introspection.Config{
			Audiences: []string{"api"}, Auth: clientauth.ClientSecretBasic(id, clientauth.SecretText(secret)),
			PositiveTTL: 500 * time.Millisecond, ClockSkew: introspection.NoClockSkew, GrantableScopes: scopes,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = v.Close() })
		a.verifier = v
	} else {
		a.forged = as.Mint(authtest.Signature(func([]byte) []byte { return make([]byte, 64) }))
		if a.verifier, err = jwtauth.New(iss, jwtauth.Config{Audiences: []string{"api"}, ClockSkew: jwtauth.NoClockSkew, GrantableScopes: scopes}); err != nil {
			t.Fatal(err)
		}
	}
	a.mint = func(options ...authtest.TokenOption) string {
		return mint(append([]authtest.TokenOption{authtest.Scopes("read")}, options...)...)
	}
	return a
}

// server is the widget service behind a guard, whose watches last until somebody
// ends them, on real sockets.
type server struct {
	guard       *auth.Guard
	revocations *auth.RevocationList
	grpcAddr    string
	url         string
	grpcServer  *grpc.Server
	stopHTTP    func()
	entered     chan struct{} // a handler runs
	finish      chan error    // what one returns, unless the stream ends before

	mu     sync.Mutex
	events []auth.Event
}

// parts are what a server may be without.
type parts struct {
	noService, noRule, noRegistrar bool

	grpc []grpc.ServerOption // further ones
}

func newServer(t *testing.T, v auth.Verifier, p parts, options ...auth.GuardOption) *server {
	t.Helper()
	s := &server{entered: make(chan struct{}, 1000), finish: make(chan error)}
	var err error
	if s.revocations, err = auth.NewRevocationList(auth.RevocationListConfig{MaxTokenLife: time.Hour}); err != nil {
		t.Fatal(err)
	}
	options = append(options, auth.WithObserver(s), auth.WithRevocations(s.revocations))
	if !slices.ContainsFunc(options, func(o auth.GuardOption) bool { _, ok := o.(auth.Rules); return ok }) {
		options = append(options, auth.Rules{watch: {AllScopes: []string{"read"}}, imports: {AllScopes: []string{"read"}}})
	}
	if !p.noRule {
		options = append(options, auth.AllowStreamRenewal())
	}
	if s.guard, err = auth.NewGuard(v, options...); err != nil {
		t.Fatal(err)
	}
	service := &widget.Service{OnCall: s.hold}
	s.grpcServer = grpc.NewServer(append(grpcauth.ServerOptions(s.guard), p.grpc...)...)
	var registrar grpc.ServiceRegistrar = s.grpcServer
	if !p.noRegistrar {
		registrar = grpcauth.Registrar(s.grpcServer, s.guard)
	}
	widgetv1.RegisterWidgetServiceServer(registrar, grpcWatch{service.GRPC(), s})
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(connectWatch{service.Connect(), s}, connectauth.HandlerOptions(s.guard)))
	if !p.noService {
		grpcauth.RegisterStreamRenewal(registrar, s.guard)
		mux.Handle(connectauth.NewStreamRenewalHandler(s.guard))
	}
	l := listen(t)
	s.grpcAddr = l.Addr().String()
	go func() { _ = s.grpcServer.Serve(l) }()
	t.Cleanup(s.grpcServer.Stop)
	s.url, s.stopHTTP = startHTTP(t, connectauth.Middleware(s.guard)(mux))
	return s
}

// hold is what every handler does.
func (s *server) hold(ctx context.Context) error {
	s.entered <- struct{}{}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-s.finish:
		return err
	}
}

// grpcWatch and connectWatch send a message first, without which a Connect client
// does not see the stream open.
type grpcWatch struct {
	widgetv1.WidgetServiceServer

	s *server
}

func (w grpcWatch) WatchWidgets(_ *widgetv1.WatchWidgetsRequest, stream grpc.ServerStreamingServer[widgetv1.WatchWidgetsResponse]) error {
	if err := stream.Send(new(widgetv1.WatchWidgetsResponse)); err != nil {
		return err
	}
	return w.s.hold(stream.Context())
}

type connectWatch struct {
	widgetv1connect.WidgetServiceHandler

	s *server
}

func (w connectWatch) WatchWidgets(ctx context.Context, _ *widgetv1.WatchWidgetsRequest, stream *connect.ServerStream[widgetv1.WatchWidgetsResponse]) error {
	if err := stream.Send(new(widgetv1.WatchWidgetsResponse)); err != nil {
		return err
	}
	return w.s.hold(ctx)
}

// serveHTTP returns the URL of a server of HTTP/1.1 and HTTP/2 in cleartext.
func serveHTTP(t *testing.T, h http.Handler) string {
	t.Helper()
	url, _ := startHTTP(t, h)
	return url
}

func startHTTP(t *testing.T, h http.Handler) (url string, stop func()) {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second}
	l := listen(t)
	go func() { _ = server.Serve(l) }()
	stop = func() { _ = server.Close() }
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), stop
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Observe implements auth.Observer.
func (s *server) Observe(_ context.Context, e auth.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// count returns how many events of that name there were.
func (s *server) count(name auth.EventName) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// client opens streams and renews them on one transport, without the library's
// client.
type client struct {
	name  string
	open  func(ctx context.Context, token string, names ...string) error // until the stream ends
	renew func(ctx context.Context, token, name string) (*authv1.RenewResponse, error)
}

func (s *server) clients(t *testing.T) []client {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+s.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return []client{
		{
			name: "grpc",
			open: func(ctx context.Context, token string, names ...string) error {
				ctx = metadata.NewOutgoingContext(ctx, metadata.MD{"authorization": {"Bearer " + token}, auth.StreamHeader: names})
				stream, err := widgetv1.NewWidgetServiceClient(cc).WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{})
				if err != nil {
					return err
				}
				for err == nil {
					_, err = stream.Recv()
				}
				return err
			},
			renew: func(ctx context.Context, token, name string) (*authv1.RenewResponse, error) {
				if token != "" {
					ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
				}
				answer := new(authv1.RenewResponse)
				return answer, cc.Invoke(ctx, auth.StreamRenewalProcedure, &authv1.RenewRequest{Stream: name}, answer)
			},
		},
		connectClient(t, "connect", s.url, http1()),
		connectClient(t, "grpc by connect", s.url, http2(), connect.WithGRPC()),
	}
}

func http1() *http.Client { return &http.Client{Transport: &http.Transport{}} }

func http2() *http.Client {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: &protocols}}
}

func connectClient(t *testing.T, name, url string, h *http.Client, options ...connect.ClientOption) client {
	t.Helper()
	t.Cleanup(h.CloseIdleConnections)
	watching := widgetv1connect.NewWidgetServiceClient(h, url, options...)
	renewals := connect.NewClient[authv1.RenewRequest, authv1.RenewResponse](h, url+auth.StreamRenewalProcedure, options...)
	return client{
		name: name,
		open: func(ctx context.Context, token string, names ...string) error {
			ctx, info := connect.NewClientContext(ctx)
			info.RequestHeader().Set("Authorization", "Bearer "+token)
			for _, name := range names {
				info.RequestHeader().Add(auth.StreamHeader, name)
			}
			stream, err := watching.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{})
			if err != nil {
				return err
			}
			defer func() { _ = stream.Close() }()
			for stream.Receive() {
			}
			return stream.Err()
		},
		renew: func(ctx context.Context, token, name string) (*authv1.RenewResponse, error) {
			question := connect.NewRequest(&authv1.RenewRequest{Stream: name})
			if token != "" {
				question.Header().Set("Authorization", "Bearer "+token)
			}
			answer, err := renewals.CallUnary(ctx, question)
			if err != nil {
				return nil, err
			}
			return answer.Msg, nil
		},
	}
}

// opened is a stream that is open until something comes out of ended.
type opened struct {
	name   string
	ended  chan error
	cancel context.CancelFunc
}

// watch opens a stream and returns when its handler runs.
func (s *server) watch(t *testing.T, c client, token string, names ...string) opened {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	o := opened{ended: make(chan error, 1), cancel: cancel}
	if len(names) > 0 {
		o.name = names[0]
	}
	go func() { o.ended <- c.open(ctx, token, names...) }()
	select {
	case <-s.entered:
	case err := <-o.ended:
		t.Fatalf("the stream did not open: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("the stream did not open")
	}
	return o
}

// isOpen reports whether the stream is open still, for a moment.
func (o opened) isOpen() bool {
	select {
	case err := <-o.ended:
		o.ended <- err
		return false
	case <-time.After(50 * time.Millisecond):
		return true
	}
}

// wait returns why the stream ended.
func (o opened) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-o.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the stream goes on")
		return nil
	}
}

// codeOf returns the code of an error of either transport.
func codeOf(err error) codes.Code {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return codes.Code(e.Code())
	}
	return status.Code(err)
}

// reasonOf returns the reason of a refusal; empty if it is none.
func reasonOf(err error) auth.Reason {
	if c, ok := connectauth.Challenge(err); ok {
		return c.Reason
	}
	c, _ := grpcauth.Challenge(err)
	return c.Reason
}
