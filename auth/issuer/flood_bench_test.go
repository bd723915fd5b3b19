// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// BenchmarkLookupDuringFlood looks up a known key while tokens under made-up key
// ids arrive, a thousand each second, and while none do, in turns of a fiftieth
// of a second: both see the same machine. Percentiles are of single look-ups,
// the clock's own time included; flood/quiet is what a flood costs good callers.
//
//	go test -run '^$' -bench LookupDuringFlood -benchtime 5s ./auth/issuer
func BenchmarkLookupDuringFlood(b *testing.B) {
	const (
		turn = 20 * time.Millisecond
		pace = time.Millisecond
	)
	f, err := authtest.NewIssuer(authtest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	i, err := issuer.New(f.URL(), issuer.WithTransport(f.Transport()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = i.Close() })
	known, storage := f.KeyID(), i.Storage("ES256")
	if _, err := storage.KeyRead(b.Context(), known); err != nil {
		b.Fatal(err)
	}

	var flooding atomic.Bool
	var made atomic.Int64
	var background sync.WaitGroup
	stop := make(chan struct{})
	background.Go(func() {
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		began := time.Now()
		for next := began; ; {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			flooding.Store(time.Since(began)/turn%2 == 1)
			// A ticker leaves out what a busy machine is late for.
			for ; time.Since(next) >= pace; next = next.Add(pace) {
				if flooding.Load() {
					kid := fmt.Sprint("made-up-", made.Add(1))
					background.Go(func() { _, _ = storage.KeyRead(b.Context(), kid) })
				}
			}
		}
	})
	var quiet, flooded latencies
	for b.Loop() {
		during := &quiet
		if flooding.Load() {
			during = &flooded
		}
		began := time.Now()
		_, err := storage.KeyRead(b.Context(), known)
		took := time.Since(began)
		if err != nil {
			b.Error(err)
			break
		}
		during.add(took)
	}
	close(stop)
	background.Wait()
	if quiet.n == 0 || flooded.n == 0 {
		return // too short a run for a turn of each
	}
	for name, l := range map[string]*latencies{"quiet": &quiet, "flood": &flooded} {
		b.ReportMetric(float64(l.percentile(50)), name+"-p50-ns")
		b.ReportMetric(float64(l.percentile(99)), name+"-p99-ns")
	}
	b.ReportMetric(float64(flooded.percentile(50))/float64(quiet.percentile(50)), "flood/quiet-p50")
	b.ReportMetric(float64(flooded.percentile(99))/float64(quiet.percentile(99)), "flood/quiet-p99")
	b.ReportMetric(float64(made.Load())/(b.Elapsed().Seconds()/2), "unknown/s-in-flood")
	b.ReportMetric(float64(f.Requests(authtest.JWKS)), "key-requests")
}

// latencies counts durations by the nanosecond, the long ones together.
type latencies struct {
	counts [1 << 16]int
	n      int
}

func (l *latencies) add(d time.Duration) {
	l.counts[min(d, time.Duration(len(l.counts)-1))]++
	l.n++
}

// percentile returns the duration that so many of a hundred do not exceed.
func (l *latencies) percentile(p int) time.Duration {
	seen := 0
	for d, n := range l.counts {
		if seen += n; seen*100 >= l.n*p {
			return time.Duration(d)
		}
	}
	return time.Duration(len(l.counts))
}
