// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

func (f *fixture) idTokens(t testing.TB) *jwtauth.IDTokens {
	t.Helper()
	iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.NewIDTokens(iss, strict())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The fixture's audience is the client's id here.
func TestIDTokens(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.idTokens(t)
	now := time.Now().Unix()
	token := shape{"JWT", members{"sub": "alice-1", "nonce": "n-1", "at_hash": "h", "auth_time": now - 60, "acr": "2", "sid": "s-1", "email": "alice@mail.test"}}
	two := []string{audience, "https://api.test"}
	typ, party := invalid(jwtauth.CheckType), invalid(jwtauth.CheckParty)
	for name, tc := range map[string]struct {
		shape  shape
		expect jwtauth.Expect
		want   string
	}{
		"good":                   {token, jwtauth.Expect{Nonce: "n-1", MaxAge: time.Minute, AuthorizedParty: audience}, ok},
		"nothing expected":       {token, jwtauth.Expect{}, ok},
		"no typ":                 {shape{absent, token.claims}, jwtauth.Expect{}, ok},
		"hybrid":                 {token.with(members{"c_hash": "h", "s_hash": "h"}), jwtauth.Expect{}, ok},
		"typ claim ID":           {token.with(members{"typ": "ID"}), jwtauth.Expect{}, ok},
		"token_use id":           {token.with(members{"token_use": "id"}), jwtauth.Expect{}, ok},
		"nonce of another":       {token, jwtauth.Expect{Nonce: "n-2"}, invalid(jwtauth.CheckNonce)},
		"nonce absent":           {token.with(members{"nonce": absent}), jwtauth.Expect{Nonce: "n-1"}, invalid(jwtauth.CheckNonce)},
		"authenticated too long": {token.with(members{"auth_time": now - 3600}), jwtauth.Expect{MaxAge: time.Minute}, insufficient(jwtauth.CheckMaxAge)},

		"azp this client":               {token.with(members{"azp": audience}), jwtauth.Expect{}, ok},
		"azp another client":            {token.with(members{"azp": "other"}), jwtauth.Expect{}, party},
		"azp another client, expected":  {token.with(members{"azp": "other"}), jwtauth.Expect{AuthorizedParty: "other"}, ok},
		"azp this client, other wanted": {token.with(members{"azp": audience}), jwtauth.Expect{AuthorizedParty: "other"}, party},
		"no azp, other wanted":          {token, jwtauth.Expect{AuthorizedParty: "other"}, party},
		"azp empty":                     {token.with(members{"azp": ""}), jwtauth.Expect{}, party},
		"azp null":                      {token.with(members{"azp": nil}), jwtauth.Expect{}, party},
		"azp a list":                    {token.with(members{"azp": []string{audience}}), jwtauth.Expect{}, party},
		"two audiences, no azp":         {token.with(members{"aud": two}), jwtauth.Expect{}, party},
		"two audiences, azp":            {token.with(members{"aud": two, "azp": audience}), jwtauth.Expect{}, ok},
		"two audiences, other azp":      {token.with(members{"aud": two, "azp": "https://api.test"}), jwtauth.Expect{}, party},
		"a list of one":                 {token.with(members{"aud": []string{audience}}), jwtauth.Expect{}, ok},
		"another client's":              {token.with(members{"aud": "other"}), jwtauth.Expect{}, invalid(jwtauth.CheckAudience)},
		"another client's, expected":    {token.with(members{"aud": "other"}), jwtauth.Expect{Audiences: []string{"other"}}, ok},
		"no aud":                        {token.with(members{"aud": absent}), jwtauth.Expect{}, invalid(jwtauth.CheckAudience)},

		"no iat":           {token.with(members{"iat": absent}), jwtauth.Expect{}, invalid(jwtauth.CheckIssuedAt)},
		"no exp":           {token.with(members{"exp": absent}), jwtauth.Expect{}, invalid(jwtauth.CheckExpiry)},
		"no sub":           {token.with(members{"sub": absent}), jwtauth.Expect{}, invalid(jwtauth.CheckSubject)},
		"expired":          {token.with(members{"iat": now - 900, "exp": now - 300}), jwtauth.Expect{}, expired(jwtauth.CheckExpiry)},
		"at+jwt":           {shape{"at+jwt", token.claims}, jwtauth.Expect{}, typ},
		"logout+jwt":       {shape{"logout+jwt", token.claims}, jwtauth.Expect{}, typ},
		"events":           {token.with(members{"events": members{}}), jwtauth.Expect{}, kind},
		"introspection":    {token.with(members{"token_introspection": members{}}), jwtauth.Expect{}, kind},
		"typ claim":        {token.with(members{"typ": "Bearer"}), jwtauth.Expect{}, kind},
		"typ claim Logout": {token.with(members{"typ": "Logout"}), jwtauth.Expect{}, kind},
		"token_use":        {token.with(members{"token_use": "access"}), jwtauth.Expect{}, kind},
		"scope":            {token.with(members{"scope": "read"}), jwtauth.Expect{}, kind},
		"scp":              {token.with(members{"scp": "read"}), jwtauth.Expect{}, kind},
		"azpacr":           {token.with(members{"azpacr": "1"}), jwtauth.Expect{}, kind},
		"appidacr":         {token.with(members{"appidacr": "1"}), jwtauth.Expect{}, kind},
		"another issuer":   {token.with(members{"iss": "https://other.test"}), jwtauth.Expect{}, foreign(jwtauth.CheckIssuer)},
	} {
		claims, err := v.VerifyToken(t.Context(), tc.shape.mint(f), tc.expect)
		if result(err) != tc.want {
			t.Errorf("%s: %s (%s), want %s", name, result(err), causes(err), tc.want)
		}
		if err == nil && (claims.Principal() != auth.PrincipalUser || claims.ClientID() == "" || len(claims.Scopes()) != 0) {
			t.Errorf("%s: %s", name, facts(claims))
		}
	}
	// It does not fit where credentials are proved.
	if _, fits := any(v).(auth.Verifier); fits {
		t.Error("a Guard could take ID tokens")
	}
}

// The ID tokens of the issuers that have a profile are ID tokens, and their
// access tokens are not, even where the client is its own API.
func TestIDTokensOfIssuers(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.idTokens(t)
	for _, issuer := range realIssuers() {
		if issuer.profile == jwtauth.KubernetesServiceAccount || issuer.profile == jwtauth.Google {
			continue // Google's are ID tokens, and Kubernetes has neither
		}
		s := issuer.others["ID token"].with(members{"azp": audience})
		if issuer.profile == jwtauth.Keycloak {
			s = s.with(members{"scope": absent})
		}
		if issuer.profile == jwtauth.Entra || issuer.profile == jwtauth.Okta || issuer.profile == jwtauth.Auth0 || issuer.profile == jwtauth.Cognito || issuer.profile == jwtauth.Hydra {
			s = s.with(members{"azp": absent})
		}
		if _, err := v.VerifyToken(t.Context(), s.mint(f), jwtauth.Expect{}); err != nil {
			t.Errorf("%v: ID token: %s", issuer.profile, causes(err))
		}
		for name, s := range map[string]shape{"user": issuer.user, "client": issuer.client} {
			_, err := v.VerifyToken(t.Context(), s.mint(f), jwtauth.Expect{Nonce: "n"})
			if !strings.HasPrefix(result(err), invalid("")) {
				t.Errorf("%v: access token of a %s: %s", issuer.profile, name, result(err))
			}
		}
	}
}
