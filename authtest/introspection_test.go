// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func post(t *testing.T, i *authtest.Issuer, form url.Values, change func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.URL()+"/introspect", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(r)
	}
	a, err := do(i, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func introspect(t *testing.T, i *authtest.Issuer, token string) map[string]any {
	t.Helper()
	a := post(t, i, url.Values{"token": {token}}, nil)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answer %v", a)
	}
	return object(t, a.body)
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		mint := map[string]func(...authtest.TokenOption) string{"jwt": i.Mint, "opaque": i.MintOpaque}
		for name, mint := range mint {
			token := mint(authtest.Scopes("a", "b"), authtest.Claim("tenant", "t1"))
			m := introspect(t, i, token)
			for member, want := range map[string]any{
				"active": true, "token_type": "Bearer", "scope": "a b", "tenant": "t1", "sub": "user-1",
				"iss": i.URL(), "aud": "api", "client_id": "client-1",
			} {
				if m[member] != want {
					t.Errorf("%s: %s = %v, want %v", name, member, m[member], want)
				}
			}
			if exp, _ := m["exp"].(float64); int64(exp) <= time.Now().Unix() {
				t.Errorf("%s: exp %v", name, m["exp"])
			}
			i.Revoke(token)
			inactive(t, i, name+" revoked", token)
			inactive(t, i, name+" expired", mint(authtest.Lifetime(-time.Second)))
			inactive(t, i, name+" not yet valid", mint(authtest.Claim("nbf", time.Now().Unix()+100)))
			if introspect(t, i, mint(authtest.WithoutClaim("exp")))["active"] != true {
				t.Errorf("%s without exp is not active", name)
			}
		}
		inactive(t, i, "unknown", "unknown")
		inactive(t, i, "signed only", i.Sign([]byte(`{}`), []byte(`{}`), ""))
		inactive(t, i, "broken", i.Mint(authtest.RawClaims("{")))
		inactive(t, i, "null", i.Mint(authtest.RawClaims("null")))
		if token := i.MintOpaque(); strings.Contains(token, ".") || token == i.MintOpaque() {
			t.Errorf("opaque token %s", token)
		}
		last := i.LastRequest(authtest.Introspection)
		if last == nil || last.PostForm.Get("token") == "" {
			t.Errorf("last request %v", last)
		}
	})
}

// inactive also checks that nothing else is said (RFC 7662 section 2.2).
func inactive(t *testing.T, i *authtest.Issuer, name, token string) {
	t.Helper()
	if m := introspect(t, i, token); m["active"] != false || len(m) != 1 {
		t.Errorf("%s: %v", name, m)
	}
}

func TestIntrospectionRaw(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	const hostile = `{"active":true,"active":false,"exp":1}`
	token := i.MintOpaque(authtest.RawClaims(hostile))
	if a := post(t, i, url.Values{"token": {token}}, nil); a.body != hostile {
		t.Errorf("answer %v", a)
	}
	i.Revoke(token)
	inactive(t, i, "revoked", token)
	if m := introspect(t, i, i.MintOpaque(authtest.Claim("active", "true"), authtest.WithoutClaim("token_type"))); m["active"] != "true" || m["token_type"] != nil {
		t.Errorf("answer %v", m)
	}
}

func TestIntrospectionRequest(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	for name, c := range map[string]struct {
		form   url.Values
		change func(*http.Request)
	}{
		"no token":     {form: url.Values{"token_type_hint": {"access_token"}}},
		"empty token":  {form: url.Values{"token": {""}}},
		"two tokens":   {form: url.Values{"token": {"a", "b"}}},
		"content type": {form: url.Values{"token": {"a"}}, change: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
		"token in url": {change: func(r *http.Request) { r.URL.RawQuery = "token=a" }},
	} {
		if a := post(t, i, c.form, c.change); a.status != http.StatusBadRequest || object(t, a.body)["error"] != "invalid_request" {
			t.Errorf("%s: %v", name, a)
		}
	}
}

func TestIntrospectionClient(t *testing.T) {
	t.Parallel()
	const id, secret = "re:source", "s%c r+t"
	both(t, authtest.Config{ClientID: id, ClientSecret: secret}, func(t *testing.T, i *authtest.Issuer) {
		token := i.MintOpaque()
		form := func(more ...string) url.Values {
			v := url.Values{"token": {token}}
			for n := 0; n < len(more); n += 2 {
				v.Set(more[n], more[n+1])
			}
			return v
		}
		basic := func(id, secret string) func(*http.Request) {
			return func(r *http.Request) { r.SetBasicAuth(id, secret) }
		}
		encoded := basic(url.QueryEscape(id), url.QueryEscape(secret))
		for name, c := range map[string]struct {
			form   url.Values
			change func(*http.Request)
			status int
		}{
			"nobody":            {form(), nil, http.StatusUnauthorized},
			"basic":             {form(), encoded, http.StatusOK},
			"basic and id":      {form("client_id", id), encoded, http.StatusOK},
			"basic not encoded": {form(), basic(id, secret), http.StatusUnauthorized},
			"basic bad escape":  {form(), basic("%zz", secret), http.StatusUnauthorized},
			"basic wrong":       {form(), basic(url.QueryEscape(id), "x"), http.StatusUnauthorized},
			"form":              {form("client_id", id, "client_secret", secret), nil, http.StatusOK},
			"form wrong":        {form("client_id", id, "client_secret", "x"), nil, http.StatusUnauthorized},
			"both":              {form("client_id", id, "client_secret", secret), encoded, http.StatusUnauthorized},
		} {
			a := post(t, i, c.form, c.change)
			if a.status != c.status {
				t.Errorf("%s: status %d, want %d", name, a.status, c.status)
			}
			m := object(t, a.body)
			if c.status == http.StatusOK && m["active"] != true {
				t.Errorf("%s: %v", name, m)
			}
			if c.status == http.StatusUnauthorized && (m["error"] != "invalid_client" || a.header.Get("WWW-Authenticate") == "") {
				t.Errorf("%s: %v", name, a)
			}
		}
	})
}
