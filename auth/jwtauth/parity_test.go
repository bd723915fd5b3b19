// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// Two token verifiers that people come from: what each can do (1.1, 1.2 and 1.6
// of the one, 2.1 to 2.3 of the other), and what is wrong with it (1.9, 2.4).
// Here is what is done about each line. Where the outcome is another one on
// purpose, a law of behaviour says so.
const (
	lawStrict    = "law 7, strict in: asymmetric algorithms of an allow-list, https, no type coerced"
	lawAuthority = "law 12, authority stays with its issuer"
	lawAnswers   = "law 2, three answers: an outage is never the caller's fault"
	// later is for lines about what is not built yet.
	later = "introspection and how a client authenticates for it"
)

// seedLine is a line of those lists.
type seedLine struct {
	line, says string
	// law is why the outcome differs, if it does.
	law string
	// tests show the outcome, and so do the cases of the corpus.
	tests []testRef
	cases []string
	// waits says what the line is about, if that is not built yet.
	waits string
}

var seedLines = []seedLine{
	{line: "1.1", says: "metadata at the issuer and the well-known path, slashes at the end trimmed", tests: []testRef{in(inIssuer, "TestWellKnown", "https://as.test/t1/"), in(here, "TestSeedTrailingSlash")}},
	{line: "1.1", says: "a time limit, and once per process", tests: []testRef{in(here, "TestIssuerDownAtStart", "hang"), in(here, "TestSeedIsAskedOnce")}},
	{line: "1.1", says: "jwks_uri and issuer are required; the introspection endpoint, its methods and the logout endpoint are read", tests: []testRef{in(inIssuer, "TestParseMetadata", "no issuer", "no jwks_uri"), in(inIssuer, "TestMetadata"), in(inIssuer, "TestLogoutURL")}},
	{line: "1.1", says: "the metadata name the configured issuer, but for a slash", law: lawAuthority, tests: []testRef{in(here, "TestSeedTrailingSlash"), in(inIssuer, "TestIssuerThatNamesAnother")}},
	{line: "1.1", says: "no network, no answer, no JSON: an error of its own", law: lawAnswers, tests: []testRef{in(here, "TestIssuerDownAtStart", "500", "reset", "garbage", "HTML")}},
	{line: "1.1", says: "a bundle of private CAs besides the system's; none in it is an error before any request", tests: []testRef{in(inIssuer, "TestTLS", "known CA"), in(inIssuer, "TestNewRefusesContradictions", "no certificate")}},
	{line: "1.1", says: "a refresh interval", tests: []testRef{in(inIssuer, "TestRefreshAhead"), in(inIssuer, "TestCacheControl")}},
	{line: "1.1", says: "claims for tenant, user and roles", tests: []testRef{in(here, "TestSeedClaimNames"), in(here, "TestClaimNames")}},
	{line: "1.1", says: "copies share the keys", tests: []testRef{in(here, "TestSeedIsAskedOnce")}},
	{line: "1.2", says: "kid is required", tests: []testRef{in(here, "TestSeedVerify", "no kid, several keys", "no kid, one key")}, cases: []string{"A-56"}},
	{line: "1.2", says: "RSA, PSS, ECDSA and EdDSA; neither HMAC, none nor ES512", tests: []testRef{in(here, "TestAlgorithms"), in(here, "TestSeedVerify", "ES512, by default")}, cases: []string{"J1", "J2"}},
	{line: "1.2", says: "exp, iss and aud are required; iss is compared as it stands; 60 s of leeway", cases: []string{"C1", "C2", "C6", "C7", "A-34", "A-36", "A-37"}},
	{line: "1.2", says: "tenant and user are strings, roles the strings of a list", law: lawStrict, tests: []testRef{in(here, "TestSeedClaimNames", "a role is no string")}},
	{line: "1.2", says: "a bad signature or an unknown kid has the keys fetched again, once", tests: []testRef{in(here, "TestIssuerReplacesAKeyUnderItsID"), in(here, "TestRotation")}},
	{line: "1.6", says: "the logout URL, with three parameters in their order, behind a query that is there", tests: []testRef{in(inIssuer, "TestLogoutURL", "nothing announced", "bare", "the usual three", "with a query")}},

	{line: "1.9-1", says: "every unknown kid and bad signature is a request to the issuer", tests: []testRef{in(here, "TestUnknownKeyFlood"), in(here, "TestSeedForgedFlood"), in(inIssuer, "TestUnknownKeys")}},
	{line: "1.9-2", says: "a fetch holds everybody up", tests: []testRef{in(here, "TestSeedSlowFetch"), in(inIssuer, "TestColdStartIsOneFetch")}},
	{line: "1.9-3", says: "no old keys in an outage; metadata are never read again", tests: []testRef{in(here, "TestOutageOfAKnownIssuer"), in(inIssuer, "TestKeysMayMoveOnTheirOrigin")}},
	{line: "1.9-4", says: "one key of an unknown kind loses the whole set", tests: []testRef{in(here, "TestSeedVerify", "a set with a kind nobody knows"), in(inIssuer, "TestParseKeySet", "one bad")}, cases: []string{"K7"}},
	{line: "1.9-5", says: "nbf, iat, use, key_ops, alg and typ are not looked at", cases: []string{"C3", "C4", "K9", "J15"}},
	{line: "1.9-6", says: "a slash at the end matters in one place and not in the other", tests: []testRef{in(here, "TestSeedTrailingSlash")}},
	{line: "1.9-7", says: "an outage becomes a 401, with the issuer's answer in it", law: lawAnswers, tests: []testRef{in(here, "TestSeedOutageQuotesNothing")}},
	{line: "1.9-8", says: "client_id is missing under mutual TLS", waits: later},
	{line: "1.9-9", says: "a default method where there is none", waits: later},
	{line: "1.9-10", says: "the order of calls matters", waits: later},
	{line: "1.9-11", says: "a retry replays an assertion", waits: later},
	{line: "1.9-12", says: "a refresh of the certificate hangs", waits: later},
	{line: "1.9-13", says: "a renewed certificate is not noticed", waits: later},
	{line: "1.9-14", says: "secrets print", waits: later, tests: []testRef{in(here, "TestErrorsQuoteNothing")}},
	{line: "1.9-15", says: "the answer is not bound to the JWT", waits: later},
	{line: "1.9-16", says: "a logout URL without client_id, logout_hint and ui_locales, and with a fragment in the middle", tests: []testRef{in(inIssuer, "TestLogoutURL", "the others", "with a fragment", "with both")}},
	{line: "1.9-17", says: "the documentation calls what does not exist", waits: "the documents, whose code is compiled"},

	{line: "2.1", says: "an issuer is required", tests: []testRef{in(here, "TestSeedRefusals", "no issuer")}},
	{line: "2.1", says: "discovery in the constructor, whose errors nobody sees", tests: []testRef{in(inIssuer, "TestNothingIsFetchedBeforeTheFirstToken"), in(inIssuer, "TestWaitReady")}},
	{line: "2.1", says: "which algorithms are supported, and a copy of the keys", tests: []testRef{in(inIssuer, "TestKeysAndSupports")}},
	{line: "2.1", says: "refresh, forced or when it is time", tests: []testRef{in(inIssuer, "TestRefresh")}},
	{line: "2.1", says: "an URL of the keys that takes discovery's place", tests: []testRef{in(inIssuer, "TestJWKSURL")}},
	{line: "2.1", says: "a user agent, and conditional requests", tests: []testRef{in(inIssuer, "TestTLS", "known CA"), in(inHTTP, "TestGetJSON", "JSON"), in(inIssuer, "TestConditionalRequests")}},
	{line: "2.1", says: "no jwks_uri, no keys, no connection, an error: errors", law: lawAnswers, tests: []testRef{in(inIssuer, "TestParseMetadata", "no jwks_uri"), in(inIssuer, "TestParseKeySet", "no keys"), in(here, "TestIssuerDownAtStart", "reset", "500")}},
	{line: "2.1", says: "algorithms of a list, or else those that the metadata announce", law: lawStrict, tests: []testRef{in(here, "TestSeedAnnouncedAlgorithms")}},
	{line: "2.1", says: "unsigned tokens, if so configured", law: lawStrict, tests: []testRef{in(here, "TestSeedRefusals", "unsigned tokens")}},
	{line: "2.1", says: "nonce, max_age, one or several audiences, per token", tests: []testRef{in(here, "TestVerifyToken", "nonce of another", "max age, too old", "the other audience"), in(here, "TestSeedVerify", "one of several audiences")}},
	{line: "2.2", says: "tokens and outcomes", tests: []testRef{in(here, "TestSeedVerify"), in(here, "TestSeedTrailingSlash"), in(here, "TestSeedRefusals")}},
	{line: "2.3", says: "keys of a file", law: lawStrict, tests: []testRef{in(here, "TestSeedKeysOfAFile"), in(here, "TestSeedRefusals", "keys of a file URL")}},
	{line: "2.3", says: "iss, aud and sub of the example; its audience and another", tests: []testRef{in(here, "TestSeedKeysOfAFile")}},
	{line: "2.3", says: "HS256 by a key from the key set", law: lawStrict, tests: []testRef{in(here, "TestSeedSymmetricKey"), in(here, "TestSeedRefusals", "HS256")}},

	{line: "2.4-1", says: "EdDSA crashes", tests: []testRef{in(here, "TestSeedVerify", "EdDSA", "Ed25519")}},
	{line: "2.4-2", says: "no kid or an unknown one is a TypeError", tests: []testRef{in(here, "TestSeedVerify", "unknown kid", "no kid, one key", "no kid, several keys")}, cases: []string{"A-56", "J7"}},
	{line: "2.4-3", says: "after a rotation good tokens are refused for as long as keys are kept", tests: []testRef{in(here, "TestRotation"), in(here, "TestUnknownKey")}},
	{line: "2.4-4", says: "an exception is returned as the key", law: lawStrict, tests: []testRef{in(here, "TestSeedRefusals", "unsigned tokens"), in(here, "TestSeedVerify", "unsigned")}},
	{line: "2.4-5", says: "what the metadata announce is allowed, none included", law: lawStrict, tests: []testRef{in(here, "TestSeedAnnouncedAlgorithms")}},
	{line: "2.4-6", says: "keys for encryption, and of another alg", cases: []string{"K9", "J3", "J4"}},
	{line: "2.4-7", says: "max_age means nothing where auth_time is absent or has a fraction", tests: []testRef{in(here, "TestVerifyToken", "max age, absent", "max age, fraction", "max age, text")}},
	{line: "2.4-8", says: "the issuer of the metadata, http, file: and the size of a document are not looked at", law: lawStrict, tests: []testRef{in(here, "TestSeedMetadata"), in(inIssuer, "TestParseMetadata", "evil", "jwks_uri is http", "jwks_uri is a file"), in(inHTTP, "TestGetJSON", "over the limit"), in(here, "TestIssuerDownAtStart", "endless")}},
	{line: "2.4-9", says: "a validator of one URL goes to another", tests: []testRef{in(inIssuer, "TestConditionalRequests")}},
	{line: "2.4-10", says: "one error fails all tokens, and every token asks again", tests: []testRef{in(here, "TestOutageOfAKnownIssuer"), in(here, "TestIssuerDownAtStart"), in(inIssuer, "TestColdIssuerThatIsDown")}},
	{line: "2.4-11", says: "a request under a lock stops everybody", tests: []testRef{in(here, "TestSeedSlowFetch"), in(here, "TestCallerGivesUp")}},
	{line: "2.4-12", says: "an object that its constructor did not make works up to the first call", tests: []testRef{in(here, "TestSeedZeroValues")}},
}

func TestEverySeedLineIsAnswered(t *testing.T) {
	cases := make(map[string]bool)
	for _, c := range attackCorpus(t) {
		cases[c.ID] = true
	}
	answered := make(map[string]bool)
	for _, l := range seedLines {
		answered[l.line] = true
		if len(l.tests)+len(l.cases) == 0 && l.waits == "" {
			t.Errorf("%s %s: nothing shows it", l.line, l.says)
		}
		for _, test := range l.tests {
			if err := test.check(); err != nil {
				t.Errorf("%s %s: %v", l.line, l.says, err)
			}
		}
		for _, id := range l.cases {
			if !cases[id] {
				t.Errorf("%s %s: the corpus has no %s", l.line, l.says, id)
			}
		}
	}
	wanted := []string{"1.1", "1.2", "1.6", "2.1", "2.2", "2.3"}
	for n := 1; n <= 17; n++ {
		wanted = append(wanted, fmt.Sprint("1.9-", n))
	}
	for n := 1; n <= 12; n++ {
		wanted = append(wanted, fmt.Sprint("2.4-", n))
	}
	for _, line := range wanted {
		if !answered[line] {
			t.Errorf("%s has no answer", line)
		}
	}
}

// Line 2.2, and what 1.2, 1.9 and 2.4 add: RSA keys, 60 s of leeway.
func TestSeedVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, "RS256")
		now := time.Now().Unix()
		es256, es384, es512, ed := f.as.AddKey("ES256"), f.as.AddKey("ES384"), f.as.AddKey("ES512"), f.as.AddKey("EdDSA")
		second := f.as.AddKey("RS256")
		f.as.WithdrawKey(second)
		secret := hmacBy("secret")
		at := func(claim string, offset int64) authtest.TokenOption { return authtest.Claim(claim, now+offset) }
		by := authtest.SignedBy
		noAudience, unallowed, noKey := invalid(jwtauth.CheckAudience), invalid(jwtauth.CheckAlgorithm), invalid(jwtauth.CheckKey)
		for name, tc := range map[string]struct {
			options   []authtest.TokenOption
			audiences []string // nil for the configured one
			want      string
		}{
			"valid":                    {nil, nil, ok},
			"valid, audience expected": {nil, []string{audience}, ok},
			"one of several audiences": {nil, []string{"x", audience}, ok},
			"aud is a list":            {[]authtest.TokenOption{authtest.Audience("y", audience)}, []string{"x", audience}, ok},
			"another audience":         {[]authtest.TokenOption{authtest.Audience("other")}, nil, noAudience},
			"another one expected":     {nil, []string{"other"}, noAudience},
			// There a token with aud passes if nobody asks for one. Here somebody
			// always does.
			"no aud":               {[]authtest.TokenOption{authtest.WithoutClaim("aud")}, nil, noAudience},
			"no aud, one expected": {[]authtest.TokenOption{authtest.WithoutClaim("aud")}, []string{audience}, noAudience},
			"exp 30 s ago":         {[]authtest.TokenOption{at("iat", -600), at("exp", -30)}, nil, ok},
			"exp 90 s ago":         {[]authtest.TokenOption{at("iat", -600), at("exp", -90)}, nil, expired(jwtauth.CheckExpiry)},
			"no exp":               {[]authtest.TokenOption{authtest.WithoutClaim("exp")}, nil, invalid(jwtauth.CheckExpiry)},
			"no iat":               {[]authtest.TokenOption{authtest.WithoutClaim("iat")}, nil, invalid(jwtauth.CheckIssuedAt)},
			"iat in 30 s":          {[]authtest.TokenOption{at("iat", 30)}, nil, ok},
			"iat in 90 s":          {[]authtest.TokenOption{at("iat", 90)}, nil, invalid(jwtauth.CheckIssuedAt)},
			"nbf in 90 s":          {[]authtest.TokenOption{at("nbf", 90)}, nil, invalid(jwtauth.CheckNotBefore)},
			// lawAuthority: there the caller may name another issuer whose tokens
			// pass; here there is nothing to name one with.
			"another issuer":        {[]authtest.TokenOption{authtest.Claim("iss", "https://other.test")}, nil, foreign(jwtauth.CheckIssuer)},
			"a slash more":          {[]authtest.TokenOption{authtest.Claim("iss", issuerURL+"/")}, nil, foreign(jwtauth.CheckIssuer)},
			"crit of an unknown":    {[]authtest.TokenOption{authtest.Header("crit", []string{"x"}), authtest.Header("x", 1)}, nil, invalid(jwtauth.CheckCritical)},
			"ES256":                 {[]authtest.TokenOption{by(es256)}, nil, ok},
			"EdDSA":                 {[]authtest.TokenOption{by(ed)}, nil, ok},
			"Ed25519":               {[]authtest.TokenOption{by(ed), authtest.Header("alg", "Ed25519")}, nil, ok},
			"ES384, by default":     {[]authtest.TokenOption{by(es384)}, nil, unallowed},
			"ES512, by default":     {[]authtest.TokenOption{by(es512)}, nil, unallowed},
			"HS256, by default":     {[]authtest.TokenOption{authtest.Header("alg", "HS256"), secret}, nil, unallowed},
			"unsigned":              {[]authtest.TokenOption{authtest.Header("alg", "none"), authtest.Signature(none)}, nil, unallowed},
			"unsigned, without kid": {[]authtest.TokenOption{authtest.Header("alg", "none"), authtest.WithoutHeader("kid"), authtest.Signature(none)}, nil, unallowed},
			"unknown kid":           {[]authtest.TokenOption{authtest.Header("kid", "x")}, nil, noKey},
			"no kid, one key":       {[]authtest.TokenOption{authtest.WithoutHeader("kid")}, nil, ok},
		} {
			// The cooldown of the unknown kid is nobody else's concern.
			v := f.verifier(t, strict())
			_, err := v.VerifyToken(t.Context(), f.mint(tc.options...), jwtauth.Expect{Audiences: tc.audiences})
			wantOutcome(t, name, result(err), tc.want)
		}
		for name, keys := range map[string][]string{
			"no kid, several keys": {string(f.as.PublicJWK(f.as.KeyID())), string(f.as.PublicJWK(second))},
			"a set with a kind nobody knows": {
				`{"kty":"AKP","alg":"ML-DSA-65","kid":"pq","pub":"AQAB"}`, `{"kty":"RSA","alg":"RSA-OAEP-512","use":"sig","kid":"oaep","n":"AQAB","e":"AQAB"}`, string(f.as.PublicJWK(f.as.KeyID())),
			},
		} {
			f.keySet(keys...)
			want := map[bool]string{true: noKey, false: ok}[name == "no kid, several keys"]
			_, err := verify(t.Context(), f.verifier(t, strict()), f.mint(authtest.WithoutHeader("kid")))
			wantOutcome(t, name, result(err), want)
		}
	})
}

// What cannot be configured at all. Each error says what to do instead.
func TestSeedRefusals(t *testing.T) {
	iss, err := issuer.New(issuerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	opened := func(i *issuer.Issuer, err error) error {
		if err == nil {
			_ = i.Close()
		}
		return err
	}
	made := func(edit func(*jwtauth.Config)) error {
		c := strict()
		edit(&c)
		_, err := jwtauth.New(iss, c)
		return err
	}
	for name, tc := range map[string]struct {
		err  error
		law  string
		says string
	}{
		"no issuer":               {opened(issuer.New("")), lawAuthority, "absolute URL"},
		"http":                    {opened(issuer.New("http://as.test")), lawStrict, "use https"},
		"an issuer in a file":     {opened(issuer.New("file:///etc/issuer")), lawStrict, "absolute URL"},
		"keys of a file URL":      {opened(issuer.New(issuerURL, issuer.WithJWKSURL("file:///etc/keys.json"))), lawStrict, "absolute URL"},
		"keys over http":          {opened(issuer.New(issuerURL, issuer.WithJWKSURL("http://as.test/jwks"))), lawStrict, "use https"},
		"a symmetric key":         {opened(issuer.New(issuerURL, issuer.WithStaticKeys([]byte(`{"keys":[{"kty":"oct","kid":"k1","alg":"HS256","k":"c2VjcmV0"}]}`)))), lawStrict, "public keys only"},
		"HS256":                   {made(func(c *jwtauth.Config) { c.Algorithms = []string{"HS256"} }), lawStrict, "use an asymmetric one"},
		"unsigned tokens":         {made(func(c *jwtauth.Config) { c.Algorithms = []string{"RS256", "none"} }), lawStrict, `"none"; known are`},
		"no audience":             {made(func(c *jwtauth.Config) { c.Audiences = nil }), lawAuthority, "set the audience"},
		"an empty audience":       {made(func(c *jwtauth.Config) { c.Audiences = []string{""} }), lawAuthority, "set the audience"},
		"a verifier of no issuer": {func() error { _, err := jwtauth.New(nil, strict()); return err }(), lawAuthority, "issuer.New"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.says) {
			t.Errorf("%s (%s): got %v, want an error with %q", name, tc.law, tc.err, tc.says)
		}
	}
	v, err := jwtauth.New(iss, strict())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.VerifyToken(t.Context(), "x.y.z", jwtauth.Expect{Audiences: []string{""}}); err == nil || !strings.Contains(err.Error(), "empty entry") {
		t.Errorf("an empty audience for one token: %v", err)
	}
}

// Lines 1.1, 1.9-6 and 2.2: the issuer is what it calls itself, in the
// configuration, the metadata and the tokens, and works with a slash as without.
func TestSeedTrailingSlash(t *testing.T) {
	const with = issuerURL + "/"
	for _, tc := range []struct{ configured, named, iss, want string }{
		{issuerURL, issuerURL, issuerURL, ok},
		{with, with, with, ok},
		{with, with, issuerURL, foreign(jwtauth.CheckIssuer)},
		{issuerURL, issuerURL, with, foreign(jwtauth.CheckIssuer)},
		{issuerURL, with, issuerURL, unavailable(jwtauth.CheckKeys)},
		{with, issuerURL, with, unavailable(jwtauth.CheckKeys)},
	} {
		t.Run(fmt.Sprintf("%q %q %q", tc.configured, tc.named, tc.iss), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				f.as.SetMetadata("issuer", tc.named)
				iss, err := issuer.New(tc.configured, issuer.WithTransport(f))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = iss.Close() })
				v, err := jwtauth.New(iss, strict())
				if err != nil {
					t.Fatal(err)
				}
				_, err = verify(t.Context(), v, f.mint(authtest.Claim("iss", tc.iss)))
				wantOutcome(t, "outcome", result(err), tc.want)
				if n := f.strangers.Load(); n != 0 {
					t.Errorf("%d requests to somewhere else", n)
				}
			})
		})
	}
}

// Line 1.1: whoever verifies for this issuer shares what was read of it.
func TestSeedIsAskedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = iss.Close() })
		for _, a := range []string{audience, "https://two.test", "https://three.test"} {
			c := strict()
			c.Audiences = []string{a}
			v, err := jwtauth.New(iss, c)
			if err != nil {
				t.Fatal(err)
			}
			for range 10 {
				want(t, v, a, f.mint(authtest.Audience(a)), ok)
			}
		}
		f.wantRequests(t, 1, 1)
	})
}

// Lines 1.1 and 1.2, with the names that are the default there.
func TestSeedClaimNames(t *testing.T) {
	f := newFixture(t, "ES256")
	c := strict()
	c.Claims = jwtauth.ClaimNames{Tenant: "tenant_id", User: "sub", Roles: []string{"roles"}}
	v := f.verifier(t, c)
	tenant := authtest.Claim("tenant_id", "acme")
	refused := invalid(jwtauth.CheckMapping)
	for name, tc := range map[string]struct {
		options []authtest.TokenOption
		want    string // tenant, user and roles, or the result
	}{
		"all":               {[]authtest.TokenOption{tenant, authtest.Claim("roles", []string{"a", "b"})}, "acme user-1 [a b]"},
		"no roles":          {[]authtest.TokenOption{tenant}, "acme user-1 []"},
		"a role alone":      {[]authtest.TokenOption{tenant, authtest.Claim("roles", "a")}, "acme user-1 [a]"},
		"no tenant":         {nil, refused},
		"tenant is a list":  {[]authtest.TokenOption{authtest.Claim("tenant_id", []string{"acme"})}, refused},
		"tenant is null":    {[]authtest.TokenOption{authtest.Claim("tenant_id", nil)}, refused},
		"user is no string": {[]authtest.TokenOption{tenant, authtest.Claim("sub", 5)}, invalid(jwtauth.CheckSubject)},
		// lawStrict: there such a role is left out, and the others count.
		"a role is no string": {[]authtest.TokenOption{tenant, authtest.Claim("roles", []any{"a", 5})}, refused},
		"roles are an object": {[]authtest.TokenOption{tenant, authtest.Claim("roles", map[string]bool{"a": true})}, refused},
	} {
		claims, err := verify(t.Context(), v, f.mint(tc.options...))
		got := result(err)
		if err == nil {
			got = fmt.Sprint(claims.Tenant(), " ", claims.User(), " ", claims.Roles())
		}
		wantOutcome(t, name, got, tc.want)
	}
}

// Line 1.9-1: anybody can forge signatures by the thousand.
func TestSeedForgedFlood(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		want(t, v, "a good token", f.mint(), ok)
		time.Sleep(time.Minute)
		for range 1000 {
			want(t, v, "forged", f.mint(authtest.Signature(garbage)), invalid(jwtauth.CheckSignature))
			time.Sleep(10 * time.Millisecond)
		}
		if n := f.as.Requests(authtest.JWKS); n > 2 {
			t.Errorf("%d fetches of keys", n)
		}
	})
}

// Lines 1.9-2 and 2.4-11: who needs no new key does not wait for one.
func TestSeedSlowFetch(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		good := f.mint()
		want(t, v, "a good token", good, ok)
		time.Sleep(time.Minute)
		f.as.Fail(authtest.JWKS, authtest.Hang())
		unknown := f.mint(authtest.Header("kid", "unknown"))
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			_, err := verify(t.Context(), v, unknown)
			wantOutcome(t, "an unknown kid while the issuer hangs", result(err), unavailable(jwtauth.CheckKeys))
		}()
		synctest.Wait()
		began := time.Now()
		for range 100 {
			want(t, v, "meanwhile", good, ok)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("a known key took %v", d)
		}
		select {
		case <-waiting:
			t.Error("nothing was being fetched")
		default:
		}
		<-waiting
	})
}

// answers answers for one path with a response of its own.
type answers struct {
	http.RoundTripper
	path, body string
	status     int
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != a.path {
		return a.RoundTripper.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

// Line 1.9-7, as far as it is about keys: whatever the issuer answers, nobody
// can tell whether the token is good, and nobody gets to read the answer.
func TestSeedOutageQuotesNothing(t *testing.T) {
	const canary = "canary-7f3a"
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		for _, path := range []string{"/jwks", "/.well-known/openid-configuration"} {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, strict(), issuer.WithTransport(answers{f, path, `{"error":"` + canary + `"}`, status}))
				_, err := verify(t.Context(), v, f.mint())
				want := unavailable(jwtauth.CheckKeys)
				if status == http.StatusNotFound && path != "/jwks" {
					want = ok // the metadata are at the other well-known path
				}
				wantOutcome(t, fmt.Sprint(status, " ", path), result(err), want)
				if found := leak(err, canary); found != "" {
					t.Errorf("%d %s: %s", status, path, found)
				}
			})
		}
	}
}

// Lines 2.1 and 2.4-5: the metadata announce algorithms; nothing is allowed for
// that.
func TestSeedAnnouncedAlgorithms(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		for _, member := range []string{"id_token_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"} {
			f.as.SetMetadata(member, []string{"RS256", "none", "HS256", "ES384"})
		}
		es384 := f.as.AddKey("ES384")
		v := f.verifier(t, strict())
		want(t, v, "ES256, which is not announced", f.mint(), ok)
		unallowed := invalid(jwtauth.CheckAlgorithm)
		want(t, v, "none", f.mint(authtest.Header("alg", "none"), authtest.Signature(none)), unallowed)
		want(t, v, "HS256", f.mint(authtest.Header("alg", "HS256"), hmacBy("")), unallowed)
		want(t, v, "ES384", f.mint(authtest.SignedBy(es384)), unallowed)
		c := strict()
		c.Algorithms = []string{"ES384"}
		want(t, f.verifier(t, c), "ES384, allowed", f.mint(authtest.SignedBy(es384)), ok)
	})
}

// Line 2.3: the example, with its key set in a file.
func TestSeedKeysOfAFile(t *testing.T) {
	const example = "https://example.com"
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: example, Audience: "test", Algorithm: "RS256"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, []byte(`{"keys":[`+change(as.PublicJWK(as.KeyID()), "kid", `"kid1"`)+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	iss, err := issuer.New(example, issuer.WithKeyFile(path), issuer.WithTransport(refusing{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{"test"}})
	if err != nil {
		t.Fatal(err)
	}
	token := as.Mint(authtest.Subject("123"), authtest.Header("kid", "kid1"))
	claims, err := verify(t.Context(), v, token)
	if err != nil || claims.Issuer() != example || !claims.HasAudience("test") || claims.Subject() != "123" || claims.KeyID() != "kid1" {
		t.Fatalf("%v, %s", claims, causes(err))
	}
	if keys := iss.Keys(); len(keys) != 1 || keys[0].ID != "kid1" {
		t.Errorf("keys %v", keys)
	}
	for a, want := range map[string]string{"ok": invalid(jwtauth.CheckAudience), "test": ok} {
		_, err := v.VerifyToken(t.Context(), token, jwtauth.Expect{Audiences: []string{a}})
		wantOutcome(t, "audience "+a, result(err), want)
	}
}

// hmacBy signs as HS256 does.
func hmacBy(secret string) authtest.TokenOption {
	return authtest.Signature(func(input []byte) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(input)
		return mac.Sum(nil)
	})
}

// refusing has no network.
type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("no request was expected, but one to " + r.URL.String())
}

// Line 2.3, the other example: a shared secret in the key set. Whoever can read
// the set could sign (lawStrict), so that there is no key, whatever is allowed.
func TestSeedSymmetricKey(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		const secret = "a secret of thirty-two bytes ..."
		oct := fmt.Sprintf(`{"kty":"oct","kid":"k1","alg":"HS256","k":%q}`, b64([]byte(secret)))
		token := f.mint(authtest.Subject("user-123"), authtest.RawHeader(`{"alg":"HS256","typ":"at+jwt","kid":"k1"}`), hmacBy(secret))
		f.keySet(oct)
		want(t, f.verifier(t, strict()), "alone", token, invalid(jwtauth.CheckAlgorithm))
		want(t, f.verifier(t, strict()), "a good token, but there are no keys", f.mint(), unavailable(jwtauth.CheckKeys))
		f.keySet(oct, string(f.as.PublicJWK(f.as.KeyID())))
		v := f.verifier(t, strict())
		want(t, v, "beside a public key", token, invalid(jwtauth.CheckAlgorithm))
		want(t, v, "the public key", f.mint(), ok)
		want(t, v, "in the name of the public key", f.mint(authtest.Header("kid", "k1")), invalid(jwtauth.CheckKey))
	})
}

// Line 2.4-8: what the metadata may not say. Nothing is asked, or read, that
// they name so.
func TestSeedMetadata(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "jwks.json")
	for name, member := range map[string][2]string{
		"another issuer":     {"issuer", "https://evil.test"},
		"keys in a file":     {"jwks_uri", "file://" + secret},
		"keys over http":     {"jwks_uri", "http://as.test/jwks"},
		"keys with a user":   {"jwks_uri", "https://a:b@as.test/jwks"},
		"keys at a data URL": {"jwks_uri", "data:application/json,{}"},
		"a relative URL":     {"jwks_uri", "/jwks"},
	} {
		bubble(t, func(t *testing.T, f *fixture) {
			// The file would do, if anybody read it.
			if err := os.WriteFile(secret, []byte(`{"keys":[`+string(f.as.PublicJWK(f.as.KeyID()))+`]}`), 0o600); err != nil {
				t.Fatal(err)
			}
			f.as.SetMetadata(member[0], member[1])
			_, err := verify(t.Context(), f.verifier(t, strict()), f.mint())
			wantOutcome(t, name, result(err), unavailable(jwtauth.CheckKeys))
			if n := f.as.Requests(authtest.JWKS) + int(f.strangers.Load()); n != 0 {
				t.Errorf("%s: %d requests", name, n)
			}
		})
	}
}

// Line 2.4-12: what no constructor made refuses everything, and does not crash.
func TestSeedZeroValues(t *testing.T) {
	f := newFixture(t, "ES256")
	for name, token := range map[string]string{
		"a good token":          f.mint(),
		"no issuer":             f.mint(authtest.WithoutClaim("iss")),
		"an empty issuer":       f.mint(authtest.Claim("iss", "")),
		"unsigned, none at all": f.mint(authtest.Claim("iss", ""), authtest.Header("alg", ""), authtest.Signature(none)),
	} {
		claims, err := verify(context.Background(), new(jwtauth.Verifier), token)
		if claims != nil || !slices.Contains([]string{foreign(jwtauth.CheckIssuer), invalid(jwtauth.CheckIssuer), invalid(jwtauth.CheckAlgorithm)}, result(err)) {
			t.Errorf("%s: %v, %s", name, claims, result(err))
		}
	}
	if d := new(jwtauth.Verifier).Describe(); len(d.Audiences) != 0 {
		t.Errorf("%+v", d)
	}
	if _, err := auth.NewGuard(nil, auth.Rules{"/a.B/C": {}}); err == nil {
		t.Error("a Guard without a verifier")
	}
}
