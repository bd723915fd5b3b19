// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

const cooldown = 10 * time.Second

// want checks one answer. An answer "unavailable" must say when to come back,
// within a cooldown.
func want(t *testing.T, v auth.Verifier, what, token, want string) time.Duration {
	t.Helper()
	_, err := verify(t.Context(), v, token)
	if got := result(err); got != want {
		t.Fatalf("%s: got %s (%s), want %s", what, got, causes(err), want)
	}
	e, _ := errors.AsType[*auth.Error](err)
	if e == nil || e.Kind != auth.KindUnavailable {
		return 0
	}
	if e.RetryAfter <= 0 || e.RetryAfter > cooldown {
		t.Fatalf("%s: retry after %v", what, e.RetryAfter)
	}
	return e.RetryAfter
}

func (f *fixture) wantRequests(t *testing.T, discovery, jwks int) {
	t.Helper()
	if d, k := f.as.Requests(authtest.Discovery), f.as.Requests(authtest.JWKS); d != discovery || k != jwks {
		t.Fatalf("%d requests for metadata and %d for keys, want %d and %d", d, k, discovery, jwks)
	}
}

// Law 4: an unknown kid is the token's fault only if the keys at hand were asked
// for after the token was made.
func TestUnknownKey(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		noKey, later := invalid(jwtauth.CheckKey), unavailable(jwtauth.CheckKeys)
		want(t, v, "a good token", f.mint(), ok)
		f.wantRequests(t, 1, 1)
		time.Sleep(time.Minute)

		hidden := f.as.AddKey()
		f.as.WithdrawKey(hidden)
		by := authtest.SignedBy(hidden)
		token := f.mint(by)
		want(t, v, "an unpublished key, and keys asked for since", token, noKey)
		f.wantRequests(t, 2, 2) // where a key is missing, metadata are a minute old at most
		fetched := time.Now()

		time.Sleep(time.Second)
		at := func(d time.Duration) string { return f.mint(by, authtest.IssuedAt(fetched.Add(d))) }
		for _, tc := range []struct {
			name, token, want string
		}{
			{"the same token again, issued as the keys were fetched", token, later},
			{"issued two minutes before the fetch", at(-2 * time.Minute), noKey},
			{"issued 61 s before the fetch", at(-61 * time.Second), noKey},
			{"issued 60 s before the fetch, within what clocks may differ", at(-60 * time.Second), later},
			{"issued after the fetch", at(time.Second), later},
			{"issued in the future", at(time.Hour), later},
			{"no iat", f.mint(by, authtest.WithoutClaim("iat")), later},
			{"iat of the wrong type", f.mint(by, authtest.Claim("iat", "0")), later},
			{"iat out of range", f.mint(by, raw("iat", "1e400")), later},
			{"another kid", f.mint(by, authtest.Header("kid", "other")), later},
			{"no key of that algorithm", f.mint(authtest.Header("alg", "RS256")), later},
			{"a good token", f.mint(), ok},
			{"a good token without kid", f.mint(authtest.WithoutHeader("kid")), ok},
		} {
			if d := want(t, v, tc.name, tc.token, tc.want); tc.want == later && d != 9*time.Second {
				t.Errorf("%s: retry after %v, want what is left of the cooldown, 9s", tc.name, d)
			}
		}
		f.wantRequests(t, 2, 2)

		// The key appears, and is found at the first token after the cooldown.
		f.as.PublishKey(hidden)
		wait := want(t, v, "published within the cooldown", f.mint(by), later)
		f.wantRequests(t, 2, 2)
		time.Sleep(wait)
		want(t, v, "after the time named", f.mint(by), ok)
		f.wantRequests(t, 2, 3)
	})
}

// A rotation outside of any cooldown costs one fetch, of metadata and keys, and
// no refusal.
func TestRotation(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		old := f.mint()
		want(t, v, "before", old, ok)
		time.Sleep(time.Minute)
		before := f.as.KeyID()
		f.as.Rotate()
		want(t, v, "the new key at once", f.mint(), ok)
		want(t, v, "the old key", old, ok)
		f.wantRequests(t, 2, 2)

		// K18: a key that was removed verifies until the next fetch, and no longer.
		f.as.WithdrawKey(before)
		want(t, v, "the removed key, not known yet", f.mint(authtest.SignedBy(before)), ok)
		time.Sleep(10 * time.Minute)
		want(t, v, "the removed key, known", f.mint(authtest.SignedBy(before)), invalid(jwtauth.CheckKey))
		want(t, v, "the new key", f.mint(), ok)
	})
}

// J7, K16: a flood of kids is one fetch, and nobody else feels it.
func TestUnknownKeyFlood(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		want(t, v, "a good token", f.mint(), ok)
		time.Sleep(time.Minute)
		var flood sync.WaitGroup
		for g := range 20 {
			flood.Go(func() {
				for n := range 50 {
					_, err := verify(t.Context(), v, f.mint(authtest.Header("kid", fmt.Sprint(g, n))))
					if got := result(err); got != invalid(jwtauth.CheckKey) && got != unavailable(jwtauth.CheckKeys) {
						t.Errorf("flood: %s", got)
					}
					if _, err := verify(t.Context(), v, f.mint()); err != nil {
						t.Errorf("a good token in the flood: %s", causes(err))
					}
				}
			})
		}
		flood.Wait()
		if n := f.as.Requests(authtest.JWKS); n > 2 {
			t.Errorf("%d fetches of keys", n)
		}
	})
}

func TestIssuerDownAtStart(t *testing.T) {
	for name, fault := range map[string]authtest.Fault{
		"500":       authtest.Status(http.StatusInternalServerError),
		"reset":     authtest.Reset(),
		"hang":      authtest.Hang(),
		"redirect":  authtest.Redirect("https://evil.test/"),
		"garbage":   authtest.Garbage("application/json", "{"),
		"HTML":      authtest.Garbage("text/html", "<html>"),
		"truncated": authtest.Truncate(10),
		"endless":   authtest.Endless(),
	} {
		for _, endpoint := range []authtest.Endpoint{authtest.Discovery, authtest.JWKS} {
			t.Run(string(endpoint)+" "+name, func(t *testing.T) {
				bubble(t, func(t *testing.T, f *fixture) {
					v := f.verifier(t, strict())
					f.as.FailAlways(endpoint, fault)
					began := time.Now()
					wait := want(t, v, "a good token", f.mint(), unavailable(jwtauth.CheckKeys))
					if d := time.Since(began); d > 5*time.Second {
						t.Errorf("answered after %v", d)
					}
					want(t, v, "a bad token that needs no key", f.mint(authtest.Header("alg", "none")), invalid(jwtauth.CheckAlgorithm))
					want(t, v, "a forged token, which nobody can tell", f.mint(authtest.Signature(garbage)), unavailable(jwtauth.CheckKeys))
					n := f.as.Requests(endpoint)
					if n != 1 {
						t.Errorf("%d requests; the second call came within the back-off", n)
					}
					f.as.Recover(endpoint)
					time.Sleep(wait)
					synctest.Wait()
					want(t, v, "a good token, when told to come back", f.mint(), ok)
					if f.strangers.Load() != 0 {
						t.Error("a request to somewhere else")
					}
				})
			})
		}
	}
}

// An outage takes no key away.
func TestOutageOfAKnownIssuer(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		want(t, v, "before", f.mint(), ok)
		f.as.FailAlways(authtest.Discovery, authtest.Hang())
		f.as.FailAlways(authtest.JWKS, authtest.Status(http.StatusServiceUnavailable))
		for range 6 {
			time.Sleep(5 * time.Minute)
			want(t, v, "a known key", f.mint(), ok)
			want(t, v, "a forged token", f.mint(authtest.Signature(garbage)), invalid(jwtauth.CheckSignature))
		}
		unknown := f.as.Rotate()
		_, err := verify(t.Context(), v, f.mint(authtest.SignedBy(unknown)))
		if got, want := result(err), unavailable(jwtauth.CheckKeys); got != want {
			t.Errorf("a new key in an outage: got %s, want %s", got, want)
		}
		// The hard stop: what was true four hours ago is not known to be.
		time.Sleep(4 * time.Hour)
		_, err = verify(t.Context(), v, f.mint(authtest.SignedBy(f.as.KeyIDs()[0])))
		if got, want := result(err), unavailable(jwtauth.CheckKeys); got != want {
			t.Errorf("after the hard stop: got %s, want %s", got, want)
		}
		f.as.Recover(authtest.Discovery)
		f.as.Recover(authtest.JWKS)
		time.Sleep(2 * time.Minute)
		want(t, v, "after the outage", f.mint(), ok)
	})
}

// A caller that gives up leaves alone, soon, and is not told "invalid".
func TestCallerGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		f.as.Fail(authtest.JWKS, authtest.Delay(3*time.Second))
		token := f.mint()
		canceled, cancel := context.WithCancel(t.Context())
		deadline, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		time.AfterFunc(2*time.Second, cancel)
		began := time.Now()
		var callers sync.WaitGroup
		for _, tc := range []struct {
			ctx   context.Context
			after time.Duration
			want  string
			cause error
		}{
			{deadline, time.Second, unavailable(jwtauth.CheckKeys), context.DeadlineExceeded},
			{canceled, 2 * time.Second, unavailable(jwtauth.CheckKeys), context.Canceled},
			{t.Context(), 3 * time.Second, ok, nil},
		} {
			callers.Go(func() {
				_, err := verify(tc.ctx, v, token)
				if got := result(err); got != tc.want || !errors.Is(err, tc.cause) || time.Since(began) != tc.after {
					t.Errorf("got %s (%s) after %v; want %s with %v after %v", got, causes(err), time.Since(began), tc.want, tc.cause, tc.after)
				}
			})
		}
		callers.Wait()
		f.wantRequests(t, 1, 1)

		// With keys at hand nothing is waited for.
		if _, err := verify(canceled, v, token); err != nil {
			t.Errorf("a known key, a dead context: %s", causes(err))
		}
		// And an unknown one is not blamed on the token.
		time.Sleep(time.Minute)
		f.as.Rotate()
		f.as.Fail(authtest.JWKS, authtest.Delay(time.Second))
		_, err := verify(canceled, v, f.mint())
		if got := result(err); got != unavailable(jwtauth.CheckKeys) || !errors.Is(err, context.Canceled) {
			t.Errorf("an unknown key, a dead context: %s (%s)", got, causes(err))
		}
		time.Sleep(2 * time.Second)
		want(t, v, "the fetch that the caller left behind", f.mint(), ok)
		f.wantRequests(t, 2, 2)
	})
}

// An issuer that gives another key the id of an old one. The old key is gone,
// and so is what it signed.
func TestIssuerReplacesAKeyUnderItsID(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		old := f.mint()
		want(t, v, "before", old, ok)
		time.Sleep(time.Minute)
		f.as.ReplaceKey(f.as.KeyID())
		fresh := f.mint()
		want(t, v, "the new key under the old id", fresh, ok)
		f.wantRequests(t, 1, 2)
		want(t, v, "the old key, after the refresh", old, invalid(jwtauth.CheckSignature))

		// Whoever forges signatures spends that budget, and nobody else's.
		time.Sleep(time.Minute)
		f.as.ReplaceKey(f.as.KeyID())
		again := f.mint()
		for range 100 {
			want(t, v, "another new key under the old id, too soon", again, invalid(jwtauth.CheckSignature))
		}
		f.wantRequests(t, 1, 2)
		f.as.Rotate()
		want(t, v, "a new key under a new id", f.mint(), ok)
		f.wantRequests(t, 2, 3)
		time.Sleep(5 * time.Minute)
		want(t, v, "another new key under the old id, in time", again, ok)
	})
}

// A forged token may be what finds out that a key was replaced. It stays
// forged.
func TestForgedTokenAfterAKeyWasReplaced(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		want(t, v, "before", f.mint(), ok)
		time.Sleep(time.Minute)
		f.as.ReplaceKey(f.as.KeyID())
		forged := f.mint(authtest.Signature(func([]byte) []byte { return make([]byte, 64) }))
		want(t, v, "forged", forged, invalid(jwtauth.CheckSignature))
		f.wantRequests(t, 1, 2)
		want(t, v, "good, under the new key", f.mint(), ok)
	})
}

// A closed issuer fetches nothing any more; the keys at hand stay in use.
func TestClosedIssuer(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		newVerifier := func() (*issuer.Issuer, *jwtauth.Verifier) {
			iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
			if err != nil {
				t.Fatal(err)
			}
			v, err := jwtauth.New(iss, strict())
			if err != nil {
				t.Fatal(err)
			}
			return iss, v
		}
		used, v := newVerifier()
		want(t, v, "before", f.mint(), ok)
		if err := used.Close(); err != nil {
			t.Fatal(err)
		}
		unused, never := newVerifier()
		if err := unused.Close(); err != nil {
			t.Fatal(err)
		}
		want(t, v, "a known key", f.mint(), ok)
		time.Sleep(time.Hour)
		for name, tc := range map[string]struct {
			v     auth.Verifier
			token string
		}{"an unknown key": {v, f.mint(authtest.SignedBy(f.as.AddKey()))}, "no keys at all": {never, f.mint()}} {
			_, err := verify(t.Context(), tc.v, tc.token)
			if got, want := result(err), unavailable(jwtauth.CheckKeys); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
		f.wantRequests(t, 1, 1)
	})
}
