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
// the Guard's [StreamPolicy] says so. One that nobody watches over, nil or zero,
// never ends. It is safe for concurrent use, and must not be copied.
type Stream struct {
	guard     *Guard // nil if nobody watches over it
	rule      *Rule
	ctx       context.Context // of the decided call
	handler   handlerContext
	transport StreamTransport
	request   Request
	opened    *Claims
	oldAt     time.Time // when it is too old, if there is such a time

	shadowed bool // opened in shadow mode

	neighbours neighbours // the mutex of the Guard's open streams is theirs

	ended atomic.Pointer[Error]

	mu         sync.Mutex
	credential Credential
	claims     *Claims
	closed     bool
	timer      *time.Timer
	endAt      time.Time // zero for never
	aged       bool      // endAt is because of the stream's age
	askAt      time.Time // zero for never
	verifiedAt time.Time // when the token was, as far as it counts for when to ask
	asking     bool
	lost       bool   // what the token rests on is gone
	unknown    *Error // the last answer, if nobody could tell
	renewal    string // the name under which it may be renewed
}

// WatchStream watches over s from now on, a zero Stream. ctx is what [Guard.Check]
// returned for r. If the stream has to end, t is told once.
//
// Nothing ends the stream of a call without claims. One that was let through in
// shadow mode ends with it: from then on the client is decided about when it comes
// again. Close the Stream when the handler returns. The adapters call it, with a
// Stream that is part of their own.
func (g *Guard) WatchStream(ctx context.Context, r *Request, s *Stream, t StreamTransport) {
	d, ok := ctx.Value(contextKey{}).(*decision)
	if g == nil || !ok || d.guard != g {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guard != nil {
		// What there is of it belongs to another call, and would not end this one.
		e := Unavailable(CheckGuard, 0, errors.New("auth: WatchStream with a Stream that was used before; give it a zero one for each call"))
		if !s.closed {
			s.finish(e)
		}
		s.transport = t
		s.finish(e)
		return
	}
	shadowed := g.shadow.on() && g.ReadsCredentials(r.Procedure)
	if d.claims == nil && !shadowed {
		return
	}
	s.guard, s.rule, s.ctx, s.transport, s.request = g, g.rules[r.Procedure], ctx, t, *r
	s.credential, s.opened, s.claims = d.credential, d.claims, d.claims
	now := time.Now()
	if shadowed {
		s.endAt, s.shadowed = g.shadow.end, true
		s.timer = time.AfterFunc(s.wait(now), s.tick)
		return
	}
	if g.renewals && r.Carrier != nil {
		s.renewal = streamName(ctx, r)
	}
	s.oldAt = earlier(now, now.Add(g.streams.MaxAge))
	s.verified(now)
	s.plan(now)
	s.timer = time.AfterFunc(s.wait(now), s.tick)
	g.open.add(s)
	// What was revoked after the decision and before the stream was known is
	// found here.
	s.checkRevoked()
}

// OpenStream is [Guard.WatchStream] for whoever needs no more of a transport than a
// function that ends the stream. It returns nil for a stream that nothing ends.
func (g *Guard) OpenStream(ctx context.Context, r *Request, end func(*Error)) *Stream {
	s := new(Stream)
	if g.WatchStream(ctx, r, s, endFunc(end)); s.guard == nil {
		return nil
	}
	return s
}

// Context returns the context for the stream's handler, of which there is one: parent,
// and done when the stream ends, with what [StreamTransport] returned as the cause,
// or when it is closed.
func (s *Stream) Context(parent context.Context) context.Context {
	if s == nil {
		return parent
	}
	return s.handler.of(parent)
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
// returns what ended the stream, nil if nothing did. After that nothing will. The
// handler's context is done.
func (s *Stream) Close() *Error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	s.handler.end(nil)
	return s.ended.Load()
}

func (s *Stream) close() {
	if s.closed || s.guard == nil {
		return
	}
	s.closed = true
	s.timer.Stop()
	if !s.shadowed {
		s.guard.open.remove(s)
	}
}

// finish ends the stream, which is open. Its mutex is held.
func (s *Stream) finish(e *Error) {
	s.close()
	s.ended.Store(e)
	s.handler.end(s.transport.EndStream(e))
	s.transport.WakeHandler()
	s.report(Event{Name: EventStreamEnded, Procedure: s.request.Procedure, Claims: s.claims, Error: e})
}

// report tells the observer, who has a mutex to himself and must hold up neither
// this stream nor the others that end at the same time.
func (s *Stream) report(e Event) {
	if o := s.guard.observer; o != nil {
		go o.Observe(s.ctx, e)
	}
}

// checkRevoked ends the stream if its token is revoked. If nobody can tell it goes
// on, and is looked at again soon.
func (s *Stream) checkRevoked() {
	if s.closed || s.guard.revocations == nil {
		return
	}
	switch err := s.guard.safelyRevoked(s.claims, s.credential); {
	case err == nil:
	case err.Kind == KindUnauthenticated:
		s.finish(err)
	default:
		s.guard.open.unsure.Store(true)
	}
}

// safelyRevoked is checkRevoked of the Guard outside of a call, where nobody
// recovers from a panic of the user's code.
func (g *Guard) safelyRevoked(claims *Claims, token Credential) (err *Error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return g.checkRevoked(claims, token)
}

const (
	// soonestAsk is how soon after the token was verified it is verified again, and
	// shortestLife how long a stream has at least from then on, so that there is
	// time for the answer. Both are for tokens without exp whose facts are good for
	// a moment only.
	soonestAsk   = time.Second / 2
	shortestLife = 2 * time.Second
	// lostPatience is how long a stream has for an answer once what its token rests
	// on is gone.
	lostPatience = 2 * time.Second
)

// verified notes since when the facts about the token are known. What was renewed
// with a token that the issuer was asked about long ago has to be asked about like
// before.
func (s *Stream) verified(now time.Time) {
	s.verifiedAt = now
	if c := s.claims.ConfirmedAt(); !c.IsZero() && c.Before(now) {
		s.verifiedAt = c
	}
}

// plan says when the stream ends, and when the token is verified again.
func (s *Stream) plan(now time.Time) {
	policy, c := s.guard.streams, s.claims
	s.endAt, s.askAt, s.aged = time.Time{}, time.Time{}, false
	switch {
	case policy.unbounded:
	case c.expiry == noInstant && !c.ConfirmedAt().IsZero():
		// It has no end of its own. The issuer is asked before its word is too old,
		// and there is some time left for that.
		s.endAt = later(c.deadline, now.Add(shortestLife))
		s.askAt = earlier(now, now.Add(max(c.deadline.Sub(now)/4*3, soonestAsk)))
	default:
		s.endAt = earlier(now, c.deadline)
	}
	if policy.Reverify > 0 {
		since := later(s.verifiedAt, now.Add(-policy.Reverify)) // at the latest it is due now
		if at := earlier(now, since.Add(policy.Reverify)); s.askAt.IsZero() || at.Before(s.askAt) {
			s.askAt = at
		}
		s.endBy(since.Add(2 * policy.Reverify))
	}
	if policy.MaxAge > 0 {
		s.aged = s.endBy(s.oldAt)
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
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
	case s.shadowed:
		return ExpiredToken(CheckStreamAge, errors.New("auth: the stream was let through in shadow mode, which has ended; open another one"))
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

// look is for once a second: it does what is due by a clock that may have jumped,
// and has the token verified again if what it rests on does not hold any more.
func (s *Stream) look(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if !s.endAt.IsZero() && !now.Before(s.endAt) {
		s.finish(s.overdue())
		return
	}
	if s.rests(now) {
		s.lost = false
		return
	}
	if !s.lost {
		s.lost = true
		s.endBy(now.Add(lostPatience))
	}
	s.ask()
	s.timer.Reset(s.wait(now))
}

// rests reports whether what the token rests on is there. If that panics, the
// verifier is asked.
func (s *Stream) rests(now time.Time) (rests bool) {
	defer func() {
		if recover() != nil {
			rests = false
		}
	}()
	return s.claims.rests(now)
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
		claims, err := s.guard.reverify(s.ctx, &s.request, s.rule, credential, before)
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
		s.claims, s.unknown, s.lost = claims, nil, false
		s.verified(now)
		s.plan(now)
	case err.Kind != KindUnauthenticated && err.Kind != KindPermissionDenied && s.rests(now) && !s.endAt.IsZero():
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
	within, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	var err error
	if g.cache == nil || rule.Fresh {
		claims, err = g.askFresh(within, token)
	} else {
		claims, err = g.cache.newer(within, token, before)
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
