// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// outcome is how a call ended, for people.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return string(e.Reason)
	}
	return err.Error()
}

// What was asked before a definite refusal does not bring the token back, also if
// it was not known yet.
func TestLateAnswerAfterRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revoked atomic.Bool
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			if revoked.Load() {
				return nil, &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonTokenInvalid, FreshFor: 3 * time.Second}
			}
			claims, err := good(ctx, token)
			time.Sleep(time.Second)
			return claims, err
		}}
		g, err := auth.NewGuard(v, auth.Rules{method: {}, "/a.B/Fresh": {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		check := func(p string) string { _, err := g.Check(t.Context(), call(p, bearer("t"))); return outcome(err) }
		var wg sync.WaitGroup
		wg.Go(func() { check(method) })
		synctest.Wait()
		revoked.Store(true)
		if got := check("/a.B/Fresh"); got != "TOKEN_INVALID" {
			t.Fatal(got)
		}
		wg.Wait()
		if got := check(method); got != "TOKEN_INVALID" {
			t.Errorf("after a definite refusal: %s", got)
		}
		time.Sleep(50 * time.Second)
		if got := check(method); got != "TOKEN_INVALID" {
			t.Errorf("50 s after a definite refusal: %s", got)
		}
	})
}

// An answer does not replace one that was asked for later.
func TestOlderAnswerAfterNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		v := &asked{asks: true, answer: func(_ context.Context, token string) (*auth.Claims, error) {
			d := facts(token)
			if n.Add(1) == 1 {
				d.Scopes = []string{"admin"}
				c, err := auth.NewClaims(d)
				time.Sleep(time.Second)
				return c, err
			}
			return auth.NewClaims(d)
		}}
		g, err := auth.NewGuard(v, auth.Rules{"/a.B/Admin": {AllScopes: []string{"admin"}}, "/a.B/Fresh": {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		check := func(p string) string { _, err := g.Check(t.Context(), call(p, bearer("t"))); return outcome(err) }
		var wg sync.WaitGroup
		wg.Go(func() { check("/a.B/Admin") })
		synctest.Wait()
		if got := check("/a.B/Fresh"); got != "ok" { // the newer answer: no scope any more
			t.Fatal(got)
		}
		if got := check("/a.B/Admin"); got != "SCOPE_INSUFFICIENT" {
			t.Fatal("before the late answer:", got)
		}
		wg.Wait()
		if got := check("/a.B/Admin"); got != "SCOPE_INSUFFICIENT" {
			t.Errorf("the older answer is back: %s", got)
		}
	})
}

// A refusal is over once the token was good.
func TestRefusalAfterNewerAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var active atomic.Bool
		v := &asked{asks: true, answer: func(_ context.Context, token string) (*auth.Claims, error) {
			if !active.Load() {
				return nil, &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonTokenInvalid, FreshFor: time.Minute}
			}
			d := facts(token)
			d.FreshUntil = time.Now().Add(time.Second)
			return auth.NewClaims(d)
		}}
		g, err := auth.NewGuard(v, auth.Rules{method: {}, "/a.B/Fresh": {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		check := func(p string) string { _, err := g.Check(t.Context(), call(p, bearer("t"))); return outcome(err) }
		check(method)
		active.Store(true)
		if got := check("/a.B/Fresh"); got != "ok" {
			t.Fatal(got)
		}
		if got := check(method); got != "ok" {
			t.Fatal(got)
		}
		time.Sleep(2 * time.Second)
		if got := check(method); got != "ok" {
			t.Errorf("a superseded refusal is believed again: %s", got)
		}
	})
}

// To invalidate other tokens now and then does not keep answers about this one out
// of the cache.
func TestInvalidateOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			c, err := good(ctx, token)
			time.Sleep(200 * time.Millisecond)
			return c, err
		}}
		g, err := auth.NewGuard(v, auth.Rules{method: {}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(100 * time.Millisecond): // ten logouts a second, of somebody else
					g.Invalidate(auth.Selection{Issuer: "https://i", SessionID: "of-somebody-else"})
				}
			}
		})
		for range 100 {
			if _, err := g.Check(t.Context(), call(method, bearer("t"))); err != nil {
				t.Error(err)
			}
		}
		close(done)
		wg.Wait()
		if n := v.calls.Load(); n > 2 {
			t.Errorf("%d questions about one token within 20 s, of a TTL of 60 s", n)
		}
	})
}

// Whoever joins a question that began before something was invalidated that it is
// about gets a later answer.
func TestInvalidatedQuestionIsAskedAgain(t *testing.T) {
	for name, invalidate := range map[string]func(g *auth.Guard){
		"its subject": func(g *auth.Guard) { g.Invalidate(auth.Selection{Subject: "t"}) },
		"the token":   func(g *auth.Guard) { g.InvalidateToken(token(t, "t")) },
		"everything":  func(g *auth.Guard) { g.Invalidate(auth.Selection{}) },
		"many":        func(g *auth.Guard) { many(g); g.Invalidate(auth.Selection{Subject: "t"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
					c, err := good(ctx, token)
					time.Sleep(time.Second)
					return c, err
				}}
				g, err := auth.NewGuard(v, auth.Rules{method: {}})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				check := func() time.Duration {
					ctx, err := g.Check(t.Context(), call(method, bearer("t")))
					if err != nil {
						t.Error(err)
						return 0
					}
					claims, _ := auth.FromContext(ctx)
					return claims.ConfirmedAt().Sub(began)
				}
				var wg sync.WaitGroup
				wg.Go(func() {
					if got := check(); got != 0 {
						t.Errorf("who came before got facts from %v", got)
					}
				})
				time.Sleep(time.Second / 2)
				invalidate(g)
				wg.Go(func() {
					if got := check(); got < time.Second/2 {
						t.Errorf("who came after got facts from %v", got)
					}
				})
				wg.Wait()
				if got := check(); got < time.Second/2 {
					t.Errorf("facts from %v were kept", got)
				}
			})
		})
	}
}

func many(g *auth.Guard) {
	for n := range 1000 {
		g.Invalidate(auth.Selection{Subject: fmt.Sprint("somebody else ", n)})
	}
}

// Fresh calls with one token share questions: one is asked, and one is to be asked
// next, and each call gets an answer to a question that began after it came.
func TestFreshCallsShareQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer inside.Add(-1)
			c, err := good(ctx, token)
			time.Sleep(time.Second)
			return c, err
		}}
		g, err := auth.NewGuard(v, auth.Rules{"/a.B/Fresh": {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for n := range 1000 {
			wg.Go(func() {
				time.Sleep(time.Duration(n) * 10 * time.Millisecond)
				came := time.Now()
				ctx, err := g.Check(t.Context(), call("/a.B/Fresh", bearer("t")))
				if err != nil {
					t.Error(err)
					return
				}
				if c, _ := auth.FromContext(ctx); c.ConfirmedAt().Before(came) {
					t.Errorf("asked at %v, before the call came at %v", c.ConfirmedAt(), came)
				}
				if took := time.Since(came); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
		wg.Wait()
		if most.Load() != 1 || v.calls.Load() > 13 {
			t.Errorf("%d questions, %d at a time", v.calls.Load(), most.Load())
		}
	})
}

// Questions whose callers have left go on only up to a number.
func TestQuestionsOfCallersWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		v := &asked{asks: true, answer: func(ctx context.Context, _ string) (*auth.Claims, error) {
			inside.Add(1)
			defer inside.Add(-1)
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		cache := cached(t, v, auth.CacheConfig{})
		var wg sync.WaitGroup
		for n := range 1000 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if _, err := cache.Verify(ctx, token(t, fmt.Sprint("t", n))); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		if n := inside.Load(); n > 64 {
			t.Errorf("%d questions go on", n)
		}
		// One that somebody waits for again is not one of them.
		wg.Go(func() { _, _ = cache.Verify(t.Context(), token(t, "t0")) })
		time.Sleep(31 * time.Second)
		if n := inside.Load(); n != 0 {
			t.Errorf("%d questions have not ended", n)
		}
		wg.Wait()
	})
}

// A question goes on for the one who comes again.
func TestQuestionOfACallerWhoComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			time.Sleep(time.Second)
			return good(ctx, token)
		}}
		cache := cached(t, v, auth.CacheConfig{})
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_, err := cache.Verify(ctx, token(t, "t"))
			cancel()
			if err == nil {
				break
			}
		}
		if n := v.calls.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

// The same for a verifier that does not ask, whose calls are not shared.
func TestLateAnswerWithoutQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		cache := cached(t, &asked{answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			if n.Add(1) == 1 {
				time.Sleep(time.Second)
				return good(ctx, token)
			}
			return nil, auth.InvalidToken("test", nil)
		}}, auth.CacheConfig{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = cache.Verify(t.Context(), token(t, "t")) })
		synctest.Wait()
		if _, err := cache.Verify(t.Context(), token(t, "t")); err == nil {
			t.Fatal("not refused")
		}
		wg.Wait()
		if claims, err := cache.Verify(t.Context(), token(t, "t")); err == nil {
			t.Errorf("%v is back", claims)
		}
	})
}

// Nor does an answer replace one that was asked for later.
func TestOlderAnswerWithoutQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		cache := cached(t, &asked{answer: func(_ context.Context, token string) (*auth.Claims, error) {
			d := facts(token)
			if d.Tenant = fmt.Sprint(n.Add(1)); d.Tenant == "1" {
				time.Sleep(time.Second)
			}
			return auth.NewClaims(d)
		}}, auth.CacheConfig{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = cache.Verify(t.Context(), token(t, "t")) })
		synctest.Wait()
		_, _ = cache.Verify(t.Context(), token(t, "t"))
		wg.Wait()
		if claims, err := cache.Verify(t.Context(), token(t, "t")); err != nil || claims.Tenant() != "2" {
			t.Errorf("answer %v, %v", claims.Tenant(), err)
		}
	})
}

// Callers who come and go do not use up what questions without callers may be.
func TestCallersWhoComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		cache := cached(t, &asked{asks: true, answer: func(ctx context.Context, _ string) (*auth.Claims, error) {
			inside.Add(1)
			defer inside.Add(-1)
			<-ctx.Done()
			return nil, ctx.Err()
		}}, auth.CacheConfig{})
		briefly := func(name string) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			_, _ = cache.Verify(ctx, token(t, name))
		}
		for range 200 {
			briefly("t")
		}
		briefly("another")
		synctest.Wait()
		if n := inside.Load(); n != 2 {
			t.Errorf("%d questions go on, want 2", n)
		}
		time.Sleep(31 * time.Second)
	})
}

// A cache is where the Guard can reach it, or it is an error.
func TestCacheOutOfReach(t *testing.T) {
	cache := cached(t, &asked{asks: true, answer: good}, auth.CacheConfig{})
	if c, err := auth.NewChain(cache); err == nil {
		t.Errorf("in a chain: %v", c)
	}
	if g, err := auth.NewGuard(cache, auth.WithoutCache(), auth.Rules{method: {}}); err == nil {
		t.Errorf("WithoutCache: %v", g)
	}
}
