// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// fake starts an in-memory issuer in the test's bubble.
func fake(t *testing.T, c authtest.Config) *authtest.Issuer {
	t.Helper()
	c.InMemory = true
	f, err := authtest.NewIssuer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// open returns the library's view of it.
func open(t *testing.T, f *authtest.Issuer, options ...issuer.Option) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(f.URL(), append([]issuer.Option{issuer.WithTransport(f.Transport())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// read looks up a key as a token would and names the outcome.
func read(ctx context.Context, i *issuer.Issuer, kid string) string {
	_, err := i.Storage("ES256").KeyRead(ctx, kid)
	if err == nil {
		return "found"
	}
	if _, ok := errors.AsType[*issuer.UnavailableError](err); ok {
		return "unavailable"
	}
	unknown, ok := errors.AsType[*issuer.UnknownKeyError](err)
	switch {
	case ok && unknown.Final:
		return "unknown"
	case ok:
		return "not known yet"
	default:
		return err.Error()
	}
}

func requests(f *authtest.Issuer) string {
	return fmt.Sprintf("%d discovery, %d keys", f.Requests(authtest.Discovery), f.Requests(authtest.JWKS))
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestNothingIsFetchedBeforeTheFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		time.Sleep(time.Hour)
		want(t, "before", requests(f), "0 discovery, 0 keys")
		want(t, "first", read(t.Context(), i, f.KeyID()), "found")
		want(t, "after", requests(f), "1 discovery, 1 keys")
	})
}

func TestColdStartIsOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.Fail(authtest.Discovery, authtest.Delay(time.Second))
		i := open(t, f)
		var found atomic.Int64
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				if read(t.Context(), i, f.KeyID()) == "found" {
					found.Add(1)
				}
			})
		}
		callers.Wait()
		if found.Load() != 1000 {
			t.Errorf("%d of 1000 callers got the key", found.Load())
		}
		want(t, "cold start", requests(f), "1 discovery, 1 keys")
	})
}

// Nobody's deadline but the fetch's own ends a fetch.
func TestACallerThatGivesUpLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.Fail(authtest.JWKS, authtest.Delay(3*time.Second))
		i := open(t, f)
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var patient string
		var callers sync.WaitGroup
		callers.Go(func() { want(t, "hasty", read(hasty, i, f.KeyID()), "unavailable") })
		synctest.Wait()
		callers.Go(func() { patient = read(t.Context(), i, f.KeyID()) })
		callers.Wait()
		want(t, "patient", patient, "found")
		want(t, "fetches", requests(f), "1 discovery, 1 keys")
	})
}

func TestUnknownKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		want(t, "known", read(t.Context(), i, f.KeyID()), "found")
		time.Sleep(time.Minute)

		// A flood of made-up names costs one fetch, whose answer is final for
		// those who waited for it.
		outcomes := make(map[string]int)
		var mu sync.Mutex
		var callers sync.WaitGroup
		for n := range 1000 {
			callers.Go(func() {
				got := read(t.Context(), i, fmt.Sprint("made-up-", n))
				mu.Lock()
				outcomes[got]++
				mu.Unlock()
			})
		}
		callers.Wait()
		want(t, "flood", requests(f), "2 discovery, 2 keys")
		if outcomes["unknown"]+outcomes["not known yet"] != 1000 {
			t.Errorf("outcomes %v", outcomes)
		}

		// A key published right after is not known yet, and nobody says invalid.
		time.Sleep(time.Second)
		fresh := f.Rotate()
		want(t, "in the cooldown", read(t.Context(), i, fresh), "not known yet")
		want(t, "no fetch", requests(f), "2 discovery, 2 keys")
		want(t, "known in the flood", read(t.Context(), i, f.KeyIDs()[0]), "found")
		time.Sleep(9 * time.Second)
		want(t, "after the cooldown", read(t.Context(), i, fresh), "found")
		want(t, "one fetch", requests(f), "2 discovery, 3 keys")
	})
}

// The first fetch of all is as good an answer as any.
func TestUnknownKeyAtTheColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		want(t, "outcome", read(t.Context(), i, "made-up"), "unknown")
		want(t, "fetches", requests(f), "1 discovery, 1 keys")
	})
}

func TestUnknownKeySaysHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		time.Sleep(time.Minute)
		read(t.Context(), i, "made-up")
		time.Sleep(4 * time.Second)
		_, err := i.Storage("ES256").KeyRead(t.Context(), "another")
		unknown, ok := errors.AsType[*issuer.UnknownKeyError](err)
		if !ok || unknown.RetryAfter != 6*time.Second || unknown.Final {
			t.Errorf("got %#v", err)
		}
	})
}

// A fetch for an unknown key that fails costs the back-off and not the
// cooldown.
func TestFailedUnknownKeyFetchIsRefunded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		time.Sleep(time.Minute)
		f.Fail(authtest.JWKS, authtest.Status(http.StatusBadGateway))
		want(t, "fetch fails", read(t.Context(), i, "made-up"), "not known yet")
		time.Sleep(2 * time.Second) // the retry has succeeded
		want(t, "asked", requests(f), "3 discovery, 3 keys")
		want(t, "a key of two seconds later", read(t.Context(), i, f.Rotate()), "found")
	})
}

func TestOldKeysServeWhateverTheFetchBrings(t *testing.T) {
	for name, fault := range map[string]authtest.Fault{
		"error":           authtest.Status(http.StatusInternalServerError),
		"not modified":    authtest.Status(http.StatusNotModified),
		"no content":      authtest.Status(http.StatusNoContent),
		"empty object":    authtest.Garbage("application/json", `{}`),
		"empty set":       authtest.Garbage("application/json", `{"keys":[]}`),
		"error document":  authtest.Garbage("application/json", `{"error":"server_error"}`),
		"no usable key":   authtest.Garbage("application/json", `{"keys":[{"kty":"oct","k":"AQ"}]}`),
		"cut":             authtest.Truncate(20),
		"HTML":            authtest.Garbage("text/html", `{"keys":[]}`),
		"no content type": authtest.Garbage("", `{"keys":[]}`),
		"redirect":        authtest.Redirect("https://issuer.test/jwks"),
		"hang":            authtest.Hang(),
		"reset":           authtest.Reset(),
		"slow":            authtest.Slow(1, time.Second),
		"endless":         authtest.Endless(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				var failed atomic.Int64
				i := open(t, f, issuer.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) {
					if e.Name == auth.EventKeysFailed {
						failed.Add(1)
					}
				})))
				want(t, "before", read(t.Context(), i, f.KeyID()), "found")
				f.FailAlways(authtest.JWKS, fault)
				time.Sleep(3 * time.Hour)
				want(t, "meanwhile", read(t.Context(), i, f.KeyID()), "found")
				if failed.Load() == 0 {
					t.Error("nobody was told")
				}
				// At most one request a minute, once the back-off is at its end.
				if n := f.Requests(authtest.JWKS); n < 100 || n > 210 {
					t.Errorf("%d requests in three hours of failure", n)
				}
				time.Sleep(2 * time.Hour)
				want(t, "past the hard stop", read(t.Context(), i, f.KeyID()), "unavailable")
				f.Recover(authtest.JWKS)
				time.Sleep(2 * time.Minute)
				want(t, "after", read(t.Context(), i, f.KeyID()), "found")
			})
		})
	}
}

func TestColdIssuerThatIsDown(t *testing.T) {
	for _, endpoint := range []authtest.Endpoint{authtest.Discovery, authtest.JWKS} {
		t.Run(string(endpoint), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				f.FailAlways(endpoint, authtest.Status(http.StatusServiceUnavailable))
				i := open(t, f)
				for range 1000 {
					want(t, "down", read(t.Context(), i, f.KeyID()), "unavailable")
				}
				if n := f.Requests(endpoint); n != 1 {
					t.Errorf("%d requests of 1000 callers at once", n)
				}
				time.Sleep(10 * time.Minute)
				if n := f.Requests(endpoint); n < 10 || n > 20 {
					t.Errorf("%d requests in ten minutes", n)
				}
				f.Recover(endpoint)
				time.Sleep(70 * time.Second)
				want(t, "up", read(t.Context(), i, f.KeyID()), "found")
			})
		})
	}
}

func TestRefreshAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		old := f.KeyID()
		read(t.Context(), i, old)
		f.Rotate()
		f.WithdrawKey(old)
		// Nobody calls, and yet the withdrawn key is gone once its freshness is.
		time.Sleep(10 * time.Minute)
		want(t, "withdrawn key", read(t.Context(), i, old), "unknown")
		want(t, "new key", read(t.Context(), i, f.KeyID()), "found")
	})
}

// hosts counts requests by host.
type hosts struct {
	http.RoundTripper
	mu   sync.Mutex
	seen map[string]int
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.seen[r.URL.Host]++
	h.mu.Unlock()
	return h.RoundTripper.RoundTrip(r)
}

// Whoever can alter one metadata document must not be able to move the keys.
func TestKeysStayOnTheirOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		h := &hosts{RoundTripper: f.Transport(), seen: make(map[string]int)}
		i := open(t, f, issuer.WithTransport(h))
		want(t, "before", read(t.Context(), i, f.KeyID()), "found")
		f.SetMetadata("jwks_uri", "https://evil.test/jwks")
		time.Sleep(6 * time.Hour)
		want(t, "after", read(t.Context(), i, f.KeyID()), "found")
		if n := f.Requests(authtest.Discovery); n < 5 || h.seen["evil.test"] != 0 {
			t.Errorf("the metadata were read %d times, and the requests went to %v", n, h.seen)
		}
	})
}

// A path that moved is found as soon as the old one fails, not when the
// metadata have aged.
func TestKeysMayMoveOnTheirOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.SetMetadata("jwks_uri", f.URL()+"/moved")
		i := open(t, f)
		want(t, "old path", read(t.Context(), i, f.KeyID()), "unavailable")
		f.SetMetadata("jwks_uri", f.URL()+"/jwks")
		time.Sleep(5 * time.Second)
		want(t, "new path", read(t.Context(), i, f.KeyID()), "found")
	})
}

func TestDiscoveryFallsBackOn404Only(t *testing.T) {
	for name, tc := range map[string]struct {
		fault authtest.Fault
		want  string
	}{
		"not found": {authtest.Status(http.StatusNotFound), "found"},
		"error":     {authtest.Status(http.StatusInternalServerError), "unavailable"},
		"gone":      {authtest.Status(http.StatusGone), "unavailable"},
		"garbage":   {authtest.Garbage("application/json", "{"), "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				f.Fail(authtest.Discovery, tc.fault)
				i := open(t, f)
				want(t, "outcome", read(t.Context(), i, f.KeyID()), tc.want)
			})
		})
	}
}

func TestIssuerThatNamesAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.SetMetadata("issuer", f.URL()+"/")
		var cause error
		i := open(t, f, issuer.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) { cause = e.Cause })))
		want(t, "outcome", read(t.Context(), i, f.KeyID()), "unavailable")
		if cause == nil || !strings.Contains(cause.Error(), "trailing slash included") {
			t.Errorf("the event says %v", cause)
		}
	})
}

// panicky panics instead of answering, n times.
type panicky struct {
	http.RoundTripper
	n atomic.Int64
}

func (p *panicky) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.n.Add(-1) >= 0 {
		panic("transport bug")
	}
	return p.RoundTripper.RoundTrip(r)
}

func TestPanicWhileFetching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		p := &panicky{RoundTripper: f.Transport()}
		p.n.Store(1)
		i := open(t, f, issuer.WithTransport(p))
		want(t, "panic", read(t.Context(), i, f.KeyID()), "unavailable")
		time.Sleep(2 * time.Second)
		want(t, "recovered", read(t.Context(), i, f.KeyID()), "found")
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		time.Sleep(time.Minute)
		f.FailAlways(authtest.JWKS, authtest.Hang())
		var waiting sync.WaitGroup
		waiting.Go(func() { want(t, "while closing", read(t.Context(), i, "made-up"), "not known yet") })
		synctest.Wait() // its fetch hangs
		start := time.Now()
		for range 2 {
			if err := i.Close(); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Close waited %v for a fetch", took)
		}
		waiting.Wait()
		asked := requests(f)
		want(t, "known", read(t.Context(), i, f.KeyID()), "found")
		if _, err := i.Storage("ES256").KeyRead(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("unknown: %v", err)
		}
		time.Sleep(24 * time.Hour)
		want(t, "after a day", read(t.Context(), i, f.KeyID()), "unavailable")
		want(t, "requests after Close", requests(f), asked)
	})
}

func TestDroppedKeysAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var events []string
		i := open(t, f, issuer.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) {
			events = append(events, fmt.Sprintf("%s issuer=%s kid=%s keys=%d cause=%v", e.Name, e.Issuer, e.KeyID, e.Keys, e.Cause))
		})))
		f.SetJWKS(fmt.Appendf(nil, `{"keys":[{"kty":"oct","kid":"secret","k":"AQ"},%s]}`, f.PublicJWK(f.KeyID())))
		want(t, "good key", read(t.Context(), i, f.KeyID()), "found")
		want(t, "events", strings.Join(events, "\n"),
			"keys.dropped issuer=https://issuer.test kid=secret keys=0 cause=holds a private or symmetric key; publish public keys only\n"+
				"keys.fetched issuer=https://issuer.test kid= keys=1 cause=<nil>")
	})
}

// A caller whose key was replaced by another caller's fetch gets the new one,
// though nothing may be fetched for it any more.
func TestReconsider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		kid := f.KeyID()
		read(t.Context(), i, kid)
		f.ReplaceKey(kid)
		first := i.Reconsider(t.Context(), kid, "ES256")
		want(t, "fetched", requests(f), "1 discovery, 2 keys")
		f.ReplaceKey(kid)
		second := i.Reconsider(t.Context(), kid, "ES256")
		want(t, "no further fetch", requests(f), "1 discovery, 2 keys")
		if first == nil || !first.(*ecdsa.PublicKey).Equal(second) {
			t.Errorf("got %v, then %v", first, second)
		}
		if k := i.Reconsider(t.Context(), "made-up", "ES256"); k != nil {
			t.Errorf("a key for a made-up id: %v", k)
		}
		want(t, "unknown keys have their own budget", requests(f), "1 discovery, 2 keys")
	})
}

func TestStorageForATokenWithoutKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		if keys, err := i.Storage("ES256").KeyReadAll(t.Context()); err != nil || len(keys) != 1 {
			t.Errorf("one key: %d, %v", len(keys), err)
		}
		if _, err := i.Storage("RS256").KeyReadAll(t.Context()); err == nil {
			t.Error("a key for another algorithm was offered")
		}
		f.AddKey("ES256")
		time.Sleep(10 * time.Minute)
		if _, err := i.Storage("ES256").KeyReadAll(t.Context()); err == nil || !strings.Contains(err.Error(), "its kid must name one") {
			t.Errorf("two keys: %v", err)
		}
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	const good = "https://as.test"
	for name, tc := range map[string]struct {
		identifier string
		options    []issuer.Option
		says       string
	}{
		"empty":             {"", nil, "not an absolute URL"},
		"no scheme":         {"as.test", nil, "not an absolute URL"},
		"http":              {"http://as.test", nil, "use https"},
		"http, private":     {"http://10.0.0.1", nil, "use https"},
		"http, all":         {"http://0.0.0.0", nil, "use https"},
		"http, like local":  {"http://localhost.evil.test", nil, "use https"},
		"another scheme":    {"ftp://as.test", nil, "must be https"},
		"user information":  {"https://u:p@as.test", nil, "user information"},
		"query":             {"https://as.test?x", nil, "no query"},
		"empty query":       {"https://as.test?", nil, "no query"},
		"fragment":          {"https://as.test#x", nil, "fragment"},
		"empty fragment":    {"https://as.test#", nil, "fragment"},
		"not a URL":         {"https://as.test\x7f", nil, "not a URL"},
		"nil option":        {good, []issuer.Option{nil}, "nil option"},
		"nil transport":     {good, []issuer.Option{issuer.WithTransport(nil)}, "WithTransport(nil)"},
		"nil observer":      {good, []issuer.Option{issuer.WithObserver(nil)}, "WithObserver(nil)"},
		"negative":          {good, []issuer.Option{issuer.WithTimings(issuer.Timings{Cooldown: -1})}, "negative Timings.Cooldown"},
		"too fresh":         {good, []issuer.Option{issuer.WithTimings(issuer.Timings{Fresh: time.Millisecond})}, "from 1s to"},
		"stop before fresh": {good, []issuer.Option{issuer.WithTimings(issuer.Timings{HardStop: time.Minute})}, "Fresh of 10m0s is above HardStop of 1m0s"},
		"backoff":           {good, []issuer.Option{issuer.WithTimings(issuer.Timings{MinBackoff: 2 * time.Hour, MaxBackoff: time.Hour})}, "MinBackoff of 2h0m0s is above"},
	} {
		t.Run(name, func(t *testing.T) {
			i, err := issuer.New(tc.identifier, tc.options...)
			if err == nil || i != nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, %v; want an error with %q", i, err, tc.says)
			}
		})
	}
	for _, identifier := range []string{good, good + "/", good + "/tenant", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"} {
		i, err := issuer.New(identifier)
		if err != nil || i.Identifier() != identifier {
			t.Errorf("%s: %v", identifier, err)
			continue
		}
		_ = i.Close()
	}
}
