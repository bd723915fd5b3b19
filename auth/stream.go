// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Stream is an open stream of a call that a [Guard] let through. It ends when the
// token's deadline is reached, the token is revoked, its signing key withdrawn, or
// the Guard's [StreamPolicy] says so. A nil Stream never ends. It is safe for
// concurrent use.
type Stream struct {
	guard  *Guard
	rule   *Rule
	ctx    context.Context // of the decided call
	end    func(*Error)
	opened *Claims
	oldAt  time.Time // when it is too old, if there is such a time

	ended atomic.Pointer[Error]

	mu         sync.Mutex
	request    *Request
	credential Credential
	claims     *Claims
	closed     bool
	timer      *time.Timer
	endAt      time.Time // zero for never
	aged       bool      // endAt is because of the stream's age
	askAt      time.Time // zero for never
	asking     bool
	unknown    *Error // the last answer, if nobody could tell
	renewal    string // the name under which it may be renewed
}

// OpenStream watches over a stream from now on. ctx is what [Guard.Check] returned
// for r. If the stream has to end, end is called once, with the reason. It must
// not block, and nothing of the Stream may be called in it.
//
// OpenStream returns nil for a call without claims, which nothing ends. Close the
// Stream when the handler returns. The adapters call it.
func (g *Guard) OpenStream(ctx context.Context, r *Request, end func(*Error)) *Stream {
	d, ok := ctx.Value(contextKey{}).(*decision)
	if g == nil || !ok || d.guard != g || d.claims == nil || r.Carrier == nil || g.shadow.on() {
		return nil
	}
	credential, err := ParseAuthorization(r.Carrier.Values(ctx, "authorization"))
	if err != nil {
		return nil // a public procedure, or one without rules in shadow mode
	}
	own := *r
	s := &Stream{
		guard: g, rule: g.rules[r.Procedure], ctx: ctx, end: end,
		request: &own, credential: credential, opened: d.claims, claims: d.claims,
	}
	if g.renewals {
		s.renewal = streamName(ctx, r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.oldAt = earlier(now, now.Add(g.streams.MaxAge))
	s.plan(now)
	s.timer = time.AfterFunc(s.wait(now), s.tick)
	g.open.add(s)
	// What was revoked after the decision and before the stream was known is
	// found here.
	if err := g.checkRevoked(s.claims, credential); err != nil {
		s.finish(err)
	}
	return s
}

// Err returns why the stream has ended, and nil while it is open. It is for every
// message: it takes one atomic load.
func (s *Stream) Err() *Error {
	if s == nil {
		return nil
	}
	return s.ended.Load()
}

// Close says that the stream is over. It waits for an end that is under way, and
// returns what ended the stream, nil if nothing did. After that nothing will.
func (s *Stream) Close() *Error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	return s.ended.Load()
}

func (s *Stream) close() {
	if s.closed {
		return
	}
	s.closed = true
	s.timer.Stop()
	s.guard.open.remove(s)
}

// finish ends the stream, which is open. Its mutex is held.
func (s *Stream) finish(e *Error) {
	s.close()
	s.ended.Store(e)
	s.end(e)
	if o := s.guard.observer; o != nil {
		o.Observe(s.ctx, Event{Name: EventStreamEnded, Procedure: s.request.Procedure, Claims: s.claims, Error: e})
	}
}

// plan says when the stream ends, and when the token is verified again, given that
// it was verified at that time.
func (s *Stream) plan(verified time.Time) {
	policy, c := s.guard.streams, s.claims
	s.endAt, s.askAt, s.aged = time.Time{}, time.Time{}, false
	switch {
	case policy.unbounded:
	case c.data.Expiry.IsZero() && !c.data.ConfirmedAt.IsZero():
		// It has no end of its own. The issuer is asked before its word is too old,
		// and there is some time left for that.
		s.endAt = c.data.Deadline
		s.askAt = earlier(c.data.ConfirmedAt, c.data.ConfirmedAt.Add(c.data.Deadline.Sub(c.data.ConfirmedAt)*3/4))
	default:
		s.endAt = earlier(verified, c.data.Deadline)
	}
	if soonest := verified.Add(retryReverify); !s.askAt.IsZero() && s.askAt.Before(soonest) {
		s.askAt = soonest // its word may last no longer than before
	}
	if policy.Reverify > 0 {
		if at := earlier(verified, verified.Add(policy.Reverify)); s.askAt.IsZero() || at.Before(s.askAt) {
			s.askAt = at
		}
		s.endBy(verified.Add(2 * policy.Reverify))
	}
	if policy.MaxAge > 0 {
		s.aged = s.endBy(s.oldAt)
	}
}

// endBy has the stream end then, and reports whether that is earlier.
func (s *Stream) endBy(at time.Time) bool {
	if !s.endAt.IsZero() && !at.Before(s.endAt) {
		return false
	}
	s.endAt = at
	return true
}

// never is a wait for something that does not happen.
const never = 365 * 24 * time.Hour

// wait returns how long it is from now until something has to be done.
func (s *Stream) wait(now time.Time) time.Duration {
	wait := never
	for _, at := range []time.Time{s.endAt, s.askAt} {
		if !at.IsZero() {
			wait = min(wait, at.Sub(now))
		}
	}
	return max(wait, 0)
}

// tick does what is due.
func (s *Stream) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	now := time.Now()
	if !s.endAt.IsZero() && !now.Before(s.endAt) {
		s.finish(s.overdue())
		return
	}
	if !s.askAt.IsZero() && !now.Before(s.askAt) {
		s.ask()
	}
	s.timer.Reset(s.wait(now))
}

// overdue says why a stream ends whose time has come.
func (s *Stream) overdue() *Error {
	switch {
	case s.aged:
		return ExpiredToken(CheckStreamAge, errors.New("auth: the stream was open for as long as StreamPolicy.MaxAge allows, or nearly so; open another one"))
	case s.unknown != nil:
		return s.unknown
	case s.asking:
		return Unavailable(CheckStreamDeadline, 0, errors.New("auth: the token of the stream had to be verified again, which was not done in time"))
	default:
		return ExpiredToken(CheckStreamDeadline, errors.New("auth: the token of the stream has expired, or nearly so"))
	}
}

// recheck verifies the token again, now, because what it rests on does not hold
// any more.
func (s *Stream) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.ask()
	}
}

// ask verifies the token again, apart from whoever holds the mutex.
func (s *Stream) ask() {
	if s.asking {
		s.askAt = time.Now().Add(retryReverify)
		return
	}
	s.askAt, s.asking = time.Time{}, true
	credential, before := s.credential, s.claims
	go func() {
		claims, err := s.guard.reverify(s.ctx, s.request, s.rule, credential, before)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asking = false
		if s.claims == before { // else it was renewed, and this is about another token
			s.answered(claims, err)
		}
	}()
}

// retryReverify is how soon a verification that told nothing is tried again.
const retryReverify = time.Second

func (s *Stream) answered(claims *Claims, err *Error) {
	if s.closed {
		return
	}
	now := time.Now()
	switch {
	case err == nil:
		s.claims, s.unknown = claims, nil
		s.plan(now)
	case err.Kind != KindUnauthenticated && err.Kind != KindPermissionDenied && s.claims.rests() && !s.endAt.IsZero():
		s.unknown = err
		s.askAt = now.Add(max(retryReverify, err.RetryAfter))
	default:
		s.finish(err)
		return
	}
	s.timer.Reset(s.wait(now))
}

// reverify decides anew about an open stream, as [Guard.Check] did about the call.
func (g *Guard) reverify(ctx context.Context, r *Request, rule *Rule, token Credential, before *Claims) (claims *Claims, refusal *Error) {
	defer func() {
		if p := recover(); p != nil {
			claims, refusal = nil, panicked(p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	var err error
	if g.cache == nil || rule.Fresh {
		claims, err = g.askFresh(ctx, token)
	} else {
		claims, err = g.cache.newer(ctx, token, before)
	}
	switch {
	case err != nil:
		return nil, asError(ctx, err)
	case claims == nil:
		return nil, asError(ctx, errors.New("auth: the verifier returned neither claims nor an error"))
	}
	return claims, g.admit(ctx, r, rule, token, before, claims)
}

// admit says whether a stream may go on with these claims.
func (g *Guard) admit(ctx context.Context, r *Request, rule *Rule, token Credential, before, claims *Claims) *Error {
	if !before.sameParty(claims) {
		return InvalidToken(CheckStreamParty, errors.New("auth: the token is another party's than the one that opened the stream"))
	}
	if !time.Now().Before(claims.Deadline()) {
		return ExpiredToken(CheckDeadline, nil)
	}
	if err := g.checkRevoked(claims, token); err != nil {
		return err
	}
	return g.authorize(ctx, r, rule, claims)
}
