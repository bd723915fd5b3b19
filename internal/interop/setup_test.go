// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	getWidget    = "/widget.v1.WidgetService/GetWidget"
	createWidget = "/widget.v1.WidgetService/CreateWidget"
	ping         = "/widget.v1.WidgetService/Ping"
	watchWidgets = "/widget.v1.WidgetService/WatchWidgets"
)

// rules are those of the README, and one for a stream.
func rules() auth.Rules {
	return auth.Rules{
		getWidget:    {AllScopes: []string{"widgets.read"}},
		createWidget: {AllScopes: []string{"widgets.write"}},
		ping:         {Access: auth.AccessPublic},
		watchWidgets: {AllScopes: []string{"widgets.read"}},
	}
}

// fixture is two issuers, one of which is down, a verifier of the tokens of both
// and a service to guard.
type fixture struct {
	issuer, down *authtest.Issuer
	verifier     auth.Verifier
	service      *widget.Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{service: new(widget.Service)}
	var verifiers []auth.Verifier
	for _, at := range []**authtest.Issuer{&f.issuer, &f.down} {
		fake, err := authtest.NewIssuer(authtest.Config{Audience: "widgets"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = fake.Close() })
		iss, err := issuer.New(fake.URL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = iss.Close() })
		v, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{"widgets"}, GrantableScopes: []string{"widgets.read", "widgets.write"}})
		if err != nil {
			t.Fatal(err)
		}
		*at, verifiers = fake, append(verifiers, v)
	}
	f.down.FailAlways(authtest.Discovery, authtest.Status(500))
	var err error
	if f.verifier, err = auth.NewChain(verifiers...); err != nil {
		t.Fatal(err)
	}
	return f
}

// guard returns one with the rules of the README unless there are others.
func (f *fixture) guard(t *testing.T, options ...auth.GuardOption) *auth.Guard {
	t.Helper()
	if !slices.ContainsFunc(options, func(o auth.GuardOption) bool { _, ok := o.(auth.Rules); return ok }) {
		options = append(options, rules())
	}
	guard, err := auth.NewGuard(f.verifier, options...)
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// reader mints a token that may read widgets and not write them.
func (f *fixture) reader() string { return f.issuer.Mint(authtest.Scopes("widgets.read")) }

// caller is a token and what a caller with it gets from GetWidget and
// WatchWidgets. Without a token there is no header.
type caller struct {
	name   string
	token  string
	code   codes.Code
	reason auth.Reason
	status int // of HTTP
}

// challenged reports whether another token could help, so that the answer says
// which.
func (c caller) challenged() bool {
	return c.code == codes.Unauthenticated || c.reason == auth.ReasonScopeInsufficient
}

func (f *fixture) callers() map[string]caller {
	read := authtest.Scopes("widgets.read")
	all := make(map[string]caller)
	for _, c := range []caller{
		{"good", f.reader(), codes.OK, "", 200},
		{"anonymous", "", codes.Unauthenticated, auth.ReasonCredentialsMissing, 401},
		{"expired", f.issuer.Mint(read, authtest.IssuedAt(time.Now().Add(-time.Hour))), codes.Unauthenticated, auth.ReasonTokenExpired, 401},
		{"other audience", f.issuer.Mint(read, authtest.Audience("others")), codes.Unauthenticated, auth.ReasonTokenInvalid, 401},
		{"scope missing", f.issuer.Mint(), codes.PermissionDenied, auth.ReasonScopeInsufficient, 403},
		{"issuer down", f.down.Mint(read), codes.Unavailable, auth.ReasonAuthorityUnavailable, 503},
	} {
		all[c.name] = c
	}
	return all
}

// registrar returns what to register services with: the guard's, or the server.
func registrar(srv *grpc.Server, guard *auth.Guard, with bool) grpcauth.Server {
	if with {
		return grpcauth.Registrar(srv, guard)
	}
	return srv
}

// serveGRPC serves until the test ends and returns a connection.
func serveGRPC(t *testing.T, srv *grpc.Server) *grpc.ClientConn {
	t.Helper()
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// serveHTTP serves HTTP/1.1 and cleartext HTTP/2 until the test ends and returns
// the URL.
func serveHTTP(t *testing.T, h http.Handler) string {
	t.Helper()
	l := listen(t)
	server := &http.Server{Handler: h, Protocols: protocols(true, true), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func protocols(http1, http2 bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(http1)
	p.SetUnencryptedHTTP2(http2)
	return p
}

// http2Client speaks cleartext HTTP/2 only, as the gRPC protocol needs.
func http2Client(t *testing.T) *http.Client {
	transport := &http.Transport{Protocols: protocols(false, true)}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// connectProtocols are the protocols a Connect handler speaks.
func connectProtocols() map[string][]connect.ClientOption {
	return map[string][]connect.ClientOption{
		"connect":  nil,
		"grpc":     {connect.WithGRPC()},
		"grpc-web": {connect.WithGRPCWeb()},
	}
}

// outgoing returns a context for a gRPC call with this token, if any.
func outgoing(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// clientContext returns a context for a Connect call with this token, if any.
func clientContext(ctx context.Context, token string) context.Context {
	ctx, info := connect.NewClientContext(ctx)
	if token != "" {
		info.RequestHeader().Set("Authorization", "Bearer "+token)
	}
	return ctx
}

// callGRPC calls GetWidget, or WatchWidgets and reads one message.
func callGRPC(ctx context.Context, conn *grpc.ClientConn, token string, stream bool, options ...grpc.CallOption) error {
	client := widgetv1.NewWidgetServiceClient(conn)
	ctx, cancel := context.WithTimeout(outgoing(ctx, token), 10*time.Second)
	defer cancel()
	if !stream {
		_, err := client.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"}, options...)
		return err
	}
	watch, err := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1}, options...)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = watch.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// reason returns the reason in the ErrorInfo of a gRPC or Connect error.
func reason(err error) auth.Reason {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		for _, d := range e.Details() {
			if value, err := d.Value(); err == nil {
				if info, ok := value.(*errdetails.ErrorInfo); ok {
					return auth.Reason(info.GetReason())
				}
			}
		}
		return ""
	}
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return auth.Reason(info.GetReason())
		}
	}
	return ""
}

// wantError checks what a caller got, over gRPC or Connect.
func wantError(t *testing.T, err error, code codes.Code, want auth.Reason) {
	t.Helper()
	got := status.Code(err)
	if e, ok := errors.AsType[*connect.Error](err); ok {
		got = codes.Code(e.Code())
	}
	if got != code || reason(err) != want {
		t.Errorf("the caller got %v with reason %q, want %v with %q", err, reason(err), code, want)
	}
}

// response is an HTTP response whose body was read.
type response struct {
	status int
	header http.Header
	body   string
}

// do sends a request with header fields given as name and value in turn.
func do(t *testing.T, method, url, body string, header ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(header, 2) {
		r.Header.Add(pair[0], pair[1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{status: res.StatusCode, header: res.Header, body: string(b)}
}

// bearer is the header of a call with this token, if any, for [do].
func bearer(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + token}
}

// noToken checks that text holds no part of the token.
func noToken(t *testing.T, text, token string) {
	t.Helper()
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 && strings.Contains(text, part) {
			t.Errorf("a part of the token is in\n%s", text)
			return
		}
	}
}

// log is a buffer that several goroutines may write to.
type log struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
