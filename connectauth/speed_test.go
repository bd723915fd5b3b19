// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/speedtest"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/proto"
)

// cost is a [speedtest.Cost].
type cost struct {
	name   string
	allocs float64
	varies string
	do     func() bool
	beside func() bool
}

func (c cost) Cost() speedtest.Cost {
	return speedtest.Cost{Name: c.name, Allocs: c.allocs, Varies: c.varies, Do: c.do, Beside: c.beside}
}

// costs are the calls of this package by the benchmark that times them. Those of
// messages are TestStreamMessagesDoNotAllocate's.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkGate":             gateCosts,
	"BenchmarkWrapUnary":        wrapUnaryCosts,
	"BenchmarkHandler":          handlerCosts,
	"BenchmarkStream":           streamCosts,
	"BenchmarkCarrier":          carrierCosts,
	"BenchmarkMiddleware":       middlewareCosts,
	"BenchmarkRequireDecision":  requireDecisionCosts,
	"BenchmarkResourceMetadata": resourceCosts,
	"BenchmarkRenewal":          renewalCosts,
	"BenchmarkRenewedStream":    renewedStreamCosts,
	"BenchmarkChallenge":        challengeCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkGate(b *testing.B)             { benchmark(b) }
func BenchmarkWrapUnary(b *testing.B)        { benchmark(b) }
func BenchmarkHandler(b *testing.B)          { benchmark(b) }
func BenchmarkCarrier(b *testing.B)          { benchmark(b) }
func BenchmarkMiddleware(b *testing.B)       { benchmark(b) }
func BenchmarkRequireDecision(b *testing.B)  { benchmark(b) }
func BenchmarkResourceMetadata(b *testing.B) { benchmark(b) }
func BenchmarkRenewal(b *testing.B)          { benchmark(b) }
func BenchmarkRenewedStream(b *testing.B)    { benchmark(b) }
func BenchmarkChallenge(b *testing.B)        { benchmark(b) }

const (
	speedProcedure  = "/a.B/Get"
	deniedProcedure = "/a.B/Delete"
	publicProcedure = "/a.B/Ping"
)

// speedToken is of the usual size.
var speedToken = strings.Repeat("x", 900)

func withToken() http.Header {
	return http.Header{"Authorization": {"Bearer " + speedToken}, "User-Agent": {"test"}}
}

// speedGuard knows every token, and remembers it for a day.
func speedGuard(t testing.TB) *auth.Guard {
	t.Helper()
	day := time.Now().Add(24 * time.Hour)
	c, err := auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Scopes: []string{"read"}, Deadline: day, Expiry: day, FreshUntil: day})
	if err != nil {
		t.Fatal(err)
	}
	g, err := auth.NewGuard(auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return c, nil }), auth.AllowStreamRenewal(),
		auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test", MetadataURL: "https://rs.test/.well-known/oauth-protected-resource"}),
		auth.Rules{speedProcedure: {AllScopes: []string{"read"}}, streamProcedure: {}, deniedProcedure: {AllScopes: []string{"write"}}, publicProcedure: {Access: auth.AccessPublic}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// codeOf is that of a call; zero if it succeeded.
func codeOf(err error) connect.Code {
	if err == nil {
		return 0
	}
	return connect.CodeOf(err)
}

func gateCosts(t testing.TB) []cost {
	a, ctx := adapter{guard: speedGuard(t)}, t.Context()
	var all []cost
	for _, c := range []struct {
		name      string
		allocs    float64
		procedure string
		header    http.Header
		protocol  string
		want      connect.Code
	}{
		{"cached", 1, speedProcedure, withToken(), connect.ProtocolConnect, 0},
		{"public", 1, publicProcedure, nil, connect.ProtocolConnect, 0},
		{"no credentials", 7, speedProcedure, nil, connect.ProtocolConnect, connect.CodeUnauthenticated},
		{"no credentials, gRPC", 4, speedProcedure, nil, connect.ProtocolGRPC, connect.CodeUnauthenticated},
		{"insufficient scope", 12, deniedProcedure, withToken(), connect.ProtocolConnect, connect.CodePermissionDenied},
	} {
		spec, peer := connect.Spec{Procedure: c.procedure}, connect.Peer{Protocol: c.protocol}
		all = append(all, cost{c.name, c.allocs, "", func() bool { _, err := a.gate(ctx, spec, peer, c.header); return codeOf(err) == c.want }, nil})
	}
	return all
}

// speedRequest is a unary call with an HTTP method.
type speedRequest struct {
	connect.AnyRequest

	method string
}

func (speedRequest) Spec() connect.Spec   { return connect.Spec{Procedure: speedProcedure} }
func (r speedRequest) HTTPMethod() string { return r.method }

func wrapUnaryCosts(t testing.TB) []cost {
	a, ctx := adapter{guard: speedGuard(t)}, t.Context()
	response := connect.NewResponse(new(authv1.RenewResponse))
	answers := func(context.Context, connect.AnyRequest) (connect.AnyResponse, error) { return response, nil }
	refuses := func(ctx context.Context, _ connect.AnyRequest) (connect.AnyResponse, error) {
		return nil, auth.RequireScopes(ctx, "write")
	}
	by := func(next connect.UnaryFunc, method string, want connect.Code) func() bool {
		var r connect.AnyRequest = speedRequest{connect.NewRequest(new(authv1.RenewRequest)), method}
		return func() bool {
			clear(response.Header())
			_, err := next(ctx, r)
			return codeOf(err) == want
		}
	}
	return []cost{
		{"POST", 0, "", by(a.WrapUnary(answers), http.MethodPost, 0), by(answers, http.MethodPost, 0)},
		{"GET", 2, "", by(a.WrapUnary(answers), http.MethodGet, 0), by(answers, http.MethodGet, 0)},
		{"the handler refuses", 5, "", by(a.WrapUnary(refuses), http.MethodPost, connect.CodeUnauthenticated), nil},
	}
}

// deafWriter is a response that nobody reads.
type deafWriter struct {
	header http.Header
	status int
}

func (w *deafWriter) Header() http.Header         { return w.header }
func (w *deafWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *deafWriter) WriteHeader(status int)      { w.status = status }

// called makes whole calls of a handler in process.
func called(t testing.TB, h http.Handler, method, path string, header http.Header, message proto.Message, want int) func() bool {
	t.Helper()
	encoded, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	body := new(bytes.Reader)
	r, err := http.NewRequestWithContext(t.Context(), method, "http://test"+path, io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header, r.ContentLength = header, int64(len(encoded))
	r.Header.Set("Content-Type", "application/proto")
	w := &deafWriter{header: make(http.Header)}
	return func() bool {
		clear(w.header)
		w.status = http.StatusOK
		body.Reset(encoded)
		h.ServeHTTP(w, r)
		return w.status == want
	}
}

// echo is a handler of a method.
func echo(options ...connect.HandlerOption) http.Handler {
	answer := connect.NewResponse(new(authv1.RenewResponse))
	return connect.NewUnaryHandler(speedProcedure, func(context.Context, *connect.Request[authv1.RenewRequest]) (*connect.Response[authv1.RenewResponse], error) {
		return answer, nil
	}, options...)
}

func calledEcho(t testing.TB, h http.Handler, want int) func() bool {
	t.Helper()
	return called(t, h, http.MethodPost, speedProcedure, withToken(), new(authv1.RenewRequest), want)
}

func handlerCosts(t testing.TB) []cost {
	g := speedGuard(t)
	bare, guarded := calledEcho(t, echo(), http.StatusOK), echo(HandlerOptions(g))
	refused := called(t, guarded, http.MethodPost, speedProcedure, make(http.Header), new(authv1.RenewRequest), http.StatusUnauthorized)
	return []cost{
		{"cached", 1, "", calledEcho(t, guarded, http.StatusOK), bare},
		{"cached, with the middleware", 3, "", calledEcho(t, Middleware(g)(guarded), http.StatusOK), bare},
		{"no credentials", 83, "those of connect-go's error are among them", refused, nil},
	}
}

func streamCosts(t testing.TB) []cost {
	a, inner := adapter{guard: speedGuard(t)}, newFakeConn()
	returns := func(context.Context, connect.StreamingHandlerConn) error { return nil }
	waits := func(ctx context.Context, _ connect.StreamingHandlerConn) error { _ = ctx.Done(); return nil }
	ctx := decided(t.Context(), t, a.guard, inner)
	var lent context.Context
	Middleware(a.guard)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		lent = decided(r.Context(), t, a.guard, inner) //nolint:fatcontext // it is what is asked for
	})).ServeHTTP(&deafWriter{header: make(http.Header)}, &http.Request{Method: http.MethodPost, Header: inner.header})
	named := newFakeConn()
	named.header.Set(auth.StreamHeader, strings.Repeat("n", 32))
	renewable := decided(t.Context(), t, a.guard, named)
	return []cost{
		{"open and close", 4, "", func() bool { return a.serve(ctx, inner, returns) == nil }, nil},
		{"whose handler waits for its context", 7, "", func() bool { return a.serve(ctx, inner, waits) == nil }, nil},
		{"with the middleware", 4, "", func() bool { return a.serve(lent, inner, returns) == nil }, nil},
		{"that can be renewed", 4, "", func() bool { return a.serve(renewable, named, returns) == nil }, nil},
	}
}

func carrierCosts(t testing.TB) []cost {
	ctx, h := t.Context(), withToken()
	l := &lent{request: &http.Request{Header: h}}
	mine := carrierOf(h, l)
	return []cost{
		{"authorization", 0, "", func() bool { return len(carrierOf(h, nil).Values(ctx, "authorization")) == 1 }, nil},
		{"another field", 0, "", func() bool { return len(carrierOf(h, nil).Values(ctx, "user-agent")) == 1 }, nil},
		{"TLS", 0, "", func() bool { return carrierOf(h, nil).TLS(ctx) == nil && mine.TLS(ctx) == nil }, nil},
	}
}

func middlewareCosts(t testing.TB) []cost {
	g := speedGuard(t)
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	bare := calledEcho(t, h, http.StatusOK)
	return []cost{
		{"alone", 2, "", calledEcho(t, Middleware(g)(h), http.StatusOK), bare},
		{"twice", 4, "", calledEcho(t, Middleware(g)(Middleware(g)(h)), http.StatusOK), bare},
	}
}

func requireDecisionCosts(t testing.TB) []cost {
	g := speedGuard(t)
	guarded := echo(HandlerOptions(g))
	return []cost{
		{"decided", 5, "", calledEcho(t, RequireDecision(g)(guarded), http.StatusOK), calledEcho(t, guarded, http.StatusOK)},
		{"undecided", 53, "those of connect-go's error are among them", calledEcho(t, RequireDecision(g)(echo()), http.StatusInternalServerError), nil},
	}
}

func resourceCosts(t testing.TB) []cost {
	h := ResourceMetadataHandler(speedGuard(t))
	return []cost{
		{"GET", 3, "", called(t, h, http.MethodGet, "/", make(http.Header), nil, http.StatusOK), nil},
		{"POST", 4, "", called(t, h, http.MethodPost, "/", make(http.Header), nil, http.StatusMethodNotAllowed), nil},
	}
}

// renewalCosts are those of a renewal on the server, with its check.
func renewalCosts(t testing.TB) []cost {
	g := speedGuard(t)
	inner, name := newFakeConn(), strings.Repeat("n", 32)
	inner.header.Set(auth.StreamHeader, name)
	open := g.OpenStream(decided(t.Context(), t, g, inner), &auth.Request{Procedure: streamProcedure, Carrier: headerCarrier(inner.header)}, func(*auth.Error) {})
	t.Cleanup(func() { _ = open.Close() })
	_, h := NewStreamRenewalHandler(g)
	renews := func(name string, want int) func() bool {
		return called(t, h, http.MethodPost, auth.StreamRenewalProcedure, withToken(), &authv1.RenewRequest{Stream: name}, want)
	}
	return []cost{
		{"open", 8, "", renews(name, http.StatusOK), calledEcho(t, echo(), http.StatusOK)},
		{"unknown", 32, "those of connect-go's error are among them", renews(name+"x", http.StatusNotFound), nil},
	}
}

// overConn has nothing to say.
type overConn struct {
	connect.StreamingClientConn

	header http.Header
}

func (c *overConn) RequestHeader() http.Header { return c.header }
func (c *overConn) Receive(any) error          { return io.EOF }

// renewedStreamCosts are those of the client, for streams that are over before
// there is anything to renew.
func renewedStreamCosts(t testing.TB) []cost {
	token, err := auth.NewBearer(speedToken)
	if err != nil {
		t.Fatal(err)
	}
	asked, expires := make(chan struct{}), time.Now().Add(24*time.Hour)
	i, err := StreamRenewalInterceptor(StreamRenewalConfig{HTTPClient: http.DefaultClient, BaseURL: "https://rs.test", Tokens: func(context.Context) (auth.Credential, time.Time, error) {
		asked <- struct{}{}
		return token, expires, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	inner := &overConn{header: make(http.Header)}
	bare := func(context.Context, connect.Spec) connect.StreamingClientConn { return inner }
	ctx, spec := t.Context(), connect.Spec{Procedure: streamProcedure}
	by := func(next connect.StreamingClientFunc, asks bool) func() bool {
		return func() bool {
			clear(inner.header)
			conn := next(ctx, spec)
			if asks {
				<-asked
			}
			return conn.Receive(nil) == io.EOF //nolint:errorlint // the very same
		}
	}
	return []cost{{"open and close", 23, "the goroutine that asked for the token ends beside", by(i.WrapStreamingClient(bare), true), by(bare, false)}}
}

func challengeCosts(t testing.TB) []cost {
	a := adapter{guard: speedGuard(t)}
	_, refused := a.gate(t.Context(), connect.Spec{Procedure: deniedProcedure}, connect.Peer{Protocol: connect.ProtocolConnect}, withToken())
	other := connect.NewError(connect.CodeNotFound, nil)
	return []cost{
		{"a refusal", 30, "", func() bool { c, ok := Challenge(refused); return ok && slices.Equal(c.Scopes, []string{"write"}) }, nil},
		{"another error", 0, "", func() bool { _, ok := Challenge(other); return !ok }, nil},
	}
}
