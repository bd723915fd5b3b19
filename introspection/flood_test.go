// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// With the cache in front, ten thousand calls with one token are one question.
func TestOneQuestionForAll(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		cache, err := auth.Cached(f.verifier(t), auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		f.as.FailAlways(authtest.Introspection, authtest.Delay(100*time.Millisecond))
		token := f.opaque()
		var wg sync.WaitGroup
		for n := range 10_000 {
			wg.Go(func() {
				time.Sleep(time.Duration(n%2000) * 100 * time.Microsecond) // some while it is asked, some later
				if _, err := verify(t.Context(), cache, token); err != nil {
					t.Error(causes(err))
				}
			})
		}
		wg.Wait()
		if n := f.as.Requests(authtest.Introspection); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

// heap is the memory in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// I10, law 4: made-up tokens, a thousand a second, cost a bounded number of
// questions and no memory, and no caller with a token that was good before gets
// anything else than its answer.
func TestFlood(t *testing.T) {
	const seconds, latency = 100, 200 * time.Millisecond
	bubble(t, func(t *testing.T, f *fixture) {
		var inside, most atomic.Int64
		f.asked = func(*http.Request) {
			now := inside.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			time.AfterFunc(latency, func() { inside.Add(-1) })
		}
		f.as.FailAlways(authtest.Introspection, authtest.Delay(latency))
		cache, err := auth.Cached(f.verifier(t), auth.CacheConfig{Refusals: 64})
		if err != nil {
			t.Fatal(err)
		}
		regulars := make([]string, 20)
		for i := range regulars {
			regulars[i] = f.opaque()
			if _, err := verify(t.Context(), cache, regulars[i]); err != nil {
				t.Fatal(causes(err))
			}
		}
		f.as.ResetRequests()
		most.Store(0)
		before := heap()
		var wg sync.WaitGroup
		for n := range seconds * 1000 {
			wg.Go(func() {
				_, err := verify(t.Context(), cache, fmt.Sprint("made-up-", n))
				if e := refusal(t, err); e.Kind != auth.KindUnavailable && e.Kind != auth.KindUnauthenticated {
					t.Errorf("a made-up token: %s", result(err))
				}
			})
			if n%10 == 0 {
				wg.Go(func() {
					if _, err := verify(t.Context(), cache, regulars[n/10%len(regulars)]); err != nil {
						t.Errorf("a good token: %s", causes(err))
					}
				})
			}
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		synctest.Wait()
		if after := heap(); after > before+4<<20 {
			t.Errorf("%d KiB of memory more than before", (after-before)>>10)
		}
		if most.Load() > 64 || most.Load() < 48 {
			t.Errorf("%d questions at a time", most.Load())
		}
		if n := f.as.Requests(authtest.Introspection); n > seconds*5*48*101/100+3*len(regulars)+48 {
			t.Errorf("%d questions in %d s", n, seconds)
		}
		if claims, refusals := cache.Len(); claims != len(regulars) || refusals > 64 {
			t.Errorf("%d tokens and %d refusals are remembered", claims, refusals)
		}
		t.Logf("%d questions, %d at a time", f.as.Requests(authtest.Introspection), most.Load())
	})
}

// waf stands in front of the endpoint and answers itself where a token looks bad;
// with status 0 it does not.
type waf struct {
	*fixture
	status int
	header http.Header
	silent []string // tokens that look bad, too
}

func (w *waf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != issuerURL+"/introspect" {
		return w.fixture.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if form, _ := url.ParseQuery(string(body)); strings.HasPrefix(form.Get("token"), "../") || slices.Contains(w.silent, form.Get("token")) {
		if w.status == 0 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return &http.Response{StatusCode: w.status, Header: w.header, Body: http.NoBody, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return w.fixture.RoundTrip(r)
}

// Law 4: tokens for which the endpoint fails, ten a second, are nothing to others,
// be they good for long or new; nor is anybody paged for them.
func TestFloodThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		pause   string
		newOnes bool // are let in as well
	}{
		"401": {401, "", true}, "403": {403, "", true}, "404": {404, "", true}, "405": {405, "", true}, "302": {302, "", true},
		"429": {429, "", true}, "500": {500, "", true}, "503": {503, "", true},
		// What the endpoint asks for is kept, by those who are not known.
		"429 with a pause": {429, "3600", false}, "503 with a pause": {503, "3600", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				front := &waf{fixture: f, status: tc.status, header: http.Header{"Content-Type": {"text/html"}, "Location": {"/blocked"}}}
				if tc.pause != "" {
					front.header.Set("Retry-After", tc.pause)
				}
				cache, err := auth.Cached(f.verifier(t, func(c *introspection.Config) { c.Transport = front }), auth.CacheConfig{})
				if err != nil {
					t.Fatal(err)
				}
				regular := f.opaque()
				if _, err := verify(t.Context(), cache, regular); err != nil {
					t.Fatal(causes(err))
				}
				refused, fresh := 0, 0
				var wg sync.WaitGroup
				for n := range 3000 {
					wg.Go(func() { _, _ = verify(t.Context(), cache, fmt.Sprint("../", n)) })
					if n%10 == 9 {
						fresh++
						if _, err := verify(t.Context(), cache, f.opaque()); err != nil {
							refused++
						}
						if _, err := verify(t.Context(), cache, regular); err != nil {
							t.Errorf("a token that was good before: %s", causes(err))
						}
					}
					time.Sleep(100 * time.Millisecond)
				}
				wg.Wait()
				if tc.newOnes && refused > 0 {
					t.Errorf("%d of %d new tokens are refused", refused, fresh)
				}
				if got := f.heard(); slices.Contains(got, introspection.EventMisconfigured) || tc.newOnes && got != nil {
					t.Errorf("events %q", got)
				}
			})
		})
	}
}

// Where nobody else is answered it looks like an outage, and still a new token
// comes through before long.
func TestFloodThatFailsBeforeAnybodyElse(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, func(c *introspection.Config) { c.Transport = &waf{fixture: f, status: 403} })
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(100 * time.Millisecond):
					_, _ = verify(t.Context(), v, fmt.Sprint("../", n))
				}
			}
		})
		time.Sleep(time.Minute)
		began, token := time.Now(), f.opaque()
		for time.Since(began) < time.Minute {
			_, err := verify(t.Context(), v, token)
			if err == nil {
				break
			}
			time.Sleep(refusal(t, err).RetryAfter + time.Millisecond)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("after %v", took)
		}
		for range 20 {
			time.Sleep(time.Second)
			if _, err := verify(t.Context(), v, f.opaque()); err != nil {
				t.Errorf("and the others: %s", causes(err))
			}
		}
		close(done)
		wg.Wait()
	})
}
