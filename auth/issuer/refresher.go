// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// refresher keeps one snapshot current. All fetches go through one flight that
// runs on the refresher's own context.
type refresher struct {
	timings Timings
	// fetch gets the keys, of which it is given those that are there, if any.
	// Nil if there is nothing to fetch: the keys are what they are.
	fetch   func(ctx context.Context, last *snapshot) (*snapshot, error)
	current atomic.Pointer[snapshot]

	ctx    context.Context // of all fetches; canceled by close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	running  *flight
	timer    *time.Timer // of the next refresh ahead or retry
	failures int         // since the last success
	lastErr  error       // of the last fetch; nil if it succeeded
	retryAt  time.Time   // after failures: no fetch before
	missAt   time.Time   // the last fetch for an unknown key began
	forgedAt time.Time   // the last fetch for a bad signature began

	distrusted map[string]bool // replaced, never changed
}

// forgedCooldown is the least time between two fetches made because of a bad
// signature. Anybody can make one, and hardly any issuer reuses a key id.
const forgedCooldown = 5 * time.Minute

// reconsider fetches the keys for a bad signature, or joins a running fetch, and
// returns the key as it is then. Where no fetch is due it returns the key as it
// is now, which another caller's fetch may have replaced meanwhile. It never
// spends the budget of unknown keys.
func (r *refresher) reconsider(ctx context.Context, kid, alg string) *key {
	if f, _, err := r.join(causeBadSignature, r.current.Load()); err == nil && f.wait(ctx) != nil {
		return nil
	}
	s := r.current.Load()
	if s == nil {
		return nil
	}
	k, err := s.find(kid, alg)
	if err != nil {
		return nil
	}
	return k
}

// flight is one fetch. err is set before done is closed.
type flight struct {
	began time.Time
	done  chan struct{}
	err   error
}

// landed is a flight that is over.
var landed = func() *flight {
	f := &flight{done: make(chan struct{})}
	close(f.done)
	return f
}()

// cause is why somebody wants a fetch; each has its own budget.
type cause uint8

const (
	causeNoKeys       cause = iota // there are no keys to answer with
	causeUnknownKey                // a token names a key that is not there
	causeBadSignature              // a signature does not verify under a known key
	causeSchedule                  // it is time
	causeOperator                  // somebody who knows better
)

var (
	errClosed     = errors.New("issuer: closed")
	errStatic     = errors.New("issuer: the keys are given once and for all")
	errDistrusted = errors.New("the operator distrusts the key")
)

// newRefresher returns a refresher that begins with the keys of seed, if it is
// not nil, and without fetch stays with them.
func newRefresher(t Timings, seed *snapshot, fetch func(context.Context, *snapshot) (*snapshot, error)) *refresher {
	ctx, cancel := context.WithCancel(context.Background())
	r := &refresher{timings: t, fetch: fetch, ctx: ctx, cancel: cancel}
	if seed != nil {
		r.current.Store(seed.without(nil))
	}
	return r
}

// alive reports whether keys of that age may be used.
func (r *refresher) alive(s *snapshot) bool {
	return s != nil && (r.fetch == nil || s.age() < r.timings.HardStop)
}

// usable returns the current keys, waiting for a first fetch where there are
// none or where the last success is too long ago.
func (r *refresher) usable(ctx context.Context) (*snapshot, error) {
	for {
		s := r.current.Load()
		if r.alive(s) {
			if s.began.IsZero() && r.fetch != nil {
				_, _, _ = r.join(causeNoKeys, s) // seed keys: nobody waits for better ones
			}
			return s, nil
		}
		f, wait, err := r.join(causeNoKeys, s)
		if err != nil {
			return nil, &UnavailableError{RetryAfter: wait, cause: err}
		}
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.err != nil {
			return nil, &UnavailableError{RetryAfter: r.backoff(), cause: f.err}
		}
	}
}

// find returns the key for a token, fetching once more if it is unknown. The
// error is an *UnavailableError, an *UnknownKeyError, errAmbiguous or the
// caller's own context error.
func (r *refresher) find(ctx context.Context, kid, alg string) (*key, error) {
	arrived := time.Now()
	for {
		s, err := r.usable(ctx)
		if err != nil {
			return nil, err
		}
		if k, err := s.find(kid, alg); k != nil || err != nil {
			return k, err
		}
		if s.distrusted[kid] {
			return nil, &UnknownKeyError{Asked: s.began, Final: true, cause: errDistrusted}
		}
		// A set asked for after the token arrived names every key that can have
		// signed it.
		if !s.began.Before(arrived) || r.fetch == nil {
			return nil, &UnknownKeyError{Asked: s.began, Final: true}
		}
		f, wait, err := r.join(causeUnknownKey, s)
		if err != nil {
			return nil, &UnknownKeyError{Asked: s.began, RetryAfter: wait, cause: err}
		}
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.err != nil {
			return nil, &UnknownKeyError{Asked: s.began, RetryAfter: r.backoff(), cause: f.err}
		}
	}
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return &UnavailableError{cause: ctx.Err()}
	}
}

// join returns the running fetch, or starts one if the budget of its cause
// allows it. Otherwise it says why not and how long the caller might wait. seen
// is what the caller found wanting: if a fetch has replaced it meanwhile, the
// caller has to look again and gets a fetch that is over.
func (r *refresher) join(why cause, seen *snapshot) (*flight, time.Duration, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, 0, errClosed
	}
	if r.fetch == nil {
		return nil, 0, errStatic
	}
	if r.running != nil {
		return r.running, 0, nil
	}
	own := why == causeSchedule || why == causeOperator // asks for nobody else
	if !own && r.current.Load() != seen {
		return landed, 0, nil
	}
	now := time.Now()
	if !own {
		if wait := r.retryAt.Sub(now); wait > 0 {
			return nil, wait, fmt.Errorf("issuer: waiting before the next fetch, because the last one failed: %w", r.lastErr)
		}
	}
	if why == causeUnknownKey {
		if wait := r.missAt.Add(r.timings.Cooldown).Sub(now); !r.missAt.IsZero() && wait > 0 {
			return nil, wait, errors.New("issuer: keys were fetched for an unknown key a moment ago")
		}
		r.missAt = now
	}
	if why == causeBadSignature {
		if wait := r.forgedAt.Add(forgedCooldown).Sub(now); !r.forgedAt.IsZero() && wait > 0 {
			return nil, wait, errors.New("issuer: keys were fetched for a bad signature a while ago")
		}
		r.forgedAt = now
	}
	f := &flight{began: now, done: make(chan struct{})}
	r.running = f
	r.done.Add(1)
	go r.run(f, why)
	return f, 0, nil
}

// run makes one fetch and puts what it brought into use.
func (r *refresher) run(f *flight, why cause) {
	defer r.done.Done()
	s, err := r.fetchSafely()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		f.err, r.lastErr = err, err
		r.failures++
		if why == causeUnknownKey {
			r.missAt = time.Time{} // a failure costs the back-off only
		}
		r.retryAt = time.Now().Add(r.delayAfterFailure(err))
		r.schedule(time.Until(r.retryAt))
	} else {
		r.current.Store(s.without(r.distrusted))
		r.failures, r.lastErr, r.retryAt = 0, nil, time.Time{}
		r.schedule(jitter(s.fresh*8/10, 0.05))
	}
	r.running = nil
	close(f.done)
}

// fetchSafely turns a panic, which would end the process, into a failed fetch.
func (r *refresher) fetchSafely() (s *snapshot, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("issuer: panic while fetching keys: %v", p)
		}
	}()
	return r.fetch(r.ctx, r.current.Load())
}

// schedule sets the timer of the next background fetch.
func (r *refresher) schedule(after time.Duration) {
	if r.closed {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = time.AfterFunc(after, func() { _, _, _ = r.join(causeSchedule, nil) })
}

// delayAfterFailure doubles with each failure in a row. An issuer that says how
// long it wants to be left alone is left alone for that long, within the bound.
func (r *refresher) delayAfterFailure(err error) time.Duration {
	delay := r.timings.MinBackoff
	for n := 1; n < r.failures && delay < r.timings.MaxBackoff; n++ {
		delay *= 2
	}
	delay = jitter(min(delay, r.timings.MaxBackoff), 0.2)
	if status, ok := errors.AsType[*boundedhttp.StatusError](err); ok {
		delay = max(delay, min(status.RetryAfter, r.timings.MaxBackoff))
	}
	return delay
}

// backoff returns how long no fetch will be made for a caller.
func (r *refresher) backoff() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, time.Until(r.retryAt))
}

func (r *refresher) close() {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	r.cancel()
	r.done.Wait()
}

// jitter spreads a delay by a fraction either way, so that a fleet started at
// once does not ask at once.
func jitter(d time.Duration, by float64) time.Duration {
	return time.Duration(float64(d) * (1 - by + 2*by*rand.Float64()))
}

// refresh fetches the keys now, whatever the back-off, and returns when a fetch
// that began after the call is over.
func (r *refresher) refresh(ctx context.Context) error {
	called := time.Now()
	for {
		f, _, err := r.join(causeOperator, nil)
		if err != nil {
			return err
		}
		if err := f.wait(ctx); err != nil {
			return err
		}
		if f.err != nil {
			return f.err
		}
		if !f.began.Before(called) {
			return nil
		}
	}
}

// distrust takes a key out of use, and keeps it out.
func (r *refresher) distrust(kid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	distrusted := map[string]bool{kid: true}
	maps.Copy(distrusted, r.distrusted)
	r.distrusted = distrusted
	if s := r.current.Load(); s != nil {
		r.current.Store(s.without(distrusted))
	}
}
