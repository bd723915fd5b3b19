// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
)

const service = "/widget.v1.WidgetService/"

// serve starts the widget service behind a guard that knows the tokens "good"
// and "outage".
func serve(t *testing.T, middleware bool, options ...auth.GuardOption) string {
	t.Helper()
	verify := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (*auth.Claims, error) {
		if c.Token() == "outage" {
			return nil, auth.Unavailable("test", 1500*time.Millisecond, nil)
		}
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Scopes: []string{"read"}, Deadline: time.Now().Add(time.Hour)})
	})
	options = append(options, auth.Rules{
		service + "GetWidget": {AllScopes: []string{"read"}}, service + "CreateWidget": {AllScopes: []string{"write"}},
		service + "Ping": {Access: auth.AccessPublic},
	})
	g, err := auth.NewGuard(verify, options...)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(new(widget.Service).Connect(), connectauth.HandlerOptions(g)))
	mux.Handle("/.well-known/", connectauth.ResourceMetadataHandler(g))
	var handler http.Handler = mux
	if middleware {
		handler = connectauth.Middleware(g)(mux)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, method, url string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestHeadersOfAnswers(t *testing.T) {
	const query = "GetWidget?connect=v1&encoding=proto&message="
	for _, middleware := range []bool{true, false} {
		url := serve(t, middleware) + service
		for name, tc := range map[string]struct {
			response *http.Response
			status   int
			want     map[string]string // header, and whether it is there
		}{
			"GET":        {get(t, "GET", url+query, "Authorization", "Bearer good"), 200, map[string]string{"Vary": "Authorization", "Cache-Control": "private", "WWW-Authenticate": ""}},
			"GET, 401":   {get(t, "GET", url+query), 401, map[string]string{"WWW-Authenticate": `scope="read"`, "Retry-After": "", "Vary": "Authorization", "Cache-Control": "private"}},
			"outage":     {get(t, "GET", url+query, "Authorization", "Bearer outage"), 503, map[string]string{"Retry-After": "2", "WWW-Authenticate": ""}},
			"POST":       {get(t, "POST", url+"GetWidget", "Content-Type", "application/proto", "Authorization", "Bearer good"), 200, map[string]string{"Vary": "", "Cache-Control": ""}},
			"no script":  {get(t, "GET", url+query), 401, map[string]string{"Access-Control-Expose-Headers": ""}},
			"good token": {get(t, "GET", url+query, "Authorization", "Bearer good", "Origin", "https://app.test"), 200, map[string]string{"Access-Control-Expose-Headers": ""}},
		} {
			if tc.response.StatusCode != tc.status {
				t.Errorf("middleware %v, %s: HTTP %d, want %d", middleware, name, tc.response.StatusCode, tc.status)
			}
			for field, want := range tc.want {
				if got := strings.Join(tc.response.Header.Values(field), ", "); want == "" && got != "" || !strings.Contains(got, want) {
					t.Errorf("middleware %v, %s: %s is %q, want %q", middleware, name, field, got, want)
				}
			}
		}
	}
	script := get(t, "GET", serve(t, true)+service+query, "Origin", "https://app.test")
	if got := script.Header.Get("Access-Control-Expose-Headers"); got != "Www-Authenticate, Retry-After" {
		t.Errorf("exposed: %q", got)
	}
}

func TestChallengeOnTheClient(t *testing.T) {
	resource := auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test"})
	for _, middleware := range []bool{true, false} {
		url := serve(t, middleware, resource)
		for protocol, option := range map[string]connect.ClientOption{"connect": connect.WithClientOptions(), "grpc-web": connect.WithGRPCWeb()} {
			client := widgetv1connect.NewWidgetServiceClient(http.DefaultClient, url, option)
			do := func(token string) (auth.Challenge, bool) {
				ctx, info := connect.NewClientContext(t.Context())
				if token != "" {
					info.RequestHeader().Set("Authorization", "Bearer "+token)
				}
				_, err := client.CreateWidget(ctx, &widgetv1.CreateWidgetRequest{})
				return connectauth.Challenge(err)
			}
			c, ok := do("good")
			if !ok || c.Reason != auth.ReasonScopeInsufficient || c.Error != "insufficient_scope" || !slices.Equal(c.Scopes, []string{"write"}) || c.ResourceMetadata == "" {
				t.Errorf("%s, middleware %v: %+v, %v", protocol, middleware, c, ok)
			}
			if c, ok = do(""); !ok || c.Reason != auth.ReasonCredentialsMissing || c.Error != "" {
				t.Errorf("%s, middleware %v: %+v, %v", protocol, middleware, c, ok)
			}
			if c, ok = do("outage"); !ok || c.Reason != auth.ReasonAuthorityUnavailable || c.RetryAfter != 1500*time.Millisecond {
				t.Errorf("%s, middleware %v: %+v, %v", protocol, middleware, c, ok)
			}
		}
	}
	for _, err := range []error{nil, errors.New("x"), connect.NewError(connect.CodeUnauthenticated, errors.New("x"))} {
		if c, ok := connectauth.Challenge(err); ok {
			t.Errorf("%v: %+v", err, c)
		}
	}
	other := connect.NewError(connect.CodeUnauthenticated, errors.New("x"))
	other.Meta().Set("WWW-Authenticate", `Basic realm="b", Bearer scope="z"`)
	if c, ok := connectauth.Challenge(other); !ok || !slices.Equal(c.Scopes, []string{"z"}) || c.Reason != "" {
		t.Errorf("another server: %+v, %v", c, ok)
	}
}

func TestResourceMetadata(t *testing.T) {
	const path = "/.well-known/oauth-protected-resource"
	url := serve(t, false, auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test"}))
	response := get(t, "GET", url+path, "Host", "evil.test", "X-Forwarded-Host", "evil.test")
	var document map[string]any
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("HTTP %d, %v", response.StatusCode, err)
	}
	if document["resource"] != "https://rs.test" || len(document) != 3 {
		t.Errorf("document %v", document)
	}
	if r := get(t, "POST", url+path); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: HTTP %d", r.StatusCode)
	}
	if r := get(t, "GET", serve(t, false)+path); r.StatusCode != 404 {
		t.Errorf("without a resource: HTTP %d", r.StatusCode)
	}
}

// The answer of a public method is everybody's, and caches may keep it.
func TestPublicGetIsNotPrivate(t *testing.T) {
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	g, err := auth.NewGuard(verify, auth.Rules{service + "GetWidget": {Access: auth.AccessPublic}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(new(widget.Service).Connect(), connectauth.HandlerOptions(g)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	r := get(t, "GET", server.URL+service+"GetWidget?connect=v1&encoding=proto&message=")
	if r.StatusCode != 200 || slices.Contains(r.Header.Values("Vary"), "Authorization") || r.Header.Get("Cache-Control") != "" {
		t.Errorf("HTTP %d, %v", r.StatusCode, r.Header)
	}
}
