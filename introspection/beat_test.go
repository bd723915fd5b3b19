// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// What the reference systems do with introspection, by the numbers of the list of
// their defects, and what is done here. A dash stands for a behaviour of theirs
// that is kept. Those about caches are with the cache.
func TestReferenceSystems(t *testing.T) {
	basic := func(id, secret string) func(*introspection.Config) {
		return func(c *introspection.Config) {
			c.Auth = clientauth.ClientSecretBasic(id, clientauth.SecretText(secret))
		}
	}
	const answer, status, client = introspection.CheckAnswer, introspection.CheckStatus, introspection.CheckClientAuth
	fails := func(fault authtest.Fault, want auth.Check) func(*testing.T, *fixture) {
		return func(t *testing.T, f *fixture) {
			f.as.FailAlways(authtest.Introspection, fault)
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, impatient), token)
			expect(t, token, claims, err, unavailable(want))
		}
	}
	said := func(document, want string) func(*testing.T, *fixture) {
		return func(t *testing.T, f *fixture) {
			token := f.says(document)
			claims, err := verify(t.Context(), f.verifier(t), token)
			expect(t, token, claims, err, want)
		}
	}
	sends := func(change func(*introspection.Config), authorization string, fields ...string) func(*testing.T, *fixture) {
		return func(t *testing.T, f *fixture) {
			f.as.SetClient("", "")
			if _, err := verify(t.Context(), f.verifier(t, change), f.opaque()); err != nil {
				t.Fatal(causes(err))
			}
			last := f.as.LastRequest(authtest.Introspection)
			if got := last.Header.Get("Authorization"); got != authorization {
				t.Errorf("Authorization %q, want %q", got, authorization)
			}
			var got []string
			for name := range last.PostForm {
				got = append(got, name)
			}
			if got = sorted(got); !slices.Equal(got, fields) {
				t.Errorf("sent %q, want %q", got, fields)
			}
		}
	}
	for _, row := range []struct {
		number, name string
		check        func(t *testing.T, f *fixture)
	}{
		{"1.3", "opaque tokens are supported", said(good(nil), ok)},
		{"1.8-", "no endpoint announced", func(t *testing.T, f *fixture) {
			f.as.SetMetadata("introspection_endpoint", nil)
			_, err := verify(t.Context(), f.verifier(t), f.opaque())
			if result(err) != unavailable(introspection.CheckEndpoint) || !strings.Contains(causes(err), "Config.Endpoint") {
				t.Error(causes(err))
			}
		}},
		{"1.8-", "the endpoint given: no discovery", func(t *testing.T, f *fixture) {
			v := f.verifier(t, func(c *introspection.Config) { c.Endpoint = issuerURL + "/introspect" })
			if _, err := verify(t.Context(), v, f.opaque()); err != nil || f.as.Requests(authtest.Discovery) != 0 {
				t.Error(causes(err))
			}
		}},
		{"1.8-", "active", said(good(nil), ok)},
		{"1.8-", "not active", said(`{"active":false}`, invalid(introspection.CheckActive))},
		{"1.8-", "basic", sends(basic("client", "secret"), "Basic Y2xpZW50OnNlY3JldA==", "token", "token_type_hint")},
		{"1.8-", "basic keeps the secret out of the form", sends(basic("client", "topsecret"), "Basic Y2xpZW50OnRvcHNlY3JldA==", "token", "token_type_hint")},
		{"1.8-", "post", sends(func(c *introspection.Config) {
			c.Auth = clientauth.ClientSecretPost("client", clientauth.SecretText("secret"))
		}, "", "client_id", "client_secret", "token", "token_type_hint")},
		{"1.8", "500 is not the caller's fault", fails(authtest.Status(500), status)},
		{"1.9-7", "503", fails(authtest.Status(503), status)},
		{"1.9-7", "401 is not the caller's", fails(authtest.OAuthError(401, "invalid_client"), client)},
		{"1.9-7", "what the endpoint writes stays here", func(t *testing.T, f *fixture) {
			for _, fault := range []authtest.Fault{authtest.OAuthError(500, "server_error"), authtest.OAuthError(400, authtest.Confidential), authtest.Garbage("application/json", `{"active":"`+authtest.Confidential+`"}`), authtest.Garbage("application/json", authtest.Confidential)} {
				f.as.Fail(authtest.Introspection, fault)
				token := f.opaque()
				_, err := verify(t.Context(), f.verifier(t, once), token)
				if found := leak(err, authtest.Confidential, token); found != "" || err == nil {
					t.Errorf("%v %s", err, found)
				}
			}
		}},
		{"1.9-8", "a client with a certificate goes to the alias", func(t *testing.T, f *fixture) {
			f.as.SetMetadata("mtls_endpoint_aliases", map[string]string{"introspection_endpoint": "https://mtls.as.test/introspect"})
			v := f.verifier(t, once, func(c *introspection.Config) {
				c.Auth = authFunc(func(_ context.Context, r *clientauth.Request) (err error) {
					r.SetForm("client_id", clientID)
					r.SetCertificate(&tls.Certificate{Certificate: [][]byte{{0}}})
					return nil
				})
				c.Transport = new(http.Transport)
			})
			if _, err := verify(t.Context(), v, f.opaque()); !strings.Contains(causes(err), "mtls.as.test") || f.as.Requests(authtest.Introspection) != 0 {
				t.Error(causes(err))
			}
		}},
		{"1.9-9", "nothing is guessed where the metadata are silent", func(t *testing.T, f *fixture) {
			f.as.SetMetadata("introspection_endpoint_auth_methods_supported", nil)
			c := f.config()
			c.Auth = nil
			if v, err := introspection.New(f.issuer(t), c); err == nil {
				t.Errorf("%v", v)
			}
		}},
		{"1.9-10", "a setting replaces nothing but itself", sends(func(c *introspection.Config) {
			c.Auth = clientauth.ClientSecretPost("client", clientauth.SecretText("secret"))
			c.Endpoint = issuerURL + "/introspect"
		}, "", "client_id", "client_secret", "token", "token_type_hint")},
		{"1.9-11", "no proof is sent twice", func(t *testing.T, f *fixture) {
			f.as.SetClient("", "")
			f.as.Fail(authtest.Introspection, authtest.Reset(), authtest.Status(503))
			var proofs []string
			v := f.verifier(t, impatient, func(c *introspection.Config) {
				c.Auth = authFunc(func(_ context.Context, r *clientauth.Request) error {
					proofs = append(proofs, fmt.Sprint("jti-", len(proofs)))
					r.SetForm("client_assertion", proofs[len(proofs)-1])
					return nil
				})
			})
			if _, err := verify(t.Context(), v, f.opaque()); err != nil || len(proofs) != 3 {
				t.Errorf("%q, %s", proofs, causes(err))
			}
			if got := f.as.LastRequest(authtest.Introspection).PostForm["client_assertion"]; !slices.Equal(got, proofs[2:]) {
				t.Errorf("sent %q", got)
			}
		}},
		{"1.9-14", "the configuration prints no secret", func(t *testing.T, f *fixture) {
			c := f.config()
			c.Auth = clientauth.ClientSecretBasic("client", clientauth.SecretText("verysecret-value"))
			for _, p := range prints(c) {
				if strings.Contains(p, "verysecret-value") {
					t.Error(p)
				}
			}
		}},
		{"1.9-15", "the answer belongs to the JWT", func(t *testing.T, f *fixture) {
			f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", one("sub", "somebody else")))
			token := f.as.Mint()
			claims, err := verify(t.Context(), f.confirmer(t), token)
			expect(t, token, claims, err, invalid(introspection.CheckAgreement))
		}},

		{"3.1", "an unknown authentication sends nothing", func(t *testing.T, f *fixture) {
			c := f.config()
			c.Auth = clientauth.ClientSecretBasic("client", clientauth.SecretText(""))
			if v, err := introspection.New(f.issuer(t), c); err == nil {
				t.Errorf("%v", v)
			}
		}},
		{"3.2-", "active absent", said(`{}`, invalid(introspection.CheckActive))},
		{"3.3-1", "active is the string false", said(one("active", "false"), invalid(introspection.CheckActive))},
		{"3.3-2", "exp a second ago", said(good(map[string]any{"exp": time.Now().Unix() - 1, "iat": 1}), expired(introspection.CheckExpiry))},
		{"3.3-2", "and no leeway for it in any setting", func(t *testing.T, f *fixture) {
			token := f.says(good(map[string]any{"exp": time.Now().Unix() - 1, "iat": 1}))
			claims, err := verify(t.Context(), f.verifier(t, func(c *introspection.Config) { c.ClockSkew = 300 * time.Second }), token)
			expect(t, token, claims, err, expired(introspection.CheckExpiry))
		}},
		{"3.3-4", "claims are not the caller's to change", func(t *testing.T, f *fixture) {
			claims, err := verify(t.Context(), f.verifier(t), f.opaque())
			if err != nil {
				t.Fatal(causes(err))
			}
			claims.Scopes()[0] = "EVIL"
			if claims.HasScope("EVIL") {
				t.Error("changed")
			}
		}},
		{"3.3-6", "400 invalid_client is ours, and nothing is remembered", func(t *testing.T, f *fixture) {
			f.as.Fail(authtest.Introspection, authtest.OAuthError(400, "invalid_client"))
			v, token := f.verifier(t), f.opaque()
			claims, err := verify(t.Context(), v, token)
			expect(t, token, claims, err, unavailable(client))
			if got := f.heard(); !slices.Equal(got, []auth.EventName{introspection.EventMisconfigured}) {
				t.Errorf("events %q", got)
			}
			if _, err := verify(t.Context(), v, token); err != nil {
				t.Error(causes(err))
			}
		}},
		{"3.3-7", "iss absent, and required", func(t *testing.T, f *fixture) {
			token := f.says(one("iss", nil))
			claims, err := verify(t.Context(), f.verifier(t, func(c *introspection.Config) { c.RequiredClaims = []string{"iss"} }), token)
			expect(t, token, claims, err, invalid(introspection.CheckRequired))
		}},
		{"3.3-8", "a JSON array", said("[1]", unavailable(answer))},
		{"3.3-9", "basic is form-encoded first", sends(basic("a:b", "p%+ w"), "Basic YSUzQWI6cCUyNSUyQit3", "token", "token_type_hint")},
		{"3.3-10", "a large answer", fails(authtest.Garbage("application/json", strings.Repeat(" ", 1<<20)+good(nil)), answer)},
		{"3.3-10", "another content type", fails(authtest.Garbage("text/html", good(nil)), answer)},
		{"3.3-10", "a signed answer", func(t *testing.T, f *fixture) {
			if _, err := verify(t.Context(), f.verifier(t, signedAnswers), f.opaque()); err != nil {
				t.Error(causes(err))
			}
		}},
		{"3.3-11", "one that does not answer is asked again", func(t *testing.T, f *fixture) {
			f.as.Fail(authtest.Introspection, authtest.Status(503, "Retry-After", "1"))
			if _, err := verify(t.Context(), f.verifier(t), f.opaque()); err != nil {
				t.Error(causes(err))
			}
		}},
		{"3.3", "numeric strings are no times", said(one("exp", "4102444800"), invalid(introspection.CheckExpiry))},

		{"4.2-", "aud is a list", said(one("aud", []string{"x", audience}), ok)},
		{"4.2-", "username is null", said(raw("username", "null"), ok)},
		{"4.2-", "scope is null", said(raw("scope", "null"), ok)},
		{"4.2-", "ext is passed on", func(t *testing.T, f *fixture) {
			claims, err := verify(t.Context(), f.verifier(t), f.says(raw("ext", `{"a":1}`)))
			if err != nil {
				t.Fatal(causes(err))
			}
			if got, err := auth.ClaimsAs[map[string]any](auth.NewContext(t.Context(), claims)); err != nil || fmt.Sprint(got["ext"]) != "map[a:1]" {
				t.Errorf("%v %v", got, err)
			}
		}},
		{"4.3-2", "an outage", fails(authtest.Status(502), status)},
		{"4.3-2", "a timeout", func(t *testing.T, f *fixture) {
			f.as.FailAlways(authtest.Introspection, authtest.Hang())
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, func(c *introspection.Config) { c.Timeout = 50 * time.Millisecond }), token)
			expect(t, token, claims, err, unavailable(introspection.CheckRequest))
		}},
		{"4.3-2", "401", fails(authtest.Status(401), client)},
		{"4.3-4", "exp ends it, whatever may be kept", func(t *testing.T, f *fixture) {
			exp := time.Now().Unix() + 60
			claims, err := verify(t.Context(), f.verifier(t, func(c *introspection.Config) { c.PositiveTTL = time.Hour }), f.says(one("exp", exp)))
			if err != nil || claims.Deadline().Unix() != exp {
				t.Errorf("%v %s", claims.Deadline(), causes(err))
			}
		}},
		{"4.3-5", "a refresh token, by token_use", said(one("token_use", "refresh_token"), invalid(introspection.CheckKind))},
		{"4.3-5", "another audience", said(one("aud", "other"), invalid(introspection.CheckAudience))},
		{"4.3-5", "another issuer", said(one("iss", "https://other.test"), invalid(introspection.CheckIssuer))},
		{"4.3-6", "the endpoint is the metadata's", func(t *testing.T, f *fixture) {
			if _, err := verify(t.Context(), f.verifier(t), f.opaque()); err != nil || f.as.Requests(authtest.Discovery) != 1 {
				t.Error(causes(err))
			}
		}},

		{"6", "exp and iss are optional", said(good(map[string]any{"exp": nil, "iss": nil}), ok)},
		{"6", "a little skew", said(one("nbf", time.Now().Unix()+30), ok)},
		{"6", "every failure is unauthenticated there", fails(authtest.Reset(), introspection.CheckRequest)},
		{"6-", "inactive", said(`{"active":false}`, invalid(introspection.CheckActive))},
		{"6-", "extensions stay, active and null go", func(t *testing.T, f *fixture) {
			claims, err := verify(t.Context(), f.verifier(t), f.says(with(`"roles":["a"],"n\u0061me\n":{"x":null},"nothing":null`)))
			if err != nil {
				t.Fatal(causes(err))
			}
			got, err := auth.ClaimsAs[map[string]any](auth.NewContext(t.Context(), claims))
			if err != nil {
				t.Fatal(err)
			}
			_, active := got["active"]
			_, nothing := got["nothing"]
			if active || nothing || fmt.Sprintf("%v %v %v", got["roles"], got["name\n"], got["sub"]) != "[a] map[x:<nil>] user-1" {
				t.Errorf("%v", got)
			}
		}},
		{"6", "what is not a JWT is opaque, and nothing falls through", func(t *testing.T, f *fixture) {
			token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + ".e30."
			claims, err := verify(t.Context(), f.verifier(t), token)
			expect(t, token, claims, err, foreign(introspection.CheckShape))
			if f.as.Requests(authtest.Introspection) != 0 {
				t.Error("asked")
			}
		}},
	} {
		t.Run(row.number+" "+row.name, func(t *testing.T) { row.check(t, newFixture(t)) })
	}
}
