// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

func TestNewRefusesNonsense(t *testing.T) {
	f := newFixture(t)
	iss := f.issuer(t)
	type config = introspection.Config
	for name, tc := range map[string]struct {
		change func(*config)
		says   string
	}{
		"nothing":           {func(c *config) { *c = config{} }, "Config.Audiences is empty"},
		"no audience":       {func(c *config) { c.Audiences = nil }, "set the audience"},
		"an empty audience": {func(c *config) { c.Audiences = []string{"a", ""} }, "empty entry; remove it"},
		"an empty prefix":   {func(c *config) { c.Prefixes = []string{""} }, "Config.Prefixes has an empty entry"},
		"an empty claim":    {func(c *config) { c.RequiredClaims = []string{""} }, "Config.RequiredClaims has an empty entry"},
		"an empty scopes":   {func(c *config) { c.Claims.Scopes = []string{""} }, "Config.Claims.Scopes has an empty entry"},
		"an empty roles":    {func(c *config) { c.Claims.Roles = []string{""} }, "Config.Claims.Roles has an empty entry"},

		"no authentication":     {func(c *config) { c.Auth = nil }, "or None()"},
		"basic without id":      {func(c *config) { c.Auth = clientauth.ClientSecretBasic("", clientauth.SecretText("s")) }, "client_secret_basic without a client id"},
		"basic without secret":  {func(c *config) { c.Auth = clientauth.ClientSecretBasic("i", clientauth.SecretText("")) }, "client_secret_basic without a secret"},
		"post without id":       {func(c *config) { c.Auth = clientauth.ClientSecretPost("", clientauth.SecretText("s")) }, "client_secret_post without a client id"},
		"post without secret":   {func(c *config) { c.Auth = clientauth.ClientSecretPost("i", clientauth.SecretFunc(nil)) }, "client_secret_post without a secret"},
		"bearer without token":  {func(c *config) { c.Auth = clientauth.Bearer(clientauth.SecretText("")) }, "bearer without a token"},
		"bearer without source": {func(c *config) { c.Auth = clientauth.Bearer(clientauth.SecretFunc(nil)) }, "bearer without a token"},

		"plain http":       {func(c *config) { c.Endpoint = "http://as.test/introspect" }, "use https"},
		"no URL":           {func(c *config) { c.Endpoint = "introspect" }, "write https:// and the host"},
		"a user in it":     {func(c *config) { c.Endpoint = "https://a:b@as.test/" }, "user information"},
		"a fragment":       {func(c *config) { c.Endpoint = "https://as.test/#a" }, "a fragment"},
		"unknown tokens":   {func(c *config) { c.Tokens = 9 }, "use Opaque or OpaqueAndJWT"},
		"HS256":            {func(c *config) { c.Signed = introspection.Signed{ClientID: "a", Algorithms: []string{"HS256"}} }, `"HS256"; known are`},
		"none":             {func(c *config) { c.Signed = introspection.Signed{ClientID: "a", Algorithms: []string{"none"}} }, `"none"; known are`},
		"signed for whom?": {func(c *config) { c.Signed.Algorithms = []string{"ES256"} }, "no ClientID"},

		"positive TTL too long": {func(c *config) { c.PositiveTTL = time.Hour + 1 }, "a revoked token would be accepted"},
		"positive TTL negative": {func(c *config) { c.PositiveTTL = -time.Second }, "Config.PositiveTTL is negative"},
		"negative TTL too long": {func(c *config) { c.NegativeTTL = time.Minute + 1 }, "Config.NegativeTTL"},
		"timeout too long":      {func(c *config) { c.Timeout = 31 * time.Second }, "Config.Timeout"},
		"no timeout":            {func(c *config) { c.Timeout = -1 }, "Config.Timeout is negative"},
		"skew of 301 s":         {func(c *config) { c.ClockSkew = 301 * time.Second }, "mend the clock"},
		"negative skew":         {func(c *config) { c.ClockSkew = -time.Second }, "Config.ClockSkew is negative"},
		"stale for too long":    {func(c *config) { c.StaleOnError = time.Hour + 1 }, "revoked during an outage"},
		"stale, negative":       {func(c *config) { c.StaleOnError = -1 }, "Config.StaleOnError is negative"},
		"stale, but not kept":   {func(c *config) { c.StaleOnError, c.PositiveTTL = time.Second, introspection.NoTTL }, "keeps no answers"},
		"nothing in flight":     {func(c *config) { c.MaxInFlight = -1 }, "Config.MaxInFlight is negative"},
		"negative attempts":     {func(c *config) { c.Retry.Attempts = -1 }, "Config.Retry has a negative bound"},
		"backoff upside down":   {func(c *config) { c.Retry = introspection.Retry{MinBackoff: 2, MaxBackoff: 1} }, "lower it"},
		"negative failures":     {func(c *config) { c.Breaker.Failures = -1 }, "Config.Breaker has a negative bound"},
		"open upside down":      {func(c *config) { c.Breaker = introspection.Breaker{MinOpen: 2, MaxOpen: 1} }, "lower it"},
	} {
		t.Run(name, func(t *testing.T) {
			c := f.config()
			tc.change(&c)
			v, err := introspection.New(iss, c)
			if err == nil || v != nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "introspection: ") {
				t.Errorf("got %v, %v; want an error with %q", v, err, tc.says)
			}
		})
	}
	if _, err := introspection.New(nil, f.config()); err == nil || !strings.Contains(err.Error(), "issuer.New") {
		t.Errorf("no issuer: %v", err)
	}
	// The edges are accepted, and one end of a range alone.
	for _, change := range []func(*config){
		func(c *config) {
			c.PositiveTTL, c.NegativeTTL, c.Timeout, c.ClockSkew = time.Hour, time.Minute, 30*time.Second, 300*time.Second
		},
		func(c *config) {
			c.PositiveTTL, c.NegativeTTL, c.ClockSkew = introspection.NoTTL, introspection.NoTTL, introspection.NoClockSkew
		},
		func(c *config) { c.Retry.MaxBackoff, c.Breaker.MaxOpen = time.Millisecond, time.Millisecond },
		func(c *config) { c.Retry.MinBackoff, c.Breaker.MinOpen = time.Minute, time.Minute },
		func(c *config) { c.MaxInFlight = 1 },
		func(c *config) { c.Endpoint = "http://127.0.0.1/introspect?tenant=a" },
	} {
		c := f.config()
		change(&c)
		if _, err := introspection.New(iss, c); err != nil {
			t.Error(err)
		}
	}
}

func TestDescribe(t *testing.T) {
	f := newFixture(t)
	v := f.verifier(t, func(c *introspection.Config) { c.Audiences = []string{audience, "other"} })
	if got, want := v.Describe(), (auth.Description{Issuers: []string{issuerURL}, Audiences: []string{audience, "other"}, Asks: true}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	limited := f.verifier(t, func(c *introspection.Config) { c.GrantableScopes = []string{} })
	if !limited.Describe().LimitsScopes {
		t.Error("an empty list of grantable scopes is none")
	}
}

// A verifier is immutable, whatever becomes of what it was made from.
func TestConfigIsCopied(t *testing.T) {
	f := newFixture(t)
	c := f.config()
	c.Audiences = []string{audience}
	c.GrantableScopes = []string{"read"}
	c.Prefixes = []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "2", "3", "4", "5", "6", "7"}
	c.RequiredClaims = []string{"iss"}
	c.Claims = jwtauth.ClaimNames{Scopes: []string{"scope"}, Roles: []string{"roles"}}
	v, err := introspection.New(f.issuer(t), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Audiences[0], c.GrantableScopes[0], c.RequiredClaims[0], c.Claims.Scopes[0], c.Claims.Roles[0] = "x", "write", "x", "x", "x"
	for i := range c.Prefixes {
		c.Prefixes[i] = "x"
	}
	claims, err := verify(t.Context(), v, f.opaque(authtest.Scopes("read", "write"), authtest.Claim("roles", "r")))
	if err != nil || !slices.Equal(claims.Scopes(), []string{"read"}) || !claims.HasRole("r") {
		t.Errorf("%v, %s", claims, causes(err))
	}
	v.Describe().Audiences[0] = "evil"
	if _, err := verify(t.Context(), v, f.opaque(authtest.Audience("evil"))); err == nil {
		t.Error("whoever asked what is accepted changed it")
	}
}

// Nothing is asked before there is a token, the metadata only for the endpoint,
// and not at all if that is given.
func TestEndpoint(t *testing.T) {
	for name, tc := range map[string]struct {
		endpoint string
		metadata any // of introspection_endpoint; nil removes
		down     bool
		want     string
		says     string
		events   []auth.EventName
	}{
		"discovered":             {"", issuerURL + "/introspect", false, ok, "", nil},
		"given":                  {issuerURL + "/introspect", nil, true, ok, "", nil},
		"not announced":          {"", nil, false, unavailable(introspection.CheckEndpoint), "set Config.Endpoint", []auth.EventName{introspection.EventMisconfigured}},
		"plain http":             {"", "http://as.test/introspect", false, unavailable(introspection.CheckEndpoint), "plain http", []auth.EventName{introspection.EventMisconfigured}},
		"no string":              {"", 5, false, unavailable(introspection.CheckEndpoint), "JSON type", []auth.EventName{introspection.EventMisconfigured}},
		"metadata not available": {"", issuerURL + "/introspect", true, unavailable(introspection.CheckEndpoint), "fetch metadata", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.SetMetadata("introspection_endpoint", tc.metadata)
			if tc.down {
				f.as.FailAlways(authtest.Discovery, authtest.Status(500))
			}
			v := f.verifier(t, func(c *introspection.Config) { c.Endpoint = tc.endpoint })
			if n := f.as.Requests(authtest.Discovery); n != 0 {
				t.Fatalf("%d requests for metadata before there was a token", n)
			}
			for range 2 {
				token := f.opaque()
				claims, err := verify(t.Context(), v, token)
				expect(t, token, claims, err, tc.want)
				if !strings.Contains(causes(err), tc.says) {
					t.Errorf("%s does not say %q", causes(err), tc.says)
				}
			}
			if n := f.as.Requests(authtest.Discovery); n > 1 || tc.endpoint != "" && n > 0 {
				t.Errorf("%d requests for metadata", n)
			}
			if got := f.heard(); !slices.Equal(got, tc.events) {
				t.Errorf("events %q", got)
			}
		})
	}
}

func TestClosedIssuer(t *testing.T) {
	f := newFixture(t)
	iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	v, err := introspection.New(iss, f.config())
	if err != nil {
		t.Fatal(err)
	}
	_ = iss.Close()
	token := f.opaque()
	claims, err := verify(t.Context(), v, token)
	expect(t, token, claims, err, unavailable(introspection.CheckEndpoint))
	for range 2 {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTokensString(t *testing.T) {
	for tokens, want := range map[introspection.Tokens]string{introspection.Opaque: "Opaque", introspection.OpaqueAndJWT: "OpaqueAndJWT", 7: "Tokens(7)"} {
		if got := tokens.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A guard behind this verifier may have rules that ask for a fresh answer, and
// gets one each time.
func TestFreshRule(t *testing.T) {
	f := newFixture(t)
	guard, err := auth.NewGuard(f.verifier(t), auth.Rules{"/a.B/Read": {}, "/a.B/Pay": {Fresh: true}})
	if err != nil {
		t.Fatal(err)
	}
	token := f.opaque()
	call := func(procedure string) error {
		_, err := guard.Check(t.Context(), &auth.Request{Procedure: procedure, Carrier: carrier(token)})
		return err
	}
	for n, step := range []struct {
		procedure string
		asked     int
		revoke    bool
		want      string
	}{
		{"/a.B/Read", 1, false, ok}, {"/a.B/Read", 1, false, ok}, {"/a.B/Pay", 2, false, ok}, {"/a.B/Pay", 3, false, ok},
		{"/a.B/Read", 3, true, ok}, {"/a.B/Pay", 4, false, invalid(introspection.CheckActive)}, {"/a.B/Read", 4, false, invalid(introspection.CheckActive)},
	} {
		if step.revoke {
			f.as.Revoke(token)
		}
		if got := result(call(step.procedure)); got != step.want {
			t.Errorf("step %d: %s, want %s", n, got, step.want)
		}
		if got := f.as.Requests(authtest.Introspection); got != step.asked {
			t.Errorf("step %d: %d questions, want %d", n, got, step.asked)
		}
	}
}

// carrier is a request with a bearer token.
type carrier string

func (c carrier) Values(_ context.Context, name string) []string {
	if strings.EqualFold(name, "authorization") {
		return []string{"Bearer " + string(c)}
	}
	return nil
}

func (carrier) TLS(context.Context) *tls.ConnectionState { return nil }

// Without a transport of its own the endpoint is reached as the issuer is.
func TestTheIssuersWay(t *testing.T) {
	f := newFixture(t)
	iss, err := issuer.New(issuerURL, issuer.WithTransport(f), issuer.WithUserAgent("widgets/1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	agent := ""
	f.asked = func(r *http.Request) { agent = r.UserAgent() }
	v, err := introspection.New(iss, introspection.Config{Audiences: []string{audience}, Auth: clientauth.None()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	c, err := auth.NewBearer("made-up")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), c); err == nil || agent != "widgets/1" {
		t.Errorf("asked by %q: %v", agent, err)
	}
}
