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
// question through, whose fate decides. Apart from that it keeps the pauses that the
// endpoint asks for.
type breaker struct {
	limits Breaker
	// patience is for how long nothing but failures must have come.
	patience time.Duration

	mu       sync.Mutex
	answered time.Time // the last time
	failed   int       // in a row
	since    time.Time // from when on none was answered, and the first of these failed
	opened   int       // in a row
	until    time.Time // zero while closed
	probing  bool      // the one question is under way
	quiet    time.Time // until when the endpoint wants to be left alone
	told     bool      // the operator, that nothing is asked
}

// admit reports whether a question may be asked, and whether it is the one that
// decides; if not, how long none may, and whether it is the endpoint that wants it
// so.
func (b *breaker) admit() (probe bool, wait time.Duration, asked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if left := b.quiet.Sub(now); left > 0 {
		return false, left, true
	}
	switch left := b.until.Sub(now); {
	case b.until.IsZero():
		return false, 0, false
	case left > 0:
		return false, left, false
	case b.probing:
		return false, b.limits.MinOpen, false
	}
	b.probing = true
	return true, 0, false
}

// succeed closes the breaker. It reports whether that is to be told, which it is not
// while a pause lasts: then the question is from before.
func (b *breaker) succeed(probe bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(probe)
	now := time.Now()
	b.answered, b.failed, b.opened, b.until = now, 0, 0, time.Time{}
	tell := b.told && !now.Before(b.quiet)
	b.told = b.told && !tell
	return tell
}

// fail counts the failure of a question. It returns for how long the breaker is
// open now, and whether that is to be told.
func (b *breaker) fail(probe bool, asked time.Time) (open time.Duration, tell bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(probe)
	if b.failed == 0 {
		b.since = asked
		if b.answered.After(asked) {
			b.since = b.answered
		}
	}
	b.failed++
	now := time.Now()
	switch closed := b.until.IsZero(); {
	case closed && (b.failed < b.limits.Failures || now.Sub(b.since) < b.patience):
		return 0, false
	case !closed && !probe:
		return b.until.Sub(now), false // it was asked before the breaker opened
	}
	open = backoff(b.limits.MinOpen, b.limits.MaxOpen, b.opened)
	b.opened++
	b.until = now.Add(open)
	tell, b.told = !b.told, true
	return open, tell
}

// pause leaves the endpoint alone, as it asked for. It reports whether that is to be
// told.
func (b *breaker) pause(d time.Duration) (tell bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(d); until.After(b.quiet) {
		b.quiet = until
	}
	tell, b.told = !b.told, true
	return tell
}

// release takes back a question whose fate says nothing.
func (b *breaker) release(probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(probe)
}

func (b *breaker) end(probe bool) {
	if probe {
		b.probing = false
	}
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
