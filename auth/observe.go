// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"log/slog"
	"strings"
)

// EventName says what happened.
type EventName string

// The events.
const (
	// EventAllowed: a call was let through.
	EventAllowed EventName = "call.allowed"
	// EventRefused: a call was refused; Event.Error says why.
	EventRefused EventName = "call.refused"
	// EventShadowed: a call was let through that would have been refused without
	// shadow mode; Event.Error says why.
	EventShadowed EventName = "call.shadowed"
	// EventUndecided: a call came past the Guard without its decision, and was
	// failed; see the RequireDecision functions of the adapters.
	EventUndecided EventName = "call.undecided"
	// EventStreamEnded: an open stream was ended; Event.Error says why.
	EventStreamEnded EventName = "stream.ended"
	// EventStreamRenewed: an open stream goes on with a fresh token.
	EventStreamRenewed EventName = "stream.renewed"
	// EventKeysFetched: an issuer's keys were fetched and are in use.
	EventKeysFetched EventName = "keys.fetched"
	// EventKeysUnchanged: an issuer was asked for its keys, and they are the ones
	// in use.
	EventKeysUnchanged EventName = "keys.unchanged"
	// EventKeysFailed: a fetch of an issuer's keys failed. Keys in use stay in
	// use.
	EventKeysFailed EventName = "keys.failed"
	// EventKeysStale: fetches have failed for so long that the keys in use are not
	// fresh any more. It comes once until a fetch succeeds. The keys are used until
	// the hard stop.
	EventKeysStale EventName = "keys.stale"
	// EventKeysExpired: the keys in use are past their hard stop. Tokens are
	// refused as unavailable until a fetch succeeds.
	EventKeysExpired EventName = "keys.expired"
	// EventKeysRecovered: a fetch succeeded after the keys were stale.
	EventKeysRecovered EventName = "keys.recovered"
	// EventKeyDropped: one key of a set cannot be used; the others are.
	EventKeyDropped EventName = "keys.dropped"
	// EventKeyAdded and EventKeyRemoved: the issuer has rotated its keys.
	EventKeyAdded   EventName = "keys.added"
	EventKeyRemoved EventName = "keys.removed"
	// EventKeyDistrusted: the operator took a key out of use.
	EventKeyDistrusted EventName = "keys.distrusted"
	// EventMetadataFailed: an issuer's metadata could not be read again; those
	// from before are used.
	EventMetadataFailed EventName = "metadata.failed"
	// EventMetadataPinned: an issuer's metadata now have something another way
	// that must not change while the process runs; it was kept as it was.
	EventMetadataPinned EventName = "metadata.pinned"
)

// Event is something an operator may want to know. It never holds a token.
type Event struct {
	// Name says what happened.
	Name EventName
	// Procedure is the one that was called.
	Procedure string
	// Claims are the caller's, if they were proved.
	Claims *Claims
	// Error is the refusal of a call.
	Error *Error
	// Issuer is whose keys the event is about.
	Issuer string
	// KeyID is the key the event is about.
	KeyID string
	// Keys is the number of usable keys.
	Keys int
	// Cause says why a fetch failed or a key was dropped.
	Cause error
}

// Observer is told of events as they happen, in the goroutine they happen in:
// it must be safe for concurrent use, return soon and not panic.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// ObserverFunc makes a function an [Observer].
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }

// SlogObserver returns an Observer that logs to l, or to [slog.Default] if l is
// nil: allowed calls and fetched keys at debug level, refusals that are the
// caller's and rotated keys at info, everything an operator should look at as a warning.
func SlogObserver(l *slog.Logger) Observer { return slogObserver{l} }

type slogObserver struct{ logger *slog.Logger }

func (o slogObserver) Observe(ctx context.Context, e Event) {
	logger := o.logger
	if logger == nil {
		logger = slog.Default()
	}
	level := e.level()
	if !logger.Enabled(ctx, level) {
		return
	}
	logger.LogAttrs(ctx, level, string(e.Name), e.attrs()...)
}

func (e Event) level() slog.Level {
	switch {
	case e.Name == EventAllowed || e.Name == EventStreamRenewed || e.Name == EventKeysFetched || e.Name == EventKeysUnchanged:
		return slog.LevelDebug
	case e.Name == EventKeyAdded || e.Name == EventKeyRemoved || e.Name == EventKeysRecovered || strings.HasSuffix(string(e.Name), ".rotated"):
		return slog.LevelInfo
	case (e.Name == EventRefused || e.Name == EventShadowed || e.Name == EventStreamEnded) && (e.Error == nil || e.Error.Kind != KindUnavailable):
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

func (e Event) attrs() []slog.Attr {
	var attrs []slog.Attr
	if e.Procedure != "" {
		attrs = append(attrs, slog.String("procedure", e.Procedure))
	}
	if e.Error != nil {
		attrs = append(attrs, slog.Any("refusal", e.Error))
	}
	if e.Claims != nil {
		attrs = append(attrs, slog.Any("claims", e.Claims))
	}
	if e.Issuer != "" {
		attrs = append(attrs, slog.String("issuer", e.Issuer))
	}
	if e.KeyID != "" {
		attrs = append(attrs, slog.String("key_id", e.KeyID))
	}
	if e.Name == EventKeysFetched || e.Name == EventKeysUnchanged || e.Name == EventKeysStale || e.Name == EventKeysExpired || e.Name == EventKeysRecovered {
		attrs = append(attrs, slog.Int("keys", e.Keys))
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("cause", e.Cause.Error()))
	}
	return attrs
}
