// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
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
	// fetch gets the keys. Nil if there is nothing to fetch: the keys are what they
	// are.
	fetch fetchFunc
	// report, if not nil, is told how a fetch went. Nothing is locked then.
	report  func(last, now *snapshot, err error)
	current atomic.Pointer[snapshot]

	ended  atomic.Bool     // no fetch will change current any more
	ctx    context.Context // of all fetches; canceled by close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	running  *flight
	latest   *flight       // running or the last one that was
	arrival  chan struct{} // closed by the next success
	due      time.Time     // when timer fires
	timer    *time.Timer   // of the next refresh ahead or retry
	failures int           // since the last success
	lastErr  error         // of the last fetch; nil if it succeeded
	retryAt  time.Time     // after failures: no fetch before
	missAt   time.Time     // the last fetch for an unknown key began
	forgedAt time.Time     // the last fetch for a bad signature began

	distrusted *distrusted   // replaced, never changed
	hung       chan struct{} // of a fetch that was given up on, closed when it returns
}

// fetchFunc gets the keys, of which last is what was got before, or nil, for a
// reason.
type fetchFunc func(ctx context.Context, last *snapshot, why cause) (*snapshot, error)

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
	if !r.alive(s, time.Now()) {
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
func newRefresher(t Timings, seed *snapshot, fetch fetchFunc) *refresher {
	ctx, cancel := context.WithCancel(context.Background())
	r := &refresher{timings: t, fetch: fetch, ctx: ctx, cancel: cancel, arrival: make(chan struct{})}
	if seed != nil {
		r.current.Store(seed.without(nil))
	}
	return r
}

// alive reports whether keys of that age may be used.
func (r *refresher) alive(s *snapshot, now time.Time) bool {
	return s != nil && (r.fetch == nil || s.age(now) < r.timings.HardStop)
}

// usable returns the current keys, waiting for a first fetch where there are
// none or where the last success is too long ago.
func (r *refresher) usable(ctx context.Context) (*snapshot, error) {
	for {
		s := r.current.Load()
		if r.alive(s, time.Now()) {
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
		if s.distrusted.has(kid) {
			return nil, &UnknownKeyError{Asked: s.asked(), Final: true, cause: errDistrusted}
		}
		// A set asked for after the token arrived names every key that can have
		// signed it.
		if !s.began.Before(arrived) || r.fetch == nil {
			return nil, &UnknownKeyError{Asked: s.asked(), Final: true}
		}
		f, wait, err := r.join(causeUnknownKey, s)
		if err != nil {
			return nil, &UnknownKeyError{Asked: s.asked(), RetryAfter: wait, cause: err}
		}
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.err != nil {
			return nil, &UnknownKeyError{Asked: s.asked(), RetryAfter: r.backoff(), cause: f.err}
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
	if why == causeSchedule && now.Before(r.due) {
		return nil, 0, errors.New("issuer: somebody else had keys fetched when it was time")
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
	r.running, r.latest = f, f
	r.done.Add(1)
	go r.run(f, why)
	return f, 0, nil
}

// run makes one fetch and puts what it brought into use.
func (r *refresher) run(f *flight, why cause) {
	defer r.done.Done()
	last := r.current.Load()
	s, err := r.fetchWithin(why)
	r.take(f, why, s, err)
	if r.report != nil && r.ctx.Err() == nil {
		r.report(last, s, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = nil
	close(f.done)
}

// take puts what a fetch brought into use, or sees to the next one.
func (r *refresher) take(f *flight, why cause, s *snapshot, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		f.err, r.lastErr = err, err
		r.failures++
		if why == causeUnknownKey {
			r.missAt = time.Time{} // a failure costs the back-off only
		}
		wait := delayAfterFailure(r.timings, r.failures, err)
		r.retryAt = time.Now().Add(wait)
		r.schedule(wait)
	} else {
		r.current.Store(s.without(r.distrusted))
		r.failures, r.lastErr, r.retryAt = 0, nil, time.Time{}
		close(r.arrival)
		r.arrival = make(chan struct{})
		r.schedule(jitter(s.fresh/10*8, 0.05))
	}
}

// requestsPerFetch is how many requests one fetch may take: metadata in two
// places, and the keys.
const requestsPerFetch = 3

// grace is for a fetch whose time is over to return.
const grace = time.Second

// fetchWithin gives up on a fetch that does not end with its context, as a
// source of the user's or a file on a dead disk may not. There is no other one
// until it has returned.
func (r *refresher) fetchWithin(why cause) (*snapshot, error) {
	r.mu.Lock()
	hung := r.hung
	r.mu.Unlock()
	if hung != nil {
		select {
		case <-hung:
		default:
			return nil, errors.New("issuer: the fetch before has not returned; look at the source of the keys")
		}
	}
	s, hung, err := within(r.ctx, requestsPerFetch*r.timings.FetchTimeout, func(ctx context.Context) (*snapshot, error) {
		return r.fetchSafely(ctx, why)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hung = hung
	return s, err
}

// within calls f with that much time, and gives up on it when the time is over
// or ctx ends: then returned is closed when it comes back.
func within[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (value T, returned chan struct{}, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var came T
	failed := errors.New("issuer: the goroutine of a fetch was ended")
	returned = make(chan struct{})
	go func() {
		defer close(returned)
		came, failed = f(ctx)
	}()
	select {
	case <-returned:
		return came, nil, failed
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-returned:
		return came, nil, failed
	case <-timer.C:
		return value, returned, errors.New("issuer: a fetch does not return when its time is over; look at the source of the keys, or at the transport")
	}
}

// begin lets Close wait for work besides fetches of keys, until done.Done is
// called. It returns false after Close.
func (r *refresher) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.done.Add(1)
	return true
}

// fetchSafely turns a panic, which would end the process, into a failed fetch.
func (r *refresher) fetchSafely(ctx context.Context, why cause) (s *snapshot, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("issuer: panic while fetching keys: %v", p)
		}
	}()
	s, err = r.fetch(ctx, r.current.Load(), why)
	if err != nil {
		// An error of somebody else's may panic when it is looked into. Here that is
		// a failed fetch too.
		_, _ = errors.AsType[*boundedhttp.StatusError](err)
		_ = err.Error()
	}
	return s, err
}

// schedule sets the timer of the next background fetch.
func (r *refresher) schedule(after time.Duration) {
	if r.closed {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.due = time.Now().Add(after)
	r.timer = time.AfterFunc(after, func() { _, _, _ = r.join(causeSchedule, nil) })
}

// delayAfterFailure doubles with each failure in a row. An issuer that says how
// long it wants to be left alone is left alone for that long, within the bound.
func delayAfterFailure(t Timings, failures int, err error) time.Duration {
	delay := t.MinBackoff
	for n := 1; n < failures && delay < t.MaxBackoff; n++ {
		delay *= 2
	}
	delay = jitter(min(delay, t.MaxBackoff), 0.2)
	if status, ok := errors.AsType[*boundedhttp.StatusError](err); ok {
		delay = max(delay, min(status.RetryAfter, t.MaxBackoff))
	}
	return delay
}

// next returns a channel that the next successful fetch closes.
func (r *refresher) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrival
}

// succeeds reports whether the last fetch did.
func (r *refresher) succeeds() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lastErr == nil
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
	r.ended.Store(true)
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
		f, err := r.fetchAfter(called)
		if err != nil {
			return err
		}
		if err := f.wait(ctx); err != nil {
			return err
		}
		if !f.began.Before(called) {
			return f.err
		}
	}
}

// fetchAfter returns a fetch that began after a time, or the running one, or
// starts one.
func (r *refresher) fetchAfter(called time.Time) (*flight, error) {
	r.mu.Lock()
	latest := r.latest
	r.mu.Unlock()
	if latest != nil && latest.began.After(called) {
		return latest, nil
	}
	f, _, err := r.join(causeOperator, nil)
	return f, err
}

// distrust takes a key out of use, under whatever name, and keeps it out. It
// reports whether it was in use.
func (r *refresher) distrust(kid string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.current.Load()
	r.distrusted = r.distrusted.with(kid, s)
	if s == nil {
		return false
	}
	trusted := s.without(r.distrusted)
	r.current.Store(trusted)
	return len(trusted.keys) < len(s.keys)
}
