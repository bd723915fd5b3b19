// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// tally counts outcomes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[outcome]++
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.counts)
}

// all is the tally of n calls with one outcome.
func all(outcome string, n int) string { return fmt.Sprint(map[string]int{outcome: n}) }

// crowd is how many callers come at once. The race detector does not allow
// more than 8,128 goroutines.
func crowd() int {
	if raceDetector() {
		return 7_500
	}
	return 10_000
}

// All the first calls of a server that has just started share one fetch, however
// long it takes and whoever else asks.
func TestColdStartOfACrowd(t *testing.T) {
	for name, tc := range map[string]struct {
		config authtest.Config
		faults map[authtest.Endpoint]authtest.Fault
		others func(*issuer.Issuer) // in between, as often as there are calls
	}{
		"at once":       {config: authtest.Config{InMemory: true}},
		"over TCP":      {},
		"slow keys":     {faults: map[authtest.Endpoint]authtest.Fault{authtest.JWKS: authtest.Delay(200 * time.Millisecond)}},
		"slow metadata": {faults: map[authtest.Endpoint]authtest.Fault{authtest.Discovery: authtest.Delay(200 * time.Millisecond)}},
		"in pieces":     {faults: map[authtest.Endpoint]authtest.Fault{authtest.JWKS: authtest.Slow(64, 20*time.Millisecond)}},
		"who look on":   {others: func(i *issuer.Issuer) { _, _, _ = i.Health(), i.Keys(), i.Supports() }},
		"and distrust":  {others: func(i *issuer.Issuer) { i.Distrust("made-up") }},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := authtest.NewIssuer(tc.config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			for e, fault := range tc.faults {
				f.Fail(e, fault)
			}
			i := open(t, f)
			kid := f.KeyID()
			var outcomes tally
			var callers sync.WaitGroup
			ready := make(chan struct{})
			for range crowd() {
				callers.Go(func() {
					<-ready
					outcomes.add(read(t.Context(), i, kid))
				})
			}
			close(ready)
			if tc.others != nil {
				for range 1000 {
					tc.others(i)
				}
			}
			callers.Wait()
			want(t, "outcomes", outcomes.String(), all("found", crowd()))
			want(t, "requests", requests(f), "1 discovery, 1 keys")
		})
	}
}

// K16: ten thousand made-up names cost what the budget of all unknown keys
// allows, tokens under known keys do not notice, and nobody is told that a key is
// invalid that was published meanwhile.
func TestFloodOfUnknownKeys(t *testing.T) {
	const goroutines, each = 100, 100
	for name, tc := range map[string]struct {
		cold  bool
		pause time.Duration // of each goroutine, between two calls
		fault authtest.Fault
		most  int           // requests for keys, with the first of all
		every time.Duration // and one more
	}{
		"at once, cold":        {cold: true, most: 1},
		"at once":              {most: 2},
		"in a second":          {pause: 10 * time.Millisecond, most: 2},
		"in nine seconds":      {pause: 90 * time.Millisecond, most: 2},
		"in a hundred seconds": {pause: time.Second, most: 2, every: 10 * time.Second},
		"slow":                 {pause: time.Second, fault: authtest.Delay(4 * time.Second), most: 2, every: 10 * time.Second},
		"failing":              {pause: time.Second, fault: authtest.Status(http.StatusBadGateway), most: 9},
		"failing, cold":        {pause: time.Second, fault: authtest.Status(http.StatusBadGateway), most: 8, cold: true},
		"hanging":              {pause: time.Second, fault: authtest.Hang(), most: 2, every: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fake(t, authtest.Config{})
				i := open(t, f)
				known := f.KeyID()
				if !tc.cold {
					want(t, "before", read(t.Context(), i, known), "found")
					time.Sleep(time.Minute)
				}
				f.FailAlways(authtest.JWKS, tc.fault)
				var made, others, fresh tally
				var flood sync.WaitGroup
				start := time.Now()
				for g := range goroutines {
					flood.Go(func() {
						for n := range each {
							made.add(read(t.Context(), i, fmt.Sprintf("made-up-%d-%d", g, n)))
							if !tc.cold {
								began := time.Now()
								others.add(read(t.Context(), i, known))
								if took := time.Since(began); took != 0 {
									t.Errorf("a known key took %v", took)
								}
							}
							time.Sleep(tc.pause)
						}
					})
				}
				if tc.pause > 0 {
					time.Sleep(each*tc.pause/2 + 1) // not at the very time of a fetch
					kid := f.Rotate()
					flood.Go(func() { fresh.add(read(t.Context(), i, kid)) })
				}
				flood.Wait()
				most := tc.most
				if tc.every > 0 {
					most += int(time.Since(start) / tc.every)
				}
				if n := f.Requests(authtest.JWKS); n > most {
					t.Errorf("%d requests for keys, want at most %d", n, most)
				}
				if made.counts["found"] > 0 || len(made.counts) == 0 {
					t.Errorf("made-up keys: %v", made.counts)
				}
				if !tc.cold {
					want(t, "known keys", others.String(), all("found", goroutines*each))
				}
				if fresh.counts["unknown"] > 0 {
					t.Errorf("the key that was published meanwhile: %v", fresh.counts)
				}
			})
		})
	}
}

// lagging answers later, with whatever else is wrong.
type lagging struct {
	http.RoundTripper
	lag time.Duration
}

func (l lagging) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(l.lag)
	return l.RoundTripper.RoundTrip(r)
}

// K17: whatever becomes of the caller for whom a fetch was made, or of the fetch,
// the others who wait for it are answered together, and soon have the key.
func TestFollowers(t *testing.T) {
	const followers, lag = 1000, time.Second
	refused := map[bool]string{false: "unavailable", true: "not known yet"} // without and with other keys
	for name, tc := range map[string]struct {
		limit  time.Duration // of the leader
		cancel bool          // it is canceled, and not timed out
		panics int64
		fault  authtest.Fault // of the keys
		found  bool           // by the followers
		keys   int            // requests until then
	}{
		"the leader is late":              {limit: 1, found: true, keys: 1},
		"the leader times out":            {limit: lag / 2, found: true, keys: 1},
		"the leader is canceled":          {limit: lag / 2, cancel: true, found: true, keys: 1},
		"the fetch panics":                {panics: 1, keys: 0},
		"the fetch fails":                 {fault: authtest.Status(http.StatusInternalServerError), keys: 1},
		"the fetch is cut":                {fault: authtest.Truncate(10), keys: 1},
		"the fetch brings no keys":        {fault: authtest.Garbage("application/json", `{"keys":[]}`), keys: 1},
		"the fetch hangs":                 {fault: authtest.Hang(), keys: 1},
		"the leader leaves and it fails":  {limit: lag / 2, fault: authtest.Reset(), keys: 1},
		"the leader leaves and it panics": {limit: lag / 2, cancel: true, panics: 1, keys: 0},
	} {
		for _, warm := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, warm=%t", name, warm), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := fake(t, authtest.Config{})
					p := &panicky{RoundTripper: f.Transport()}
					i := open(t, f, issuer.WithTransport(lagging{p, lag}))
					if warm {
						want(t, "before", read(t.Context(), i, f.KeyID()), "found")
						time.Sleep(30 * time.Second) // so that the metadata need not be read again
						f.Rotate()
					}
					kid := f.KeyID()
					f.ResetRequests()
					p.n.Store(tc.panics)
					f.Fail(authtest.JWKS, tc.fault)

					ctx, cancel := context.WithCancel(t.Context())
					leader := refused[warm]
					if tc.limit > 0 {
						leader = "unavailable"
						if tc.cancel {
							time.AfterFunc(tc.limit, cancel)
						} else {
							ctx, cancel = context.WithTimeout(t.Context(), tc.limit)
						}
					}
					defer cancel()
					var outcomes, times tally
					var callers sync.WaitGroup
					callers.Go(func() { want(t, "leader", read(ctx, i, kid), leader) })
					synctest.Wait() // its fetch is under way
					for range followers {
						callers.Go(func() {
							outcomes.add(read(t.Context(), i, kid))
							times.add(time.Now().String())
						})
					}
					callers.Wait()
					outcome := refused[warm]
					if tc.found {
						outcome = "found"
					}
					want(t, "followers", outcomes.String(), all(outcome, followers))
					if len(times.counts) != 1 {
						t.Errorf("answered at %v", &times)
					}
					if n := f.Requests(authtest.JWKS); n != tc.keys {
						t.Errorf("%d requests for keys, want %d", n, tc.keys)
					}

					// Nobody asks again, and yet the key is there once the wait is over.
					time.Sleep(10 * time.Second)
					want(t, "afterwards", read(t.Context(), i, kid), "found")
					if n := f.Requests(authtest.JWKS); n != 1 && tc.found || n != tc.keys+1 && !tc.found {
						t.Errorf("%d requests for keys in the end", n)
					}
				})
			})
		}
	}
}
