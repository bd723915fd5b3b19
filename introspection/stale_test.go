// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// With StaleOnError, what was good before an outage is good for a while longer;
// without, it is not. What the issuer says counts in either case.
func TestStaleOnError(t *testing.T) {
	const stale = time.Minute
	down := unavailable(introspection.CheckStatus)
	for name, tc := range map[string]struct {
		stale time.Duration
		life  time.Duration // of the token
		after time.Duration
		fault authtest.Fault
		want  string
	}{
		"off":                  {0, time.Hour, 10 * time.Second, authtest.Status(503), down},
		"503":                  {stale, time.Hour, 10 * time.Second, authtest.Status(503), ok},
		"reset":                {stale, time.Hour, 10 * time.Second, authtest.Reset(), ok},
		"hangs":                {stale, time.Hour, 10 * time.Second, authtest.Hang(), ok},
		"not accepted itself":  {stale, time.Hour, 10 * time.Second, authtest.Status(401), ok},
		"no JSON":              {stale, time.Hour, 10 * time.Second, authtest.Garbage("text/html", "<html>"), ok},
		"at its end":           {stale, time.Hour, 70 * time.Second, authtest.Status(503), down},
		"the token expires":    {stale, 40 * time.Second, 41 * time.Second, authtest.Status(503), down},
		"before it expires":    {stale, 40 * time.Second, 39 * time.Second, authtest.Status(503), ok},
		"the issuer says no":   {stale, time.Hour, 10 * time.Second, authtest.Garbage("application/json", `{"active":false}`), invalid(introspection.CheckActive)},
		"the answer is no use": {stale, time.Hour, 10 * time.Second, authtest.Garbage("application/json", `{"active":"true"}`), invalid(introspection.CheckActive)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				cache, err := auth.Cached(f.verifier(t, once, func(c *introspection.Config) { c.StaleOnError = tc.stale }), auth.CacheConfig{})
				if err != nil {
					t.Fatal(err)
				}
				token := f.opaque(authtest.Lifetime(tc.life))
				if _, err := verify(t.Context(), cache, token); err != nil {
					t.Fatal(causes(err))
				}
				time.Sleep(tc.after)
				f.as.FailAlways(authtest.Introspection, tc.fault)
				claims, err := verify(t.Context(), cache, token)
				expect(t, token, claims, err, tc.want)
				time.Sleep(5 * time.Second) // a question that hangs
			})
		})
	}
}

// A token without exp has nothing that bounds its life but the issuer's word.
func TestStaleNeedsAnExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		cache, err := auth.Cached(f.verifier(t, once, func(c *introspection.Config) { c.StaleOnError = time.Minute }), auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		token := f.says(good(map[string]any{"exp": nil}))
		if _, err := verify(t.Context(), cache, token); err != nil {
			t.Fatal(causes(err))
		}
		time.Sleep(10 * time.Second)
		f.as.FailAlways(authtest.Introspection, authtest.Status(503))
		claims, err := verify(t.Context(), cache, token)
		expect(t, token, claims, err, unavailable(introspection.CheckStatus))
	})
}

// Law 13: what has to be confirmed is not taken for confirmed.
func TestConfirmerIsNeverStale(t *testing.T) {
	f := newFixture(t)
	iss, c := f.issuer(t), f.config()
	c.StaleOnError = time.Second
	v, err := introspection.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}})
	if err != nil {
		t.Fatal(err)
	}
	if both, err := introspection.NewConfirmer(tokens, v); err == nil || !strings.Contains(err.Error(), "StaleOnError") {
		t.Errorf("%v, %v", both, err)
	}
}
