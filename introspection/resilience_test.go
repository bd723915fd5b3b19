// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// asks verifies tokens at the same time and returns what became of them, sorted.
func asks(t *testing.T, v auth.Verifier, tokens ...string) []string {
	t.Helper()
	var mu sync.Mutex
	var results []string
	var wg sync.WaitGroup
	for _, token := range tokens {
		wg.Go(func() {
			_, err := verify(t.Context(), v, token)
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result(err))
		})
	}
	wg.Wait()
	return sorted(results)
}

// regulars returns tokens that were good once.
func (f *fixture) regulars(t *testing.T, v auth.Verifier, n int) []string {
	t.Helper()
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = f.opaque()
		if _, err := verify(t.Context(), v, tokens[i]); err != nil {
			t.Fatal(causes(err))
		}
	}
	f.as.ResetRequests()
	return tokens
}

// once has no second attempts, so that every failure is one question.
func once(c *introspection.Config) { c.Retry.Attempts = 1 }

// The wait between attempts doubles, less up to a half of it, and never goes
// beyond the caller's deadline, which is not waited for in vain.
func TestBackoff(t *testing.T) {
	for name, tc := range map[string]struct {
		retry       introspection.Retry
		patience    time.Duration
		fault       authtest.Fault
		requests    int
		least, most time.Duration
	}{
		"default":              {introspection.Retry{}, time.Minute, authtest.Status(503), 3, 150 * time.Millisecond, 300 * time.Millisecond},
		"more attempts":        {introspection.Retry{Attempts: 4}, time.Minute, authtest.Status(503), 4, 350 * time.Millisecond, 700 * time.Millisecond},
		"up to the longest":    {introspection.Retry{Attempts: 4, MaxBackoff: 200 * time.Millisecond}, time.Minute, authtest.Status(503), 4, 250 * time.Millisecond, 500 * time.Millisecond},
		"one attempt":          {introspection.Retry{Attempts: 1}, time.Minute, authtest.Status(503), 1, 0, 0},
		"no time for another":  {introspection.Retry{MinBackoff: time.Second}, 400 * time.Millisecond, authtest.Status(503), 1, 0, 0},
		"longer than Timeout":  {introspection.Retry{MinBackoff: time.Minute}, time.Hour, authtest.Status(503), 1, 0, 0},
		"Retry-After on top":   {introspection.Retry{}, time.Minute, authtest.Status(503, "Retry-After", "1"), 3, 2150 * time.Millisecond, 2300 * time.Millisecond},
		"Retry-After too long": {introspection.Retry{}, time.Minute, authtest.Status(503, "Retry-After", "9"), 1, 0, 0},
		"the breaker opens":    {introspection.Retry{Attempts: 9}, time.Minute, authtest.Reset(), 5, 750 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, func(c *introspection.Config) { c.Retry = tc.retry })
				regular := f.regulars(t, v, 1)[0]
				f.as.FailAlways(authtest.Introspection, tc.fault)
				ctx, cancel := context.WithTimeout(t.Context(), tc.patience)
				defer cancel()
				began := time.Now()
				_, err := verify(ctx, v, regular)
				if e := refusal(t, err); e.Kind != auth.KindUnavailable || e.RetryAfter <= 0 {
					t.Errorf("%s after %v", result(err), e.RetryAfter)
				}
				if took := time.Since(began); took < tc.least || took > tc.most {
					t.Errorf("took %v, want %v to %v", took, tc.least, tc.most)
				}
				if n := f.as.Requests(authtest.Introspection); n != tc.requests {
					t.Errorf("%d questions, want %d", n, tc.requests)
				}
			})
		})
	}
}

// Those who failed together do not come back together.
func TestJitter(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		f.as.FailAlways(authtest.Introspection, authtest.Status(503))
		waits := make(map[time.Duration]bool)
		for range 10 {
			began := time.Now()
			_, _ = verify(t.Context(), f.verifier(t), f.opaque())
			waits[time.Since(began)] = true
		}
		if len(waits) < 5 {
			t.Errorf("ten calls waited for %v", waits)
		}
	})
}

// I3, I11: a caller who leaves gets its own answer at once, and says nothing of
// the endpoint; one who waited long does.
func TestCallersWhoLeave(t *testing.T) {
	for name, tc := range map[string]struct {
		leave func(t *testing.T) (context.Context, context.CancelFunc)
		after time.Duration
		opens bool
	}{
		"canceled": {func(t *testing.T) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(4*time.Second, cancel)
			return ctx, cancel
		}, 4 * time.Second, false},
		"a millisecond": {func(t *testing.T) (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), time.Millisecond)
		}, time.Millisecond, false},
		"half the timeout": {func(t *testing.T) (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 2500*time.Millisecond)
		}, 2500 * time.Millisecond, true},
		"the timeout": {func(t *testing.T) (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), time.Hour)
		}, 5 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				f.as.FailAlways(authtest.Introspection, authtest.Hang())
				v := f.verifier(t)
				for range 5 {
					ctx, cancel := tc.leave(t)
					began := time.Now()
					_, err := verify(ctx, v, f.opaque())
					cancel()
					if got := result(err); got != unavailable(introspection.CheckRequest) {
						t.Errorf("got %s", got)
					}
					if took := time.Since(began); took != tc.after {
						t.Errorf("after %v, want %v", took, tc.after)
					}
				}
				f.as.Recover(authtest.Introspection)
				_, err := verify(t.Context(), v, f.opaque())
				if opened := result(err) == unavailable(introspection.CheckBreaker); opened != tc.opens {
					t.Errorf("afterwards %s", result(err))
				}
			})
		})
	}
}

// A caller who left already asks nothing, and has nobody else asked for it.
func TestDeadCallers(t *testing.T) {
	f := newFixture(t)
	v := f.verifier(t, func(c *introspection.Config) {
		c.Endpoint = issuerURL + "/introspect"
		c.Auth = authFunc(func(context.Context, *clientauth.Request) error {
			t.Error("a secret was read")
			return nil
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := verify(ctx, v, f.opaque())
	if !errors.Is(err, context.Canceled) || refusal(t, err).Kind != auth.KindUnavailable {
		t.Error(causes(err))
	}
	if n := f.as.Requests(authtest.Introspection) + f.as.Requests(authtest.Discovery); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Closed, open, half-open, and what callers are told of it.
func TestBreaker(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, once)
		regular := f.regulars(t, v, 1)[0]
		// step makes one call and says what comes of it.
		step := func(name, want string, asked int, least, most time.Duration, events ...auth.EventName) {
			t.Helper()
			f.as.ResetRequests()
			_, err := verify(t.Context(), v, regular)
			if got := result(err); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
			if n := f.as.Requests(authtest.Introspection); n != asked {
				t.Errorf("%s: %d questions, want %d", name, n, asked)
			}
			if err != nil {
				if after := refusal(t, err).RetryAfter; after < least || after > most {
					t.Errorf("%s: retry after %v, want %v to %v", name, after, least, most)
				}
			}
			if got := f.heard(); !slices.Equal(got, events) {
				t.Errorf("%s: events %q, want %q", name, got, events)
			}
		}
		const second = time.Second
		status, open := unavailable(introspection.CheckStatus), unavailable(introspection.CheckBreaker)
		f.as.FailAlways(authtest.Introspection, authtest.Status(500))
		for range 4 {
			step("closed", status, 1, second, second)
		}
		step("the fifth", status, 1, second, second, introspection.EventOpened)
		step("open", open, 0, second/2, second)
		time.Sleep(second)
		step("the probe fails", status, 1, second, 2*second)
		step("open for longer", open, 0, second, 2*second)
		time.Sleep(2 * second)
		step("the probe fails again", status, 1, 2*second, 4*second)
		step("and longer", open, 0, 2*second, 4*second)
		time.Sleep(4 * second)
		f.as.Recover(authtest.Introspection)
		step("the probe succeeds", ok, 1, 0, 0, introspection.EventClosed)
		step("closed again", ok, 1, 0, 0)
		f.as.FailAlways(authtest.Introspection, authtest.Status(500))
		for range 4 {
			step("counted anew", status, 1, second, second)
		}
		f.as.Recover(authtest.Introspection)
		step("in a row", ok, 1, 0, 0)
		f.as.FailAlways(authtest.Introspection, authtest.Status(500))
		for range 4 {
			step("from one", status, 1, second, second)
		}
		step("to five", status, 1, second, second, introspection.EventOpened)
		for range 8 {
			time.Sleep(30 * second)
			step("the longest", status, 1, second, 30*second)
		}
		step("is thirty seconds", open, 0, 15*second, 30*second)
	})
}

// While the one question of a half-open breaker is under way, no other is asked. It
// comes to its verdict, whether or not whoever asked it stays.
func TestHalfOpen(t *testing.T) {
	const hang, late = time.Hour, 100 * time.Millisecond
	for name, tc := range map[string]struct {
		answers time.Duration // after which the endpoint does
		patient time.Duration // the caller is
		open    time.Duration // in which time the breaker is open
		held    int           // places taken, meanwhile
		want    string
	}{
		"answers":             {late, time.Hour, late, 1, ok},
		"answers nobody":      {late, time.Millisecond, late, 1, ok},
		"hangs":               {hang, time.Hour, 5 * time.Second, 1, unavailable(introspection.CheckBreaker)},
		"hangs, nobody waits": {hang, time.Millisecond, 5 * time.Second, 1, unavailable(introspection.CheckBreaker)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, once, func(c *introspection.Config) { c.MaxInFlight = 2 })
				regulars := f.regulars(t, v, 3)
				f.as.FailAlways(authtest.Introspection, authtest.Reset())
				for range 5 {
					_, _ = verify(t.Context(), v, regulars[0])
				}
				time.Sleep(time.Second)
				f.as.FailAlways(authtest.Introspection, authtest.Delay(tc.answers))
				ctx, cancel := context.WithTimeout(t.Context(), tc.patient)
				defer cancel()
				began := time.Now()
				gone := make(chan time.Duration)
				go func() {
					_, err := verify(ctx, v, regulars[0])
					if err != nil && result(err) != unavailable(introspection.CheckRequest) {
						t.Errorf("the one: %s", result(err))
					}
					gone <- time.Since(began)
				}()
				time.Sleep(2 * time.Millisecond)
				f.as.ResetRequests()
				_, err := verify(t.Context(), v, regulars[1])
				if got := result(err); got != unavailable(introspection.CheckBreaker) || f.as.Requests(authtest.Introspection) != 0 {
					t.Errorf("a second question: %s", got)
				}
				// It has its room to the end: of two places strangers may take one.
				busy := make(chan string)
				go func() {
					_, err := verify(t.Context(), v, "made-up-1")
					busy <- result(err)
				}()
				synctest.Wait()
				if got := asks(t, v, "made-up-2", regulars[2]); !slices.Equal(got, []string{unavailable(introspection.CheckBusy), unavailable(introspection.CheckBusy)}) {
					t.Errorf("more than there is room for: %q", got)
				}
				if took, want := <-gone, min(tc.patient, tc.open); took != want {
					t.Errorf("the one was answered after %v, want %v", took, want)
				}
				<-busy
				time.Sleep(tc.open - time.Since(began) + time.Millisecond)
				f.as.Recover(authtest.Introspection)
				if _, err := verify(t.Context(), v, regulars[1]); result(err) != tc.want {
					t.Errorf("afterwards: %s", causes(err))
				}
			})
		})
	}
}

// What was asked before the breaker opened, and fails later, does not keep it open
// for longer. For strangers the time from the question counts as time without an
// answer, unless there was one.
func TestFailuresAtOnce(t *testing.T) {
	for name, tc := range map[string]struct{ regular, answered, opens bool }{
		"regulars": {true, false, true}, "strangers": {false, false, true},
		"regulars, one answered": {true, true, true}, "strangers, one answered": {false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				front := &waf{fixture: f}
				v := f.verifier(t, once, func(c *introspection.Config) { c.Transport = front })
				tokens := []string{"../0", "../1", "../2", "../3", "../4", "../5", "../6", "../7", "../8", "../9"}
				known := f.regulars(t, v, 10)
				if tc.regular {
					front.silent = known
					tokens = known
				}
				time.Sleep(time.Minute)
				var wg sync.WaitGroup
				wg.Go(func() { asks(t, v, tokens...) })
				time.Sleep(4 * time.Second)
				if tc.answered {
					if _, err := verify(t.Context(), v, f.opaque()); err != nil {
						t.Fatal(causes(err))
					}
				}
				wg.Wait()
				front.silent = nil
				if opened := slices.Equal(f.heard(), []auth.EventName{introspection.EventOpened}); opened != tc.opens {
					t.Errorf("opened: %v", opened)
				}
				time.Sleep(time.Second)
				token := f.opaque()
				if tc.regular {
					token = known[0]
				}
				if _, err := verify(t.Context(), v, token); err != nil {
					t.Errorf("a second later: %s", causes(err))
				}
			})
		})
	}
}

// Callers who leave early, one after the other, do not keep the endpoint from
// being found well again.
func TestImpatientCallers(t *testing.T) {
	for _, regular := range []bool{false, true} {
		t.Run(fmt.Sprint("regular ", regular), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, once)
				token := func() string { return f.opaque() }
				if regular {
					known := f.regulars(t, v, 1)[0]
					token = func() string { return known }
				}
				f.as.FailAlways(authtest.Introspection, authtest.Status(503))
				for range 7 {
					_, _ = verify(t.Context(), v, token())
					time.Sleep(time.Second)
				}
				if got := f.heard(); !slices.Contains(got, introspection.EventOpened) {
					t.Fatalf("events %q", got)
				}
				time.Sleep(30 * time.Second)
				f.as.FailAlways(authtest.Introspection, authtest.Delay(100*time.Millisecond))
				impatient, refused := token(), 0
				for n := range 300 {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
					_, _ = verify(ctx, v, impatient)
					cancel()
					time.Sleep(10 * time.Millisecond)
					if n%10 == 9 {
						if _, err := verify(t.Context(), v, token()); err != nil {
							refused++
						}
					}
				}
				if refused > 1 {
					t.Errorf("%d of 30 calls are refused by an endpoint that is well", refused)
				}
			})
		})
	}
}

// An answer that nobody can read is one: the endpoint is back.
func TestHalfOpenAnswers(t *testing.T) {
	for name, fault := range map[string]authtest.Fault{"400": authtest.Status(400), "HTML": authtest.Garbage("text/html", "x"), "inactive": authtest.Garbage("application/json", `{"active":false}`)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, once)
				regular := f.regulars(t, v, 1)[0]
				f.as.FailAlways(authtest.Introspection, authtest.Reset())
				for range 5 {
					_, _ = verify(t.Context(), v, regular)
				}
				time.Sleep(time.Second)
				f.as.FailAlways(authtest.Introspection, fault)
				_, _ = verify(t.Context(), v, regular)
				if got, want := f.heard(), []auth.EventName{introspection.EventOpened, introspection.EventClosed}; !slices.Equal(got, want) {
					t.Errorf("events %q, want %q", got, want)
				}
			})
		})
	}
}

// Who waits to ask again while the breaker opens is told what it met itself.
func TestBreakerOpensMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t)
		regulars := f.regulars(t, v, 5)
		f.as.FailAlways(authtest.Introspection, authtest.Status(503))
		got := asks(t, v, regulars...)
		for _, result := range got {
			if result != unavailable(introspection.CheckStatus) {
				t.Errorf("%q", got)
			}
		}
		if n := f.as.Requests(authtest.Introspection); n != 5 {
			t.Errorf("%d questions", n)
		}
	})
}

// What opens the breaker is what every token would meet. What may be about the
// one token does not: whoever sends it chooses it. For tokens that were never good
// it takes the time that one question may take, too.
func TestWhatOpensTheBreaker(t *testing.T) {
	for name, tc := range map[string]struct {
		fault authtest.Fault
		opens bool
	}{
		"reset": {authtest.Reset(), true}, "truncated": {authtest.Truncate(9), true}, "hang": {authtest.Hang(), true},
		"401": {authtest.Status(401), true}, "403": {authtest.Status(403), true}, "invalid_client": {authtest.OAuthError(400, "invalid_client"), true},
		"404": {authtest.Status(404), true}, "302": {authtest.Redirect("/x"), true},
		"429": {authtest.Status(429), true}, "500": {authtest.Status(500), true}, "503": {authtest.Status(503), true},
		"400": {authtest.Status(400), false}, "400 with a code": {authtest.OAuthError(400, "unsupported_token_type"), false}, "413": {authtest.Status(413), false},
		"HTML": {authtest.Garbage("text/html", "x"), false}, "no JSON": {authtest.Garbage("application/json", "x"), false}, "endless": {authtest.Endless(), false},
		"inactive": {authtest.Garbage("application/json", `{"active":false}`), false}, "twice": {authtest.Garbage("application/json", `{"active":true,"active":true}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, once)
				regular := f.regulars(t, v, 1)[0]
				f.as.FailAlways(authtest.Introspection, tc.fault)
				for range 20 {
					_, _ = verify(t.Context(), v, regular)
				}
				if n := f.as.Requests(authtest.Introspection); tc.opens && n > 15 || !tc.opens && n != 20 {
					t.Errorf("%d questions", n)
				}
				opened := slices.Contains(f.heard(), introspection.EventOpened)
				if opened != tc.opens {
					t.Errorf("opened: %v", opened)
				}
				f.as.ResetRequests()
				for range 20 {
					time.Sleep(300 * time.Millisecond)
					_, _ = verify(t.Context(), v, f.opaque())
				}
				opened = slices.Contains(f.heard(), introspection.EventOpened)
				if opened != tc.opens {
					t.Errorf("of strangers opened: %v", opened)
				}
			})
		})
	}
}

// Law 4: a token that was good before is asked about while the endpoint fails for
// made-up ones, and while those fill the room that strangers may take.
func TestRegularsBeforeStrangers(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, once, func(c *introspection.Config) { c.MaxInFlight = 8 })
		regulars := f.regulars(t, v, 3)
		floods := 0
		flood := func() {
			f.as.FailAlways(authtest.Introspection, authtest.Status(500))
			for range 18 { // for longer than a question may take
				floods++
				_, _ = verify(t.Context(), v, fmt.Sprint("made-up-", floods))
				time.Sleep(300 * time.Millisecond)
			}
		}
		flood()
		f.as.Recover(authtest.Introspection)
		if _, err := verify(t.Context(), v, f.opaque()); result(err) != unavailable(introspection.CheckBreaker) {
			t.Errorf("a stranger: %s", result(err))
		}
		if _, err := verify(t.Context(), v, regulars[0]); err != nil {
			t.Errorf("a regular, behind failures: %s", causes(err))
		}
		// Which shows that the endpoint is well.
		if _, err := verify(t.Context(), v, f.opaque()); err != nil {
			t.Fatalf("strangers again: %s", causes(err))
		}
		if got, want := f.heard(), []auth.EventName{introspection.EventOpened, introspection.EventClosed}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}

		f.as.FailAlways(authtest.Introspection, authtest.Delay(time.Second))
		f.as.ResetRequests()
		var results []string
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := range 20 {
				wg.Go(func() { _, _ = verify(t.Context(), v, fmt.Sprint("flood-", n)) })
			}
		})
		synctest.Wait()
		if n := f.as.Requests(authtest.Introspection); n != 6 {
			t.Errorf("%d questions of strangers, want three quarters of 8", n)
		}
		wg.Go(func() { results = asks(t, v, regulars...) })
		wg.Wait()
		if want := []string{ok, ok, unavailable(introspection.CheckBusy)}; !slices.Equal(results, want) {
			t.Errorf("regulars behind a flood: %q, want %q", results, want)
		}
		// Who is revoked is a stranger like any other.
		f.as.Recover(authtest.Introspection)
		f.as.Revoke(regulars[0])
		_, _ = verify(t.Context(), v, regulars[0])
		flood()
		if _, err := verify(t.Context(), v, regulars[0]); result(err) != unavailable(introspection.CheckBreaker) {
			t.Errorf("who was revoked: %s", result(err))
		}
	})
}

// One too many is told so at once.
func TestInFlight(t *testing.T) {
	for _, room := range []int{1, 2, 4, 64} {
		bubble(t, func(t *testing.T, f *fixture) {
			v := f.verifier(t, func(c *introspection.Config) { c.MaxInFlight = room })
			f.as.FailAlways(authtest.Introspection, authtest.Delay(time.Second))
			strangers := max(1, room*3/4)
			tokens := make([]string, 2*room)
			for i := range tokens {
				tokens[i] = f.opaque()
			}
			began := time.Now()
			var busy []time.Duration
			var mu sync.Mutex
			var wg sync.WaitGroup
			for _, token := range tokens {
				wg.Go(func() {
					_, err := verify(t.Context(), v, token)
					if result(err) == unavailable(introspection.CheckBusy) {
						mu.Lock()
						defer mu.Unlock()
						busy = append(busy, time.Since(began))
					} else if err != nil {
						t.Error(causes(err))
					}
				})
			}
			wg.Wait()
			if n := f.as.Requests(authtest.Introspection); n != strangers || len(busy) != 2*room-strangers {
				t.Errorf("room for %d: %d questions, %d refused", room, n, len(busy))
			}
			if slices.Max(busy) != 0 {
				t.Errorf("refused after %v", busy)
			}
			if got := asks(t, v, tokens[0]); !slices.Equal(got, []string{ok}) {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}

// A pause that the endpoint asks for is kept up to a bound, by tokens of the kind
// that it was told: a made-up one cannot make those wait that were good before. The
// operator hears of it.
func TestRetryAfter(t *testing.T) {
	in20 := func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) }
	for header, want := range map[string]time.Duration{"3": 3 * time.Second, "20": 20 * time.Second, "date": 20 * time.Second, "86400": 30 * time.Second, "99999999999999999999": 30 * time.Second} {
		for _, regular := range []bool{false, true} {
			t.Run(fmt.Sprint(header, ", regular ", regular), func(t *testing.T) {
				bubble(t, func(t *testing.T, f *fixture) {
					v := f.verifier(t, once)
					known := f.regulars(t, v, 2)
					told, same, other := f.opaque(), f.opaque(), known[1]
					if regular {
						told, same, other = known[0], known[1], f.opaque()
					}
					if header == "date" {
						header = in20()
					}
					f.as.Fail(authtest.Introspection, authtest.Status(http.StatusTooManyRequests, "Retry-After", header))
					_, err := verify(t.Context(), v, told)
					if got := refusal(t, err); result(err) != unavailable(introspection.CheckStatus) || got.RetryAfter != want {
						t.Errorf("%s, retry after %v", result(err), got.RetryAfter)
					}
					if _, err := verify(t.Context(), v, other); err != nil {
						t.Errorf("another kind: %s", causes(err))
					}
					f.as.ResetRequests()
					time.Sleep(want - time.Nanosecond)
					_, err = verify(t.Context(), v, same)
					if got := refusal(t, err); result(err) != unavailable(introspection.CheckBreaker) || got.RetryAfter != time.Nanosecond {
						t.Errorf("%s, retry after %v", result(err), got.RetryAfter)
					}
					if n := f.as.Requests(authtest.Introspection); n != 0 {
						t.Errorf("%d questions", n)
					}
					if got := f.heard(); !slices.Equal(got, []auth.EventName{introspection.EventOpened}) {
						t.Errorf("events %q", got)
					}
					time.Sleep(time.Nanosecond)
					if got := asks(t, v, told, same); !slices.Equal(got, []string{ok, ok}) {
						t.Errorf("afterwards %q", got)
					}
					if got := f.heard(); !slices.Equal(got, []auth.EventName{introspection.EventClosed}) {
						t.Errorf("events %q", got)
					}
				})
			})
		}
	}
}

// Of two pauses the longer one counts, whichever answer comes last.
func TestTwoPauses(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, once)
		f.as.Fail(authtest.Introspection, authtest.Status(503, "Retry-After", "20"), authtest.Status(503, "Retry-After", "3"))
		var n atomic.Int64
		f.asked = func(*http.Request) {
			time.Sleep(time.Duration(n.Add(1)) * time.Second) // both are under way
		}
		asks(t, v, f.opaque(), f.opaque())
		time.Sleep(4 * time.Second)
		_, err := verify(t.Context(), v, f.opaque()) // 5 s after the first answer
		if got := refusal(t, err); got.Check != introspection.CheckBreaker || got.RetryAfter != 15*time.Second {
			t.Errorf("%s, retry after %v", result(err), got.RetryAfter)
		}
	})
}

// A paused issuer for a minute, with mixed traffic: nobody waits for longer than
// the timeout, nothing piles up, what is cached is served to its bound, and JWTs
// that need nobody's word are served throughout.
func TestPausedIssuer(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		iss := f.issuer(t)
		c := f.config()
		c.PositiveTTL = 20 * time.Second
		v, err := introspection.New(iss, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = v.Close() }()
		jwts, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew})
		if err != nil {
			t.Fatal(err)
		}
		both, err := introspection.NewConfirmer(jwts, v)
		if err != nil {
			t.Fatal(err)
		}
		mixed, err := auth.NewChain(jwts, v)
		if err != nil {
			t.Fatal(err)
		}
		cache, err := auth.Cached(mixed, auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		confirmed, err := auth.Cached(both, auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t.Context(), cache, f.as.Mint()); err != nil { // keys
			t.Fatal(causes(err))
		}
		cached := f.opaque()
		if _, err := verify(t.Context(), cache, cached); err != nil {
			t.Fatal(causes(err))
		}
		f.as.ResetRequests()
		f.as.FailAlways(authtest.Introspection, authtest.Hang())
		paused := time.Now()
		var wg sync.WaitGroup
		before, most := runtime.NumGoroutine(), 0
		for time.Since(paused) < time.Minute {
			for n := range 10 {
				token := fmt.Sprint("new-", n, "-", time.Since(paused).Milliseconds())
				wg.Go(func() {
					began := time.Now()
					_, err := verify(t.Context(), cache, token)
					if e := refusal(t, err); e.Kind != auth.KindUnavailable || time.Since(began) > 5*time.Second {
						t.Errorf("%s after %v", result(err), time.Since(began))
					}
				})
			}
			wg.Go(func() {
				asked := time.Since(paused)
				_, err := verify(t.Context(), cache, cached)
				if good := err == nil; good != (asked < 20*time.Second) {
					t.Errorf("the cached token after %v: %s", asked, result(err))
				}
			})
			jwt := f.as.Mint()
			if _, err := verify(t.Context(), cache, jwt); err != nil {
				t.Errorf("a JWT: %s", causes(err))
			}
			wg.Go(func() {
				began := time.Now()
				_, err := verify(t.Context(), confirmed, jwt)
				if e := refusal(t, err); e.Kind != auth.KindUnavailable || time.Since(began) > 5*time.Second {
					t.Errorf("a JWT to be confirmed: %s after %v", result(err), time.Since(began))
				}
			})
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			most = max(most, runtime.NumGoroutine()-before)
		}
		wg.Wait()
		// A caller and its question for each place, and the next round.
		if most > 3*64 {
			t.Errorf("%d goroutines at a time", most)
		}
		// 48 at first; then one probe of each kind at a time.
		if n := f.as.Requests(authtest.Introspection); n > 48+30 {
			t.Errorf("%d questions within the minute", n)
		}
		f.as.Recover(authtest.Introspection)
		time.Sleep(30 * time.Second)
		if got := asks(t, cache, cached, f.opaque()); !slices.Equal(got, []string{ok, ok}) {
			t.Errorf("afterwards %q", got)
		}
	})
}

// Alarms come once, and again when they are over and back.
func TestAlarms(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, once)
		call := func(n int, token func() string) {
			for range n {
				_, _ = verify(t.Context(), v, token())
			}
		}
		unknown := func() string { return "unknown" }
		good := func() string { return f.opaque() }
		expectEvents := func(what string, want ...auth.EventName) {
			t.Helper()
			if got := f.heard(); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		f.as.Fail(authtest.Introspection, authtest.Status(401), authtest.Status(403), authtest.OAuthError(400, "invalid_client"))
		call(3, good)
		expectEvents("our own credentials", introspection.EventMisconfigured)
		regular := f.opaque()
		call(1, func() string { return regular })
		f.as.Fail(authtest.Introspection, authtest.Status(401))
		call(1, func() string { return regular })
		expectEvents("again, after it worked", introspection.EventMisconfigured)
		call(1, good)
		f.as.FailAlways(authtest.Introspection, authtest.Status(403))
		call(4, good)
		time.Sleep(time.Minute - time.Nanosecond)
		call(1, good)
		expectEvents("about tokens that were never good: not at once", introspection.EventOpened)
		time.Sleep(time.Second)
		call(1, good)
		expectEvents("after a minute", introspection.EventMisconfigured)
		time.Sleep(time.Minute)
		call(4, good)
		expectEvents("once")
		f.as.Recover(authtest.Introspection)
		time.Sleep(time.Minute)
		call(1, good)
		expectEvents("it works again", introspection.EventClosed)

		// Three answers until now, in more than a minute: too few to begin anew.
		call(47, unknown)
		expectEvents("47 of 50 inactive")
		call(49, unknown)
		expectEvents("49 inactive")
		call(1, unknown)
		expectEvents("50 inactive", introspection.EventMostlyInactive)
		call(100, unknown)
		expectEvents("more of them")
		time.Sleep(time.Minute)
		call(100, unknown)
		expectEvents("and on")
		time.Sleep(time.Minute)
		call(6, good)
		call(94, unknown)
		expectEvents("94 of 100")
		time.Sleep(time.Minute)
		call(5, good)
		call(94, unknown)
		expectEvents("94 of 99")
		call(1, unknown)
		expectEvents("95 of 100", introspection.EventMostlyInactive)
		time.Sleep(time.Minute)
		call(2, unknown)
		time.Sleep(time.Minute)
		call(49, unknown)
		expectEvents("few of them")
	})
}

// Alarms need no traffic to speak of: they count, and not by the minute alone.
func TestAlarmsWithLittleTraffic(t *testing.T) {
	for name, tc := range map[string]struct {
		fault authtest.Fault
		want  auth.EventName
	}{
		"inactive": {authtest.Garbage("application/json", `{"active":false}`), introspection.EventMostlyInactive},
		"HTML":     {authtest.Garbage("text/html", "<html>"), introspection.EventMisconfigured},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t)
				f.as.FailAlways(authtest.Introspection, tc.fault)
				for n := range 200 {
					_, _ = verify(t.Context(), v, f.opaque())
					time.Sleep(time.Minute)
					if got := f.heard(); (n == 49) != slices.Equal(got, []auth.EventName{tc.want}) {
						t.Errorf("after %d answers: %q", n+1, got)
					}
				}
			})
		})
	}
}

// An endpoint of which no answer can be used is as good as none, whatever the
// reason.
func TestUselessAnswersAreAnAlarm(t *testing.T) {
	plain := func(document string) authtest.Fault { return authtest.Garbage("application/json", document) }
	for name, tc := range map[string]struct {
		fault  authtest.Fault
		change func(*introspection.Config)
		want   []auth.EventName
	}{
		"not signed":      {plain(good(nil)), func(c *introspection.Config) { c.Signed.ClientID = clientID }, []auth.EventName{introspection.EventMisconfigured}},
		"HTML":            {authtest.Garbage("text/html", "<html>"), nil, []auth.EventName{introspection.EventMisconfigured}},
		"no JSON":         {plain("no"), nil, []auth.EventName{introspection.EventMisconfigured}},
		"twice":           {plain(`{"active":true,"active":true}`), nil, []auth.EventName{introspection.EventMisconfigured}},
		"a word":          {plain(`{"active":"true"}`), nil, []auth.EventName{introspection.EventMisconfigured}},
		"endless":         {authtest.Endless(), nil, []auth.EventName{introspection.EventMisconfigured}},
		"400":             {authtest.Status(400), nil, []auth.EventName{introspection.EventMisconfigured}},
		"unsupported":     {authtest.OAuthError(400, "unsupported_token_type"), nil, []auth.EventName{introspection.EventMisconfigured}},
		"useful, refused": {plain(good(map[string]any{"aud": "other"})), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, func(c *introspection.Config) {
					if tc.change != nil {
						tc.change(c)
					}
				})
				f.as.FailAlways(authtest.Introspection, tc.fault)
				asked := func(n int, want ...auth.EventName) {
					t.Helper()
					for range n {
						_, _ = verify(t.Context(), v, f.opaque())
					}
					if got := f.heard(); !slices.Equal(got, want) {
						t.Errorf("events %q, want %q", got, want)
					}
				}
				asked(49)
				asked(1, tc.want...)
				asked(100)
			})
		})
	}
	bubble(t, func(t *testing.T, f *fixture) { // whoever makes up such tokens raises none
		v := f.verifier(t)
		bad, unusable := authtest.Status(413), f.opaque()
		for range 180 {
			f.as.FailAlways(authtest.Introspection, bad)
			for range 50 {
				_, _ = verify(t.Context(), v, unusable)
			}
			f.as.Recover(authtest.Introspection)
			if _, err := verify(t.Context(), v, f.opaque()); err != nil {
				t.Fatal(causes(err))
			}
			time.Sleep(time.Second)
		}
		if got := f.heard(); len(got) > 1 { // before there was any answer
			t.Errorf("events %q", got)
		}
	})
	bubble(t, func(t *testing.T, f *fixture) { // for want of keys, of which package issuer tells
		v := f.verifier(t, signedAnswers)
		f.as.FailAlways(authtest.JWKS, authtest.Status(503))
		for range 60 {
			_, _ = verify(t.Context(), v, f.opaque())
		}
		if got := f.heard(); got != nil {
			t.Errorf("events %q", got)
		}
	})
}

// Only what the issuer said for certain counts as inactive.
func TestAlarmsCountAnswers(t *testing.T) {
	f := newFixture(t)
	v := f.verifier(t, once)
	for range 60 {
		_, _ = verify(t.Context(), v, f.says(`{"active":"no"}`))
		_, _ = verify(t.Context(), v, f.opaque(authtest.Audience("other")))
	}
	if got := f.heard(); got != nil {
		t.Errorf("events %q", got)
	}
}

// What is told to the operator names issuer and remedy, and nothing secret.
func TestEventsSayWhatToDo(t *testing.T) {
	for name, tc := range map[string]struct {
		fault authtest.Fault
		says  string
	}{
		"401":      {authtest.Status(401), "Config.Auth"},
		"404":      {authtest.Status(404), "Config.Endpoint"},
		"redirect": {authtest.Redirect("https://evil.test/?" + authtest.Confidential), "redirects are not followed"},
		"code":     {authtest.OAuthError(400, "invalid_client"), "400, invalid_client"},
		"odd code": {authtest.OAuthError(401, authtest.Confidential), "401: it does not"},
	} {
		f := newFixture(t)
		f.as.FailAlways(authtest.Introspection, tc.fault)
		token := f.opaque()
		claims, err := verify(t.Context(), f.verifier(t, once), token)
		expect(t, token, claims, err, result(err))
		if len(f.events) != 1 || f.events[0].Issuer != issuerURL || !strings.Contains(f.events[0].Cause.Error(), tc.says) || strings.Contains(f.events[0].Cause.Error(), authtest.Confidential) {
			t.Errorf("%s: %+v", name, f.events)
		}
	}
}

// A ClientAuth that panics takes nobody's room with it, nor the one question of a
// half-open breaker, nor the process.
func TestPanic(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		broken := false
		v := f.verifier(t, once, func(c *introspection.Config) {
			c.MaxInFlight = 1
			own := c.Auth
			c.Auth = authFunc(func(ctx context.Context, r *clientauth.Request) error {
				if broken {
					panic("broken")
				}
				return own.Authenticate(ctx, r)
			})
		})
		regular := f.regulars(t, v, 1)[0]
		panics := func() (err error) {
			broken = true
			defer func() { broken, _ = false, recover() }()
			_, err = verify(t.Context(), v, regular)
			return err
		}
		if err := panics(); err != nil {
			t.Errorf("%v, want a panic", err)
		}
		if _, err := verify(t.Context(), v, f.opaque()); err != nil {
			t.Error(causes(err))
		}
		f.as.FailAlways(authtest.Introspection, authtest.Reset())
		for range 5 {
			_, _ = verify(t.Context(), v, regular)
		}
		f.as.Recover(authtest.Introspection)
		time.Sleep(time.Second)
		if err := panics(); result(err) != unavailable(introspection.CheckRequest) || !strings.Contains(causes(err), "a panic") {
			t.Errorf("the one question: %s", causes(err))
		}
		if _, err := verify(t.Context(), v, regular); err != nil {
			t.Error(causes(err))
		}
	})
}
