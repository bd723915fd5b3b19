// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// maxShadow is how far ahead the end of shadow mode may lie: who needs longer
// has to say so again.
const maxShadow = 180 * 24 * time.Hour

// InsecureShadowUntil has the Guard decide and report, and let every call pass
// until a moment, from which on it enforces. It is for services that are being
// moved from another check, which must stay in place meanwhile: in shadow mode
// the Guard protects nothing. What it would have refused is reported as
// [EventShadowed] and counted in [Guard.Shadowed].
//
// Handlers find claims in the context only if the token was proved good and is
// not expired. The moment must be set and at most 180 days ahead; one that has
// passed means that the Guard enforces, so that a server may be restarted with
// an old configuration.
func InsecureShadowUntil(end time.Time) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		switch {
		case end.IsZero():
			return errors.New("auth: InsecureShadowUntil without a date; shadow mode must end")
		case time.Until(end) > maxShadow:
			return fmt.Errorf("auth: InsecureShadowUntil more than %v ahead; choose an earlier date", maxShadow)
		}
		if g.shadow != nil {
			return errTwice("InsecureShadowUntil")
		}
		g.shadow = &shadow{end: end, counts: make(map[ShadowKey]int64)}
		return nil
	})
}

// ShadowKey is what refusals in shadow mode are counted by. Procedures that no
// rule names are counted together as "other" once there are too many of them.
type ShadowKey struct {
	Procedure string
	Reason    Reason
}

type shadow struct {
	end time.Time

	mu      sync.Mutex
	counts  map[ShadowKey]int64
	unknown int // procedures in counts that no rule names
}

// A procedure that no rule names comes from the caller, who can make up as many
// and as long ones as it likes: only so many are counted by name, and the rest
// together under "other".
const (
	maxUnknownProcedures     = 1000
	maxUnknownProcedureBytes = 256
	otherProcedures          = "other"
)

// shadowPatience is how long a call waits for a verifier in shadow mode, in
// which the Guard must not do harm.
const shadowPatience = 250 * time.Millisecond

// on reports whether calls pass. A nil shadow enforces.
func (s *shadow) on() bool { return s != nil && time.Now().Before(s.end) }

func (s *shadow) count(procedure string, known bool, e *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ShadowKey{procedure, e.Reason}
	if _, counted := s.counts[key]; !known && !counted {
		if s.unknown >= maxUnknownProcedures || len(procedure) > maxUnknownProcedureBytes {
			key.Procedure = otherProcedures
		} else {
			s.unknown++
		}
	}
	s.counts[key]++
}

// Shadowed returns how many calls would have been refused since the Guard was
// made, by procedure and reason: what has to be empty before shadow mode ends.
// It is nil unless the Guard was made with [InsecureShadowUntil].
func (g *Guard) Shadowed() map[ShadowKey]int64 {
	if g == nil || g.shadow == nil {
		return nil
	}
	g.shadow.mu.Lock()
	defer g.shadow.mu.Unlock()
	return maps.Clone(g.shadow.counts)
}

// pass lets a call through that was refused in shadow mode. Claims that the
// refusal itself calls into question stay out of the context.
func (g *Guard) pass(ctx context.Context, r *Request, claims *Claims, credential Credential, e *Error) context.Context {
	g.shadow.count(r.Procedure, g.rules[r.Procedure] != nil, e)
	if e.Kind != KindPermissionDenied {
		claims = nil
	}
	return g.decided(ctx, r, claims, credential)
}
