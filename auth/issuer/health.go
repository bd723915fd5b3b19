// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto"
	"errors"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// State says whether an issuer's keys can be relied on.
type State uint8

// The states.
const (
	// Down: there are no keys to verify with, or they are past their hard stop.
	// Tokens are answered as unavailable.
	Down State = iota
	// Degraded: the keys are used, although they could not be fetched again when
	// it was time, or never were (seed keys). No valid token under a known key is
	// refused.
	Degraded
	// Ready: the keys are fresh.
	Ready
)

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case Ready:
		return "ready"
	case Degraded:
		return "degraded"
	default:
		return "down"
	}
}

// Health is how an issuer's keys are.
type Health struct {
	State State
	// Keys is the number of keys in use.
	Keys int
	// LastSuccess is when keys were last fetched; zero if they never were.
	LastSuccess time.Time
	// HardStop is when the keys will not be used any more if nothing is fetched
	// until then; zero if there are none, or if they are static.
	HardStop time.Time
	// LastError is why the last fetch failed; nil if it did not.
	LastError error
	// Failures is the number of failed fetches since the last success.
	Failures int
}

// Health returns how the keys are, without fetching any. Before the first token
// or [Issuer.WaitReady] an issuer is down, because nothing was fetched yet.
func (i *Issuer) Health() Health {
	r := i.keys
	r.mu.Lock()
	defer r.mu.Unlock()
	h := Health{LastError: r.lastErr, Failures: r.failures}
	s := r.current.Load()
	if s == nil {
		return h
	}
	if r.fetch != nil {
		h.HardStop = s.fetched.Add(r.timings.HardStop)
	}
	if !s.began.IsZero() {
		h.LastSuccess = s.fetched
	}
	switch {
	case !r.alive(s, time.Now()) || len(s.keys) == 0: // all may be distrusted
		return h
	case r.fetch == nil || !s.began.IsZero() && s.age(time.Now()) < s.fresh:
		h.State = Ready
	default:
		h.State = Degraded
	}
	h.Keys = len(s.keys)
	return h
}

// WaitReady fetches the keys if there are none and returns when there are some
// to verify with, trying again after failures as the [Timings] allow. Call it
// before a server takes traffic, with a limit: an issuer that is down must not
// keep it from starting for ever. The error, once ctx ends or the issuer is
// closed, says why there are no keys.
func (i *Issuer) WaitReady(ctx context.Context) error {
	for {
		arrival := i.keys.next()
		s, err := i.keys.usable(ctx)
		if err == nil && len(s.keys) == 0 {
			return &UnavailableError{cause: errDistrusted}
		}
		if err == nil || errors.Is(err, errClosed) || ctx.Err() != nil {
			return err
		}
		wait := i.timings.MinBackoff
		if unavailable, ok := errors.AsType[*UnavailableError](err); ok && unavailable.RetryAfter > 0 {
			wait = unavailable.RetryAfter
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-arrival: // somebody else had them fetched
			timer.Stop()
		case <-i.keys.ctx.Done():
			timer.Stop()
			return &UnavailableError{cause: errClosed}
		case <-ctx.Done():
			timer.Stop()
			return &UnavailableError{cause: errors.Join(ctx.Err(), err)}
		}
	}
}

// Refresh fetches the keys now, for an operator who knows that they have
// changed. It returns when a fetch that began after the call is over, or when
// ctx ends; the keys in use stay in use if it fails. Static keys are not
// fetched, which is no error.
func (i *Issuer) Refresh(ctx context.Context) error {
	if i.keys.fetch == nil {
		return nil
	}
	return i.keys.refresh(ctx)
}

// Distrust takes the key with this kid out of use at once, under whatever other
// names too and whatever the issuer says of it: its tokens are invalid from now
// on, until the process ends. It is for the hour between the theft of a key and
// its removal by the issuer. It returns false if there is no such key now, as
// for a misspelt one; tokens with that kid are invalid all the same.
func (i *Issuer) Distrust(kid string) bool {
	found := i.keys.distrust(kid)
	i.report(context.Background(), auth.Event{Name: auth.EventKeyDistrusted, KeyID: kid})
	return found
}

// Key is a key in use.
type Key struct {
	// ID is its kid; empty if it has none.
	ID string
	// Algorithms are the JWS algorithms it may verify (RFC 7518 section 3.1).
	Algorithms []string
	// Public is a *[rsa.PublicKey], *[ecdsa.PublicKey] or [ed25519.PublicKey]. It
	// must not be changed.
	Public crypto.PublicKey
}

// Keys returns the keys in use, without fetching any; none if they are past
// their hard stop.
func (i *Issuer) Keys() []Key {
	s := i.keys.current.Load()
	if !i.keys.alive(s, time.Now()) {
		return nil
	}
	list := make([]Key, len(s.keys))
	for n, k := range s.keys {
		list[n] = Key{ID: k.kid, Algorithms: slices.Clone(k.algorithms), Public: k.public}
	}
	return list
}

// Supports returns the JWS algorithms that the keys in use can verify, sorted.
// What is accepted is for the verifier's configuration to say.
func (i *Issuer) Supports() []string {
	var list []string
	for _, k := range i.Keys() {
		list = append(list, k.Algorithms...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
