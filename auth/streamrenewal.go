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

// streamName returns the name that a client has given to a stream; empty if none,
// or one that somebody could guess.
func streamName(ctx context.Context, r *Request) string {
	values := r.Carrier.Values(ctx, StreamHeader)
	if len(values) != 1 || len(values[0]) < minStreamName || len(values[0]) > maxStreamName || !isToken68(values[0]) {
		return ""
	}
	return values[0]
}

// RenewStream lets the stream of that name go on with the token of this call. ctx
// is what [Guard.Check] returned for r, a call of [StreamRenewalProcedure]. The
// token must be for the same party, and satisfy the rule of the stream's procedure;
// any other ends the stream, because whoever knows its name and is not its caller
// must not keep it open. The name must be the one of the stream's [StreamHeader].
//
// RenewStream returns when the stream will end now; zero if no time is set. It never
// ends earlier than it would have. The error matches [ErrNoStream], or is an [*Error].
func (g *Guard) RenewStream(ctx context.Context, r *Request, name string) (time.Time, error) {
	d, ok := ctx.Value(contextKey{}).(*decision)
	if g == nil || !ok || d.guard != g || d.claims == nil || d.procedure != StreamRenewalProcedure {
		return time.Time{}, InvalidToken(CheckStreamParty, errors.New("auth: a renewal without a token"))
	}
	token, err := ParseAuthorization(r.Carrier.Values(ctx, "authorization"))
	if err != nil {
		return time.Time{}, err
	}
	s := g.open.named(name)
	if s == nil {
		return time.Time{}, ErrNoStream
	}
	claims := d.claims
	if s.rule.Fresh {
		if claims, err = g.verify(ctx, token, true); err != nil {
			return time.Time{}, asError(ctx, err)
		}
	}
	return s.renew(token, claims)
}

func (s *Stream) renew(token Credential, claims *Claims) (time.Time, error) {
	s.mu.Lock()
	before := s.claims
	s.mu.Unlock()
	refusal := s.guard.admit(s.ctx, s.request, s.rule, token, before, claims)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return time.Time{}, ErrNoStream
	case refusal != nil && refusal.Kind != KindUnauthenticated && refusal.Kind != KindPermissionDenied:
		return time.Time{}, refusal // nobody can tell
	case refusal != nil:
		s.finish(refusal)
		return time.Time{}, refusal
	case claims.Deadline().Before(s.claims.Deadline()):
		return s.endAt, nil
	}
	s.credential, s.claims, s.unknown = token, claims, nil
	now := time.Now()
	s.plan(now)
	s.timer.Reset(s.wait(now))
	if o := s.guard.observer; o != nil {
		o.Observe(s.ctx, Event{Name: EventStreamRenewed, Procedure: s.request.Procedure, Claims: claims})
	}
	return s.endAt, nil
}
