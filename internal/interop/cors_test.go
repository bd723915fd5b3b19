// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	connectcors "connectrpc.com/cors"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/rs/cors"
)

// withCORS lets scripts of one origin call the handlers with a bearer token, and
// read what a refusal says in headers.
func withCORS(h http.Handler) http.Handler {
	policy := cors.New(cors.Options{
		AllowedOrigins: []string{"https://app.example.com"},
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization"),
		ExposedHeaders: append(connectcors.ExposedHeaders(), connectauth.ExposedHeaders()...), // Www-Authenticate, Retry-After
		MaxAge:         7200,                                                                  // seconds; browsers cap it
	})
	return policy.Handler(h)
}

// listed reports whether a header field is a list with this element.
func listed(h http.Header, field, element string) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(h.Values(field), ","), ","), func(s string) bool {
		return strings.EqualFold(strings.TrimSpace(s), element)
	})
}

func TestCORS(t *testing.T) {
	f := newFixture(t)
	guard := f.guard(t)
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(f.service.Connect(), connectauth.HandlerOptions(guard)))
	url := serveHTTP(t, withCORS(connectauth.Middleware(guard)(mux)))
	const origin = "https://app.example.com"

	t.Run("preflight", func(t *testing.T) {
		// A browser sends the names in lower case and sorted (Fetch, CORS-preflight fetch).
		res := do(t, http.MethodOptions, url+getWidget, "", "Origin", origin,
			"Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "authorization,connect-protocol-version,content-type")
		if res.status != http.StatusNoContent || res.header.Get("Access-Control-Allow-Origin") != origin ||
			!listed(res.header, "Access-Control-Allow-Methods", "POST") ||
			!listed(res.header, "Access-Control-Allow-Headers", "authorization") {
			t.Errorf("the answer is %d %v", res.status, res.header)
		}
	})
	t.Run("preflight of another origin", func(t *testing.T) {
		res := do(t, http.MethodOptions, url+getWidget, "", "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST")
		if got := res.header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%q is allowed", got)
		}
	})
	for name, c := range f.callers() {
		t.Run(name, func(t *testing.T) {
			header := append([]string{"Origin", origin, "Content-Type", "application/json", "Connect-Protocol-Version", "1"}, bearer(c.token)...)
			res := do(t, http.MethodPost, url+getWidget, `{"name":"w"}`, header...)
			if res.status != c.status || !strings.Contains(res.body, string(c.reason)) {
				t.Errorf("the answer is %d %s", res.status, res.body)
			}
			// Scripts may read neither status nor body without the first.
			if res.header.Get("Access-Control-Allow-Origin") != origin ||
				!listed(res.header, "Access-Control-Expose-Headers", "www-authenticate") || !listed(res.header, "Access-Control-Expose-Headers", "retry-after") {
				t.Errorf("the answer's header is %v", res.header)
			}
			if got := res.header.Get("Www-Authenticate") != ""; got != c.challenged() {
				t.Errorf("the challenge is %q", res.header.Get("Www-Authenticate"))
			}
		})
	}
	if f.service.Calls() != 1 {
		t.Errorf("%d calls reached the handler, want 1", f.service.Calls())
	}
	t.Run("handler error", func(t *testing.T) {
		f.service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "widgets.admin") }
		header := append([]string{"Origin", origin, "Content-Type", "application/json"}, bearer(f.reader())...)
		res := do(t, http.MethodPost, url+getWidget, `{"name":"w"}`, header...)
		if res.status != http.StatusForbidden || res.header.Get("Www-Authenticate") == "" || !listed(res.header, "Access-Control-Expose-Headers", "www-authenticate") {
			t.Errorf("the answer is %d %v", res.status, res.header)
		}
	})

	t.Run("without", func(t *testing.T) {
		bare := serveHTTP(t, connectauth.Middleware(guard)(mux))
		res := do(t, http.MethodOptions, bare+getWidget, "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if res.status != http.StatusMethodNotAllowed || strings.Contains(res.body, string(auth.ReasonCredentialsMissing)) {
			t.Errorf("the answer is %d %s", res.status, res.body)
		}
	})
}
