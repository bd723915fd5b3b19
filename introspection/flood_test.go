// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
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
