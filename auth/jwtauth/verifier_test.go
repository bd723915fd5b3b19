// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

func TestVerifierContract(t *testing.T) {
	f := newFixture(t, "ES256")
	// Fresh rotates, so each fresh token needs a fetch, and waits for the shortest
	// cooldown there can be.
	const least = 10 * time.Millisecond
	v := f.verifier(t, strict(), issuer.WithTimings(issuer.Timings{Cooldown: least, MinBackoff: least, MaxBackoff: least}))
	authtest.TestVerifier(t, authtest.Contract{
		Verifier: v,
		Good:     []string{f.mint(), f.mint(authtest.Audience("x", audience), authtest.Subject("client-1")), f.mint(authtest.WithoutClaim("scope"))},
		Foreign: []string{
			"opaque", "a.b", "a.b.c.d", strings.Repeat("x", auth.MaxTokenSize),
			f.mint(authtest.Claim("iss", "https://other.test")),
			f.mint(authtest.Claim("iss", issuerURL+"/")),
		},
		Bad: map[string]string{
			"expired":    f.mint(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)),
			"audience":   f.mint(authtest.Audience("other")),
			"alg none":   f.mint(authtest.Header("alg", "none"), authtest.Signature(none)),
			"signature":  f.mint(authtest.Signature(garbage)),
			"typ":        f.mint(authtest.Header("typ", "JWT")),
			"binding":    f.mint(authtest.Claim("cnf", map[string]string{"jkt": "x"})),
			"no subject": f.mint(authtest.WithoutClaim("sub")),
			"own key":    f.mint(authtest.Header("jku", "https://evil.test/jwks")),
		},
		Fresh: func() string {
			f.as.Rotate()
			time.Sleep(2 * least)
			return f.mint()
		},
		Break: func() {
			f.as.FailAlways(authtest.Discovery, authtest.Reset())
			f.as.FailAlways(authtest.JWKS, authtest.Reset())
		},
		Mend: func() {
			f.as.Recover(authtest.Discovery)
			f.as.Recover(authtest.JWKS)
			time.Sleep(2 * least)
		},
	})
}

func TestOtherSchemesAreNotHandled(t *testing.T) {
	f := newFixture(t, "ES256")
	_, err := f.verifier(t, strict()).Verify(t.Context(), auth.Credential{})
	if got, want := result(err), foreign(jwtauth.CheckScheme); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDescribe(t *testing.T) {
	f := newFixture(t, "ES256")
	c := strict()
	c.Audiences = []string{audience, "other"}
	got := f.verifier(t, c).Describe()
	if want := (auth.Description{Issuers: []string{issuerURL}, Audiences: []string{audience, "other"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A verifier is immutable, whatever becomes of what it was made from.
func TestConfigIsCopied(t *testing.T) {
	f := newFixture(t, "ES256")
	c := strict()
	c.Audiences = []string{audience}
	c.Algorithms = []string{"ES256"}
	c.GrantableScopes = []string{"read"}
	v := f.verifier(t, c)
	c.Audiences[0], c.Algorithms[0], c.GrantableScopes[0] = "x", "RS256", "write"
	claims, err := verify(t.Context(), v, f.mint(authtest.Scopes("read", "write")))
	if err != nil || !slices.Equal(claims.Scopes(), []string{"read"}) {
		t.Errorf("%v, %s", claims, causes(err))
	}
	v.Describe().Audiences[0] = "evil"
	if _, err := verify(t.Context(), v, f.mint(authtest.Audience("evil"))); err == nil {
		t.Error("whoever asked what is accepted changed it")
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	iss, err := issuer.New(issuerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	for name, tc := range map[string]struct {
		issuer *issuer.Issuer
		change func(*jwtauth.Config)
		says   string // must be in the error
	}{
		"no issuer":              {nil, func(*jwtauth.Config) {}, "check the error of issuer.New"},
		"no audience":            {iss, func(c *jwtauth.Config) { c.Audiences = nil }, "set the audience"},
		"an empty audience":      {iss, func(c *jwtauth.Config) { c.Audiences = []string{"a", ""} }, "empty entry; remove it"},
		"unknown profile":        {iss, func(c *jwtauth.Config) { c.Profile = 200 }, "use one of RFC9068, Legacy, Keycloak, Entra, Okta, Auth0, Cognito, Google, KubernetesServiceAccount, Hydra, Zitadel"},
		"unknown algorithm":      {iss, func(c *jwtauth.Config) { c.Algorithms = []string{"ES256", "ES256K"} }, `"ES256K"; known are`},
		"algorithm in lowercase": {iss, func(c *jwtauth.Config) { c.Algorithms = []string{"es256"} }, `"es256"; known are`},
		"empty algorithm":        {iss, func(c *jwtauth.Config) { c.Algorithms = []string{""} }, "known are"},
		"HS256":                  {iss, func(c *jwtauth.Config) { c.Algorithms = []string{"HS256"} }, "use an asymmetric one"},
		"HS512 beside others":    {iss, func(c *jwtauth.Config) { c.Algorithms = []string{"RS256", "HS512"} }, "use an asymmetric one"},
		"none":                   {iss, func(c *jwtauth.Config) { c.Algorithms = []string{"none"} }, `"none"; known are`},
		"skew of 301 s":          {iss, func(c *jwtauth.Config) { c.ClockSkew = 301 * time.Second }, "mend the clock"},
		"negative skew":          {iss, func(c *jwtauth.Config) { c.ClockSkew = -time.Second }, "use NoClockSkew"},
		"nothing set":            {iss, func(c *jwtauth.Config) { *c = jwtauth.Config{} }, "Config.Audiences"},
	} {
		t.Run(name, func(t *testing.T) {
			c := strict()
			tc.change(&c)
			v, err := jwtauth.New(tc.issuer, c)
			if err == nil || v != nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "jwtauth: ") {
				t.Errorf("got %v, %v; want an error with %q", v, err, tc.says)
			}
		})
	}
	// The edges are accepted.
	for _, d := range []time.Duration{0, 1, 300 * time.Second, jwtauth.NoClockSkew} {
		c := strict()
		c.ClockSkew = d
		if _, err := jwtauth.New(iss, c); err != nil {
			t.Errorf("skew %v: %v", d, err)
		}
	}
}

// tenant is a user's own claims.
type tenant struct {
	Tenant string   `json:"tenant"`
	Roles  []string `json:"roles"`
}

var (
	errNoTenant = errors.New("a token of no tenant")
	validated   atomic.Int64
)

func (t *tenant) Validate() error {
	validated.Add(1)
	if t.Tenant == "" {
		return errNoTenant
	}
	return nil
}

func TestCustomClaims(t *testing.T) {
	f := newFixture(t, "ES256")
	c := strict()
	c.Custom = auth.Decode[tenant]()
	custom := invalid(jwtauth.CheckCustom)
	f.run(t, c, []row{
		{"good", with(authtest.Claim("tenant", "t1")), ok},
		{"Validate fails", with(), custom},
		{"Validate fails on an empty value", with(authtest.Claim("tenant", "")), custom},
		{"wrong type", with(authtest.Claim("tenant", 5)), custom},
		{"wrong type of an element", with(authtest.Claim("tenant", "t1"), authtest.Claim("roles", []any{5})), custom},
		{"another case is another claim", with(authtest.Claim("Tenant", "t1")), custom},
		{"U+017F is no s", with(authtest.Claim("tenant", "t1"), authtest.Claim("role\u017f", []string{"admin"})), ok},
		{"a bad token is not decoded for its error", with(authtest.Claim("tenant", 5), authtest.Audience("x")), invalid(jwtauth.CheckAudience)},
		{"nor an expired one", with(authtest.Claim("tenant", 5), authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)), expired(jwtauth.CheckExpiry)},
	})

	v := f.verifier(t, c)
	before := validated.Load()
	claims, err := verify(t.Context(), v, f.mint(authtest.Claim("tenant", "t1"), authtest.Claim("roles", []string{"a"}), authtest.Claim("Roles2", 1)))
	if err != nil {
		t.Fatal(err, causes(err))
	}
	ctx := auth.NewContext(t.Context(), claims)
	for range 3 {
		got, err := auth.ClaimsAs[tenant](ctx)
		if err != nil || got.Tenant != "t1" || !slices.Equal(got.Roles, []string{"a"}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if n := validated.Load() - before; n != 1 {
		t.Errorf("decoded and validated %d times, want once", n)
	}
	// Another type is decoded from the payload, strictly.
	type subject struct {
		Sub string `json:"sub"`
	}
	if got, err := auth.ClaimsAs[subject](ctx); err != nil || got.Sub != "user-1" {
		t.Errorf("%+v, %v", got, err)
	}
	type wrong struct {
		Sub int `json:"sub"`
	}
	if got, err := auth.ClaimsAs[wrong](ctx); err == nil {
		t.Errorf("a string read as a number: %+v", got)
	}
	_, err = verify(t.Context(), v, f.mint())
	if !errors.Is(err, errNoTenant) {
		t.Errorf("the cause of the refusal is lost: %s", causes(err))
	}
}

// No error quotes what it refuses: a log must not become a way to write into
// the log, nor to read tokens.
func TestErrorsQuoteNothing(t *testing.T) {
	f := newFixture(t, "ES256")
	const canary = "canary-7f3a"
	c := strict()
	c.Custom = auth.Decode[tenant]()
	options := map[string]authtest.TokenOption{
		"header text":                    authtest.RawHeader(canary),
		"header JSON":                    authtest.RawHeader(`{"` + canary + `":`),
		"header twice":                   authtest.RawHeader(`{"` + canary + `":1,"` + canary + `":2}`),
		"claims text":                    authtest.RawClaims(canary),
		"claims JSON":                    authtest.RawClaims(`{"` + canary + `":1,}`),
		"claims twice":                   authtest.RawClaims(`{"` + canary + `":1,"` + canary + `":2}`),
		"good but for the custom claims": authtest.Claim("tenant", map[string]string{canary: canary}),
	}
	for _, name := range []string{"alg", "typ", "kid", "crit", "jku", "jwk", "cty", "enc"} {
		options["header "+name] = authtest.Header(name, canary)
		options["header array "+name] = authtest.Header(name, []string{canary})
	}
	for _, name := range []string{"iss", "aud", "exp", "nbf", "iat", "cnf", "act", "authorization_details", "auth_time"} {
		options["claim "+name] = authtest.Claim(name, canary)
	}
	for _, name := range []string{"iss", "aud", "sub", "client_id", "jti", "sid", "acr", "auth_time", "act", "authorization_details", "scope", "exp", "nbf", "iat"} {
		options["claim object "+name] = authtest.Claim(name, map[string]string{canary: canary})
	}
	for name, o := range options {
		token := f.mint(authtest.Claim("tenant", 5), o)
		_, err := verify(t.Context(), f.verifier(t, c), token)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if found := leak(err, append(parts(token), canary)...); found != "" {
			t.Errorf("%s: %s", name, found)
		}
	}
	// Neither does what a Guard reports.
	var printed strings.Builder
	record := auth.ObserverFunc(func(_ context.Context, e auth.Event) {
		_, _ = fmt.Fprintf(&printed, "%v %+v %#v\n", e, e, e)
		auth.SlogObserver(slog.New(slog.NewTextHandler(&printed, nil))).Observe(context.Background(), e)
	})
	guard, err := auth.NewGuard(f.verifier(t, c), auth.Rules{"/a.B/C": {}}, auth.WithObserver(record))
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range options {
		token := f.mint(authtest.Claim("tenant", 5), o)
		_, err := guard.Check(t.Context(), &auth.Request{Procedure: "/a.B/C", Carrier: header{"Bearer " + token}})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		for _, secret := range append(parts(token), canary) {
			if strings.Contains(printed.String(), secret) {
				t.Errorf("%s: the event holds %.60q", name, secret)
			}
		}
		printed.Reset()
	}
}

// header is a carrier of Authorization values.
type header []string

func (h header) Values(context.Context, string) []string  { return h }
func (h header) TLS(context.Context) *tls.ConnectionState { return nil }
