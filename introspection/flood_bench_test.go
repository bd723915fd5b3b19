// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

// BenchmarkCachedDuringFlood makes calls with a token that is known while made-up
// ones arrive, a thousand each second, and while none do, in turns of a fiftieth
// of a second: both see the same machine. flood/quiet is what the flood costs
// callers with good tokens.
//
//	go test -run '^$' -bench CachedDuringFlood -benchtime 5s ./introspection
func BenchmarkCachedDuringFlood(b *testing.B) {
	const turn, pace = 20 * time.Millisecond, time.Millisecond
	f := newFixture(b)
	cache, err := auth.Cached(f.verifier(b), auth.CacheConfig{})
	if err != nil {
		b.Fatal(err)
	}
	known := f.opaque(authtest.Lifetime(time.Hour))
	if _, err := verify(b.Context(), cache, known); err != nil {
		b.Fatal(err)
	}
	f.as.ResetRequests()
	began := time.Now()
	flooding := func() bool { return time.Since(began)/turn%2 == 1 }
	var made atomic.Int64
	var background sync.WaitGroup
	stop := make(chan struct{})
	background.Go(func() {
		for next := began; ; next = next.Add(pace) {
			select {
			case <-stop:
				return
			case <-time.After(time.Until(next)):
			}
			if flooding() {
				token := fmt.Sprint("made-up-", made.Add(1))
				background.Go(func() { _, _ = verify(b.Context(), cache, token) })
			}
		}
	})
	var took [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		during := 0
		if flooding() {
			during = 1
		}
		called := time.Now()
		_, err := verify(b.Context(), cache, known)
		if n%16 == 0 { // of each there are millions
			took[during] = append(took[during], time.Since(called))
		}
		if err != nil {
			b.Error(err)
			break
		}
	}
	close(stop)
	background.Wait()
	if len(took[0]) == 0 || len(took[1]) == 0 {
		return // too short a run for a turn of each
	}
	for _, t := range took {
		slices.Sort(t)
	}
	for _, p := range []int{50, 99} {
		quiet, flood := took[0][len(took[0])*p/100], took[1][len(took[1])*p/100]
		b.ReportMetric(float64(quiet), fmt.Sprintf("quiet-p%d-ns", p))
		b.ReportMetric(float64(flood), fmt.Sprintf("flood-p%d-ns", p))
		b.ReportMetric(float64(flood)/float64(quiet), fmt.Sprintf("flood/quiet-p%d", p))
	}
	b.ReportMetric(float64(made.Load())/(b.Elapsed().Seconds()/2), "made-up/s-in-flood")
	b.ReportMetric(float64(f.as.Requests(authtest.Introspection)), "questions")
}
