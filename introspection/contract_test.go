// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// impatient has an outage over before the contract's patience ends.
func impatient(c *introspection.Config) {
	c.Retry = introspection.Retry{MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond}
	c.Breaker = introspection.Breaker{MinOpen: time.Millisecond, MaxOpen: time.Millisecond}
}

func TestVerifierContract(t *testing.T) {
	for name, tc := range map[string]struct {
		tokens introspection.Tokens
		signed bool
	}{
		"opaque":         {introspection.Opaque, false},
		"opaque and JWT": {introspection.OpaqueAndJWT, false},
		"signed answers": {introspection.Opaque, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			v := f.verifier(t, impatient, func(c *introspection.Config) {
				c.Tokens = tc.tokens
				if tc.signed {
					c.Signed.ClientID = clientID
				}
			})
			contract := authtest.Contract{
				Verifier: v,
				Good:     []string{f.opaque(), f.opaque(authtest.Audience("x", audience), authtest.Subject("client-1")), f.opaque(authtest.WithoutClaim("scope"), authtest.WithoutClaim("exp"))},
				Foreign:  []string{f.as.Mint(authtest.Claim("iss", "https://other.test"))},
				Bad: map[string]string{
					"unknown":      strings.Repeat("x", auth.MaxTokenSize),
					"dots":         "a.b.c.d.e",
					"expired":      f.opaque(authtest.Lifetime(-time.Minute)),
					"audience":     f.opaque(authtest.Audience("other")),
					"no audience":  f.opaque(authtest.WithoutClaim("aud")),
					"refresh":      f.opaque(authtest.Claim("token_use", "refresh_token")),
					"binding":      f.opaque(authtest.Claim("cnf", map[string]string{"jkt": "x"})),
					"no subject":   f.opaque(authtest.WithoutClaim("sub")),
					"other issuer": f.opaque(authtest.Claim("iss", "https://other.test")),
					"a word":       f.says(`{"active":"true"}`),
				},
				Fresh: func() string { return f.opaque() },
				Break: func() { f.as.FailAlways(authtest.Introspection, authtest.Reset()) },
				Mend:  func() { f.as.Recover(authtest.Introspection) },
			}
			if tc.tokens == introspection.Opaque {
				contract.Foreign = append(contract.Foreign, "a.b.c", f.as.Mint())
			} else {
				contract.Good = append(contract.Good, f.as.Mint())
				contract.Bad["forged JWT"] = f.as.Sign([]byte(`{}`), []byte(`{"iss":"`+issuerURL+`"}`), "")
			}
			authtest.TestVerifier(t, contract)
		})
	}
}

func TestConfirmerContract(t *testing.T) {
	f := newFixture(t)
	revoked := f.as.Mint()
	f.as.Revoke(revoked)
	authtest.TestVerifier(t, authtest.Contract{
		Verifier: f.confirmer(t, impatient),
		Good:     []string{f.as.Mint(), f.as.Mint(authtest.Scopes("read", "write"))},
		Foreign:  []string{f.opaque(), f.as.Mint(authtest.Claim("iss", "https://other.test"))},
		Bad: map[string]string{
			"revoked":  revoked,
			"unknown":  f.as.Sign([]byte(`{"typ":"at+jwt","alg":"ES256"}`), []byte(good(map[string]any{"active": nil, "token_type": nil})), ""),
			"expired":  f.as.Mint(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)),
			"audience": f.as.Mint(authtest.Audience("other")),
			"forged":   f.as.Mint(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })),
		},
		Fresh: func() string { return f.as.Mint() },
		Break: func() { f.as.FailAlways(authtest.Introspection, authtest.Reset()) },
		Mend:  func() { f.as.Recover(authtest.Introspection) },
	})
}
