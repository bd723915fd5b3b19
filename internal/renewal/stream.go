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
	// Present shows a token to the server, and returns the code of the answer, and
	// if that is OK when the stream will end; zero if no time is set.
	Present func(ctx context.Context, token auth.Credential) (end time.Time, code codes.Code, err error)
	// GaveUp, if not nil, is told why the stream of Procedure will not be renewed any
	// more although it is still open.
	GaveUp    func(procedure string, err error)
	Procedure string
}

const (
	// timeout is for one question, of the token source or of the server.
	timeout = 10 * time.Second
	// leastWait is between two renewals, however short tokens live.
	leastWait = 250 * time.Millisecond
	// firstBackOff and lastBackOff are between attempts that fail. While the token
	// in use is good they are less where it is short-lived.
	firstBackOff, lastBackOff = time.Second, 30 * time.Second
	leastBackOff              = 50 * time.Millisecond
	// forSource and forServer are to how many times the first back-off they grow when
	// the token in use is about to expire, depending on who is waited for.
	forSource, forServer = 1, 5
	// leastMargin is how long before the end of its stream a token is presented again
	// at least, where that is how much earlier than the token a stream may end.
	leastMargin = 2 * time.Second
	// blindWait is between renewals at least if only the server knows when tokens
	// expire, whose clock may be another.
	blindWait = 5 * time.Second
	// endShare and mostEarlier are how much earlier than its token a server may end
	// a stream: by a share of what is left of the token's life, and no more than that.
	endShare, mostEarlier = 20, 30 * time.Second
	// maxMisses is how often a stream may be looked for in vain. Calls are spread
	// over the servers behind a load balancer, so another try may find it.
	maxMisses = 6
)

var errNoToken = errors.New("the token source returned no token")

// stream is one that is open. Between two attempts there is a timer and no
// goroutine.
type stream struct {
	Config

	ctx    func() context.Context // done when the stream is over
	cancel context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer
	release func() bool
	stopped bool

	// What follows belongs to the attempt under way.

	begun    bool
	token    auth.Credential // in use, as far as is known; zero if not
	expires  time.Time       // zero if nobody knows
	life     time.Duration   // how long it was good for when it was got
	end      time.Time       // the stream does not end before that, as far as is known
	margin   time.Duration   // before end, that the token in use is presented again
	backOffs int
	misses   int
	refused  auth.Credential // what the server refused last
	refusal  error
}

// Start asks for the token that the stream is opened with, to know when it
// expires, and renews it before that until ctx is done or stop is called. It waits
// for nobody: a source that hangs must not hold up the call. Calling stop again
// does nothing. Nothing is left after it but what Tokens and Present do not let go
// of.
func Start(ctx context.Context, c Config) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{Config: c, cancel: cancel}
	s.ctx = func() context.Context { return ctx }
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(0, s.tick)
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

// limited returns the context of one attempt.
func (s *stream) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx(), timeout)
}

// ask asks the source for a token.
func (s *stream) ask() (auth.Credential, time.Time, error) {
	ctx, cancel := s.limited()
	defer cancel()
	token, expires, err := s.Tokens(ctx)
	if err == nil && token.IsZero() {
		err = errNoToken
	}
	return token, expires, err
}

// present shows a token to the server.
func (s *stream) present(token auth.Credential) (end time.Time, code codes.Code, err error) {
	ctx, cancel := s.limited()
	defer cancel()
	return s.Present(ctx, token)
}

// begin learns what the stream is opened with. A source that fails is no reason to
// fail the stream.
func (s *stream) begin() (wait time.Duration) {
	token, expires, err := s.ask()
	switch {
	case err != nil:
		return s.backOff(forServer)
	case expires.IsZero():
		// Only the server can tell, in its answer to a renewal.
		return firstBackOff + jitter(firstBackOff)
	}
	s.use(token, expires, time.Time{})
	return s.untilRenewal()
}

// use notes that the stream goes on with a token, until that end if the server has
// said so.
func (s *stream) use(token auth.Credential, expires, end time.Time) {
	s.token, s.expires, s.life = token, expires, time.Until(expires)
	s.backOffs, s.misses, s.refused = 0, 0, auth.Credential{}
	s.holdUntil(end)
}

// holdUntil notes when the server says that the stream will end. It may be long
// before the token expires: because of the stream's age, which nobody can help, or
// because the server does not know of the token's end and asks about it itself in
// time. So it counts only as far as it says how much earlier than the token the
// stream ends.
func (s *stream) holdUntil(end time.Time) {
	s.end = s.expires.Add(-s.earlier())
	if end.After(s.end) {
		s.end = end
	}
	s.margin = max(s.expires.Sub(s.end), min(s.earlier(), leastMargin))
	s.margin -= jitter(s.margin / 2)
}

// earlier returns how much before its token the stream may end that was opened with
// it, or renewed, when it was got.
func (s *stream) earlier() time.Duration { return max(min(s.life/endShare, mostEarlier), 0) }

// untilRenewal returns when to renew a token that was just taken into use: after
// seven to eight tenths of its life, so that streams that were opened together are
// not renewed together.
func (s *stream) untilRenewal() time.Duration {
	return max(s.life-s.life/5-jitter(s.life/10), leastWait)
}

// tick makes an attempt. There is one at a time: the next has its time set when
// this one is over.
func (s *stream) tick() {
	wait, again, err := s.attempt()
	s.mu.Lock()
	// An attempt that failed because the stream is over is not given up. It may be
	// back before stop is called for that.
	if s.stopped || s.ctx().Err() != nil {
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
		s.GaveUp(s.Procedure, err)
	}
}

// attempt asks for a fresh token and presents it. It returns when to make the next
// attempt, or why there is none.
func (s *stream) attempt() (wait time.Duration, again bool, err error) {
	if !s.begun {
		s.begun = true
		return s.begin(), true, nil
	}
	token, expires, err := s.ask()
	switch {
	case err != nil:
		return s.hold(forServer)
	case !s.refused.IsZero() && token.Token() == s.refused.Token():
		return 0, false, fmt.Errorf("the server refused the token, and the source has no other: %w", s.refusal)
	case s.stale(token, expires):
		return s.hold(forSource)
	}
	end, code, err := s.present(token)
	switch outcomeOf(code) {
	case renewed:
		switch {
		case !expires.IsZero():
			s.use(token, expires, end)
			return s.untilRenewal(), true, nil
		case end.IsZero():
			return 0, false, nil // it never ends, as far as anybody knows
		default:
			s.use(token, end, end)
			return max(s.untilRenewal(), blindWait), true, nil
		}
	case missed:
		return s.missed(err)
	case refused:
		if !s.refused.IsZero() {
			return 0, false, fmt.Errorf("the server refused two tokens: %w", err)
		}
		s.refused, s.refusal = token, err
	case over:
		return 0, false, err
	case failed:
	}
	return s.backOff(forServer), true, nil
}

// hold is for when there is no newer token. A server ends streams somewhat before
// their token expires, so that they do not all come back at once; how much depends
// on what is left of the token's life. So the token in use is presented once more
// just before the stream might end, which moves that close to where the token does,
// and leaves the source its time.
func (s *stream) hold(growth int) (wait time.Duration, again bool, err error) {
	left := time.Until(s.expires)
	if s.token.IsZero() || left <= 0 || s.margin < leastBackOff || time.Until(s.end) > s.margin {
		return s.backOff(growth), true, nil
	}
	end, code, err := s.present(s.token)
	switch outcomeOf(code) {
	case renewed:
		s.misses = 0
		if before := s.end; end.After(before) {
			s.holdUntil(end)
		} else {
			s.margin = 0 // that is all there is
		}
	case missed:
		return s.missed(err)
	case refused:
		s.margin = 0 // the next one may be better
	case over:
		return 0, false, err
	case failed:
		growth = forServer
	}
	return s.backOff(growth), true, nil
}

// missed is for when the server did not find the stream.
func (s *stream) missed(err error) (wait time.Duration, again bool, _ error) {
	if s.misses++; s.misses >= maxMisses {
		return 0, false, fmt.Errorf("the stream was not found %d times: %w", s.misses, err)
	}
	return s.backOff(forServer), true, nil
}

// stale reports whether the source has nothing newer than what is in use. If it does
// not say how long its tokens are good, the server has to.
func (s *stream) stale(token auth.Credential, expires time.Time) bool {
	if expires.IsZero() {
		return false
	}
	return !time.Now().Before(expires) ||
		!s.token.IsZero() && (token.Token() == s.token.Token() || expires.Before(s.expires))
}

// backOff returns how long to wait after an attempt that came to nothing. When
// little is left of the token's life that grows to so many times the first back-off
// and no more.
func (s *stream) backOff(growth int) time.Duration {
	first, last := firstBackOff, lastBackOff
	if s.life > 0 && (time.Now().Before(s.expires) || time.Now().Before(s.end)) {
		first = min(first, max(s.life/40, leastBackOff))
		last = min(last, max(s.life/20, leastBackOff))
		if time.Until(s.expires) <= 3*s.earlier() {
			last = min(last, first*time.Duration(growth))
		}
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
