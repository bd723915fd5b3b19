// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"math/rand/v2"
	"sync"
	"time"
)

// breaker keeps questions from an endpoint that does not answer any. It is closed
// until so many in a row have failed, then open for a while, and then lets one
// question through, whose fate decides.
type breaker struct {
	limits Breaker

	mu      sync.Mutex
	failed  int       // in a row
	opened  int       // in a row
	until   time.Time // zero while closed
	probing bool      // the one question is under way
}

// admit reports whether a question may be asked, and whether it is the one that
// decides; if not, how long none may.
func (b *breaker) admit() (probe bool, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch left := time.Until(b.until); {
	case b.until.IsZero():
		return false, 0
	case left > 0:
		return false, left
	case b.probing:
		return false, b.limits.MinOpen
	}
	b.probing = true
	return true, 0
}

// succeed closes the breaker. It reports whether it was open.
func (b *breaker) succeed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := !b.until.IsZero()
	b.failed, b.opened, b.until, b.probing = 0, 0, time.Time{}, false
	return was
}

// fail counts a failure. It returns for how long the breaker is open now, and
// whether it was closed before.
func (b *breaker) fail(probe bool) (open time.Duration, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed++
	first = b.until.IsZero()
	switch {
	case probe:
		b.probing = false
	case !first:
		return time.Until(b.until), false // it was asked before the breaker opened
	case b.failed < b.limits.Failures:
		return 0, false
	}
	open = backoff(b.limits.MinOpen, b.limits.MaxOpen, b.opened)
	b.opened++
	b.until = time.Now().Add(open)
	return open, first
}

// release takes back a question whose fate says nothing.
func (b *breaker) release(probe bool) {
	if !probe {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// backoff doubles from least to most, and takes up to a half off so that those
// who failed together do not come back together.
func backoff(least, most time.Duration, n int) time.Duration {
	d := most
	if n < 32 && least<<n > 0 {
		d = min(most, least<<n)
	}
	return d - rand.N(d/2+1)
}
