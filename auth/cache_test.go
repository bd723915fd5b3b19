// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// asked is a verifier that counts, and answers by the token.
type asked struct {
	calls atomic.Int64
	asks  bool
	// answer makes the claims of a token, or its refusal.
	answer func(ctx context.Context, token string) (*auth.Claims, error)
}

func (a *asked) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	a.calls.Add(1)
	return a.answer(ctx, c.Token())
}

func (a *asked) Describe() auth.Description {
	return auth.Description{Issuers: []string{"https://i"}, Asks: a.asks, LimitsScopes: true}
}

// facts are claims that are good for an hour, and known for a minute.
func facts(token string) auth.ClaimsData {
	now := time.Now()
	return auth.ClaimsData{Issuer: "https://i", Subject: token, Deadline: now.Add(time.Hour), FreshUntil: now.Add(time.Minute), ConfirmedAt: now}
}

func good(_ context.Context, token string) (*auth.Claims, error) { return auth.NewClaims(facts(token)) }

func cached(t testing.TB, v auth.Verifier, c auth.CacheConfig) *auth.Cache {
	t.Helper()
	cache, err := auth.Cached(v, c)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

func token(t testing.TB, s string) auth.Credential {
	t.Helper()
	c, err := auth.NewBearer(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is kept, and for how long.
func TestCacheLifetimes(t *testing.T) {
	refusal := func(freshFor time.Duration, kind auth.Kind) *auth.Error {
		return &auth.Error{Kind: kind, Reason: auth.ReasonTokenInvalid, Check: "test", FreshFor: freshFor}
	}
	for name, tc := range map[string]struct {
		change  func(d *auth.ClaimsData)
		refuse  error
		pauses  []time.Duration
		calls   int64 // after all of them
		outcome string
	}{
		"known":                            {nil, nil, []time.Duration{0, time.Second, 58 * time.Second}, 1, "ok"},
		"fresh no more":                    {nil, nil, []time.Duration{0, time.Minute}, 2, "ok"},
		"the deadline comes first":         {func(d *auth.ClaimsData) { d.Deadline = time.Now().Add(5 * time.Second) }, nil, []time.Duration{0, 4 * time.Second, time.Second}, 2, "ok"},
		"past its deadline":                {func(d *auth.ClaimsData) { d.Deadline = time.Now() }, nil, []time.Duration{0, 0}, 2, "ok"},
		"not to be kept":                   {func(d *auth.ClaimsData) { d.FreshUntil = time.Time{} }, nil, []time.Duration{0, 0, 0}, 3, "ok"},
		"does not hold":                    {func(d *auth.ClaimsData) { d.Holds = func(time.Time) bool { return false } }, nil, []time.Duration{0, 0}, 2, "ok"},
		"refused":                          {nil, refusal(0, auth.KindUnauthenticated), []time.Duration{0, 0}, 2, "TOKEN_INVALID"},
		"refused for a while":              {nil, refusal(3*time.Second, auth.KindUnauthenticated), []time.Duration{0, 0, 2 * time.Second, time.Second}, 2, "TOKEN_INVALID"},
		"an outage is never kept":          {nil, refusal(time.Hour, auth.KindUnavailable), []time.Duration{0, 0}, 2, "TOKEN_INVALID"},
		"an error of another type neither": {nil, errors.New("x"), []time.Duration{0, 0}, 2, "x"},
		"a nil refusal neither":            {nil, (*auth.Error)(nil), []time.Duration{0, 0}, 2, "internal"},
	} {
		for _, asks := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", asks ", asks), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := &asked{asks: asks, answer: func(_ context.Context, token string) (*auth.Claims, error) {
						if tc.refuse != nil {
							return nil, tc.refuse
						}
						d := facts(token)
						if tc.change != nil {
							tc.change(&d)
						}
						return auth.NewClaims(d)
					}}
					cache, c := cached(t, v, auth.CacheConfig{}), token(t, "t")
					for _, pause := range tc.pauses {
						time.Sleep(pause)
						claims, err := cache.Verify(t.Context(), c)
						got := "ok"
						if err != nil {
							got = err.Error()
						} else if claims.Subject() != "t" {
							t.Errorf("claims %v", claims)
						}
						if !strings.HasPrefix(got, tc.outcome) {
							t.Errorf("%s, want %s", got, tc.outcome)
						}
					}
					if n := v.calls.Load(); n != tc.calls {
						t.Errorf("%d calls of the verifier, want %d", n, tc.calls)
					}
					if known, refused := cache.Len(); known+refused > 1 || tc.calls == int64(len(tc.pauses)) && refused > 0 {
						t.Errorf("%d and %d are kept", known, refused)
					}
				})
			})
		}
	}
}

// I8: no two credentials share what is known of one.
func TestCacheKeepsCredentialsApart(t *testing.T) {
	v := &asked{answer: good}
	cache := cached(t, v, auth.CacheConfig{})
	other := cached(t, v, auth.CacheConfig{})
	long := strings.Repeat("x", 8000)
	for _, s := range []string{"t", "T", "t=", "tt", "t.", long, long + "y", "y" + long} {
		for range 2 {
			claims, err := cache.Verify(t.Context(), token(t, s))
			if err != nil || claims.Subject() != s {
				t.Fatalf("%.10s: %v, %v", s, claims, err)
			}
		}
	}
	if n := v.calls.Load(); n != 8 {
		t.Errorf("%d calls for 8 tokens", n)
	}
	if _, err := other.Verify(t.Context(), token(t, "t")); err != nil || v.calls.Load() != 9 {
		t.Error("two caches share something")
	}
}

// What a fact rests on is looked at on every hit.
func TestCacheAsksWhetherItHolds(t *testing.T) {
	var holds atomic.Bool
	holds.Store(true)
	v := &asked{answer: func(_ context.Context, token string) (*auth.Claims, error) {
		d := facts(token)
		d.Holds = func(time.Time) bool { return holds.Load() }
		return auth.NewClaims(d)
	}}
	cache, c := cached(t, v, auth.CacheConfig{}), token(t, "t")
	verify := func(calls int64) {
		t.Helper()
		if _, err := cache.Verify(t.Context(), c); err != nil || v.calls.Load() != calls {
			t.Errorf("%d calls, %v; want %d", v.calls.Load(), err, calls)
		}
	}
	verify(1)
	verify(1)
	holds.Store(false)
	verify(2)
	verify(3)
	holds.Store(true)
	verify(4)
	verify(4)
}

// I11: one question for all who come meanwhile; whoever gives up leaves alone.
func TestCacheSharesQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			select {
			case <-time.After(time.Second):
				return good(ctx, token)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		cache, c := cached(t, v, auth.CacheConfig{}), token(t, "t")
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			began := time.Now()
			if _, err := cache.Verify(hasty, c); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Millisecond {
				t.Errorf("hasty, first: %v after %v", err, time.Since(began))
			}
		})
		synctest.Wait()
		for range 10_000 {
			callers.Go(func() {
				if claims, err := cache.Verify(t.Context(), c); err != nil || claims.Subject() != "t" {
					t.Errorf("follower: %v, %v", claims, err)
				}
			})
		}
		callers.Wait()
		if n := v.calls.Load(); n != 1 {
			t.Errorf("%d questions about one token", n)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := cache.Verify(gone, token(t, "u")); !errors.Is(err, context.Canceled) || v.calls.Load() != 1 {
			t.Errorf("a caller who has left: %v, %d questions", err, v.calls.Load())
		}
	})
}

func TestCacheSurvivesPanics(t *testing.T) {
	v := &asked{asks: true, answer: func(context.Context, string) (*auth.Claims, error) { panic("s3cret") }}
	cache := cached(t, v, auth.CacheConfig{})
	for range 2 {
		_, err := cache.Verify(t.Context(), token(t, "t"))
		if e, ok := errors.AsType[*auth.Error](err); !ok || e.Kind != auth.KindUnavailable || e.Check != auth.CheckPanic || strings.Contains(e.Error(), "s3cret") {
			t.Errorf("got %v", err)
		}
	}
	if v.calls.Load() != 2 {
		t.Error("a panic was kept")
	}
}

// A verifier that ignores its context does not keep a question open for ever for
// those who wait, and the next one after the limit is asked anew.
func TestQuestionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &asked{asks: true, answer: func(ctx context.Context, _ string) (*auth.Claims, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		cache := cached(t, v, auth.CacheConfig{})
		began := time.Now()
		if _, err := cache.Verify(t.Context(), token(t, "t")); err == nil || time.Since(began) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestInvalidate(t *testing.T) {
	all := map[string]auth.ClaimsData{
		"a": {Issuer: "https://i", Subject: "s", ClientID: "c", SessionID: "1", TokenID: "j", KeyID: "k"},
		"b": {Issuer: "https://i", Subject: "s", ClientID: "d", SessionID: "2", TokenID: "l", KeyID: "k"},
		"c": {Issuer: "https://other", Subject: "s", ClientID: "c", SessionID: "1", TokenID: "j", KeyID: "k"},
		"d": {Issuer: "https://i", Subject: "u", ClientID: "c", KeyID: "m"},
	}
	for name, tc := range map[string]struct {
		selection auth.Selection
		forgotten string
	}{
		"all":              {auth.Selection{}, "abcd"},
		"issuer":           {auth.Selection{Issuer: "https://i"}, "abd"},
		"subject":          {auth.Selection{Subject: "s"}, "abc"},
		"issuer's subject": {auth.Selection{Issuer: "https://i", Subject: "s"}, "ab"},
		"client":           {auth.Selection{ClientID: "c"}, "acd"},
		"session":          {auth.Selection{Issuer: "https://i", SessionID: "1"}, "a"},
		"token":            {auth.Selection{Issuer: "https://i", TokenID: "l"}, "b"},
		"key":              {auth.Selection{Issuer: "https://i", KeyID: "k"}, "ab"},
		"nobody":           {auth.Selection{Subject: "S"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := &asked{answer: func(_ context.Context, token string) (*auth.Claims, error) {
				if token == "bad" {
					return nil, &auth.Error{Kind: auth.KindUnauthenticated, FreshFor: time.Hour}
				}
				d := all[token]
				d.Deadline, d.FreshUntil = time.Now().Add(time.Hour), time.Now().Add(time.Hour)
				return auth.NewClaims(d)
			}}
			g, err := auth.NewGuard(v, auth.Rules{method: {}})
			if err != nil {
				t.Fatal(err)
			}
			known := func(s string) bool {
				before := v.calls.Load()
				_, _ = g.Check(t.Context(), call(method, bearer(s)))
				return v.calls.Load() == before
			}
			for _, s := range []string{"a", "b", "c", "d", "bad"} {
				known(s)
			}
			g.Invalidate(tc.selection)
			for s := range all {
				if known(s) == strings.Contains(tc.forgotten, s) {
					t.Errorf("token %s: known, or not", s)
				}
			}
			if known("bad") != (tc.selection != auth.Selection{}) {
				t.Error("the refused token")
			}
			g.InvalidateToken(token(t, "a"))
			g.InvalidateToken(token(t, "bad"))
			if known("a") || known("bad") || !known("b") {
				t.Error("one token")
			}
		})
	}
	var none *auth.Guard
	none.Invalidate(auth.Selection{})
	none.InvalidateToken(auth.Credential{})
}

// An answer that was under way at an invalidation comes to those who asked
// before, and to nobody else.
func TestInvalidateInFlight(t *testing.T) {
	for _, asks := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			v := &asked{asks: asks, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
				time.Sleep(time.Second)
				return good(ctx, token)
			}}
			cache, c := cached(t, v, auth.CacheConfig{}), token(t, "t")
			var callers sync.WaitGroup
			ask := func() {
				callers.Go(func() {
					if _, err := cache.Verify(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
			}
			ask()
			time.Sleep(time.Millisecond)
			cache.Invalidate(auth.Selection{Subject: "t"})
			ask() // does not join
			time.Sleep(999 * time.Millisecond)
			synctest.Wait()
			if n := v.calls.Load(); n != 2 {
				t.Errorf("%d questions, want 2", n)
			}
			ask() // the first answer was not kept; the second is still under way
			callers.Wait()
			want := int64(2)
			if !asks {
				want = 3 // nothing to join
			}
			if n := v.calls.Load(); n != want {
				t.Errorf("%d questions, want %d", n, want)
			}
			ask()
			callers.Wait()
			if n := v.calls.Load(); n != want {
				t.Errorf("the answer from after the invalidation was not kept: %d questions", n)
			}
		})
	}
}

// A fresh answer that the token is not good any more ends what was known, also
// if an older answer to the contrary is still under way.
func TestFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revoked atomic.Bool
		var slow atomic.Bool
		v := &asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
			if revoked.Load() {
				return nil, &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonTokenInvalid, FreshFor: time.Millisecond}
			}
			claims, err := good(ctx, token)
			if slow.Load() {
				time.Sleep(time.Second)
			}
			return claims, err
		}}
		g, err := auth.NewGuard(v, auth.Rules{method: {}, "/a.B/Fresh": {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		check := func(procedure, want string) {
			t.Helper()
			_, err := g.Check(t.Context(), call(procedure, bearer("t")))
			got := "ok"
			if e, ok := errors.AsType[*auth.Error](err); ok {
				got = string(e.Reason)
			}
			if got != want {
				t.Errorf("%s: %s, want %s", procedure, got, want)
			}
		}
		check(method, "ok")
		time.Sleep(time.Second)
		check("/a.B/Fresh", "ok")
		check("/a.B/Fresh", "ok")
		if n := v.calls.Load(); n != 3 {
			t.Errorf("%d questions, want 3: a fresh answer is nobody else's", n)
		}
		check(method, "ok")

		slow.Store(true)
		var callers sync.WaitGroup
		callers.Go(func() { check("/a.B/Fresh", "ok") }) // asked before the revocation, answered after
		synctest.Wait()
		revoked.Store(true)
		check(method, "ok") // within the bound
		check("/a.B/Fresh", "TOKEN_INVALID")
		callers.Wait()
		time.Sleep(time.Second)
		check(method, "TOKEN_INVALID")
	})
	// A token that nobody asks about cannot be fresh.
	v := &asked{asks: true, answer: func(_ context.Context, token string) (*auth.Claims, error) {
		d := facts(token)
		d.ConfirmedAt = time.Time{}
		return auth.NewClaims(d)
	}}
	for _, option := range []auth.GuardOption{auth.WithoutCache(), auth.WithCache(auth.CacheConfig{})} {
		g, err := auth.NewGuard(v, option, auth.Rules{method: {Fresh: true}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Check(t.Context(), call(method, bearer("t")))
		if e, ok := errors.AsType[*auth.Error](err); !ok || e.Check != auth.CheckRuleFresh || e.Kind != auth.KindPermissionDenied {
			t.Errorf("got %v", err)
		}
	}
}

// Made-up tokens displace nothing good, and what is used stays.
func TestCacheBounds(t *testing.T) {
	v := &asked{answer: func(ctx context.Context, token string) (*auth.Claims, error) {
		if strings.HasPrefix(token, "bad") {
			return nil, &auth.Error{Kind: auth.KindUnauthenticated, FreshFor: time.Hour}
		}
		return good(ctx, token)
	}}
	cache := cached(t, v, auth.CacheConfig{Entries: 1000, Refusals: 100})
	var hot []auth.Credential // wherever they are in the table
	for n := range 50 {
		hot = append(hot, token(t, fmt.Sprint("hot", n)))
	}
	verify := func(all ...auth.Credential) {
		for _, c := range all {
			_, _ = cache.Verify(t.Context(), c)
		}
	}
	verify(hot...)
	for n := range 20_000 {
		verify(token(t, fmt.Sprint("bad", n)))
	}
	before := v.calls.Load()
	verify(hot...)
	if v.calls.Load() != before {
		t.Error("made-up tokens have displaced a good one")
	}
	for n := range 20_000 {
		verify(token(t, fmt.Sprint("good", n)))
		if n%10 == 0 {
			verify(hot...)
		}
	}
	misses := v.calls.Load() - before - 20_000
	if misses > 20 {
		t.Errorf("tokens in use were forgotten %d times in %d uses", misses, 2000*len(hot))
	}
	if entries, refusals := cache.Len(); entries > 1000 || entries < 900 || refusals > 100 || refusals < 50 {
		t.Errorf("%d entries and %d refusals, bounds 1000 and 100", entries, refusals)
	}

	// By bytes.
	v.answer = func(_ context.Context, token string) (*auth.Claims, error) {
		d := facts(token)
		d.Payload, d.Unmarshal = []byte(strings.Repeat(" ", 10_000)), func([]byte, any) error { return nil }
		return auth.NewClaims(d)
	}
	small := cached(t, v, auth.CacheConfig{Bytes: 1 << 20})
	for n := range 1000 {
		_, _ = small.Verify(t.Context(), token(t, fmt.Sprint("t", n)))
	}
	if entries, _ := small.Len(); entries > 1<<20/10_000 || entries < 50 {
		t.Errorf("%d entries of 10 kB in a megabyte", entries)
	}
	tiny := cached(t, v, auth.CacheConfig{Bytes: 1 << 10})
	_, _ = tiny.Verify(t.Context(), token(t, "t"))
	if entries, _ := tiny.Len(); entries != 0 {
		t.Error("an entry beyond all bounds was kept")
	}
}

// What is known is used for a while when the verifier cannot tell, and never when
// it can.
func TestStale(t *testing.T) {
	const outage, inactive, denied, hangs, slow, recovers = "outage", "inactive", "denied", "hangs", "slow", "recovers"
	gone := false
	type wants struct {
		after   time.Duration // since the claims were confirmed
		verdict string        // of the verifier now
		fresh   bool
		do      func(g *auth.Guard)
		want    string
		took    time.Duration
	}
	unknown := string(auth.ReasonAuthorityUnavailable)
	for name, tc := range map[string]wants{
		"fresh still":             {59 * time.Second, outage, false, nil, "ok", 0},
		"an outage":               {time.Minute, outage, false, nil, "ok", 0},
		"until its end":           {3*time.Minute - 1, outage, false, nil, "ok", 0},
		"past its end":            {3 * time.Minute, outage, false, nil, unknown, 0},
		"an issuer that hangs":    {time.Minute, hangs, false, nil, "ok", time.Second},
		"and ends meanwhile":      {3*time.Minute - time.Millisecond, hangs, false, nil, unknown, 30 * time.Second},
		"an answer after a while": {time.Minute, slow, false, nil, "ok", time.Second},
		"or past its end":         {3*time.Minute - time.Millisecond, slow, false, nil, "new", 2 * time.Second},
		"an issuer that answers":  {time.Minute, recovers, false, nil, "new", 0},
		"inactive":                {time.Minute, inactive, false, nil, string(auth.ReasonTokenInvalid), 0},
		"a fresh rule":            {time.Minute, outage, true, nil, unknown, 0},
		"invalidated":             {time.Minute, outage, false, func(g *auth.Guard) { g.Invalidate(auth.Selection{Subject: "t"}) }, unknown, 0},
		"a key that is gone":      {time.Minute, outage, false, func(*auth.Guard) { gone = true }, unknown, 0},
		"denied":                  {time.Minute, denied, false, nil, string(auth.ReasonMethodDenied), 0},
		"invalidated meanwhile": {time.Minute, hangs, false, func(g *auth.Guard) {
			time.AfterFunc(time.Second/2, func() { g.Invalidate(auth.Selection{}) })
		}, unknown, 31 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gone = false
				verdict, began := recovers, time.Now()
				g, err := auth.NewGuard(&asked{asks: true, answer: func(ctx context.Context, token string) (*auth.Claims, error) {
					switch verdict {
					case outage:
						return nil, auth.Unavailable("test", 0, errors.New("down"))
					case inactive:
						return nil, auth.InvalidToken("test", errors.New("revoked"))
					case denied:
						return nil, &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonMethodDenied, Check: "test"}
					case hangs:
						<-ctx.Done()
						return nil, auth.Unavailable("test", 0, ctx.Err())
					case slow:
						time.Sleep(2 * time.Second)
					}
					d := facts(token)
					d.StaleUntil, d.Deadline = d.FreshUntil.Add(2*time.Minute), began.Add(time.Hour)
					d.Holds = func(time.Time) bool { return !gone }
					return auth.NewClaims(d)
				}}, auth.Rules{method: {}, "/a.B/Fresh": {Fresh: true}})
				if err != nil {
					t.Fatal(err)
				}
				check := func(procedure string) string {
					ctx, err := g.Check(t.Context(), call(procedure, bearer("t")))
					if e, ok := errors.AsType[*auth.Error](err); ok {
						return string(e.Reason)
					}
					claims, _ := auth.FromContext(ctx)
					if claims.ConfirmedAt().Equal(began) {
						return "ok"
					}
					return "new"
				}
				if got := check(method); got != "ok" {
					t.Fatal(got)
				}
				time.Sleep(tc.after)
				verdict = tc.verdict
				if tc.do != nil {
					tc.do(g)
				}
				procedure := method
				if tc.fresh {
					procedure = "/a.B/Fresh"
				}
				asked := time.Now()
				if got := check(procedure); got != tc.want || time.Since(asked) != tc.took {
					t.Errorf("%s after %v, want %s after %v", got, time.Since(asked), tc.want, tc.took)
				}
				if tc.verdict == inactive {
					verdict = outage
					if got := check(method); got != unknown {
						t.Errorf("after it was refused: %s", got)
					}
				}
				if tc.verdict == hangs {
					time.Sleep(30 * time.Second) // the question ends by itself
				}
				if tc.verdict == slow {
					time.Sleep(time.Second)
					if got := check(method); got != "new" {
						t.Errorf("once the answer came: %s", got)
					}
				}
			})
		})
	}
}

// Nothing is used past its deadline, nor without leave.
func TestStaleHasBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		stale, deadline time.Duration
		after           time.Duration
		ok              bool
	}{
		"allowed":              {2 * time.Minute, time.Hour, 90 * time.Second, true},
		"not allowed":          {0, time.Hour, time.Minute, false},
		"before the deadline":  {2 * time.Minute, 90 * time.Second, 90*time.Second - 1, true},
		"at the deadline":      {2 * time.Minute, 90 * time.Second, 90 * time.Second, false},
		"the deadline is near": {2 * time.Minute, time.Minute, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := false
				cache := cached(t, &asked{asks: true, answer: func(_ context.Context, token string) (*auth.Claims, error) {
					if down {
						return nil, auth.Unavailable("test", 0, errors.New("down"))
					}
					d := facts(token)
					d.Deadline = time.Now().Add(tc.deadline)
					if tc.stale > 0 {
						d.StaleUntil = d.FreshUntil.Add(tc.stale)
					}
					return auth.NewClaims(d)
				}}, auth.CacheConfig{})
				_, _ = cache.Verify(t.Context(), token(t, "t"))
				time.Sleep(tc.after)
				down = true
				if claims, err := cache.Verify(t.Context(), token(t, "t")); (err == nil) != tc.ok {
					t.Errorf("%v, %v", claims, err)
				}
			})
		})
	}
}

func TestCachedRefusesNonsense(t *testing.T) {
	v := &asked{answer: good}
	for name, f := range map[string]func() error{
		"nil":       func() error { _, err := auth.Cached(nil, auth.CacheConfig{}); return err },
		"nil chain": func() error { _, err := auth.Cached((*auth.Chain)(nil), auth.CacheConfig{}); return err },
		"negative":  func() error { _, err := auth.Cached(v, auth.CacheConfig{Entries: -1}); return err },
		"huge":      func() error { _, err := auth.Cached(v, auth.CacheConfig{Refusals: 1 << 30}); return err },
		"negative in a guard": func() error {
			_, err := auth.NewGuard(v, auth.Rules{method: {}}, auth.WithCache(auth.CacheConfig{Bytes: -1}))
			return err
		},
		"twice": func() error {
			_, err := auth.NewGuard(v, auth.Rules{method: {}}, auth.WithCache(auth.CacheConfig{}), auth.WithoutCache())
			return err
		},
		"cache of a cache": func() error {
			_, err := auth.NewGuard(cached(t, v, auth.CacheConfig{}), auth.Rules{method: {}}, auth.WithCache(auth.CacheConfig{}))
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	cache := cached(t, v, auth.CacheConfig{})
	g, err := auth.NewGuard(cache, auth.Rules{method: {Issuers: []string{"https://i"}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := g.Check(t.Context(), call(method, bearer("t"))); err != nil {
			t.Error(err)
		}
	}
	if v.calls.Load() != 1 {
		t.Error("a Cache given to a Guard is not used")
	}
}

// No goroutine is left of questions, and looking up costs no allocation.
func TestCacheCosts(t *testing.T) {
	v := &asked{answer: good}
	cache, c := cached(t, v, auth.CacheConfig{}), token(t, strings.Repeat("x", 900))
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = cache.Verify(ctx, c) }); n > 0 {
		t.Errorf("%v allocations for a token that is known", n)
	}
	runtime.KeepAlive(cache)
}
