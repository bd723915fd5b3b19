// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"time"
)

const (
	// StreamRenewalProcedure is the method by which a client presents a fresh token
	// for a stream that is open (bearerkit.auth.v1.StreamRenewal).
	StreamRenewalProcedure = "/bearerkit.auth.v1.StreamRenewal/Renew"
	// StreamHeader is the header field, or metadata entry, by which a client names a
	// stream that it may want to renew.
	StreamHeader = "bearerkit-stream"

	minStreamName, maxStreamName = 22, 64 // of base64url: 128 bits at least
)

// ErrNoStream says that no stream of that name is open here. It may have ended, or
// be open in another process.
var ErrNoStream = errors.New("auth: no such stream is open here; it has ended, or the renewal came to another server than the stream")

// AllowStreamRenewal lets clients renew their streams: it is the rule of
// [StreamRenewalProcedure], which any good token may call. The adapters have the
// service itself.
func AllowStreamRenewal() GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		g.renewals = true
		return Rules{StreamRenewalProcedure: {}}.applyGuard(g)
	})
}

// RenewsStreams reports whether [AllowStreamRenewal] was given.
func (g *Guard) RenewsStreams() bool { return g != nil && g.renewals }

// TokenSource returns a token that is good now, and when it expires; the zero time
// if nobody knows. It is asked again whenever somebody needs one, and so one that
// goes to an issuer should remember what it got until that is about to expire. It
// must be safe for concurrent use.
type TokenSource func(ctx context.Context) (token Credential, expires time.Time, err error)

// streamName returns the name that a client has given to a stream; empty if none,
// or one that somebody could guess.
func streamName(ctx context.Context, r *Request) string {
	values := r.Carrier.Values(ctx, StreamHeader)
	if len(values) != 1 || !validStreamName(values[0]) {
		return ""
	}
	return values[0]
}

func validStreamName(name string) bool {
	return len(name) >= minStreamName && len(name) <= maxStreamName && isBase64URL(name)
}

func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// RenewStream lets the stream of that name go on with the token of this call. ctx
// is what [Guard.Check] returned for a call of [StreamRenewalProcedure]. The
// token must be for the same party, and satisfy the rule of the stream's procedure;
// any other ends the stream, because whoever knows its name and is not its caller
// must not keep it open. The name must be the one of the stream's [StreamHeader].
//
// RenewStream returns when the stream will end now; zero if no time is set. It never
// ends earlier than it would have. The error matches [ErrNoStream], or is an [*Error].
func (g *Guard) RenewStream(ctx context.Context, name string) (time.Time, error) {
	d, ok := ctx.Value(contextKey{}).(*decision)
	if g == nil || !ok || d.guard != g || d.claims == nil || d.procedure != StreamRenewalProcedure {
		return time.Time{}, InvalidToken(CheckStreamParty, errors.New("auth: a renewal that this Guard did not let through with a token"))
	}
	token := d.credential
	if !validStreamName(name) {
		return time.Time{}, ErrNoStream
	}
	s := g.open.named(name)
	if s == nil {
		return time.Time{}, ErrNoStream
	}
	claims := d.claims
	if s.rule.Fresh {
		var refusal *Error
		if claims, refusal = g.confirm(ctx, token); refusal != nil {
			return time.Time{}, refusal
		}
	}
	return s.renew(token, claims)
}

// confirm asks the issuer about a token, now, as [Guard.Check] does where a rule asks
// for that.
func (g *Guard) confirm(ctx context.Context, token Credential) (claims *Claims, refusal *Error) {
	defer func() {
		if p := recover(); p != nil {
			claims, refusal = nil, panicked(p)
		}
	}()
	arrived := time.Now()
	claims, err := g.askFresh(ctx, token)
	switch {
	case err != nil:
		return nil, asError(ctx, err)
	case claims == nil:
		return nil, asError(ctx, errors.New("auth: the verifier returned neither claims nor an error"))
	case claims.ConfirmedAt().Before(arrived):
		return nil, &Error{Kind: KindPermissionDenied, Reason: ReasonMethodDenied, Check: CheckRuleFresh, Cause: errors.New("the rule of the stream asks for a fresh answer of the issuer, which is not asked about tokens of this kind")}
	}
	return claims, nil
}

// renew has the stream go on with another token.
func (s *Stream) renew(token Credential, claims *Claims) (time.Time, error) {
	refusal := s.admit(token, claims)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return time.Time{}, ErrNoStream
	case refusal != nil && (refusal.Check == CheckDeadline || refusal.Kind != KindUnauthenticated && refusal.Kind != KindPermissionDenied):
		// It expired just now, or nobody can tell. The token that is in use is none
		// the worse for it.
		return time.Time{}, refusal
	case refusal != nil:
		s.finish(refusal)
		return time.Time{}, refusal
	case !claims.Expiry().IsZero() && claims.Deadline().Before(s.claims.Deadline()):
		return s.endAt, nil
	}
	s.credential, s.claims, s.unknown, s.lost = token, claims, nil, false
	now, before := time.Now(), s.endAt
	s.verified(now)
	s.plan(now)
	if s.endAt.Before(before) && !s.endAt.IsZero() {
		s.endAt = before // by jitter, with a token that is good for no longer
	}
	s.timer.Reset(s.wait(now))
	s.report(Event{Name: EventStreamRenewed, Procedure: s.request.Procedure, Claims: claims})
	// Whoever looked for what was revoked between the first check and now looked at
	// the token before.
	if s.checkRevoked(); s.closed {
		return time.Time{}, s.ended.Load()
	}
	return s.endAt, nil
}

// admit says whether the stream may go on with another token. The rule may have
// code of the user's.
func (s *Stream) admit(token Credential, claims *Claims) (refusal *Error) {
	defer func() {
		if p := recover(); p != nil {
			refusal = panicked(p)
		}
	}()
	return s.guard.admit(s.ctx, &s.request, s.rule, token, s.opened, claims)
}
