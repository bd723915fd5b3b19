// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// The protected resource of the fixture, and where its metadata are.
const (
	resource         = audience + "/widgets"
	wellKnown        = "/.well-known/oauth-protected-resource"
	resourceMetadata = audience + wellKnown + "/widgets"
)

// every challenge names the place of the metadata, whatever it asks for
// besides.
func TestResourceInChallenges(t *testing.T) {
	t.Parallel()
	configured := []auth.GuardOption{auth.WithProtectedResource(auth.ProtectedResource{Resource: resource})}
	elsewhere := []auth.GuardOption{auth.WithProtectedResource(auth.ProtectedResource{Resource: resource, MetadataURL: "https://meta.test/rs?v=1"})}
	runRuled(t, []ruledRows{
		{"A-89 resource", auth.Rule{AllScopes: []string{"read"}, ACRValues: []string{"2"}}, need{scope: "read", acrValues: "2", metadata: resourceMetadata}, configured, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"bad", func(*fixture) string { return "canary-canary-canary" }, IT, "", ""},
			{"lacks the scope", token(authtest.Scopes("write")), IS, auth.CheckRuleScopes, "read"},
			{"lacks the authentication", token(), SU, auth.CheckRuleACR, ""},
			{"good", token(authtest.Claim("acr", "2")), OK, "", ""},
		}},
		{"A-89 resource with its metadata elsewhere", auth.Rule{}, need{metadata: "https://meta.test/rs?v=1"}, elsewhere, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
		}},
		{"A-89 no resource", auth.Rule{}, need{}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
		}},
		{"A-89 resource of a method that no token opens", auth.Rule{Principal: auth.PrincipalClient}, need{metadata: resourceMetadata}, configured, []ruledRow{
			{"user", token(), MD, auth.CheckRulePrincipal, ""},
		}},
	})
}

// the place is configured. Nobody who can choose a host or a header of the
// request can send a client elsewhere for its tokens.
func TestResourceIsNotFromTheRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, auth.WithProtectedResource(auth.ProtectedResource{Resource: resource}))
	f.metadata = resourceMetadata
	from := func(host string, pairs ...string) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			c := fields(pairs...)(f)
			c.Host = host
			return c
		}
	}
	f.run(t, []row{
		{"A-89 another host", from("evil.test"), NC, nil},
		{"A-89 another port", from("rs.test:444"), NC, nil},
		{"A-89 X-Forwarded-Host", fields("x-forwarded-host", "evil.test", "x-forwarded-proto", "http", "x-original-host", "evil.test"), NC, nil},
		{"A-89 Forwarded", fields("forwarded", "host=evil.test;proto=http"), NC, nil},
		{"A-89 Origin and Referer", fields("origin", "https://evil.test", "referer", "https://evil.test/"), NC, nil},
		{"A-89 another host, bad token", from("evil.test", "authorization", "Bearer canary-canary-canary"), IT, nil},
		{"A-89 another host, good token", from("evil.test", "authorization", "Bearer TOKEN"), OK, nil},
	})
}

// everyone may read the metadata, over every transport that serves other
// paths than those of methods.
func TestResourceMetadata(t *testing.T) {
	t.Parallel()
	f := newFixture(t, auth.WithProtectedResource(auth.ProtectedResource{Resource: resource}))
	bare := newFixture(t, auth.WithProtectedResource(auth.ProtectedResource{Resource: resource}), ruled(auth.Rule{}))
	for _, over := range matrix.Transports() {
		if !over.ServesHTTP() {
			continue
		}
		for name, header := range map[string]http.Header{
			"without credentials": {},
			"bad credentials":     {"Authorization": {"Bearer canary-canary-canary"}},
			"another host":        {"X-Forwarded-Host": {"evil.test"}, "Forwarded": {"host=evil.test"}},
		} {
			got := getMetadata(t, f, over, header)
			want := map[string]any{
				"resource":                 resource,
				"authorization_servers":    []any{issuerURL},
				"scopes_supported":         []any{"read", "write"},
				"bearer_methods_supported": []any{"header"},
			}
			if !equalJSON(got, want) {
				t.Errorf("A-88 %s, %s: %v, want %v", over.Name, name, got, want)
			}
		}
		// A list with nothing in it is left out (RFC 9728 section 3.2).
		if got := getMetadata(t, bare, over, nil); got["scopes_supported"] != nil || slices.Contains(slices.Collect(maps.Keys(got)), "scopes_supported") {
			t.Errorf("A-88 %s, no scopes: %v", over.Name, got)
		}
	}
}

// a client that knows nothing but the service finds where to get a token
// by its refusal, and may rely on what it finds: the resource is the one from
// which the place of the metadata follows (RFC 9728 section 3.3).
func TestClientFindsTheIssuer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, auth.WithProtectedResource(auth.ProtectedResource{Resource: resource}))
	// Metadata are read over HTTP, also those of a gRPC server.
	var web matrix.Transport
	for _, over := range matrix.Transports() {
		if over.ServesHTTP() && over.TLS {
			web = over
		}
	}
	for _, over := range matrix.Transports() {
		for _, client := range f.Clients(t, over) {
			refused := client.Call(t.Context(), "")
			found, err := url.Parse(refused.Challenge.ResourceMetadata)
			if err != nil || found.Scheme != "https" {
				t.Errorf("A-90 %s, client of %s: metadata at %q", over.Name, client.Name, refused.Challenge.ResourceMetadata)
				continue
			}
			metadata := getJSON(t, f.HTTPClient(t, web), found.String(), nil)
			if at := strings.Replace(found.String(), wellKnown, "", 1); metadata["resource"] != at {
				t.Errorf("A-90 %s, client of %s: resource %v, want %s", over.Name, client.Name, metadata["resource"], at)
			}
			if servers, _ := metadata["authorization_servers"].([]any); len(servers) != 1 || servers[0] != f.as.URL() {
				t.Errorf("A-90 %s, client of %s: issuers %v", over.Name, client.Name, servers)
			}
			supported, _ := metadata["scopes_supported"].([]any)
			for _, scope := range refused.Challenge.Scopes {
				if !slices.Contains(supported, any(scope)) {
					t.Errorf("A-90 %s, client of %s: scope %q is not among %v", over.Name, client.Name, scope, supported)
				}
			}
			// With a token as the challenge asks for it the same client gets in.
			if good := client.Call(t.Context(), f.as.Mint(authtest.Scopes(refused.Challenge.Scopes...))); good.Err != nil || !good.Handled {
				t.Errorf("A-90 %s, client of %s: %v", over.Name, client.Name, good.Err)
			}
		}
	}
}

func getMetadata(t *testing.T, f *fixture, over matrix.Transport, header http.Header) map[string]any {
	t.Helper()
	at := resourceMetadata
	if !over.TLS {
		at = strings.Replace(at, "https:", "http:", 1)
	}
	return getJSON(t, f.HTTPClient(t, over), at, header)
}

func getJSON(t *testing.T, client *http.Client, at string, header http.Header) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var document map[string]any
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: HTTP %d, %q, %v", at, response.StatusCode, response.Header.Get("Content-Type"), err)
	}
	return document
}

func equalJSON(a, b any) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}
