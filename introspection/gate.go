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
// and find those for which the endpoint fails.
type gate struct {
	room     int
	longest  time.Duration // that the endpoint is left alone
	breakers [2]breaker    // of strangers, of regulars
	alarms   *alarms

	mu     sync.Mutex
	inside int
	// strangers are those of them that are no regulars.
	strangers int
	quiet     time.Time // until when the endpoint wants to be left alone
}

func newGate(room int, b Breaker, a *alarms) *gate {
	g := &gate{room: room, longest: b.MaxOpen, alarms: a}
	for i := range g.breakers {
		g.breakers[i].limits = b
	}
	return g
}

// lane is where a question goes: that of the strangers or of the regulars.
type lane struct {
	gate     *gate
	breaker  *breaker
	regular  bool
	admitted bool // a question is being asked
	probe    bool // and it is the one that decides
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
	if left := time.Until(g.quiet); left > 0 {
		return auth.Unavailable(CheckBreaker, left, errors.New("the endpoint asked to be left alone (Retry-After)"))
	}
	if g.inside >= g.room || !l.regular && g.strangers >= max(1, g.room*3/4) {
		return auth.Unavailable(CheckBusy, busyDelay, fmt.Errorf("%d questions are under way; if the endpoint can take more, raise Config.MaxInFlight", g.inside))
	}
	g.inside++
	if !l.regular {
		g.strangers++
	}
	return nil
}

func (l *lane) leave() {
	if l.admitted { // an attempt that ended in a panic
		l.release()
	}
	g := l.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if !l.regular {
		g.strangers--
	}
}

// admit begins an attempt, which ends with one of answered, failed and release.
func (l *lane) admit() *auth.Error {
	probe, wait := l.breaker.admit()
	if wait > 0 {
		return auth.Unavailable(CheckBreaker, wait, errors.New("the endpoint has failed too often in a row and is left alone for a while"))
	}
	l.admitted, l.probe = true, probe
	return nil
}

// answered ends an attempt: the endpoint is there.
func (l *lane) answered(ctx context.Context) {
	l.admitted = false
	if l.breaker.succeed() {
		l.gate.alarms.closed(ctx, l.regular)
	}
}

// failed ends an attempt: the endpoint is not there, or might as well not be. It
// returns for how long it is left alone.
func (l *lane) failed(ctx context.Context, cause error) time.Duration {
	l.admitted = false
	open, first := l.breaker.fail(l.probe)
	if first && open > 0 {
		l.gate.alarms.opened(ctx, l.regular, open, cause)
	}
	return open
}

// release ends an attempt that nobody waited for.
func (l *lane) release() {
	l.admitted = false
	l.breaker.release(l.probe)
}

// pause leaves the endpoint alone, as it asked for.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); d > 0 && until.After(g.quiet) {
		g.quiet = until
	}
}
