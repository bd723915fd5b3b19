// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/grpcauth"
	widgetgw "github.com/bearerkit/bearerkit/internal/interop/widgetgw"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// gatewayOptions make a gateway in front of a guarded server pass on what is
// needed on both ways, and no more.
func gatewayOptions() []runtime.ServeMuxOption {
	return []runtime.ServeMuxOption{
		runtime.WithIncomingHeaderMatcher(matchIncoming),
		runtime.WithOutgoingHeaderMatcher(matchOutgoing),
		runtime.WithErrorHandler(handleError),
	}
}

// matchIncoming keeps the token out of a second metadata key. The gateway passes
// Authorization as "authorization" whatever the matcher says.
func matchIncoming(name string) (string, bool) {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Authorization", "Grpc-Metadata-Authorization":
		return "", false
	}
	return runtime.DefaultHeaderMatcher(name)
}

// matchOutgoing passes the challenge under its own name.
func matchOutgoing(name string) (string, bool) {
	if name == "www-authenticate" {
		return "Www-Authenticate", true
	}
	return runtime.MetadataHeaderPrefix + name, true
}

// handleError answers with the guard's challenge where the default handler puts
// the error's message.
func handleError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	var challenge string
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == "github.com/bearerkit/bearerkit" {
			challenge = info.GetMetadata()["challenge"]
		}
	}
	runtime.DefaultHTTPErrorHandler(ctx, mux, m, &challengeWriter{ResponseWriter: w, challenge: challenge}, r, err)
}

type challengeWriter struct {
	http.ResponseWriter
	challenge string
}

func (w *challengeWriter) WriteHeader(status int) {
	w.Header().Del("Www-Authenticate")
	if w.challenge != "" {
		w.Header().Set("Www-Authenticate", w.challenge)
	}
	w.ResponseWriter.WriteHeader(status)
}

// seen keeps the metadata that a server gets.
type seen struct {
	mu sync.Mutex
	md metadata.MD
}

func (s *seen) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	s.mu.Lock()
	s.md, _ = metadata.FromIncomingContext(ctx)
	s.mu.Unlock()
	return handler(ctx, request)
}

func (s *seen) last() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.md
}

// gateway serves a gateway that calls a guarded server over a connection.
func gateway(t *testing.T, f *fixture, withRegistrar bool, options ...runtime.ServeMuxOption) (url string, _ *seen) {
	t.Helper()
	s := new(seen)
	guard := f.guard(t)
	srv := grpc.NewServer(append(grpcauth.ServerOptions(guard), grpc.ChainUnaryInterceptor(s.unary))...)
	widgetv1.RegisterWidgetServiceServer(registrar(srv, guard, withRegistrar), f.service.GRPC())
	conn := serveGRPC(t, srv)
	ctx := t.Context()
	mux := runtime.NewServeMux(options...)
	if err := widgetgw.RegisterWidgetServiceHandler(ctx, mux, conn); err != nil {
		t.Fatal(err)
	}
	return serveHTTP(t, mux), s
}

// Registered as a server, a gateway calls the service's methods itself: no
// option of any grpc.Server has a say.
func TestGatewayInProcessIsNotGuarded(t *testing.T) {
	f := newFixture(t)
	mux := runtime.NewServeMux()
	if err := widgetgw.RegisterWidgetServiceHandlerServer(t.Context(), mux, f.service.GRPC()); err != nil {
		t.Fatal(err)
	}
	url := serveHTTP(t, mux)
	for i, token := range []string{"", "nonsense"} {
		res := do(t, http.MethodPost, url+"/v1/widgets", `{"name":"w"}`, bearer(token)...)
		if res.status != http.StatusOK || f.service.Calls() != i+1 {
			t.Errorf("the answer is %d %s", res.status, res.body)
		}
	}
	// Around it, RequireDecision keeps the answer back, though not what was done.
	held := serveHTTP(t, connectauth.RequireDecision(f.guard(t))(mux))
	if res := do(t, http.MethodPost, held+"/v1/widgets", `{"name":"w"}`); res.status != http.StatusInternalServerError || f.service.Calls() != 3 || strings.Contains(res.body, "widget") {
		t.Errorf("behind RequireDecision: %d %s", res.status, res.body)
	}
	// A handler that asks for claims finds none and refuses; without the guard its
	// error has no code.
	f.service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "widgets.read") }
	res := do(t, http.MethodPost, url+"/v1/widgets", `{"name":"w"}`, bearer(f.reader())...)
	if res.status != http.StatusInternalServerError || !strings.Contains(res.body, string(auth.ReasonCredentialsMissing)) {
		t.Errorf("a handler that asks for a scope: %d %s", res.status, res.body)
	}
}

func TestGateway(t *testing.T) {
	for name, withRegistrar := range map[string]bool{"interceptors": false, "registrar": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			url, seen := gateway(t, f, withRegistrar, gatewayOptions()...)
			for name, c := range f.callers() {
				t.Run(name, func(t *testing.T) {
					wantREST(t, do(t, http.MethodGet, url+"/v1/widgets/w", "", bearer(c.token)...), c)
					// The answer to a stream that is refused before its first message is the same.
					wantREST(t, do(t, http.MethodGet, url+"/v1/widgets:watch?count=1", "", bearer(c.token)...), c)
				})
			}
			if res := do(t, http.MethodGet, url+"/v1/ping", ""); res.status != http.StatusOK {
				t.Errorf("a public method: %d %s", res.status, res.body)
			}
			before := f.service.Calls()
			if res := do(t, http.MethodPost, url+"/v1/widgets", `{"name":"w"}`, bearer(f.reader())...); res.status != http.StatusForbidden || f.service.Calls() != before {
				t.Errorf("writing with a token for reading: %d %s", res.status, res.body)
			}
			// The gateway reads the body before it asks.
			if res := do(t, http.MethodPost, url+"/v1/widgets", `{not json`); res.status != http.StatusBadRequest {
				t.Errorf("a broken body without a token: %d %s", res.status, res.body)
			}

			token := f.reader()
			if res := do(t, http.MethodGet, url+"/v1/widgets/w", "", "Authorization", "Bearer "+token, "Grpc-Metadata-Authorization", "Bearer other", "Grpc-Metadata-Color", "blue"); res.status != http.StatusOK {
				t.Errorf("with another token under the gateway's prefix: %d %s", res.status, res.body)
			}
			md := seen.last()
			if md.Get("color")[0] != "blue" || len(md.Get("authorization")) != 1 {
				t.Errorf("the server got %v", md)
			}
			md.Delete("authorization")
			for key, values := range md {
				noToken(t, key+strings.Join(values, " "), token)
			}
			if res := do(t, http.MethodGet, url+"/v1/widgets/w", "", "Grpc-Metadata-Authorization", "Bearer "+token); res.status != http.StatusUnauthorized {
				t.Errorf("with a token under the gateway's prefix only: %d %s", res.status, res.body)
			}
		})
	}
}

// Without options a gateway guards as well, and does worse what is around it.
func TestGatewayDefaults(t *testing.T) {
	f := newFixture(t)
	url, seen := gateway(t, f, true)
	token := f.reader()
	if res := do(t, http.MethodGet, url+"/v1/widgets/w", "", bearer(token)...); res.status != http.StatusOK {
		t.Fatalf("%d %s", res.status, res.body)
	}
	if got := seen.last().Get("grpcgateway-authorization"); len(got) != 1 || got[0] != "Bearer "+token {
		t.Errorf("the second copy of the token is %q", got)
	}
	res := do(t, http.MethodGet, url+"/v1/widgets/w", "")
	if got := res.header.Values("Www-Authenticate"); res.status != http.StatusUnauthorized || len(got) != 1 || strings.HasPrefix(got[0], "Bearer") {
		t.Errorf("the answer is %d with challenge %q", res.status, got)
	}
	if got := res.header.Get("Grpc-Metadata-Www-Authenticate"); !strings.HasPrefix(got, "Bearer realm=") {
		t.Errorf("the guard's challenge is %q", got)
	}
	res = do(t, http.MethodGet, url+"/v1/widgets/w", "", "Authorization", "Bearer "+token, "Grpc-Metadata-Authorization", "Bearer "+token)
	if res.status != http.StatusUnauthorized || !strings.Contains(res.body, string(auth.ReasonCredentialsMalformed)) {
		t.Errorf("two tokens: %d %s", res.status, res.body)
	}
	if res = do(t, http.MethodGet, url+"/v1/widgets/w", "", "Grpc-Metadata-Authorization", "Bearer "+token); res.status != http.StatusOK {
		t.Errorf("a token under the gateway's prefix: %d %s", res.status, res.body)
	}
}

// serviceToken is a token that a connection adds to every call.
type serviceToken string

func (s serviceToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(s)}, nil
}

func (serviceToken) RequireTransportSecurity() bool { return false }

// With a token of its own the gateway sends two for a caller who has one, and
// lends its own to a caller who has none.
func TestGatewayWithCredentials(t *testing.T) {
	f := newFixture(t)
	guard := f.guard(t)
	srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), f.service.GRPC())
	target := serveGRPC(t, srv).Target()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(serviceToken(f.reader())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	mux := runtime.NewServeMux(gatewayOptions()...)
	if err := widgetgw.RegisterWidgetServiceHandler(t.Context(), mux, conn); err != nil {
		t.Fatal(err)
	}
	url := serveHTTP(t, mux)
	res := do(t, http.MethodGet, url+"/v1/widgets/w", "", bearer(f.reader())...)
	if res.status != http.StatusUnauthorized || !strings.Contains(res.body, string(auth.ReasonCredentialsMalformed)) {
		t.Errorf("with a token: %d %s", res.status, res.body)
	}
	if res = do(t, http.MethodGet, url+"/v1/widgets/w", ""); res.status != http.StatusOK || !strings.Contains(res.body, "user-1") {
		t.Errorf("without a token: %d %s", res.status, res.body)
	}
}

// A handler of one's own on the gateway's mux has to do what generated ones do.
func TestGatewayHandlePath(t *testing.T) {
	f := newFixture(t)
	guard := f.guard(t)
	srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), f.service.GRPC())
	client := widgetv1.NewWidgetServiceClient(serveGRPC(t, srv))

	mux := runtime.NewServeMux(gatewayOptions()...)
	handler := func(w http.ResponseWriter, r *http.Request, path map[string]string) {
		_, marshaler := runtime.MarshalerForRequest(mux, r)
		ctx, err := runtime.AnnotateContext(r.Context(), mux, r, getWidget)
		if err != nil {
			runtime.HTTPError(r.Context(), mux, marshaler, w, r, err)
			return
		}
		var md runtime.ServerMetadata
		widget, err := client.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: path["name"]}, grpc.Header(&md.HeaderMD), grpc.Trailer(&md.TrailerMD))
		ctx = runtime.NewServerMetadataContext(ctx, md)
		if err != nil {
			runtime.HTTPError(ctx, mux, marshaler, w, r, err)
			return
		}
		runtime.ForwardResponseMessage(ctx, mux, marshaler, w, r, widget)
	}
	if err := mux.HandlePath(http.MethodGet, "/v2/widgets/{name}", handler); err != nil {
		t.Fatal(err)
	}
	url := serveHTTP(t, mux)
	for name, c := range f.callers() {
		t.Run(name, func(t *testing.T) {
			wantREST(t, do(t, http.MethodGet, url+"/v2/widgets/w", "", bearer(c.token)...), c)
		})
	}
	if f.service.Calls() != 1 {
		t.Errorf("%d calls reached the handler, want 1", f.service.Calls())
	}
}
