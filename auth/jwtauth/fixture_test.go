// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/verifiertest"
)

// The fixture of the attack corpus: issuer I, audience R, skew 60 s.
const (
	issuerURL = "https://as.test"
	audience  = "https://rs.test"
	skew      = 60 * time.Second
)

// strict is the configuration that the corpus speaks of.
func strict() jwtauth.Config {
	return jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew}
}

func legacy() jwtauth.Config {
	c := strict()
	c.Profile = jwtauth.Legacy
	return c
}

// fixture is an authorization server, and the network in front of it.
type fixture struct {
	as *authtest.Issuer
	// strangers counts requests to anything but the metadata and keys of I.
	strangers atomic.Int64
}

func newFixture(t testing.TB, algorithm string) *fixture {
	t.Helper()
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: issuerURL, Audience: audience, Algorithm: algorithm})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	return &fixture{as: as}
}

// bubble runs f on a fake clock that starts on a whole second.
func bubble(t *testing.T, f func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newFixture(t, "ES256")) })
}

// RoundTrip is how the verifiers reach the network.
func (f *fixture) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.String() {
	case issuerURL + "/.well-known/openid-configuration", issuerURL + "/jwks":
	default:
		f.strangers.Add(1)
	}
	return f.as.Transport().RoundTrip(r)
}

// verifier returns a verifier that has not asked its issuer for anything yet.
func (f *fixture) verifier(t testing.TB, c jwtauth.Config, options ...issuer.Option) *jwtauth.Verifier {
	t.Helper()
	iss, err := issuer.New(issuerURL, append([]issuer.Option{issuer.WithTransport(f)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// mint returns a good token with scope read, changed by options.
func (f *fixture) mint(options ...authtest.TokenOption) string {
	return f.as.Mint(append([]authtest.TokenOption{authtest.Scopes("read")}, options...)...)
}

// How the tables speak of tokens and refusals.
const ok = verifiertest.OK

var (
	verify      = verifiertest.Verify
	invalid     = verifiertest.Invalid
	expired     = verifiertest.Expired
	foreign     = verifiertest.Foreign
	malformed   = verifiertest.Malformed
	unavailable = verifiertest.Unavailable
	result      = verifiertest.Result
	causes      = verifiertest.Causes
	leak        = verifiertest.Leak
	object      = verifiertest.Object
)

// row is one case of a table.
type row struct {
	name  string
	forge func(*fixture) string
	want  string
}

// with forges by the issuer itself.
func with(options ...authtest.TokenOption) func(*fixture) string {
	return func(f *fixture) string { return f.mint(options...) }
}

// run offers each row to a verifier that has never seen a token.
func (f *fixture) run(t *testing.T, c jwtauth.Config, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := f.offer(t, f.verifier(t, c), r.forge(f))
			if got := result(err); got != r.want {
				t.Errorf("got %s (%v), want %s", got, causes(err), r.want)
			}
		})
	}
}

// offer has v verify a token and checks what holds for every token: no claims
// with an error, nothing of the token in the error, no requests but those for
// metadata and keys.
func (f *fixture) offer(t *testing.T, v auth.Verifier, token string) (*auth.Claims, error) {
	t.Helper()
	f.as.ResetRequests()
	f.strangers.Store(0)
	claims, err := verify(t.Context(), v, token)
	if (claims == nil) != (err != nil) {
		t.Errorf("claims %v with error %v", claims, err)
	}
	if found := leak(err, parts(token)...); found != "" {
		t.Error(found)
	}
	if n := f.strangers.Load(); n != 0 {
		t.Errorf("%d requests to somewhere else", n)
	}
	// The second fetch of keys is for a kid that the first did not have.
	if d, k := f.as.Requests(authtest.Discovery), f.as.Requests(authtest.JWKS); d > 1 || k > 2 {
		t.Errorf("%d requests for metadata and %d for keys", d, k)
	}
	return claims, err
}

// parts returns what of a token must not be in an error.
func parts(token string) []string {
	var long []string
	for _, p := range append([]string{token}, strings.Split(token[:min(len(token), 64<<10)], ".")...) {
		if len(p) > 8 {
			long = append(long, p)
		}
	}
	return long
}

// garbage is a signature of the right size for ES256.
func garbage([]byte) []byte { return make([]byte, 64) }

func none([]byte) []byte { return nil }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// claimsJSON returns the claims of a good token, changed; a nil value removes.
func claimsJSON(change map[string]any) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": issuerURL, "sub": "user-1", "aud": audience, "client_id": "client-1",
		"iat": now, "exp": now + 600, "jti": "token-1", "scope": "read",
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return asJSON(claims)
}

// raw returns the claims of a good token with one member as it stands.
func raw(name, value string) authtest.TokenOption {
	rest := claimsJSON(map[string]any{name: nil})
	return authtest.RawClaims(`{"` + name + `":` + value + "," + rest[1:])
}

// keySet publishes these JWKs.
func (f *fixture) keySet(jwks ...string) {
	f.as.SetJWKS([]byte(`{"keys":[` + strings.Join(jwks, ",") + `]}`))
}

// change replaces a member of a JWK; an empty value removes it.
func change(jwk []byte, name, value string) string {
	edited := fmt.Sprintf("%q:%s,", name, value)
	if value == "" {
		edited = ""
	}
	rest := string(jwk)
	if i := strings.Index(rest, `"`+name+`":`); i >= 0 {
		end := i + strings.IndexAny(rest[i:], ",}")
		rest = strings.TrimSuffix(rest[:i], ",") + strings.TrimPrefix(rest[end:], map[bool]string{true: ",", false: ""}[strings.HasSuffix(rest[:i], "{")])
	}
	return "{" + edited + rest[1:]
}
