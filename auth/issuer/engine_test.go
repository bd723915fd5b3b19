// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// events keeps what is reported, by name.
type events struct {
	mu   sync.Mutex
	list []auth.Event
}

func (e *events) Observe(_ context.Context, event auth.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// take returns the names and key ids of what was reported since the last call.
func (e *events) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for _, event := range e.list {
		names = append(names, strings.TrimSuffix(string(event.Name)+" "+event.KeyID, " "))
	}
	e.list = nil
	return strings.Join(names, ", ")
}

// An issuer that says that nothing has changed has renewed its keys, and one
// that moves them to another URL is not asked whether that one's document is
// still the old one's.
func TestConditionalRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.SetHeader(authtest.JWKS, "ETag", `"1"`)
		var seen events
		h := &recording{RoundTripper: f.Transport()}
		i := open(t, f, issuer.WithTransport(h), issuer.WithObserver(&seen))
		want(t, "first", read(t.Context(), i, f.KeyID()), "found")
		want(t, "validator", h.last("/jwks").Get("If-None-Match"), "")
		want(t, "events", seen.take(), "keys.fetched")
		time.Sleep(30 * time.Minute)
		want(t, "validator", h.last("/jwks").Get("If-None-Match"), `"1"`)
		if got := seen.take(); !strings.HasPrefix(got, "keys.unchanged, keys.unchanged") || strings.Contains(got, "fetched") {
			t.Errorf("events %s", got)
		}
		// A 304 renews: without it the keys would be past their hard stop.
		time.Sleep(12 * time.Hour)
		want(t, "renewed", read(t.Context(), i, f.KeyID()), "found")
		want(t, "state", i.Health().State.String(), "ready")

		f.SetMetadata("jwks_uri", f.URL()+"/moved")
		h.alias("/moved", "/jwks")
		time.Sleep(2 * time.Hour)
		if first := h.first("/moved"); first == nil || first.Get("If-None-Match") != "" {
			t.Errorf("the first request to another URL had %v", first)
		}
		want(t, "then", h.last("/moved").Get("If-None-Match"), `"1"`)
	})
}

// The same document without validators is no new one either.
func TestTheSameDocumentIsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var seen events
		i := open(t, f, issuer.WithObserver(&seen))
		old := f.KeyID()
		read(t.Context(), i, old)
		seen.take()
		time.Sleep(10 * time.Minute)
		want(t, "same", seen.take(), "keys.unchanged")
		fresh := f.Rotate()
		time.Sleep(10 * time.Minute)
		want(t, "rotated", seen.take(), "keys.fetched, keys.added "+fresh)
		f.WithdrawKey(old)
		time.Sleep(10 * time.Minute)
		want(t, "withdrawn", seen.take(), "keys.fetched, keys.removed "+old)
	})
}

// recording keeps the headers of requests by path, and answers for one path with
// the document of another.
type recording struct {
	http.RoundTripper
	mu      sync.Mutex
	headers map[string][]http.Header
	aliases map[string]string
}

func (r *recording) alias(path, of string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aliases = map[string]string{path: of}
}

func (r *recording) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	if r.headers == nil {
		r.headers = make(map[string][]http.Header)
	}
	path := request.URL.Path
	r.headers[path] = append(r.headers[path], request.Header.Clone())
	if of, ok := r.aliases[path]; ok {
		request = request.Clone(request.Context())
		request.URL.Path = of
	}
	r.mu.Unlock()
	return r.RoundTripper.RoundTrip(request)
}

func (r *recording) first(path string) http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.headers[path]) == 0 {
		return nil
	}
	return r.headers[path][0]
}

func (r *recording) last(path string) http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.headers[path]); n > 0 {
		return r.headers[path][n-1]
	}
	return nil
}

// What the issuer says about caching counts within bounds.
func TestCacheControl(t *testing.T) {
	for _, tc := range []struct {
		header   string
		timings  issuer.Timings
		min, max int // requests in ten hours, the first included
	}{
		{"", issuer.Timings{}, 70, 80},                                                                 // 10 min
		{"max-age=1800", issuer.Timings{}, 24, 28},                                                     // 30 min
		{"max-age=5", issuer.Timings{}, 700, 800},                                                      // 1 min, the least
		{"no-store", issuer.Timings{}, 700, 800},                                                       // the same
		{"max-age=86400", issuer.Timings{}, 12, 14},                                                    // 1 h, the most
		{"max-age=5", issuer.Timings{MinFresh: 20 * time.Minute}, 35, 40},                              // 20 min
		{"max-age=86400", issuer.Timings{MaxFresh: 2 * time.Hour}, 6, 8},                               // 2 h
		{"max-age=5", issuer.Timings{Fresh: 30 * time.Second}, 1400, 1600},                             // Fresh below MinFresh
		{"max-age=86400", issuer.Timings{Fresh: 10 * time.Minute, HardStop: 30 * time.Minute}, 24, 28}, // MaxFresh at HardStop
	} {
		t.Run(fmt.Sprint(tc.header, tc.timings), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				f.SetHeader(authtest.JWKS, "Cache-Control", tc.header)
				i := open(t, f, issuer.WithTimings(tc.timings))
				read(t.Context(), i, f.KeyID())
				time.Sleep(10 * time.Hour)
				if n := f.Requests(authtest.JWKS); n < tc.min || n > tc.max {
					t.Errorf("%d requests, want %d to %d", n, tc.min, tc.max)
				}
			})
		})
	}
}

// A cache that answers for the issuer may not know a key yet that is published
// already: its answer is as old as it says, and up to a second older.
func TestAgedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.SetHeader(authtest.JWKS, "Age", "100")
		i := open(t, f)
		want(t, "unknown to the cache", read(t.Context(), i, "just published"), "not known yet")
		_, err := i.Storage("ES256").KeyRead(t.Context(), "another")
		unknown, ok := errors.AsType[*issuer.UnknownKeyError](err)
		if !ok || time.Since(unknown.Asked) != 101*time.Second {
			t.Errorf("got %v, asked %v", err, unknown)
		}
	})
}

// An issuer that wants to be left alone is, within the bound.
func TestRetryAfterOfTheIssuer(t *testing.T) {
	for header, want := range map[string][2]time.Duration{
		"":     {800 * time.Millisecond, 1200 * time.Millisecond},
		"20":   {20 * time.Second, 20 * time.Second},
		"9999": {time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := fake(t, authtest.Config{})
			f.FailAlways(authtest.JWKS, authtest.Status(http.StatusServiceUnavailable, "Retry-After", header))
			i := open(t, f)
			_, err := i.Storage("ES256").KeyRead(t.Context(), f.KeyID())
			unavailable, ok := errors.AsType[*issuer.UnavailableError](err)
			if !ok || unavailable.RetryAfter < want[0] || unavailable.RetryAfter > want[1] {
				t.Errorf("Retry-After %q: %v, %+v", header, err, unavailable)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var seen events
		i := open(t, f, issuer.WithObserver(&seen))
		state := func(what, state string, keys int, failing bool) {
			t.Helper()
			h := i.Health()
			if h.State.String() != state || h.Keys != keys || (h.LastError != nil) != failing || (h.Failures > 0) != failing {
				t.Errorf("%s: %+v, want %s with %d keys", what, h, state, keys)
			}
		}
		state("not asked yet", "down", 0, false)
		f.FailAlways(authtest.JWKS, authtest.Status(http.StatusInternalServerError))
		read(t.Context(), i, f.KeyID())
		state("never had keys", "down", 0, true)
		f.Recover(authtest.JWKS)
		if err := i.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		state("keys", "ready", 1, false)
		loaded := time.Now()
		if h := i.Health(); !h.LastSuccess.Equal(loaded) || !h.HardStop.Equal(loaded.Add(4*time.Hour)) {
			t.Errorf("%+v", h)
		}
		seen.take()
		f.FailAlways(authtest.JWKS, authtest.Status(http.StatusInternalServerError))
		time.Sleep(9 * time.Minute)
		state("failing, still fresh", "ready", 1, true)
		if got := seen.take(); strings.Contains(got, "stale") {
			t.Errorf("events %s", got)
		}
		time.Sleep(time.Hour)
		state("stale", "degraded", 1, true)
		if got := seen.take(); strings.Count(got, "keys.stale") != 1 {
			t.Errorf("events %s", got)
		}
		time.Sleep(3 * time.Hour)
		state("past the hard stop", "down", 0, true)
		if keys := i.Keys(); keys != nil {
			t.Errorf("keys %v", keys)
		}
		f.Recover(authtest.JWKS)
		time.Sleep(2 * time.Minute)
		state("recovered", "ready", 1, false)
	})
}

func TestWaitReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		f.FailAlways(authtest.Discovery, authtest.Status(http.StatusBadGateway))
		i := open(t, f)
		hasty, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := i.WaitReady(hasty)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "502") {
			t.Errorf("got %v", err)
		}
		if n := f.Requests(authtest.Discovery); n < 3 || n > 6 {
			t.Errorf("%d requests in ten seconds of failure", n)
		}
		time.AfterFunc(time.Minute, func() { f.Recover(authtest.Discovery) })
		began := time.Now()
		if err := i.WaitReady(t.Context()); err != nil || time.Since(began) > 3*time.Minute {
			t.Errorf("ready after %v: %v", time.Since(began), err)
		}
		_ = i.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		_ = i.Close()
		if err := i.WaitReady(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		read(t.Context(), i, f.KeyID())
		fresh := f.Rotate()
		if err := i.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "requests", requests(f), "1 discovery, 2 keys")
		want(t, "no other fetch", read(t.Context(), i, fresh), "found")
		want(t, "requests", requests(f), "1 discovery, 2 keys")

		// A fetch that began before may not know what the operator knows.
		f.Fail(authtest.JWKS, authtest.Delay(3*time.Second))
		var callers sync.WaitGroup
		callers.Go(func() { _ = i.Refresh(t.Context()) })
		time.Sleep(time.Second)
		for range 5 {
			callers.Go(func() { _ = i.Refresh(t.Context()) })
		}
		callers.Wait()
		want(t, "requests", requests(f), "1 discovery, 4 keys")

		// It does not wait for the back-off, and says what went wrong.
		f.Fail(authtest.JWKS, authtest.Status(500), authtest.Status(500))
		for range 2 {
			if err := i.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "500") {
				t.Errorf("got %v", err)
			}
		}
		if err := i.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		want(t, "still there", read(t.Context(), i, fresh), "found")
	})
}

func TestDistrust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		var seen events
		i := open(t, f, issuer.WithObserver(&seen))
		stolen, good := f.KeyID(), f.AddKey("ES256")
		want(t, "before", read(t.Context(), i, stolen), "found")
		seen.take()
		i.Distrust(stolen)
		want(t, "event", seen.take(), "keys.distrusted "+stolen)
		want(t, "distrusted", read(t.Context(), i, stolen), "unknown")
		want(t, "the other", read(t.Context(), i, good), "found")
		want(t, "without kid", read(t.Context(), i, ""), "found") // one is left
		if k := i.Reconsider(t.Context(), stolen, "ES256"); k != nil {
			t.Error("offered for another try")
		}
		f.ReplaceKey(stolen)
		time.Sleep(time.Hour)
		want(t, "published again", read(t.Context(), i, stolen), "unknown")
		if keys := i.Keys(); len(keys) != 1 || keys[0].ID != good {
			t.Errorf("keys %v", keys)
		}
		i.Distrust(good)
		want(t, "all", read(t.Context(), i, good), "unknown")
		want(t, "the first still", read(t.Context(), i, stolen), "unknown")
		n := f.Requests(authtest.JWKS)
		for range 100 {
			read(t.Context(), i, stolen)
		}
		if f.Requests(authtest.JWKS) != n {
			t.Error("a distrusted key had keys fetched")
		}
	})
	synctest.Test(t, func(t *testing.T) { // before the first fetch
		f := fake(t, authtest.Config{})
		i := open(t, f)
		i.Distrust(f.KeyID())
		want(t, "distrusted", read(t.Context(), i, f.KeyID()), "unknown")
	})
}

func TestKeysAndSupports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(t, authtest.Config{})
		i := open(t, f)
		if i.Keys() != nil || i.Supports() != nil {
			t.Error("keys before any were fetched")
		}
		f.AddKey("EdDSA")
		read(t.Context(), i, f.KeyID())
		want(t, "supports", strings.Join(i.Supports(), " "), "ES256 Ed25519 EdDSA")
		keys := i.Keys()
		if len(keys) != 2 || keys[0].ID != f.KeyID() || keys[0].Public == nil {
			t.Fatalf("keys %v", keys)
		}
		keys[0].Algorithms[0] = "none"
		want(t, "supports", strings.Join(i.Supports(), " "), "ES256 Ed25519 EdDSA")
	})
}
