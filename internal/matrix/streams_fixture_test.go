// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// streams is a service whose streaming methods do what the token says.
type streams struct {
	*matrix.Server

	guard   *auth.Guard
	revoked *auth.RevocationList

	mu     sync.Mutex
	tokens map[string]*life // by token, which is also the subject
	next   int
	slow   atomic.Int64 // the longest that this process was kept from a timer
}

// lateness is how much later than it must something may be seen to happen, on a
// machine that has nothing else to do.
const lateness = 250 * time.Millisecond

// late is the same on this machine, which other tests share.
func (s *streams) late() time.Duration { return lateness + 4*time.Duration(s.slow.Load()) }

// pace measures how late timers are here.
func (s *streams) pace(stop <-chan struct{}) {
	for {
		const interval = 2 * time.Millisecond
		began := time.Now()
		select {
		case <-stop:
			return
		case <-time.After(interval):
			s.slow.Store(max(s.slow.Load(), int64(time.Since(began)-interval)))
		}
	}
}

// life is a token, and what became of the one stream that it was for.
type life struct {
	token string
	// lasts is how long the token is good, from when it is first seen.
	lasts   time.Duration
	gone    atomic.Bool // the key that it rests on
	handler matrix.StreamHandler

	mu       sync.Mutex
	deadline time.Time
	ended    []ended
	sent     bool      // by the handler, at least once
	refused  bool      // the token expired before the stream was open
	entered  time.Time // the handler
	returned time.Time
	cause    error // of the handler's context, when it returned
}

// ended is what the guard has reported.
type ended struct {
	at  time.Time
	err *auth.Error
}

// forever is a life that no test waits for.
const forever = time.Hour

func newStreams(t testing.TB, policy auth.StreamPolicy, options ...matrix.Options) *streams {
	t.Helper()
	s := &streams{tokens: make(map[string]*life)}
	var err error
	if s.revoked, err = auth.NewRevocationList(auth.RevocationListConfig{MaxTokenLife: 2 * forever}); err != nil {
		t.Fatal(err)
	}
	rules := make(auth.Rules)
	for _, method := range []string{"GetWidget", "WatchWidgets", "ImportWidgets", "SyncWidgets"} {
		rules[service+method] = auth.Rule{}
	}
	s.guard, err = auth.NewGuard(auth.VerifierFunc(s.verify), rules, auth.WithStreams(policy), auth.WithRevocations(s.revoked), auth.WithObserver(auth.ObserverFunc(s.observe)))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go s.pace(stop)
	s.Server = matrix.NewServer(t, s.guard, append([]matrix.Options{{Stream: s.serve}}, options...)...)
	return s
}

// token returns one for a stream with this handler.
func (s *streams) token(lasts time.Duration, handler matrix.StreamHandler) *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	l := &life{token: fmt.Sprintf("stream-%d", s.next), lasts: lasts, handler: handler}
	s.tokens[l.token] = l
	return l
}

func (s *streams) life(token string) *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[token]
}

func (s *streams) verify(_ context.Context, c auth.Credential) (*auth.Claims, error) {
	l := s.life(c.Token())
	if l == nil || l.gone.Load() {
		return nil, auth.InvalidToken("test", nil)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.deadline.IsZero() {
		l.deadline = now.Add(l.lasts)
	}
	l.refused = !now.Before(l.deadline) // a client's library has tried again
	return auth.NewClaims(auth.ClaimsData{
		Issuer: issuerURL, Subject: l.token, ClientID: "client-" + l.token, TokenID: "id-" + l.token, SessionID: "session-" + l.token,
		KeyID: "key-" + l.token, IssuedAt: now.Truncate(time.Second), Expiry: l.deadline, Deadline: l.deadline,
		Holds: func(time.Time) bool { return !l.gone.Load() },
	})
}

func (s *streams) observe(_ context.Context, e auth.Event) {
	if e.Claims == nil || e.Name != auth.EventStreamEnded && e.Name != auth.EventRefused {
		return
	}
	l := s.life(e.Claims.Subject())
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Name == auth.EventRefused {
		l.refused = true
		return
	}
	l.ended = append(l.ended, ended{time.Now(), e.Error})
}

// serve handles every streaming method.
func (s *streams) serve(ctx context.Context, stream matrix.Stream) error {
	claims, ok := auth.FromContext(ctx)
	if !ok {
		return errors.New("no claims")
	}
	l := s.life(claims.Subject())
	l.mu.Lock()
	l.entered = time.Now()
	l.mu.Unlock()
	if send := stream.Send; send != nil {
		stream.Send = func(size int) error {
			err := send(size)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.sent = l.sent || err == nil
			return err
		}
	}
	err := l.handler(ctx, stream)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.returned, l.cause = time.Now(), context.Cause(ctx)
	return err
}

// await waits for something of a life that another goroutine brings about.
func (l *life) await(what func() bool) bool {
	for give := time.Now().Add(15 * time.Second); time.Now().Before(give); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		ok := what()
		l.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

// arrived reports whether the guard has seen the token.
func (l *life) arrived() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.deadline.IsZero()
}

// past reports whether the token's deadline was that long ago.
func (l *life) past(d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.deadline.IsZero() && time.Since(l.deadline) > d
}

func (l *life) inHandler() bool { return l.await(func() bool { return !l.entered.IsZero() }) }

func (l *life) isOver() bool {
	return l.await(func() bool { return !l.returned.IsZero() && len(l.ended) > 0 })
}

// judge says what is wrong with how a stream has ended, but for what its client
// saw. The guard must have ended it between two moments.
func (l *life) judge(reason auth.Reason, check auth.Check, earliest, latest time.Time, late time.Duration) (wrong, tardy []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ended) != 1 {
		return []string{fmt.Sprintf("the end was reported %d times", len(l.ended))}, nil
	}
	e := l.ended[0]
	if e.err.Reason != reason || e.err.Check != check {
		wrong = append(wrong, fmt.Sprintf("ended for %s (%s), want %s (%s)", e.err.Reason, e.err.Check, reason, check))
	}
	if d := earliest.Sub(e.at); d > 0 {
		wrong = append(wrong, fmt.Sprintf("ended %v too early", d))
	}
	if d := e.at.Sub(latest); d > late {
		tardy = append(tardy, fmt.Sprintf("ended %v too late", d))
	}
	if cause, ok := errors.AsType[*auth.Error](l.cause); !ok || cause != e.err {
		wrong = append(wrong, fmt.Sprintf("the cause of the handler's context is %v", l.cause))
	}
	return wrong, tardy
}

// noGoroutinesLeft fails the test if there are more than before it. Call it
// first, so that it looks last.
func noGoroutinesLeft(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for give := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(give) {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, ours(string(stacks)))
				return
			}
		}
	})
}

// ours are the goroutines that the tested code can have left behind.
func ours(stacks string) string {
	var found []string
	for g := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(g, "bearerkit/") || strings.Contains(g, "grpc") || strings.Contains(g, "net/http") {
			found = append(found, g)
		}
	}
	return strings.Join(found[:min(len(found), 10)], "\n\n")
}
