// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/internal/verifiertest"
	"github.com/bearerkit/bearerkit/introspection"
)

// The fixture of the attack corpus: issuer I, audience R, skew 60 s.
const (
	issuerURL = "https://as.test"
	audience  = "https://rs.test"
	skew      = 60 * time.Second

	// This service at the issuer. Both need encoding.
	clientID     = "rs:1"
	clientSecret = "s%c r+t/\u00e9"
)

// fixture is an authorization server, the network in front of it, and what was
// told to the operator.
type fixture struct {
	as *authtest.Issuer
	// strangers counts requests to anything but the metadata, the keys and the
	// endpoint of I.
	strangers atomic.Int64
	// asked, if not nil, sees every request to the endpoint before it is sent.
	asked func(r *http.Request)

	mu     sync.Mutex
	events []auth.Event
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: issuerURL, Audience: audience, ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	return &fixture{as: as}
}

// bubble runs f on a fake clock that starts on a whole second.
func bubble(t *testing.T, f func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newFixture(t)) })
}

// RoundTrip is how the verifiers reach the network.
func (f *fixture) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.String() {
	case issuerURL + "/.well-known/openid-configuration", issuerURL + "/jwks":
	case issuerURL + "/introspect":
		if f.asked != nil {
			f.asked(r)
		}
	default:
		f.strangers.Add(1)
	}
	return f.as.Transport().RoundTrip(r)
}

// Observe is how the operator hears.
func (f *fixture) Observe(_ context.Context, e auth.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// heard returns the names of the events, and forgets them.
func (f *fixture) heard() []auth.EventName {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []auth.EventName
	for _, e := range f.events {
		names = append(names, e.Name)
	}
	f.events = nil
	return names
}

// config is the configuration that the corpus speaks of.
func (f *fixture) config() introspection.Config {
	return introspection.Config{
		Audiences: []string{audience}, ClockSkew: skew, Transport: f, Observer: f,
		Auth: clientauth.ClientSecretBasic(clientID, clientauth.SecretText(clientSecret)),
	}
}

func (f *fixture) issuer(t testing.TB) *issuer.Issuer {
	t.Helper()
	iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	return iss
}

// verifier returns a verifier that has not asked its issuer for anything yet.
func (f *fixture) verifier(t testing.TB, changes ...func(*introspection.Config)) *introspection.Verifier {
	t.Helper()
	c := f.config()
	for _, change := range changes {
		change(&c)
	}
	iss := f.issuer(t)
	if c.Transport == nil { // the default one, which goes the issuer's way
		var err error
		if iss, err = issuer.New(issuerURL); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = iss.Close() })
	}
	v, err := introspection.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// confirmer returns a Confirmer that has not asked its issuer for anything yet.
func (f *fixture) confirmer(t testing.TB, changes ...func(*introspection.Config)) *introspection.Confirmer {
	t.Helper()
	iss := f.issuer(t)
	c := f.config()
	for _, change := range changes {
		change(&c)
	}
	v, err := introspection.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew})
	if err != nil {
		t.Fatal(err)
	}
	both, err := introspection.NewConfirmer(tokens, v)
	if err != nil {
		t.Fatal(err)
	}
	return both
}

// opaque returns a good token with scope read, about which the endpoint says
// what options change.
func (f *fixture) opaque(options ...authtest.TokenOption) string {
	return f.as.MintOpaque(append([]authtest.TokenOption{authtest.Scopes("read")}, options...)...)
}

// says returns a token about which the endpoint says exactly this.
func (f *fixture) says(answer string) string {
	return f.as.MintOpaque(authtest.RawClaims(answer))
}

// good returns what the endpoint says of a good token, changed; a nil value
// removes.
func good(change map[string]any) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"active": true, "token_type": "Bearer", "iss": issuerURL, "sub": "user-1", "aud": audience,
		"client_id": "client-1", "iat": now, "exp": now + 600, "jti": "token-1", "scope": "read",
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return asJSON(claims)
}

// with returns a good answer with members in front of it, as they stand.
func with(members string) string { return "{" + members + "," + good(nil)[1:] }

// How the tables speak of tokens and refusals.
const ok = verifiertest.OK

var (
	verify      = verifiertest.Verify
	invalid     = verifiertest.Invalid
	expired     = verifiertest.Expired
	foreign     = verifiertest.Foreign
	unavailable = verifiertest.Unavailable
	result      = verifiertest.Result
	causes      = verifiertest.Causes
	leak        = verifiertest.Leak
	prints      = verifiertest.Prints
	object      = verifiertest.Object
)

// refusal returns the error as what it has to be.
func refusal(t testing.TB, err error) *auth.Error {
	t.Helper()
	e, isRefusal := errors.AsType[*auth.Error](err)
	if !isRefusal {
		t.Fatalf("%T: %v", err, err)
	}
	return e
}

// expect checks what became of a token, and what holds for every refusal: no
// claims, and nothing in the error that is nobody's business.
func expect(t testing.TB, token string, claims *auth.Claims, err error, want string) {
	t.Helper()
	if got := result(err); got != want {
		t.Errorf("got %s (%v), want %s", got, causes(err), want)
	}
	if (claims == nil) != (err != nil) {
		t.Errorf("claims %v with error %v", claims, err)
	}
	if found := leak(err, token, clientSecret, authtest.Confidential); found != "" {
		t.Error(found)
	}
	if e, isRefusal := errors.AsType[*auth.Error](err); isRefusal {
		if e.FreshFor > 0 && e.Check != introspection.CheckActive {
			t.Errorf("%s is remembered for %v", want, e.FreshFor)
		}
		if e.Kind == auth.KindUnavailable && e.RetryAfter <= 0 {
			t.Errorf("%s without a delay", want)
		}
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func decoded(t testing.TB, segment string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
