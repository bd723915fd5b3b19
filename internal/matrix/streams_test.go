// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/codes"
)

// situation is what a handler and its client are doing when their stream has to
// end.
type situation struct {
	name string
	// method is called, with these messages; hold says that more could come.
	method   string
	messages int
	hold     bool
	// header says that the response has begun by then.
	header  bool
	handler matrix.StreamHandler
	// waits says that only the client or the connection wakes the handler where
	// nothing else is there to do it.
	waits bool
	// over says which transports can have it; nil for all.
	over func(matrix.Transport) bool
}

func fullDuplex(over matrix.Transport) bool { return over.HTTP2 }

func idle(ctx context.Context, _ matrix.Stream) error {
	<-ctx.Done()
	return ctx.Err()
}

func receiving(_ context.Context, s matrix.Stream) error {
	for {
		if err := s.Receive(); err != nil {
			return err
		}
	}
}

func sending(_ context.Context, s matrix.Stream) error {
	for {
		if err := s.Send(10); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// both receives and sends at once, as generated code allows.
func both(ctx context.Context, s matrix.Stream) error {
	received := make(chan error, 1)
	go func() { received <- receiving(ctx, s) }()
	return errors.Join(sending(ctx, s), <-received)
}

// deaf ignores every error and its context for a while, and is satisfied.
func deaf(ctx context.Context, s matrix.Stream) error {
	<-ctx.Done()
	for range 20 {
		if s.Send != nil {
			_ = s.Send(1000)
		}
		_ = s.Receive()
		time.Sleep(time.Millisecond)
	}
	return nil
}

func situations() []situation {
	return []situation{
		{name: "idle", method: "WatchWidgets", messages: 1, handler: idle},
		{name: "idle, client could send", method: "SyncWidgets", hold: true, handler: idle, over: fullDuplex},
		{name: "idle, after a message", method: "WatchWidgets", messages: 1, header: true, handler: func(ctx context.Context, s matrix.Stream) error {
			return errors.Join(s.Send(1), idle(ctx, s))
		}},
		{name: "receiving", method: "ImportWidgets", messages: 1, hold: true, handler: receiving, waits: true},
		{name: "receiving the first message", method: "ImportWidgets", hold: true, handler: receiving, waits: true},
		{name: "receiving, bidirectional", method: "SyncWidgets", messages: 3, hold: true, handler: receiving, waits: true, over: fullDuplex},
		{name: "sending", method: "WatchWidgets", messages: 1, header: true, handler: sending},
		{name: "bidirectional", method: "SyncWidgets", messages: 1, hold: true, header: true, handler: both, waits: true, over: fullDuplex},
		{name: "half-closed, client streams", method: "ImportWidgets", messages: 3, handler: func(ctx context.Context, s matrix.Stream) error {
			return errors.Join(receiving(ctx, s), idle(ctx, s))
		}},
		{name: "half-closed, bidirectional", method: "SyncWidgets", messages: 1, header: true, over: fullDuplex, handler: func(ctx context.Context, s matrix.Stream) error {
			if err := receiving(ctx, s); !errors.Is(err, io.EOF) {
				return err
			}
			return sending(ctx, s)
		}},
		{name: "deaf, server streams", method: "WatchWidgets", messages: 1, handler: deaf},
		{name: "deaf, client streams", method: "ImportWidgets", messages: 1, hold: true, handler: deaf, waits: true},
		{name: "deaf, bidirectional", method: "SyncWidgets", hold: true, handler: deaf, over: fullDuplex},
		{name: "content after the end", method: "WatchWidgets", messages: 1, handler: func(ctx context.Context, _ matrix.Stream) error {
			<-ctx.Done()
			return nil
		}},
	}
}

// cause is why a stream has to end. It returns between which moments it must, given
// that the handler has begun.
type cause struct {
	name   string
	policy auth.StreamPolicy
	lasts  time.Duration
	reason auth.Reason
	check  auth.Check
	begin  func(*streams, *life) (earliest, latest time.Time)
}

const shortLife = 600 * time.Millisecond

func causes(t *testing.T) []cause {
	revoked := func(r func(*life) auth.Revocation) func(*streams, *life) (time.Time, time.Time) {
		return func(s *streams, l *life) (time.Time, time.Time) {
			time.Sleep(20 * time.Millisecond)
			now := time.Now()
			if err := s.revoked.Revoke(r(l)); err != nil {
				t.Error(err)
			}
			return now, time.Now()
		}
	}
	by := func(name string, r func(*life) auth.Revocation) cause {
		return cause{name: "revoked by " + name, lasts: forever, reason: auth.ReasonTokenInvalid, check: auth.CheckRevoked, begin: revoked(r)}
	}
	return []cause{
		{name: "deadline", lasts: shortLife, reason: auth.ReasonTokenExpired, check: auth.CheckStreamDeadline, begin: func(_ *streams, l *life) (time.Time, time.Time) {
			return l.deadline.Add(-shortLife / 20), l.deadline
		}},
		{name: "age", policy: auth.StreamPolicy{MaxAge: shortLife}, lasts: forever, reason: auth.ReasonTokenExpired, check: auth.CheckStreamAge, begin: func(_ *streams, l *life) (time.Time, time.Time) {
			// It opened between the verification and the handler.
			return l.deadline.Add(-forever + shortLife*19/20), l.entered.Add(shortLife)
		}},
		{name: "key", lasts: forever, reason: auth.ReasonTokenInvalid, check: "test", begin: func(_ *streams, l *life) (time.Time, time.Time) {
			now := time.Now()
			l.gone.Store(true)
			return now, now.Add(time.Second)
		}},
		by("jti", func(l *life) auth.Revocation { return auth.Revocation{Issuer: issuerURL, TokenID: "id-" + l.token} }),
		by("session", func(l *life) auth.Revocation {
			return auth.Revocation{Issuer: issuerURL, SessionID: "session-" + l.token}
		}),
		by("subject", func(l *life) auth.Revocation { return auth.Revocation{Issuer: issuerURL, Subject: l.token} }),
		by("client", func(l *life) auth.Revocation {
			return auth.Revocation{Issuer: issuerURL, ClientID: "client-" + l.token}
		}),
		by("key", func(l *life) auth.Revocation { return auth.Revocation{Issuer: issuerURL, KeyID: "key-" + l.token} }),
		by("digest", func(l *life) auth.Revocation {
			credential, err := auth.NewBearer(l.token)
			if err != nil {
				t.Error(err)
			}
			return auth.Revocation{Token: auth.DigestToken(credential)}
		}),
	}
}

// Whatever its handler and its client are doing, a stream ends when it must, and
// the client is told why. The requests are written byte by byte, so that the end
// is seen when it comes.
func TestStreamsEnd(t *testing.T) {
	noGoroutinesLeft(t)
	for _, c := range causes(t) {
		t.Run(c.name, func(t *testing.T) {
			s := newStreams(t, c.policy)
			// What is late on a busy machine is not late each time.
			for attempt := 1; ; attempt++ {
				wrong, late := s.endAll(t, c)
				if len(late) > 0 && attempt == 3 {
					wrong = append(wrong, late...)
				}
				for _, w := range wrong {
					t.Error(w)
				}
				if len(wrong) > 0 || len(late) == 0 {
					break
				}
			}
		})
	}
}

func (s *streams) endAll(t *testing.T, c cause) (wrong, late []string) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n, over := range matrix.Streaming() {
		for m, situation := range situations() {
			// Each cause meets each transport and each situation, and the first three
			// all of them together.
			first := slices.Contains([]string{"deadline", "age", "key"}, c.name)
			switch {
			case situation.over != nil && !situation.over(over):
				continue
			case situation.waits && over.Bare():
				continue // see TestStreamsWithoutMiddleware
			case !first && c.name != "revoked by subject" && (n+m)%4 != 0:
				continue
			}
			wg.Go(func() {
				w, l := s.endOne(t, c, over, situation)
				mu.Lock()
				defer mu.Unlock()
				for _, fault := range w {
					wrong = append(wrong, over.Name+", "+situation.name+": "+fault)
				}
				for _, fault := range l {
					late = append(late, over.Name+", "+situation.name+": "+fault)
				}
			})
		}
	}
	wg.Wait()
	return wrong, late
}

func (s *streams) endOne(t *testing.T, c cause, over matrix.Transport, what situation) (wrong, late []string) {
	l := s.token(c.lasts, what.handler)
	type answer struct {
		matrix.Outcome

		at time.Time
	}
	answered := make(chan answer, 1)
	go func() {
		o := s.Do(t, over, matrix.Call{StreamMethod: what.method, Header: matrix.Bearer(l.token), Body: over.Messages(what.messages), Hold: what.hold})
		answered <- answer{o, time.Now()}
	}()
	if !l.inHandler() || what.header && !l.await(func() bool { return l.sent }) {
		return []string{fmt.Sprintf("the handler does not run: %+v", (<-answered).Outcome)}, nil
	}
	earliest, latest := c.begin(s, l)
	o := <-answered
	if !l.isOver() {
		return []string{"the handler has not returned, or no end was reported"}, nil
	}
	if wrong, late = l.judge(c.reason, c.check, earliest, latest, s.late()); len(wrong) > 0 {
		return wrong, late
	}
	if o.Transport != "" || o.Code != codes.Unauthenticated || o.Reason() != string(c.reason) {
		wrong = append(wrong, fmt.Sprintf("the client saw %q, %v, %s", o.Transport, o.Code, o.Reason()))
	}
	if challenges := len(o.Challenges) + len(o.MetaChallenges); (challenges == 0) != what.header && what.name != "deaf, server streams" {
		wrong = append(wrong, fmt.Sprintf("challenges %q in the header and %q in metadata, begun before %v", o.Challenges, o.MetaChallenges, what.header))
	}
	if d := o.at.Sub(latest); d > s.late() {
		late = append(late, fmt.Sprintf("the client saw it %v too late", d))
	}
	return wrong, late
}
