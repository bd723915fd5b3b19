// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package renewal presents fresh tokens for streams that a client has open, the
// same way over gRPC and Connect.
package renewal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc/codes"
)

// Config is how the token of one stream is renewed.
type Config struct {
	// Tokens is where fresh ones come from.
	Tokens auth.TokenSource
	// Present shows a token to the server, and returns the code of the answer.
	Present func(ctx context.Context, token auth.Credential) (codes.Code, error)
	// GaveUp, if not nil, is told why the stream will not be renewed any more
	// although it is still open.
	GaveUp func(error)
}

const (
	// timeout is for one attempt, the token source included.
	timeout = 10 * time.Second
	// leastWait is between two renewals, however short tokens live.
	leastWait = 250 * time.Millisecond
	// firstBackOff and lastBackOff are between attempts that fail. While the token
	// in use is good they are less where it is short-lived.
	firstBackOff, lastBackOff = time.Second, 30 * time.Second
	leastBackOff              = 50 * time.Millisecond
	// maxMisses is how often a stream may be looked for in vain. Calls are spread
	// over the servers behind a load balancer, so another try may find it.
	maxMisses = 6
)

var errNoToken = errors.New("the token source returned no token")

// stream is one that is open. Between two attempts there is a timer and no
// goroutine.
type stream struct {
	Config

	ctx    func() (context.Context, context.CancelFunc) // of one attempt
	cancel context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer
	release func() bool
	stopped bool

	// What follows belongs to the attempt under way.

	token    auth.Credential // in use, as far as is known; zero if not
	expires  time.Time
	life     time.Duration // how long it was good for when it was got
	backOffs int
	misses   int
	refused  auth.Credential // what the server refused last
	refusal  error
}

// Start asks for the token that the stream is opened with, to know when it
// expires, and renews it before that until ctx is done or stop is called. Calling
// stop again does nothing. Nothing is left after it but what Tokens and Present do
// not let go of.
func Start(ctx context.Context, c Config) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{Config: c, cancel: cancel}
	s.ctx = func() (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, timeout) }
	wait, again := s.begin()
	if !again {
		cancel()
		return cancel
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(wait, s.tick)
	s.release = context.AfterFunc(ctx, s.stop)
	return s.stop
}

// stop ends everything.
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	s.timer.Stop()
	s.release()
	s.cancel()
}

// begin learns what the stream is opened with, and returns when to renew it. A
// source that fails is no reason to fail the stream.
func (s *stream) begin() (wait time.Duration, again bool) {
	ctx, cancel := s.ctx()
	defer cancel()
	token, expires, err := s.Tokens(ctx)
	if err != nil || token.IsZero() {
		return s.backOff(), true
	}
	s.use(token, expires)
	return s.untilRenewal()
}

func (s *stream) use(token auth.Credential, expires time.Time) {
	s.token, s.expires, s.life = token, expires, time.Until(expires)
	s.backOffs, s.misses, s.refused = 0, 0, auth.Credential{}
}

// untilRenewal returns when to renew a token that was just taken into use: after
// seven to eight tenths of its life, so that streams that were opened together are
// not renewed together. A token that never expires is not renewed.
func (s *stream) untilRenewal() (wait time.Duration, again bool) {
	if s.expires.IsZero() {
		return 0, false
	}
	return max(s.life-s.life/5-jitter(s.life/10), leastWait), true
}

// tick makes an attempt. There is one at a time: the next has its time set when
// this one is over.
func (s *stream) tick() {
	wait, again, err := s.attempt()
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	if again {
		s.timer.Reset(wait)
	}
	s.mu.Unlock()
	if again {
		return
	}
	s.stop()
	if err != nil && s.GaveUp != nil {
		s.GaveUp(err)
	}
}

// attempt asks for a fresh token and presents it. It returns when to make the next
// attempt, or why there is none.
func (s *stream) attempt() (wait time.Duration, again bool, err error) {
	ctx, cancel := s.ctx()
	defer cancel()
	token, expires, err := s.Tokens(ctx)
	if err == nil && token.IsZero() {
		err = errNoToken
	}
	if err != nil {
		return s.backOff(), true, nil
	}
	if !s.refused.IsZero() && token.Token() == s.refused.Token() {
		return 0, false, fmt.Errorf("the server refused the token, and the source has no other: %w", s.refusal)
	}
	if s.stale(token, expires) {
		return s.backOff(), true, nil
	}
	code, err := s.Present(ctx, token)
	switch outcomeOf(code) {
	case renewed:
		s.use(token, expires)
		wait, again = s.untilRenewal()
		return wait, again, nil
	case missed:
		if s.misses++; s.misses >= maxMisses {
			return 0, false, fmt.Errorf("the stream was not found %d times: %w", s.misses, err)
		}
	case refused:
		if !s.refused.IsZero() {
			return 0, false, fmt.Errorf("the server refused two tokens: %w", err)
		}
		s.refused, s.refusal = token, err
	case over:
		return 0, false, err
	case failed:
	}
	return s.backOff(), true, nil
}

// stale reports whether the source has nothing newer than what is in use.
func (s *stream) stale(token auth.Credential, expires time.Time) bool {
	if !expires.IsZero() && !time.Now().Before(expires) {
		return true
	}
	return !s.token.IsZero() && (token.Token() == s.token.Token() || !expires.IsZero() && expires.Before(s.expires))
}

// backOff returns how long to wait after an attempt that came to nothing.
func (s *stream) backOff() time.Duration {
	first, last := firstBackOff, lastBackOff
	if s.life > 0 && time.Now().Before(s.expires) {
		first = min(first, max(s.life/40, leastBackOff))
		last = min(last, max(s.life/20, leastBackOff))
	}
	wait := min(first<<min(s.backOffs, 10), last)
	s.backOffs++
	return wait - jitter(wait/2)
}

// jitter returns a duration from zero to bound.
func jitter(bound time.Duration) time.Duration {
	if bound <= 0 {
		return 0
	}
	return rand.N(bound) //nolint:gosec // nobody has anything from guessing it
}
