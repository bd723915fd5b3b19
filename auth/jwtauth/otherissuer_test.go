// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// K19: a key is good for its own issuer only.
func TestKeyOfAnotherIssuer(t *testing.T) {
	f := newFixture(t, "ES256")
	const otherURL = "https://as2.test"
	other, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: otherURL, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	header := func(kid string) []byte { return fmt.Appendf(nil, `{"alg":"ES256","typ":"at+jwt","kid":%q}`, kid) }
	// Signed by I2 in the name of I, and the other way round.
	asI := func(kid string) func(*fixture) string {
		return func(*fixture) string { return other.Sign(header(kid), []byte(claimsJSON(nil)), "") }
	}
	asI2 := func(f *fixture) string {
		return f.as.Sign(header(other.KeyID()), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
	}
	honestI2 := func(*fixture) string {
		return other.Sign(header(other.KeyID()), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
	}
	f.run(t, strict(), []row{
		{"K19 key of I2 under its own kid", asI(other.KeyID()), invalid(jwtauth.CheckKey)},
		{"K19 key of I2 under the kid of I", asI(f.as.KeyID()), invalid(jwtauth.CheckSignature)},
		{"K19 honest token of I2", honestI2, foreign(jwtauth.CheckIssuer)},
		// What cannot be read is refused before anybody asks whose it is.
		{"trailing bits in the signature of I2", func(f *fixture) string {
			token := []byte(honestI2(f))
			token[len(token)-1]++
			return string(token)
		}, invalid(jwtauth.CheckSignature)},
	})

	// Both issuers trusted, and one kid in both key sets.
	iss2, err := issuer.New(otherURL, issuer.WithTransport(other.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss2.Close() })
	c := strict()
	c.GrantableScopes = []string{"read"}
	second, err := jwtauth.New(iss2, c)
	if err != nil {
		t.Fatal(err)
	}
	both, err := auth.NewChain(f.verifier(t, c), second)
	if err != nil {
		t.Fatal(err)
	}
	f.keySet(change(f.as.PublicJWK(f.as.KeyID()), "kid", `"shared"`))
	other.SetJWKS([]byte(`{"keys":[` + change(other.PublicJWK(other.KeyID()), "kid", `"shared"`) + `]}`))
	for _, r := range []row{
		{"K19 chain: honest token of I", func(f *fixture) string { return f.as.Sign(header("shared"), []byte(claimsJSON(nil)), "") }, ok},
		{"K19 chain: honest token of I2", func(*fixture) string {
			return other.Sign(header("shared"), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
		}, ok},
		{"K19 chain: I2 in the name of I", asI("shared"), invalid(jwtauth.CheckSignature)},
		{"K19 chain: I in the name of I2", func(f *fixture) string {
			return f.as.Sign(header("shared"), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
		}, invalid(jwtauth.CheckSignature)},
		{"K19 chain: unknown kid in the name of I2", asI2, invalid(jwtauth.CheckKey)},
	} {
		t.Run(r.name, func(t *testing.T) {
			claims, err := verify(t.Context(), both, r.forge(f))
			if got := result(err); got != r.want {
				t.Errorf("got %s (%s), want %s", got, causes(err), r.want)
			}
			if err == nil && claims.Issuer() != issuerURL && claims.Issuer() != otherURL {
				t.Errorf("issuer %s", claims.Issuer())
			}
		})
	}
}
