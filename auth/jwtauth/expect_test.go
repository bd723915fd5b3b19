// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

func insufficient(c auth.Check) string {
	return "unauthenticated/AUTHENTICATION_INSUFFICIENT/" + string(c)
}

func TestVerifyToken(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		now := time.Now()
		c := strict()
		c.RequiredClaims = []string{"acr"}
		c.MaxLifetime, c.MaxTokenAge = 90*time.Minute, 30*time.Minute
		v := f.verifier(t, c)
		base := []authtest.TokenOption{
			authtest.Audience(audience, "https://two.test"), authtest.Lifetime(30 * time.Minute), authtest.Claim("nonce", "n-1"), authtest.Claim("azp", "client-1"), authtest.Claim("acr", "2"),
			authtest.Claim("auth_time", now.Unix()-600), authtest.Claim("profile", map[string]any{"level": 1, "none": nil}),
		}
		required, party, nonce, age := invalid(jwtauth.CheckRequired), invalid(jwtauth.CheckParty), invalid(jwtauth.CheckNonce), insufficient(jwtauth.CheckMaxAge)
		for name, tc := range map[string]struct {
			expect jwtauth.Expect
			option authtest.TokenOption
			want   string
		}{
			"nothing":                {jwtauth.Expect{}, nil, ok},
			"everything":             {jwtauth.Expect{Audiences: []string{"x", "https://two.test"}, Nonce: "n-1", MaxAge: 10 * time.Minute, AuthorizedParty: "client-1", RequiredClaims: []string{"sub", "/profile/level"}, MaxLifetime: 30 * time.Minute, MaxTokenAge: time.Minute}, nil, ok},
			"as configured: acr":     {jwtauth.Expect{}, authtest.WithoutClaim("acr"), required},
			"besides configured":     {jwtauth.Expect{RequiredClaims: []string{"sub"}}, authtest.WithoutClaim("acr"), required},
			"as configured: too old": {jwtauth.Expect{MaxTokenAge: 2 * time.Hour}, authtest.Claim("iat", now.Unix()-1860), expired(jwtauth.CheckTokenAge)},
			"as configured: long":    {jwtauth.Expect{MaxLifetime: 2 * time.Hour}, authtest.Claim("exp", now.Unix()+5401), invalid(jwtauth.CheckLifetime)},
			"tighter: long":          {jwtauth.Expect{MaxLifetime: 29 * time.Minute}, nil, invalid(jwtauth.CheckLifetime)},
			"tighter: too old":       {jwtauth.Expect{MaxTokenAge: time.Minute}, authtest.Claim("iat", now.Unix()-120), expired(jwtauth.CheckTokenAge)},

			"the other audience":           {jwtauth.Expect{Audiences: []string{"https://two.test"}}, authtest.Audience("https://two.test"), ok},
			"audiences are replaced":       {jwtauth.Expect{Audiences: []string{"https://two.test"}}, authtest.Audience(audience), invalid(jwtauth.CheckAudience)},
			"audiences compare exactly":    {jwtauth.Expect{Audiences: []string{"https://two.test/"}}, nil, invalid(jwtauth.CheckAudience)},
			"no audiences: the configured": {jwtauth.Expect{}, authtest.Audience("https://two.test"), invalid(jwtauth.CheckAudience)},

			"nonce absent":            {jwtauth.Expect{Nonce: "n-1"}, authtest.WithoutClaim("nonce"), nonce},
			"nonce of another":        {jwtauth.Expect{Nonce: "n-2"}, nil, nonce},
			"nonce in another case":   {jwtauth.Expect{Nonce: "N-1"}, nil, nonce},
			"nonce of another type":   {jwtauth.Expect{Nonce: "1"}, authtest.Claim("nonce", 1), nonce},
			"nonce in a list":         {jwtauth.Expect{Nonce: "n-1"}, authtest.Claim("nonce", []string{"n-1"}), nonce},
			"nonce that nobody wants": {jwtauth.Expect{}, authtest.Claim("nonce", []string{"n-1"}), ok},

			"max age":                    {jwtauth.Expect{MaxAge: 10 * time.Minute}, nil, ok},
			"max age, within the skew":   {jwtauth.Expect{MaxAge: 9 * time.Minute}, nil, ok},
			"max age, too old":           {jwtauth.Expect{MaxAge: 9*time.Minute - time.Second}, nil, age},
			"max age, absent":            {jwtauth.Expect{MaxAge: time.Hour}, authtest.WithoutClaim("auth_time"), age},
			"max age, fraction":          {jwtauth.Expect{MaxAge: 10 * time.Minute}, authtest.Claim("auth_time", float64(now.Unix())-600.5), ok},
			"max age, text":              {jwtauth.Expect{MaxAge: time.Hour}, authtest.Claim("auth_time", "now"), invalid(jwtauth.CheckAuthTime)},
			"max age, in the future":     {jwtauth.Expect{MaxAge: time.Hour}, authtest.Claim("auth_time", now.Unix()+61), invalid(jwtauth.CheckAuthTime)},
			"max age, clocks differ":     {jwtauth.Expect{MaxAge: time.Hour}, authtest.Claim("auth_time", now.Unix()+60), ok},
			"in the future without it":   {jwtauth.Expect{}, authtest.Claim("auth_time", now.Unix()+61), invalid(jwtauth.CheckAuthTime)},
			"max age, the first of days": {jwtauth.Expect{MaxAge: time.Hour}, authtest.Claim("auth_time", 0), age},
			"max age, the largest":       {jwtauth.Expect{MaxAge: 1<<63 - 1}, nil, ok},

			"client":                      {jwtauth.Expect{AuthorizedParty: "client-1"}, nil, ok},
			"client, no azp":              {jwtauth.Expect{AuthorizedParty: "client-1"}, authtest.WithoutClaim("azp"), ok},
			"another client":              {jwtauth.Expect{AuthorizedParty: "client-2"}, nil, party},
			"client_id of another client": {jwtauth.Expect{AuthorizedParty: "client-1"}, authtest.ClientID("client-2"), party},
			"azp of another client":       {jwtauth.Expect{AuthorizedParty: "client-1"}, authtest.Claim("azp", "client-2"), party},
			"azp of another type":         {jwtauth.Expect{AuthorizedParty: "client-1"}, authtest.Claim("azp", []string{"client-1"}), party},

			"a claim":                  {jwtauth.Expect{RequiredClaims: []string{"tenant"}}, authtest.Claim("tenant", "t"), ok},
			"a claim that is absent":   {jwtauth.Expect{RequiredClaims: []string{"tenant"}}, nil, required},
			"a claim that is null":     {jwtauth.Expect{RequiredClaims: []string{"tenant"}}, authtest.Claim("tenant", nil), required},
			"a claim that is false":    {jwtauth.Expect{RequiredClaims: []string{"tenant"}}, authtest.Claim("tenant", false), ok},
			"a claim in another case":  {jwtauth.Expect{RequiredClaims: []string{"tenant"}}, authtest.Claim("Tenant", "t"), required},
			"a claim within":           {jwtauth.Expect{RequiredClaims: []string{"/profile/level"}}, nil, ok},
			"a claim within, null":     {jwtauth.Expect{RequiredClaims: []string{"/profile/none"}}, nil, required},
			"a claim within, absent":   {jwtauth.Expect{RequiredClaims: []string{"/profile/x"}}, nil, required},
			"one of two claims":        {jwtauth.Expect{RequiredClaims: []string{"tenant", "sub"}}, nil, required},
			"expired comes last":       {jwtauth.Expect{Nonce: "n-2"}, authtest.Claim("iat", now.Unix()-3700), nonce},
			"still the profile: typ":   {jwtauth.Expect{Nonce: "n-1"}, authtest.Header("typ", "JWT"), invalid(jwtauth.CheckType)},
			"still the issuer":         {jwtauth.Expect{}, authtest.Claim("iss", "https://other.test"), foreign(jwtauth.CheckIssuer)},
			"still the signature":      {jwtauth.Expect{}, authtest.Signature(garbage), invalid(jwtauth.CheckSignature)},
			"an ID token, nonce known": {jwtauth.Expect{Nonce: "n-1", AuthorizedParty: "client-1"}, authtest.Header("typ", "jwt"), invalid(jwtauth.CheckType)},
		} {
			options := base
			if tc.option != nil {
				options = append(slices.Clone(base), tc.option)
			}
			claims, err := v.VerifyToken(t.Context(), f.mint(options...), tc.expect)
			if got := result(err); got != tc.want {
				t.Errorf("%s: %s (%s), want %s", name, got, causes(err), tc.want)
			}
			if (claims == nil) != (err != nil) {
				t.Errorf("%s: claims %v with error %v", name, claims, err)
			}
			if e, isRefusal := err.(*auth.Error); tc.want == age && (!isRefusal || e.MaxAge != tc.expect.MaxAge) { //nolint:errorlint // nothing wraps it
				t.Errorf("%s: the refusal does not say which age would do", name)
			}
		}
		// Nothing of it stays.
		if _, err := verify(t.Context(), v, f.mint(append(base, authtest.Audience(audience), authtest.WithoutClaim("nonce"))...)); err != nil {
			t.Errorf("afterwards: %s", causes(err))
		}
		// What no credential may be is no token here either.
		for raw, want := range map[string]string{
			"": malformed(auth.CheckCredentialSyntax), " " + f.mint(base...): malformed(auth.CheckCredentialSyntax), f.mint(base...) + "\n": malformed(auth.CheckCredentialSyntax),
			strings.Repeat("a", auth.MaxTokenSize+1): malformed(auth.CheckCredentialSize), "opaque": foreign(jwtauth.CheckShape),
		} {
			if _, err := v.VerifyToken(t.Context(), raw, jwtauth.Expect{}); result(err) != want {
				t.Errorf("%.10q: %s, want %s", raw, result(err), want)
			}
		}
	})
}

// A mistake in the expectation is not the token's fault, and no token is read.
func TestExpectRefusesNonsense(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.verifier(t, strict())
	for says, e := range map[string]jwtauth.Expect{
		"Expect.Audiences is empty":       {Audiences: []string{}},
		"has an empty entry; leave it":    {Audiences: []string{audience, ""}},
		"Expect.RequiredClaims has an":    {RequiredClaims: []string{""}},
		"negative duration":               {MaxAge: -1},
		"Expect has a negative duration":  {MaxLifetime: -1},
		"negative duration; use zero for": {MaxTokenAge: -time.Hour},
	} {
		claims, err := v.VerifyToken(t.Context(), f.mint(), e)
		if err == nil || claims != nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "jwtauth: ") {
			t.Errorf("%s: %v, %v", says, claims, err)
		}
		if strings.HasPrefix(result(err), "unauthenticated") {
			t.Errorf("%s is held against the token", says)
		}
	}
	if n := f.as.Requests(authtest.JWKS); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestNewRefusesMore(t *testing.T) {
	iss, err := issuer.New(issuerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	for says, edit := range map[string]func(*jwtauth.Config){
		"Config has a negative duration":    func(c *jwtauth.Config) { c.MaxLifetime = -1 },
		"Config has a negative duration; u": func(c *jwtauth.Config) { c.MaxTokenAge = -1 },
		"Config.RequiredClaims has an":      func(c *jwtauth.Config) { c.RequiredClaims = []string{"a", ""} },
		"use the URL of this service": func(c *jwtauth.Config) {
			c.Profile, c.Audiences = jwtauth.Google, []string{audience, "77-x.apps.googleusercontent.com"}
		},
	} {
		c := strict()
		edit(&c)
		if v, err := jwtauth.New(iss, c); err == nil || v != nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "jwtauth: ") {
			t.Errorf("%s: %v, %v", says, v, err)
		}
	}
	// An OAuth client of Google's is an audience like any other elsewhere.
	c := strict()
	c.Audiences = []string{"77-x.apps.googleusercontent.com"}
	if _, err := jwtauth.New(iss, c); err != nil {
		t.Error(err)
	}
	c.Profile = jwtauth.Keycloak
	if v, err := jwtauth.NewIDTokens(iss, c); err == nil || v != nil || !strings.Contains(err.Error(), "Config.Profile Keycloak is for access tokens") {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := jwtauth.NewIDTokens(nil, strict()); err == nil || v != nil {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := jwtauth.NewIDTokens(iss, jwtauth.Config{}); err == nil || v != nil {
		t.Errorf("%v, %v", v, err)
	}
}
