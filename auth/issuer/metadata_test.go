// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
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
		"no jwks_uri":              {`{"issuer":"https://as.test"}`, "jwks_uri: absent"},
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
			if tc.says == "" {
				if err != nil || m.jwksURI != "https://keys.test/jwks" || m.origin != "https://keys.test" {
					t.Fatalf("got %+v, %v", m, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %+v, %v; want an error with %q", m, err, tc.says)
			}
		})
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://as.test","jwks_uri":"https://keys.test/jwks"}`))
	f.Add([]byte(`{"issuer":"https://as.test","jwks_uri":"http://127.0.0.1:1/jwks"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMetadata(data, "https://as.test")
		if err == nil && !strings.HasPrefix(strings.ToLower(m.jwksURI), "https://") {
			t.Fatalf("%q: keys at %q", data, m.jwksURI)
		}
	})
}
