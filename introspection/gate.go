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

// busyDelay is when a caller may come back who was one too many.
const busyDelay = time.Second

// gate decides which questions are asked. Nobody waits in it: who cannot be
// served now is told so, and where to go on waiting is the caller's business.
//
// Regulars and strangers each have a breaker, and strangers leave a quarter of
// the room free: whoever can make up tokens can fill what strangers may take,
// and find those for which the endpoint fails. For the same reason the breaker of
// the strangers has patience, and an answer to a regular closes it: one good token
// that is new is not kept out by many for which the endpoint fails.
type gate struct {
	room     int
	longest  time.Duration // that the endpoint is left alone
	breakers [2]breaker    // of strangers, of regulars
	alarms   *alarms

	mu     sync.Mutex
	inside int
	// strangers are those of them that are no regulars.
	strangers int
}

func newGate(room int, b Breaker, patience time.Duration, a *alarms) *gate {
	g := &gate{room: room, longest: b.MaxOpen, alarms: a}
	for i := range g.breakers {
		g.breakers[i].limits = b
	}
	g.breakers[0].patience = patience
	g.breakers[0].limits.MaxOpen = b.MinOpen // so that a good one comes through soon
	return g
}

// lane is where a question goes: that of the strangers or of the regulars.
type lane struct {
	gate    *gate
	breaker *breaker
	regular bool
	holders int // of its room
}

func (g *gate) lane(regular bool) *lane {
	l := &lane{gate: g, regular: regular, breaker: &g.breakers[0]}
	if regular {
		l.breaker = &g.breakers[1]
	}
	return l
}

// enter takes room for a question with all its attempts.
func (l *lane) enter() *auth.Error {
	g := l.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.room || !l.regular && g.strangers >= max(1, g.room*3/4) {
		return auth.Unavailable(CheckBusy, busyDelay, fmt.Errorf("%d questions are under way; if the endpoint can take more, raise Config.MaxInFlight", g.inside))
	}
	g.inside++
	if !l.regular {
		g.strangers++
	}
	l.holders = 1
	return nil
}

// hold keeps the room for one holder more.
func (l *lane) hold() {
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	l.holders++
}

// leave gives the room back, if nobody else holds it.
func (l *lane) leave() {
	g := l.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.holders--; l.holders > 0 {
		return
	}
	g.inside--
	if !l.regular {
		g.strangers--
	}
}

// try is an attempt, which ends with one of answered, failed and release.
type try struct {
	lane  *lane
	began time.Time
	probe bool // the one that decides
	over  bool
}

// admit begins an attempt.
func (l *lane) admit() (*try, *auth.Error) {
	probe, wait, asked := l.breaker.admit()
	switch {
	case wait > 0 && asked:
		return nil, auth.Unavailable(CheckBreaker, wait, errors.New("the endpoint asked to be left alone (Retry-After)"))
	case wait > 0:
		return nil, auth.Unavailable(CheckBreaker, wait, errors.New("the endpoint has failed too often in a row and is left alone for a while"))
	}
	return &try{lane: l, began: time.Now(), probe: probe}, nil
}

// answered ends an attempt: the endpoint is there.
func (t *try) answered(ctx context.Context) {
	t.over = true
	g, l := t.lane.gate, t.lane
	if l.breaker.succeed(t.probe) {
		g.alarms.closed(ctx, l.regular)
	}
	if l.regular && g.breakers[0].succeed(false) {
		g.alarms.closed(ctx, false)
	}
}

// failed ends an attempt: the endpoint is not there, or might as well not be, and
// wants to be left alone for pause, if that is not zero. It returns for how long it
// is because of failures.
func (t *try) failed(ctx context.Context, cause error, pause time.Duration) time.Duration {
	t.over = true
	l := t.lane
	open, tell := l.breaker.fail(t.probe, t.began)
	if pause > 0 {
		tell = l.breaker.pause(pause) || tell
	}
	if tell {
		l.gate.alarms.opened(ctx, l.regular, max(open, pause), cause)
	}
	return open
}

// release ends an attempt whose fate says nothing.
func (t *try) release() {
	if !t.over {
		t.over = true
		t.lane.breaker.release(t.probe)
	}
}
