// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/renewal"
	"google.golang.org/grpc/codes"
)

// script is a token source and a server for one stream.
type script struct {
	life time.Duration // of tokens
	// early is how long before its end the source replaces a token. Zero for on
	// every question.
	early time.Duration
	// fixed has the source give one token for ever; never has its tokens not
	// expire, and blind has it not know when they do; down is until when it fails.
	fixed, never, blind bool
	down                time.Duration
	// answers are the codes of the first renewals; what follows is OK.
	answers []codes.Code
	always  bool // the last of them for ever

	mu        sync.Mutex
	began     time.Time
	minted    int
	expires   time.Time
	asked     []time.Duration
	presented []time.Duration
	tokens    []string
	end       time.Time // when the server ends the stream
	gaveUp    []error
}

func (s *script) source(context.Context) (auth.Credential, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.asked = append(s.asked, now.Sub(s.began))
	if now.Sub(s.began) < s.down {
		return auth.Credential{}, time.Time{}, errors.New("the issuer is down")
	}
	if s.minted == 0 || !s.fixed && (s.early == 0 || !now.Before(s.expires.Add(-s.early))) {
		s.minted++
		s.expires = now.Add(s.life)
		if s.minted == 1 {
			s.end = s.expires
		}
	}
	token, err := auth.NewBearer(fmt.Sprint("token-", s.minted))
	if s.never || s.blind {
		return token, time.Time{}, err
	}
	return token, s.expires, err
}

func (s *script) present(_ context.Context, token auth.Credential) (time.Time, codes.Code, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := codes.OK
	if n := len(s.presented); n < len(s.answers) {
		code = s.answers[n]
	} else if s.always {
		code = s.answers[len(s.answers)-1]
	}
	s.presented = append(s.presented, time.Since(s.began))
	s.tokens = append(s.tokens, token.Token())
	if code == codes.OK {
		s.end = s.expires
		if s.never {
			return time.Time{}, code, nil
		}
		return s.end, code, nil
	}
	return time.Time{}, code, errors.New(code.String())
}

const minutes = time.Minute

func TestSchedule(t *testing.T) {
	t.Parallel()
	repeat := func(c codes.Code, n int) (all []codes.Code) {
		for range n {
			all = append(all, c)
		}
		return all
	}
	for name, row := range map[string]*struct {
		script
		run time.Duration
		// presented is how often at least and at most.
		least, most int
		// first is when the first renewal is at the earliest and the latest.
		first [2]time.Duration
		// lives is whether the stream has a token at all times.
		lives  bool
		gaveUp string
		asked  int // at most; 0 for any
	}{
		"eight hours of five minutes": {
			script: script{life: 5 * minutes}, run: 8 * time.Hour, least: 118, most: 140, first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"seconds": {
			script: script{life: 2 * time.Second}, run: time.Minute, least: 35, most: 45, first: [2]time.Duration{1400 * time.Millisecond, 1600 * time.Millisecond}, lives: true,
		},
		"a source that keeps tokens until shortly before their end": {
			script: script{life: 5 * minutes, early: 30 * time.Second}, run: time.Hour, least: 12, most: 15, first: [2]time.Duration{270 * time.Second, 285 * time.Second}, lives: true,
		},
		"a source that keeps tokens for hours": {
			script: script{life: 2 * time.Hour, early: time.Minute}, run: 24 * time.Hour, least: 11, most: 13, first: [2]time.Duration{119 * minutes, 7200*time.Second - 20*time.Second}, lives: true,
		},
		"a source with one token for ever":  {script: script{life: time.Hour, fixed: true}, run: 4 * time.Hour, most: 2, asked: 1000},
		"tokens that do not expire":         {script: script{never: true}, run: 100 * time.Hour, least: 1, most: 1, asked: 2},
		"tokens for centuries":              {script: script{life: 280 * 365 * 24 * time.Hour}, run: 365 * 24 * time.Hour, asked: 1},
		"tokens that have expired":          {script: script{life: -time.Hour}, run: 10 * minutes, asked: 60},
		"tokens of an instant are no flood": {script: script{life: 10 * time.Millisecond}, run: time.Minute, least: 200, most: 240},
		"tokens of which only the server knows when they expire": {
			script: script{life: 5 * minutes, early: 10 * time.Second, blind: true}, run: time.Hour, least: 30, most: 120, first: [2]time.Duration{time.Second, 2 * time.Second}, lives: true,
		},
		"of which only the server knows, whose clock is behind": {script: script{life: -time.Hour, blind: true}, run: 10 * minutes, least: 100, most: 125},
		"the source is down at first": {
			script: script{life: 5 * minutes, down: 5 * time.Second}, run: time.Hour, least: 14, most: 20, first: [2]time.Duration{5 * time.Second, 15 * time.Second},
		},
		"the server is down for a while": {
			script: script{life: 5 * minutes, answers: repeat(codes.Unavailable, 3)}, run: time.Hour, least: 16, most: 22,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"the server is down": {
			script: script{life: 5 * minutes, answers: repeat(codes.Unavailable, 1), always: true}, run: time.Hour, least: 100, most: 300,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second},
		},
		"other servers answer at first": {
			script: script{life: 5 * minutes, answers: repeat(codes.NotFound, 4)}, run: time.Hour, least: 17, most: 22,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"another server answers": {
			script: script{life: 5 * minutes, answers: repeat(codes.NotFound, 1), always: true}, run: time.Hour, least: 6, most: 6,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, gaveUp: "not found 6 times",
		},
		"another server answers now and then": {
			script: script{life: 5 * minutes, answers: append(append(repeat(codes.NotFound, 5), codes.OK), repeat(codes.NotFound, 5)...)}, run: time.Hour, least: 20, most: 28,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"one token is refused": {
			script: script{life: 5 * minutes, answers: repeat(codes.Unauthenticated, 1)}, run: time.Hour, least: 14, most: 20,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"one token now and then is refused": {
			script: script{life: 5 * minutes, answers: []codes.Code{codes.PermissionDenied, codes.OK, codes.Unauthenticated}}, run: time.Hour, least: 14, most: 20,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, lives: true,
		},
		"every token is refused": {
			script: script{life: 5 * minutes, answers: repeat(codes.PermissionDenied, 1), always: true}, run: time.Hour, least: 2, most: 2,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, gaveUp: "refused two tokens",
		},
		"the only token is refused": {
			script: script{life: 5 * minutes, early: 80 * time.Second, answers: repeat(codes.Unauthenticated, 1), always: true}, run: time.Hour, least: 1, most: 1,
			first: [2]time.Duration{220 * time.Second, 255 * time.Second}, gaveUp: "has no other",
		},
		"a server without the service": {
			script: script{life: 5 * minutes, answers: repeat(codes.Unimplemented, 1), always: true}, run: time.Hour, least: 1, most: 1,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, gaveUp: "Unimplemented",
		},
		"a connection that was closed": {
			script: script{life: 5 * minutes, answers: repeat(codes.Canceled, 1), always: true}, run: time.Hour, least: 1, most: 1,
			first: [2]time.Duration{210 * time.Second, 240 * time.Second}, gaveUp: "Canceled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &row.script
				s.began = time.Now()
				stop := renewal.Start(t.Context(), renewal.Config{Tokens: s.source, Present: s.present, GaveUp: func(_ string, err error) { s.gaveUp = append(s.gaveUp, err) }})
				lived := true
				for time.Since(s.began) < row.run {
					time.Sleep(row.run / 10000)
					s.mu.Lock()
					lived = lived && time.Now().Before(s.end)
					s.mu.Unlock()
				}
				stop()
				stop()
				synctest.Wait()
				n, asked := len(s.presented), len(s.asked)
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				switch {
				case len(s.presented) != n || len(s.asked) != asked:
					t.Errorf("it goes on after the end: %d and %d", len(s.presented)-n, len(s.asked)-asked)
				case n < row.least || n > row.most:
					t.Errorf("%d renewals, want %d to %d: %v", n, row.least, row.most, s.presented[:min(n, 20)])
				case row.asked > 0 && asked > row.asked:
					t.Errorf("the source was asked %d times: %v", asked, s.asked[:20])
				case n > 0 && row.first[1] > 0 && (s.presented[0] < row.first[0] || s.presented[0] > row.first[1]):
					t.Errorf("the first renewal was after %v, want %v", s.presented[0], row.first)
				case row.lives && !lived:
					t.Errorf("at some time there was no good token: %v", s.presented[:min(n, 20)])
				}
				if row.gaveUp == "" && len(s.gaveUp) > 0 || row.gaveUp != "" && (len(s.gaveUp) != 1 || !strings.Contains(s.gaveUp[0].Error(), row.gaveUp)) {
					t.Errorf("gave up: %v, want %q", s.gaveUp, row.gaveUp)
				}
				for i := 1; i < len(s.presented); i++ {
					if s.presented[i]-s.presented[i-1] < 25*time.Millisecond {
						t.Errorf("renewals at %v and %v", s.presented[i-1], s.presented[i])
					}
				}
			})
		})
	}
}

// Streams that were opened together are not renewed together, and come back apart
// from an outage.
func TestJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		firsts, thirds := make(map[time.Duration]bool), make(map[time.Duration]bool)
		for range 50 {
			s := &script{life: 5 * minutes, began: time.Now(), answers: []codes.Code{codes.Unavailable, codes.Unavailable}}
			stop := renewal.Start(t.Context(), renewal.Config{Tokens: s.source, Present: s.present})
			time.Sleep(280 * time.Second)
			stop()
			synctest.Wait()
			if len(s.presented) < 3 {
				t.Fatalf("renewals at %v", s.presented)
			}
			firsts[s.presented[0]] = true
			thirds[s.presented[2]-s.presented[1]] = true
		}
		if len(firsts) < 40 || len(thirds) < 40 {
			t.Errorf("of 50 streams, %d and %d differ", len(firsts), len(thirds))
		}
	})
}

// synctest fails a test that leaves a goroutine or waits for ever.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		after time.Duration
		hangs string // what hangs until its context ends
	}{
		"idle":                     {after: time.Minute},
		"the source hangs":         {after: 4*minutes + time.Second, hangs: "source"},
		"the server hangs":         {after: 4*minutes + time.Second, hangs: "server"},
		"at once":                  {},
		"while it waits for more":  {after: 250 * time.Second, hangs: "source"},
		"when it has given up":     {after: time.Hour, hangs: "never"},
		"long after the first one": {after: time.Hour},
	} {
		for _, end := range []string{"context", "stop"} {
			t.Run(name+", by "+end, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &script{life: 5 * minutes, began: time.Now()}
					if row.hangs == "never" {
						s.answers, s.always = []codes.Code{codes.Unimplemented}, true
					}
					asked, late, hanging := 0, false, 0
					hang := func(ctx context.Context) error {
						hanging++
						defer func() { hanging-- }()
						<-ctx.Done()
						return ctx.Err()
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					stop := renewal.Start(ctx, renewal.Config{
						Tokens: func(ctx context.Context) (auth.Credential, time.Time, error) {
							if asked++; asked > 1 && row.hangs == "source" {
								return auth.Credential{}, time.Time{}, hang(ctx)
							}
							return s.source(ctx)
						},
						Present: func(ctx context.Context, token auth.Credential) (time.Time, codes.Code, error) {
							if row.hangs == "server" {
								return time.Time{}, codes.DeadlineExceeded, hang(ctx)
							}
							return s.present(ctx, token)
						},
						GaveUp: func(string, error) { late = row.hangs != "never" },
					})
					defer stop()
					time.Sleep(row.after)
					if end == "stop" {
						stop()
					} else {
						cancel()
					}
					synctest.Wait()
					if hanging > 0 {
						t.Error("the attempt under way goes on")
					}
					before := asked
					time.Sleep(time.Hour)
					synctest.Wait()
					if asked != before || late {
						t.Errorf("the source was asked %d more times; told that it gave up: %t", asked-before, late)
					}
				})
			})
		}
	}
}

// good is a server that takes every token.
func good(context.Context, auth.Credential) (time.Time, codes.Code, error) {
	return time.Time{}, codes.OK, nil
}

// A source that does not listen to its context does not hold up the call.
func TestSourceHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stop := renewal.Start(t.Context(), renewal.Config{
			Tokens: func(context.Context) (auth.Credential, time.Time, error) {
				time.Sleep(time.Minute)
				return auth.Credential{}, time.Time{}, errors.New("no")
			},
			Present: good,
		})
		synctest.Wait()
		stop()
		if d := time.Since(began); d > 0 {
			t.Errorf("the call was held up for %v", d)
		}
		time.Sleep(2 * minutes) // nothing ends the source
	})
}

// Whoever ends a stream while a renewal is under way is not told that it is given up.
func TestEndedMeanwhile(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			source := &script{life: time.Minute}
			presented := 0
			defer renewal.Start(ctx, renewal.Config{
				Tokens: source.source, Procedure: "/a.B/C",
				Present: func(ctx context.Context, _ auth.Credential) (time.Time, codes.Code, error) {
					presented++
					cancel()
					return time.Time{}, codes.Canceled, ctx.Err()
				},
				GaveUp: func(_ string, err error) { t.Errorf("given up: %v", err) },
			})()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if presented != 1 {
				t.Errorf("presented %d times", presented)
			}
		})
	}
}

// A source or a server that never answers is given up on, and tried again.
func TestAttemptsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		stop := renewal.Start(t.Context(), renewal.Config{
			Tokens: func(ctx context.Context) (auth.Credential, time.Time, error) {
				attempts++
				<-ctx.Done()
				return auth.Credential{}, time.Time{}, ctx.Err()
			},
			Present: good,
		})
		time.Sleep(10 * minutes)
		stop()
		synctest.Wait()
		if attempts < 10 || attempts > 60 {
			t.Errorf("%d attempts", attempts)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 1000 {
		name := renewal.Name()
		if len(name) < 22 || len(name) > 64 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" || seen[name] {
			t.Fatalf("name %q", name)
		}
		seen[name] = true
	}
}
