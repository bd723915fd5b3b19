// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"fmt"
	"strings"
	"testing"
)

func TestWellKnown(t *testing.T) {
	for identifier, want := range map[string][2]string{
		"https://as.test":          {"https://as.test/.well-known/openid-configuration", "https://as.test/.well-known/oauth-authorization-server"},
		"https://as.test/":         {"https://as.test/.well-known/openid-configuration", "https://as.test/.well-known/oauth-authorization-server"},
		"https://as.test/t1":       {"https://as.test/t1/.well-known/openid-configuration", "https://as.test/.well-known/oauth-authorization-server/t1"},
		"https://as.test/t1/":      {"https://as.test/t1/.well-known/openid-configuration", "https://as.test/.well-known/oauth-authorization-server/t1"},
		"https://as.test:8443/a/b": {"https://as.test:8443/a/b/.well-known/openid-configuration", "https://as.test:8443/.well-known/oauth-authorization-server/a/b"},
		"https://as.test/a%2Fb":    {"https://as.test/a%2Fb/.well-known/openid-configuration", "https://as.test/.well-known/oauth-authorization-server/a%2Fb"},
	} {
		if openID, oauth := wellKnown(identifier); openID != want[0] || oauth != want[1] {
			t.Errorf("%s: %s and %s, want %s", identifier, openID, oauth, want)
		}
	}
}

func TestParseMetadata(t *testing.T) {
	const identifier = "https://as.test"
	for name, tc := range map[string]struct {
		document string
		says     string
	}{
		"good":                     {`{"issuer":"https://as.test","jwks_uri":"https://keys.test/jwks","x":[1]}`, ""},
		"trailing slash":           {`{"issuer":"https://as.test/","jwks_uri":"https://as.test/jwks"}`, "another issuer"},
		"upper case":               {`{"issuer":"https://AS.test","jwks_uri":"https://as.test/jwks"}`, "another issuer"},
		"evil":                     {`{"issuer":"https://evil.test","jwks_uri":"https://as.test/jwks"}`, "another issuer"},
		"no issuer":                {`{"jwks_uri":"https://as.test/jwks"}`, "issuer: absent"},
		"issuer is an array":       {`{"issuer":["https://as.test"],"jwks_uri":"https://as.test/jwks"}`, "issuer: of the wrong"},
		"issuer twice":             {`{"issuer":"https://as.test","issuer":"https://as.test","jwks_uri":"https://as.test/jwks"}`, "two members"},
		"issuer in two cases":      {`{"issuer":"https://as.test","Issuer":"https://evil.test","jwks_uri":"https://as.test/jwks"}`, "two members"},
		"no jwks_uri":              {`{"issuer":"https://as.test"}`, "jwks_uri: not in the issuer's metadata"},
		"jwks_uri is null":         {`{"issuer":"https://as.test","jwks_uri":null}`, "jwks_uri: of the wrong"},
		"jwks_uri is relative":     {`{"issuer":"https://as.test","jwks_uri":"/jwks"}`, "not an absolute URL"},
		"jwks_uri is a file":       {`{"issuer":"https://as.test","jwks_uri":"file:///etc/passwd"}`, "not an absolute URL"},
		"jwks_uri is http":         {`{"issuer":"https://as.test","jwks_uri":"http://as.test/jwks"}`, "use https"},
		"jwks_uri is loopback":     {`{"issuer":"https://as.test","jwks_uri":"http://127.0.0.1/jwks"}`, "plain http under an https issuer"},
		"jwks_uri with user":       {`{"issuer":"https://as.test","jwks_uri":"https://u:p@as.test/jwks"}`, "user information"},
		"jwks_uri with a fragment": {`{"issuer":"https://as.test","jwks_uri":"https://as.test/jwks#x"}`, "fragment"},
		"jwks_uri is ftp":          {`{"issuer":"https://as.test","jwks_uri":"ftp://as.test/jwks"}`, "https"},
		"not an object":            {`[]`, "not a JSON object"},
		"HTML":                     {`<html>`, "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parseMetadata([]byte(tc.document), identifier)
			keys := ""
			if err == nil {
				keys, err = m.Endpoint("jwks_uri")
			}
			if tc.says == "" {
				if err != nil || keys != "https://keys.test/jwks" {
					t.Fatalf("got %q, %v", keys, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %q, %v; want an error with %q", keys, err, tc.says)
			}
		})
	}
}

func metadataOf(t *testing.T, members string) *Metadata {
	t.Helper()
	m, err := parseMetadata([]byte(`{"issuer":"https://as.test"`+members+`}`), "https://as.test")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMetadata(t *testing.T) {
	m := metadataOf(t, `,"token_endpoint":"https://as.test/token","introspection_endpoint":"https://as.test/introspect","revocation_endpoint":"http://as.test/revoke",
		"mtls_endpoint_aliases":{"token_endpoint":"https://mtls.as.test/token","other":1},
		"token_endpoint_auth_methods_supported":[],"introspection_endpoint_auth_methods_supported":["a","b"],"x":"a","y":true,"z":"true"`)
	for name, want := range map[string][2]string{
		"token_endpoint":         {"https://as.test/token", "https://mtls.as.test/token"},
		"introspection_endpoint": {"https://as.test/introspect", "https://as.test/introspect"},
		"revocation_endpoint":    {"use https", "use https"},
		"jwks_uri":               {ErrNotAnnounced.Error(), ErrNotAnnounced.Error()},
		"y":                      {"wrong JSON type", "wrong JSON type"},
	} {
		for n, read := range []func(string) (string, error){m.Endpoint, m.MTLSEndpoint} {
			got, err := read(name)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, want[n]) || (err != nil) == strings.HasPrefix(want[n], "https:") {
				t.Errorf("%s (%d): %s, want %s", name, n, got, want[n])
			}
		}
	}
	for name, want := range map[string]string{
		"token_endpoint_auth_methods_supported":         "[]",
		"introspection_endpoint_auth_methods_supported": "[a b]",
		"revocation_endpoint_auth_methods_supported":    "not in the issuer's metadata",
		"x":       "not a list",
		"y":       "not a list",
		"missing": "not in the issuer's metadata",
	} {
		list, err := m.Strings(name)
		got := fmt.Sprint(list)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if !m.Bool("y") || m.Bool("x") || m.Bool("z") || m.Bool("missing") || m.Issuer() != "https://as.test" {
		t.Error("booleans or issuer")
	}
}

// What may change while the process runs, and what may not.
func TestPins(t *testing.T) {
	const first = `,"jwks_uri":"https://keys.test/a","introspection_endpoint":"https://as.test/introspect",
		"introspection_endpoint_auth_methods_supported":["private_key_jwt","client_secret_basic"],"mtls_endpoint_aliases":{"introspection_endpoint":"https://mtls.test/introspect"},"scopes_supported":["a"]`
	for name, tc := range map[string]struct {
		old, new string // in first
		kept     string // what the error names; empty for none
	}{
		"nothing":                       {"", "", ""},
		"another path":                  {"https://keys.test/a", "https://keys.test/b", ""},
		"another query":                 {"https://keys.test/a", "https://keys.test/a?v=2", ""},
		"another host":                  {"https://keys.test/a", "https://evil.test/a", "jwks_uri"},
		"another port":                  {"https://keys.test/a", "https://keys.test:8443/a", "jwks_uri"},
		"another known host":            {"https://keys.test/a", "https://as.test/a", "jwks_uri"},
		"no URL":                        {`"https://keys.test/a"`, `7`, "jwks_uri"},
		"gone":                          {`"jwks_uri":"https://keys.test/a",`, ``, "jwks_uri"},
		"endpoint elsewhere":            {"https://as.test/introspect", "https://evil.test/introspect", "introspection_endpoint"},
		"alias elsewhere":               {"https://mtls.test/introspect", "https://evil.test/introspect", "mtls_endpoint_aliases.introspection_endpoint"},
		"aliases gone":                  {`"mtls_endpoint_aliases":{"introspection_endpoint":"https://mtls.test/introspect"},`, ``, "mtls_endpoint_aliases.introspection_endpoint"},
		"another order":                 {`["private_key_jwt","client_secret_basic"]`, `["client_secret_basic", "private_key_jwt"]`, ""},
		"a weaker method":               {`["private_key_jwt","client_secret_basic"]`, `["client_secret_basic"]`, "introspection_endpoint_auth_methods_supported"},
		"another method":                {`"client_secret_basic"]`, `"client_secret_basic","none"]`, "introspection_endpoint_auth_methods_supported"},
		"methods gone":                  {`"introspection_endpoint_auth_methods_supported":["private_key_jwt","client_secret_basic"],`, ``, "introspection_endpoint_auth_methods_supported"},
		"a new endpoint":                {`"scopes_supported"`, `"token_endpoint":"https://mtls.test/token","scopes_supported"`, ""},
		"a new endpoint elsewhere":      {`"scopes_supported"`, `"token_endpoint":"https://evil.test/token","scopes_supported"`, "token_endpoint"},
		"new methods":                   {`"scopes_supported"`, `"token_endpoint_auth_methods_supported":["none"],"scopes_supported"`, "token_endpoint_auth_methods_supported"},
		"what is neither":               {`["a"]`, `["a","b"]`, ""},
		"two at once":                   {`"jwks_uri":"https://keys.test/a","introspection_endpoint":"https://as.test`, `"jwks_uri":"https://evil.test/a","introspection_endpoint":"https://evil.test`, "jwks_uri, introspection_endpoint"},
		"what a browser goes to":        {`"scopes_supported"`, `"end_session_endpoint":"https://as.test/#/logout","scopes_supported"`, ""},
		"a browser elsewhere":           {`"scopes_supported"`, `"end_session_endpoint":"https://evil.test/#/","scopes_supported"`, "end_session_endpoint"},
		"algorithms":                    {`"scopes_supported"`, `"introspection_endpoint_auth_signing_alg_values_supported":["none"],"scopes_supported"`, "introspection_endpoint_auth_signing_alg_values_supported"},
		"an alias for another endpoint": {`"https://mtls.test/introspect"}`, `"https://mtls.test/introspect","token_endpoint":"https://evil.test/token"}`, "mtls_endpoint_aliases.token_endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(first, tc.old) {
				t.Fatal("nothing to replace")
			}
			before, now := metadataOf(t, first), metadataOf(t, strings.Replace(first, tc.old, tc.new, 1))
			got, err := now.pinTo(before)
			if tc.kept == "" {
				if err != nil || got != now {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "another "+tc.kept+"; kept") {
				t.Fatalf("got %v, want one that names %s", err, tc.kept)
			}
			for _, name := range []string{"jwks_uri", "introspection_endpoint"} {
				was, _ := before.MTLSEndpoint(name)
				if is, err := got.MTLSEndpoint(name); err != nil || is != was {
					t.Errorf("%s was %s and is %s, %v", name, was, is, err)
				}
			}
			if is, err := got.Endpoint("token_endpoint"); err == nil || is != "" {
				t.Errorf("token_endpoint is %s", is)
			}
			if is, _ := got.MTLSEndpoint("token_endpoint"); is != "" {
				t.Errorf("the alias of token_endpoint is %s", is)
			}
			methods, err := got.Strings("introspection_endpoint_auth_methods_supported")
			if err != nil || len(methods) != 2 {
				t.Errorf("methods %v, %v", methods, err)
			}
			if _, err := got.Strings("scopes_supported"); err != nil {
				t.Error(err)
			}
			if again, err := now.pinTo(got); err == nil || again == now {
				t.Error("pinned only once")
			}
		})
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://as.test","jwks_uri":"https://keys.test/jwks"}`))
	f.Add([]byte(`{"issuer":"https://as.test","jwks_uri":"http://127.0.0.1:1/jwks"}`))
	f.Add([]byte(`{"issuer":"https://as.test","x_auth_methods_supported":["a"],"mtls_endpoint_aliases":{"jwks_uri":"https://as.test/"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMetadata(data, "https://as.test")
		if err != nil {
			return
		}
		for _, read := range []func(string) (string, error){m.Endpoint, m.MTLSEndpoint} {
			if at, err := read("jwks_uri"); err == nil && !strings.HasPrefix(strings.ToLower(at), "https://") {
				t.Fatalf("%q: keys at %q", data, at)
			}
		}
		if again, err := m.pinTo(m); err != nil || again != m {
			t.Fatalf("%q: differs from itself: %v", data, err)
		}
	})
}
