// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// Law 13 and 1.9-15: both agree on the token, or it is refused. The JWT is always
// a good one, with scopes read and write; the endpoint speaks of the same token,
// changed.
func TestConfirmer(t *testing.T) {
	const agreement, gadgets = introspection.CheckAgreement, "https://gadgets.test"
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
		scopes []string
	}{
		"the same":                {nil, ok, []string{"read", "write"}},
		"fewer scopes":            {map[string]any{"scope": "write admin"}, ok, []string{"write"}},
		"no scope":                {map[string]any{"scope": nil}, ok, nil},
		"no audience":             {map[string]any{"aud": nil}, ok, []string{"read", "write"}},
		"no kind":                 {map[string]any{"aud": nil, "token_type": nil}, ok, []string{"read", "write"}},
		"no issuer":               {map[string]any{"iss": nil}, ok, []string{"read", "write"}},
		"no jti":                  {map[string]any{"jti": nil}, ok, []string{"read", "write"}},
		"another subject":         {map[string]any{"sub": "user-2"}, invalid(agreement), nil},
		"no subject":              {map[string]any{"sub": nil}, invalid(agreement), nil},
		"another client":          {map[string]any{"client_id": "client-2"}, invalid(agreement), nil},
		"no client":               {map[string]any{"client_id": nil}, invalid(agreement), nil},
		"I5 another token":        {map[string]any{"jti": "token-2"}, invalid(agreement), nil},
		"another issuer":          {map[string]any{"iss": "https://other.test"}, invalid(introspection.CheckIssuer), nil},
		"another audience":        {map[string]any{"aud": "other"}, invalid(introspection.CheckAudience), nil},
		"another audience of v":   {map[string]any{"aud": gadgets}, invalid(agreement), nil},
		"both audiences":          {map[string]any{"aud": []string{gadgets, audience}}, ok, []string{"read", "write"}},
		"bound":                   {map[string]any{"cnf": map[string]string{"jkt": "x"}}, invalid(introspection.CheckBinding), nil},
		"a refresh token":         {map[string]any{"token_type": "refresh_token"}, invalid(introspection.CheckKind), nil},
		"revoked":                 {map[string]any{"active": false}, invalid(introspection.CheckActive), nil},
		"a word":                  {map[string]any{"active": "true"}, invalid(introspection.CheckActive), nil},
		"expired":                 {map[string]any{"exp": 1, "iat": nil}, expired(introspection.CheckExpiry), nil},
		"exp a string":            {map[string]any{"exp": "x"}, invalid(introspection.CheckExpiry), nil},
		"scope of another type":   {map[string]any{"scope": 5}, invalid(introspection.CheckScope), nil},
		"not yet":                 {map[string]any{"nbf": 1 << 40}, invalid(introspection.CheckNotBefore), nil},
		"subject of another type": {map[string]any{"sub": 5}, invalid(introspection.CheckSubject), nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", good(merge(map[string]any{"scope": "read write"}, tc.change))))
			token := f.as.Mint(authtest.Scopes("read", "write"), authtest.Claim("jti", "token-1"))
			wide := func(c *introspection.Config) { c.Audiences = append(c.Audiences, gadgets) }
			claims, err := verify(t.Context(), f.confirmer(t, wide), token)
			expect(t, token, claims, err, tc.want)
			if err == nil && !slices.Equal(claims.Scopes(), tc.scopes) {
				t.Errorf("scopes %q, want %q", claims.Scopes(), tc.scopes)
			}
			if n := f.as.Requests(authtest.Introspection); n != 1 {
				t.Errorf("%d questions", n)
			}
		})
	}
}

// A service may have two names. A token is for one of them, or for both.
func TestConfirmerOfTwoAudiences(t *testing.T) {
	const gadgets = "https://gadgets.test"
	f := newFixture(t)
	iss, c := f.issuer(t), f.config()
	c.Audiences = []string{audience, gadgets}
	v, err := introspection.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: c.Audiences, ClockSkew: skew})
	if err != nil {
		t.Fatal(err)
	}
	both, err := introspection.NewConfirmer(tokens, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		jwt  string
		said any
		want string
	}{
		{audience, audience, ok},
		{gadgets, gadgets, ok},
		{audience, []string{gadgets, audience}, ok},
		{audience, gadgets, invalid(introspection.CheckAgreement)},
		{gadgets, []string{audience, "other"}, invalid(introspection.CheckAgreement)},
	} {
		f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", one("aud", tc.said)))
		token := f.as.Mint(authtest.Audience(tc.jwt), authtest.Claim("jti", "token-1"))
		claims, err := verify(t.Context(), both, token)
		expect(t, token, claims, err, tc.want)
	}
}

func merge(maps ...map[string]any) map[string]any {
	merged := make(map[string]any)
	for _, m := range maps {
		for name, value := range m {
			merged[name] = value
		}
	}
	return merged
}

// What its signature or its claims refuse is not asked about, and what is not a
// JWT of the issuer is left to the next verifier.
func TestConfirmerAsksAboutGoodJWTsOnly(t *testing.T) {
	f := newFixture(t)
	c := f.confirmer(t)
	for name, tc := range map[string]struct{ token, want string }{
		"opaque":          {f.opaque(), foreign(jwtauth.CheckShape)},
		"another issuer":  {f.as.Mint(authtest.Claim("iss", "https://other.test")), foreign(jwtauth.CheckIssuer)},
		"forged":          {f.as.Mint(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), invalid(jwtauth.CheckSignature)},
		"expired":         {f.as.Mint(authtest.IssuedAt(time.Now().Add(-time.Hour))), expired(jwtauth.CheckExpiry)},
		"another service": {f.as.Mint(authtest.Audience("other")), invalid(jwtauth.CheckAudience)},
	} {
		claims, err := verify(t.Context(), c, tc.token)
		t.Log(name)
		expect(t, tc.token, claims, err, tc.want)
	}
	if n := f.as.Requests(authtest.Introspection); n != 0 {
		t.Errorf("%d questions", n)
	}
}

// The endpoint's outage is no verdict, however good the signature.
func TestConfirmerOutage(t *testing.T) {
	for name, fault := range map[string]authtest.Fault{"500": authtest.Status(500), "401": authtest.Status(401), "reset": authtest.Reset(), "HTML": authtest.Garbage("text/html", "x"), "unsupported": authtest.OAuthError(400, "unsupported_token_type")} {
		f := newFixture(t)
		f.as.FailAlways(authtest.Introspection, fault)
		_, err := verify(t.Context(), f.confirmer(t), f.as.Mint())
		if e := refusal(t, err); e.Kind != auth.KindUnavailable {
			t.Errorf("%s: %s", name, result(err))
		}
	}
}

// The shorter life wins; how long it may be kept is up to the endpoint's answer,
// and to the key.
func TestConfirmerLife(t *testing.T) {
	for name, tc := range map[string]struct {
		exp      any // what the endpoint says, seconds from now
		deadline time.Duration
		expiry   time.Duration
	}{
		"the same":      {600, 600 * time.Second, 600 * time.Second},
		"absent":        {nil, 660 * time.Second, 600 * time.Second},
		"shorter":       {30, 30 * time.Second, 30 * time.Second},
		"a little more": {630, 630 * time.Second, 600 * time.Second},
		"longer":        {6000, 660 * time.Second, 600 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				change := map[string]any{"jti": nil, "exp": nil}
				if s, isNumber := tc.exp.(int); isNumber {
					change["exp"] = time.Now().Unix() + int64(s)
				}
				f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", good(change)))
				began := time.Now()
				claims, err := verify(t.Context(), f.confirmer(t), f.as.Mint())
				if err != nil {
					t.Fatal(causes(err))
				}
				if got := claims.Deadline().Sub(began); got != tc.deadline {
					t.Errorf("deadline %v, want %v", got, tc.deadline)
				}
				if got := claims.Expiry().Sub(began); got != tc.expiry {
					t.Errorf("expiry %v, want %v", got, tc.expiry)
				}
				if !claims.ConfirmedAt().Equal(began) {
					t.Errorf("confirmed at %v", claims.ConfirmedAt())
				}
			})
		})
	}
}

// I7: in a cache a confirmed token lives as long as the answer may be kept and as its
// key is there.
func TestConfirmerInCache(t *testing.T) {
	for name, tc := range map[string]struct {
		options []authtest.TokenOption
		change  func(f *fixture, token string)
		wait    time.Duration
		asked   bool
		want    string
	}{
		"at once":               {nil, func(*fixture, string) {}, 0, false, ok},
		"revoked":               {nil, func(f *fixture, token string) { f.as.Revoke(token) }, 9 * time.Second, false, ok},
		"not fresh":             {nil, func(*fixture, string) {}, 10 * time.Second, true, ok},
		"revoked and not fresh": {nil, func(f *fixture, token string) { f.as.Revoke(token) }, 10 * time.Second, true, invalid(introspection.CheckActive)},
		"key withdrawn":         {nil, func(f *fixture, _ string) { id := f.as.KeyID(); f.as.Rotate(); f.as.WithdrawKey(id) }, 8 * time.Second, false, invalid(jwtauth.CheckKey)},
		"key withdrawn, no kid": {[]authtest.TokenOption{authtest.WithoutHeader("kid")}, func(f *fixture, _ string) { id := f.as.KeyID(); f.as.Rotate(); f.as.WithdrawKey(id) }, 8 * time.Second, false, invalid(jwtauth.CheckSignature)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				iss, err := issuer.New(issuerURL, issuer.WithTransport(f), issuer.WithTimings(issuer.Timings{Fresh: 5 * time.Second, MinFresh: time.Second}))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = iss.Close() }()
				tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}})
				if err != nil {
					t.Fatal(err)
				}
				v, err := introspection.New(iss, f.config())
				if err != nil {
					t.Fatal(err)
				}
				c, err := introspection.NewConfirmer(tokens, v)
				if err != nil {
					t.Fatal(err)
				}
				cache, err := auth.Cached(c, auth.CacheConfig{})
				if err != nil {
					t.Fatal(err)
				}
				token := f.as.Mint(tc.options...)
				if _, err := verify(t.Context(), cache, token); err != nil {
					t.Fatal(causes(err))
				}
				tc.change(f, token)
				f.as.ResetRequests()
				time.Sleep(tc.wait)
				_, err = verify(t.Context(), cache, token)
				if got := result(err); got != tc.want {
					t.Errorf("got %s (%s), want %s", got, causes(err), tc.want)
				}
				if asked := f.as.Requests(authtest.Introspection) > 0; asked != tc.asked {
					t.Errorf("asked: %v", asked)
				}
			})
		})
	}
}

// The claims are those of the JWT.
func TestConfirmerFacts(t *testing.T) {
	f := newFixture(t)
	type custom struct {
		Plan string `json:"plan"`
	}
	token := f.as.Mint(authtest.Scopes("read"), authtest.Claim("plan", "gold"), authtest.Claim("sid", "s"), authtest.Claim("acr", "2"), authtest.Claim("jti", "token-1"), authtest.Audience("x", audience))
	f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", one("plan", "tin")))
	c := f.confirmer(t, func(c *introspection.Config) { c.Custom = auth.Decode[custom]() })
	claims, err := verify(t.Context(), c, token)
	if err != nil {
		t.Fatal(causes(err))
	}
	ctx := auth.NewContext(t.Context(), claims)
	if got, err := auth.ClaimsAs[custom](ctx); err != nil || got.Plan != "gold" {
		t.Errorf("custom claims %+v, %v", got, err)
	}
	if got, err := auth.ClaimsAs[map[string]any](ctx); err != nil || got["plan"] != "gold" || got["active"] != nil {
		t.Errorf("claims %+v, %v", got, err)
	}
	if claims.Issuer() != issuerURL || claims.Subject() != "user-1" || claims.ClientID() != "client-1" || claims.Principal() != auth.PrincipalUser ||
		claims.TokenID() != "token-1" || claims.SessionID() != "s" || claims.ACR() != "2" || claims.KeyID() != f.as.KeyID() || !claims.HasAudience("x") {
		t.Errorf("%v %+v", claims, claims.Audiences())
	}
	f.as.Fail(authtest.Introspection, authtest.Garbage("application/json", one("plan", "tin")))
	_, err = verify(t.Context(), f.confirmer(t, func(c *introspection.Config) { c.Custom = auth.Decode[picky]() }), f.as.Mint(authtest.Claim("jti", "token-1")))
	if got := result(err); got != invalid(introspection.CheckCustom) {
		t.Errorf("a JWT without a plan: %s", got)
	}
}

func TestConfirmerDescribe(t *testing.T) {
	f := newFixture(t)
	want := auth.Description{Issuers: []string{issuerURL}, Audiences: []string{audience}, Asks: true}
	if got := f.confirmer(t).Describe(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !f.confirmer(t, func(c *introspection.Config) { c.GrantableScopes = []string{"read"} }).Describe().LimitsScopes {
		t.Error("scopes that both grant are limited by either")
	}
}

func TestNewConfirmerRefusesNonsense(t *testing.T) {
	f := newFixture(t)
	iss := f.issuer(t)
	other, err := issuer.New("https://other.test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tokens, err := jwtauth.New(other, jwtauth.Config{Audiences: []string{audience}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := introspection.New(iss, f.config())
	if err != nil {
		t.Fatal(err)
	}
	mine, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := f.verifier(t, func(c *introspection.Config) { c.Audiences = []string{"https://gadgets.test"} })
	for says, pair := range map[string]struct {
		tokens *jwtauth.Verifier
		v      *introspection.Verifier
	}{
		"an issuer can confirm its own tokens only": {tokens, v},
		"give them an audience in common":           {mine, elsewhere},
		"check the errors":                          {nil, v},
		"check the errors of jwtauth.New":           {tokens, nil},
	} {
		if c, err := introspection.NewConfirmer(pair.tokens, pair.v); err == nil || c != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, %v; want %q", c, err, says)
		}
	}
}

// All three modes for one issuer stand in one chain.
func TestConfirmerInChain(t *testing.T) {
	f := newFixture(t)
	iss := f.issuer(t)
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := introspection.New(iss, f.config())
	if err != nil {
		t.Fatal(err)
	}
	confirmer, err := introspection.NewConfirmer(tokens, v)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := auth.NewChain(v, confirmer)
	if err != nil {
		t.Fatal(err)
	}
	token := f.as.Mint()
	for n, step := range []struct{ token, want string }{{token, ok}, {f.opaque(), ok}} {
		if _, err := verify(t.Context(), chain, step.token); result(err) != step.want {
			t.Errorf("%d: %s", n, causes(err))
		}
	}
	f.as.Revoke(token)
	if _, err := verify(t.Context(), chain, token); result(err) != invalid(introspection.CheckActive) {
		t.Errorf("revoked: %s", result(err))
	}
}
