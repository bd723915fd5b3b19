// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// The events of this package.
const (
	// EventMisconfigured: the endpoint refuses this service's own credentials, or
	// is not where the configuration says, or gives no answer that can be used. It
	// comes once until there is an answer about a token. While tokens that were
	// never good fail alone, it waits for a minute without such an answer. Callers
	// are told that nobody can tell.
	EventMisconfigured auth.EventName = "introspection.misconfigured"
	// EventMostlyInactive: nearly all tokens are called inactive. Somebody sends
	// made-up ones, or the endpoint is another issuer's, or does not tell this
	// client about tokens. It comes once until that is over.
	EventMostlyInactive auth.EventName = "introspection.mostly_inactive"
	// EventOpened and EventClosed: the endpoint fails, or asks for a pause, and is
	// left alone for a while; it is back. Tokens that were good before and others
	// have one each.
	EventOpened auth.EventName = "introspection.opened"
	EventClosed auth.EventName = "introspection.closed"
)

const (
	// alarmWindow is the time over which answers are counted, longer if there are
	// fewer than alarmLeast.
	alarmWindow = time.Minute
	alarmLeast  = 50
	// inactivePercent is how many of a hundred must be inactive for an alarm.
	inactivePercent = 95
)

// alarms tells the operator what no caller must be told.
type alarms struct {
	observer auth.Observer
	issuer   string

	mu            sync.Mutex
	misconfigured bool      // reported
	useful        bool      // there was an answer about a token
	failing       time.Time // since when there was none; zero if the last one is
	unusable      int       // answers since then
	began         time.Time
	answers       int // since began
	inactive      int // of these
	raised        bool
}

func (a *alarms) report(ctx context.Context, name auth.EventName, cause error) {
	if a.observer != nil {
		a.observer.Observe(ctx, auth.Event{Name: name, Issuer: a.issuer, Cause: cause})
	}
}

// lanes are the tokens that have a breaker of their own.
var lanes = map[bool]string{true: "tokens that were good before", false: "tokens not seen before"}

func (a *alarms) opened(ctx context.Context, regular bool, d time.Duration, cause error) {
	a.report(ctx, EventOpened, fmt.Errorf("not asked about %s for %v: %w", lanes[regular], d.Round(time.Millisecond), cause))
}

func (a *alarms) closed(ctx context.Context, regular bool) {
	a.report(ctx, EventClosed, errors.New("asked about "+lanes[regular]+" again"))
}

// refused is told that the endpoint refuses this service.
func (a *alarms) refused(ctx context.Context, regular bool, cause error) {
	if a.fails(regular, true) {
		a.report(ctx, EventMisconfigured, cause)
	}
}

// useless is told of an answer that says nothing of its token.
func (a *alarms) useless(ctx context.Context, regular bool, cause error) {
	if a.fails(regular, false) {
		a.report(ctx, EventMisconfigured, fmt.Errorf("not one of %d answers could be used; look at Config.Endpoint, Auth, Tokens and Signed, and at what the issuer lets this client do; the last one: %w", alarmLeast, cause))
	}
}

// fails reports whether the alarm is to be raised. What the endpoint says to a
// made-up token may be about that token, so that others must have failed, too:
// one that was good before, or all for a while.
func (a *alarms) fails(regular, refused bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.failing.IsZero() {
		a.failing = now
	}
	if !refused {
		a.unusable++
	}
	if a.misconfigured || !refused && a.unusable < alarmLeast || !regular && a.useful && now.Sub(a.failing) < alarmWindow {
		return false
	}
	a.misconfigured = true
	return true
}

// answered is told of every answer about a token.
func (a *alarms) answered(ctx context.Context, active bool) {
	if a.count(active) {
		a.report(ctx, EventMostlyInactive, errors.New("nearly all tokens are inactive: does somebody make them up, is Config.Endpoint that of their issuer, and may this client ask about them?"))
	}
}

// count reports whether the alarm is to be raised.
func (a *alarms) count(active bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.misconfigured, a.useful, a.failing, a.unusable = false, true, time.Time{}, 0
	if now := time.Now(); now.Sub(a.began) >= alarmWindow && a.answers >= alarmLeast {
		if !a.mostlyInactive() {
			a.raised = false
		}
		a.began, a.answers, a.inactive = now, 0, 0
	}
	a.answers++
	if !active {
		a.inactive++
	}
	if a.raised || !a.mostlyInactive() {
		return false
	}
	a.raised = true
	return true
}

func (a *alarms) mostlyInactive() bool {
	return a.answers >= alarmLeast && a.inactive*100 >= a.answers*inactivePercent
}
