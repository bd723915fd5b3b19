// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
)

// half is a mux with the widget service, guarded or not, and other handlers,
// behind RequireDecision. It returns the procedures reported as undecided.
func half(t *testing.T, guarded bool) (url string, undecided func() []string) {
	t.Helper()
	var mu sync.Mutex
	var procedures []string
	verify := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (*auth.Claims, error) {
		if c.Token() != "good" {
			return nil, auth.InvalidToken("test", nil)
		}
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Deadline: time.Now().Add(time.Hour)})
	})
	rules := auth.Rules{}
	for _, m := range []string{"GetWidget", "CreateWidget", "WatchWidgets", "SyncWidgets"} {
		rules[service+m] = auth.Rule{}
	}
	g, err := auth.NewGuard(verify, rules, auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test"}),
		auth.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) {
			if e.Name == auth.EventUndecided {
				mu.Lock()
				defer mu.Unlock()
				procedures = append(procedures, e.Procedure)
			}
		})))
	if err != nil {
		t.Fatal(err)
	}
	var options []connect.HandlerOption
	if guarded {
		options = append(options, connectauth.HandlerOptions(g))
	}
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(new(widget.Service).Connect(), options...))
	mux.Handle("/.well-known/", connectauth.ResourceMetadataHandler(g))
	handle := func(pattern string, f http.HandlerFunc) { mux.Handle(pattern, f) }
	handle("/nothing", func(http.ResponseWriter, *http.Request) {})
	handle("/preflight", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handle("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) })
	handle("/flush", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Leak", "secret")
		if http.NewResponseController(w).Flush() == nil {
			t.Error("flushed")
		}
	})
	handle("/error", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Grpc-Status", "5")
		if _, err := io.WriteString(w, "secret"); err == nil {
			t.Error("a body after an error")
		}
	})
	handle("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("hijacked")
		}
	})
	handle("/switch", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) })
	handle("/stubborn", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Leak", "secret")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		if _, err := io.WriteString(w, "secret"); err == nil || r.Context().Err() == nil {
			t.Error("not told")
		}
		w.WriteHeader(http.StatusNotFound)
		w.Header().Set(http.TrailerPrefix+"Leak", "secret")
	})
	server := httptest.NewServer(connectauth.RequireDecision(g)(mux))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(procedures)
	}
}

func TestRequireDecision(t *testing.T) {
	for protocol, options := range map[string][]connect.ClientOption{"connect": nil, "grpc-web": {connect.WithGRPCWeb()}, "get": {connect.WithHTTPGet()}} {
		for _, guarded := range []bool{true, false} {
			for _, token := range []string{"good", "bad", ""} {
				url, undecided := half(t, guarded)
				client := widgetv1connect.NewWidgetServiceClient(http.DefaultClient, url, options...)
				ctx, info := connect.NewClientContext(t.Context())
				if token != "" {
					info.RequestHeader().Set("Authorization", "Bearer "+token)
				}
				_, unary := client.GetWidget(ctx, &widgetv1.GetWidgetRequest{})
				ctx, info = connect.NewClientContext(t.Context())
				if token != "" {
					info.RequestHeader().Set("Authorization", "Bearer "+token)
				}
				stream, streamErr := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 2})
				received := 0
				if streamErr == nil {
					for stream.Receive() {
						received++
					}
					streamErr = stream.Err()
					_ = stream.Close()
				}
				want, reported := connect.Code(0), []string(nil)
				switch {
				case !guarded:
					want, reported = connect.CodeInternal, []string{service + "GetWidget", service + "WatchWidgets"}
				case token != "good":
					want = connect.CodeUnauthenticated
				}
				for _, err := range []error{unary, streamErr} {
					if want == 0 && err != nil || want != 0 && connect.CodeOf(err) != want {
						t.Errorf("%s, guarded %v, token %q: %v, want %v", protocol, guarded, token, err, want)
					}
				}
				if (received > 0) != (want == 0) {
					t.Errorf("%s, guarded %v, token %q: %d messages", protocol, guarded, token, received)
				}
				if got := undecided(); !slices.Equal(got, reported) {
					t.Errorf("%s, guarded %v, token %q: undecided %q", protocol, guarded, token, got)
				}
			}
		}
	}
}

// A handler that calls a guarded one within the process is not guarded by that.
func TestRequireDecisionOfAnotherHandler(t *testing.T) {
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	g, err := auth.NewGuard(verify, auth.Rules{service + "GetWidget": {}})
	if err != nil {
		t.Fatal(err)
	}
	_, inner := widgetv1connect.NewWidgetServiceHandler(new(widget.Service).Connect(), connectauth.HandlerOptions(g))
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := httptest.NewRequestWithContext(r.Context(), http.MethodPost, service+"GetWidget", strings.NewReader("{}"))
		call.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, call)
		if answer.Code != http.StatusUnauthorized || answer.Header().Get("Www-Authenticate") == "" {
			t.Errorf("inner call: HTTP %d, %v", answer.Code, answer.Header())
		}
		_, _ = io.WriteString(w, "secret")
	})
	server := httptest.NewServer(connectauth.RequireDecision(g)(outer))
	defer server.Close()
	response := get(t, http.MethodGet, server.URL)
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusInternalServerError || strings.Contains(string(body), "secret") || response.Header.Get("Www-Authenticate") != "" {
		t.Errorf("HTTP %d, %v, %s", response.StatusCode, response.Header, body)
	}
	// One around the other is one.
	open := auth.Rules{service + "GetWidget": {Access: auth.AccessPublic}}
	if g, err = auth.NewGuard(verify, open); err != nil {
		t.Fatal(err)
	}
	_, inner = widgetv1connect.NewWidgetServiceHandler(new(widget.Service).Connect(), connectauth.HandlerOptions(g))
	both := httptest.NewServer(connectauth.RequireDecision(g)(connectauth.Middleware(g)(inner)))
	defer both.Close()
	if r := get(t, http.MethodGet, both.URL+service+"GetWidget?connect=v1&encoding=json&message=%7B%7D"); r.StatusCode != http.StatusOK {
		t.Errorf("both: HTTP %d", r.StatusCode)
	}
}

// What connect-go answers before it asks the gate is no handler's answer.
func TestRequireDecisionBeforeTheGate(t *testing.T) {
	url, undecided := half(t, true)
	for _, contentType := range []string{"application/grpc-web", "application/grpc-web+proto", "application/grpc+proto"} {
		for header, want := range map[string]string{"Grpc-Encoding": "12", "Grpc-Timeout": "3"} {
			request, err := http.NewRequestWithContext(t.Context(), "POST", url+service+"GetWidget", strings.NewReader("\x00\x00\x00\x00\x00"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", contentType)
			request.Header.Set(header, "x")
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if got := response.Header.Get("Grpc-Status") + response.Trailer.Get("Grpc-Status"); err != nil || got != want || len(body) > 0 {
				t.Errorf("%s, %s: status %q, want %s; body %q, %v", contentType, header, got, want, body, err)
			}
		}
	}
	if got := undecided(); got != nil {
		t.Errorf("undecided %q", got)
	}
}

// What is no RPC, or is for everybody.
func TestRequireDecisionElsewhere(t *testing.T) {
	url, _ := half(t, true)
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/.well-known/oauth-protected-resource", 200},
		{"GET", "/unknown", 404},
		{"GET", service + "CreateWidget", 405},
		{"POST", service + "GetWidget", 415},
		{"OPTIONS", "/preflight", 204},
		{"GET", "/preflight", 500},
		{"GET", "/moved", 302},
		{"GET", "/nothing", 500},
		{"GET", "/flush", 500},
		{"GET", "/error", 200},
		{"GET", "/hijack", 500},
		{"GET", "/switch", 500},
		{"GET", "/stubborn", 500},
	} {
		hints := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			if header.Get("Leak") != "" {
				t.Errorf("%s: HTTP %d with %v", tc.path, code, header)
			}
			return nil
		}})
		request, err := http.NewRequestWithContext(hints, tc.method, url+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != tc.status {
			t.Errorf("%s %s: HTTP %d, %v; want %d", tc.method, tc.path, response.StatusCode, err, tc.status)
		}
		if response.Header.Get("Leak")+response.Trailer.Get("Leak") != "" || strings.Contains(string(body), "secret") {
			t.Errorf("%s %s: the handler's answer went out: %v %v %s", tc.method, tc.path, response.Header, response.Trailer, body)
		}
	}
}
