// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

const streamName = "0123456789-_abcdefghijklmnop"

// newRenewable is newStreams with renewals, and with tokens that are known by name.
func newRenewable(t *testing.T, tokens map[string]func(string) (*auth.Claims, error), options ...auth.GuardOption) *streams {
	t.Helper()
	f := newStreams(t, append(options, auth.AllowStreamRenewal())...)
	f.says(func(token string) (*auth.Claims, error) {
		if now, ok := tokens[token]; ok {
			return now(token)
		}
		return inactive(token)
	})
	return f
}

// until makes claims that expire so long after now, and not after the question.
func until(life time.Duration, changes ...func(*auth.ClaimsData)) func(string) (*auth.Claims, error) {
	expiry := time.Now().Add(life)
	return expiring(life, append([]func(*auth.ClaimsData){func(d *auth.ClaimsData) {
		d.Expiry, d.Deadline, d.FreshUntil = expiry, expiry, expiry
	}}, changes...)...)
}

// openNamed opens a stream with names in its header.
func (s *streams) openNamed(procedure, token string, names ...string) *opened {
	s.t.Helper()
	h := bearer(token)
	h[auth.StreamHeader] = names
	r := call(procedure, h)
	ctx, err := s.guard.Check(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	o := new(opened)
	o.Stream = s.guard.OpenStream(ctx, r, func(e *auth.Error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.ends++
		o.ended, o.err = time.Since(s.began), e
	})
	return o
}

// renew returns when the stream ends then, counted from the beginning of the test.
func (s *streams) renew(token, name string) (time.Duration, error) {
	r := call(auth.StreamRenewalProcedure, bearer(token))
	ctx, err := s.guard.Check(s.t.Context(), r)
	if err != nil {
		return 0, err
	}
	end, err := s.guard.RenewStream(ctx, name)
	if end.IsZero() {
		return 0, err
	}
	return end.Sub(s.began), err
}

func checkOf(err error) auth.Check {
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return e.Check
	}
	return ""
}

// A stream whose token lasts 100 s is renewed after 50 s.
func TestRenewStream(t *testing.T) {
	const s = time.Second
	for name, tc := range map[string]struct {
		options  []auth.GuardOption
		open     string // the procedure; method if empty
		token    func(f *streams) func(string) (*auth.Claims, error)
		after    time.Duration // 50 s if zero
		err      auth.Check    // of the renewal
		check    auth.Check    // of the stream
		from, to time.Duration
		renewed  bool
	}{
		"longer": {
			token: func(*streams) func(string) (*auth.Claims, error) { return until(200 * s) },
			check: auth.CheckStreamDeadline, from: 192 * s, to: 200 * s, renewed: true,
		},
		"as long": {
			token: func(*streams) func(string) (*auth.Claims, error) { return until(100 * s) },
			check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s, renewed: true,
		},
		"older": {
			token: func(*streams) func(string) (*auth.Claims, error) { return until(60 * s) },
			check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"another subject": {
			token: func(*streams) func(string) (*auth.Claims, error) {
				return until(200*s, func(d *auth.ClaimsData) { d.Subject = "eve" })
			},
			err: auth.CheckStreamParty, check: auth.CheckStreamParty, from: 50 * s, to: 50 * s,
		},
		"another client": {
			token: func(*streams) func(string) (*auth.Claims, error) {
				return until(200*s, func(d *auth.ClaimsData) { d.ClientID = "eve" })
			},
			err: auth.CheckStreamParty, check: auth.CheckStreamParty, from: 50 * s, to: 50 * s,
		},
		"another issuer": {
			token: func(*streams) func(string) (*auth.Claims, error) {
				return until(200*s, func(d *auth.ClaimsData) { d.Issuer = "https://eve" })
			},
			err: auth.CheckStreamParty, check: auth.CheckStreamParty, from: 50 * s, to: 50 * s,
		},
		"older, of another subject": {
			token: func(*streams) func(string) (*auth.Claims, error) {
				return until(60*s, func(d *auth.ClaimsData) { d.Subject = "eve" })
			},
			err: auth.CheckStreamParty, check: auth.CheckStreamParty, from: 50 * s, to: 50 * s,
		},
		"without the scope": {
			token: func(*streams) func(string) (*auth.Claims, error) {
				return until(200*s, func(d *auth.ClaimsData) { d.Scopes = nil })
			},
			err: auth.CheckRuleScopes, check: auth.CheckRuleScopes, from: 50 * s, to: 50 * s,
		},
		"not what Authorize wants": {
			token: func(f *streams) func(string) (*auth.Claims, error) {
				f.mu.Lock()
				f.refuses = true
				f.mu.Unlock()
				return until(200 * s)
			},
			err: auth.CheckRuleAuthorize, check: auth.CheckRuleAuthorize, from: 50 * s, to: 50 * s,
		},
		"inactive": {
			token: func(*streams) func(string) (*auth.Claims, error) { return inactive },
			err:   "test", check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"nobody knows": {
			token: func(*streams) func(string) (*auth.Claims, error) { return unavailable },
			err:   "test", check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"expired": {
			token: func(*streams) func(string) (*auth.Claims, error) { return until(-s) },
			err:   auth.CheckDeadline, check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"an age is not extended": {
			options: streamPolicy(auth.StreamPolicy{MaxAge: 80 * s}),
			token:   func(*streams) func(string) (*auth.Claims, error) { return until(200 * s) },
			check:   auth.CheckStreamAge, from: 76 * s, to: 80 * s, renewed: true,
		},
		"unbounded": {
			options: unbounded(), token: func(*streams) func(string) (*auth.Claims, error) { return until(200 * s) }, renewed: true,
		},
		"one without exp": {
			// The issuer is asked again from then on. Its word counts for ten seconds
			// each time, which is less than what was left of the other.
			token: func(*streams) func(string) (*auth.Claims, error) { return endless() }, renewed: true,
		},
		"one without exp, later": {
			after: 95 * s,
			token: func(*streams) func(string) (*auth.Claims, error) { return endless() }, renewed: true,
		},
		"fresh, confirmed": {
			open: "/a.B/Fresh", token: func(*streams) func(string) (*auth.Claims, error) {
				expiry := time.Now().Add(200 * s)
				return func(token string) (*auth.Claims, error) { return expiring(time.Until(expiry))(token) }
			},
			check: auth.CheckStreamDeadline, from: 192 * s, to: 200 * s, renewed: true,
		},
		"fresh, of which the issuer is not asked": {
			open: "/a.B/Fresh", token: func(*streams) func(string) (*auth.Claims, error) {
				return until(200*s, func(d *auth.ClaimsData) { d.ConfirmedAt = time.Time{} })
			},
			err: auth.CheckRuleFresh, check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"fresh, the verifier says nothing": {
			open: "/a.B/Fresh", token: func(*streams) func(string) (*auth.Claims, error) { return once(until(200*s), nil) },
			err: auth.CheckVerifier, check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
		"fresh, the verifier panics": {
			open: "/a.B/Fresh", token: func(*streams) func(string) (*auth.Claims, error) {
				return once(until(200*s), func(string) (*auth.Claims, error) { panic("broken") })
			},
			err: auth.CheckPanic, check: auth.CheckStreamDeadline, from: 95 * s, to: 100 * s,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := map[string]func(string) (*auth.Claims, error){"old": until(100 * s)}
				f := newRenewable(t, tokens, tc.options...)
				procedure := method
				if tc.open != "" {
					procedure = tc.open
				}
				stream := f.openNamed(procedure, "old", streamName)
				tokens["new"] = tc.token(f)
				if tc.after == 0 {
					tc.after = 50 * s
				}
				time.Sleep(tc.after)
				end, err := f.renew("new", streamName)
				if checkOf(err) != tc.err || (err == nil) != (tc.err == "") {
					t.Errorf("the renewal: %v, want %q", err, tc.err)
				}
				time.Sleep(1000 * s)
				stream.check(t, tc.check, tc.from, tc.to)
				if err == nil && tc.check != "" && end != stream.ended {
					t.Errorf("the end was to be after %v, and was after %v", end, stream.ended)
				}
				if got := slices.Contains(f.heard(), auth.EventStreamRenewed); got != tc.renewed {
					t.Errorf("events %q", f.heard())
				}
				_ = stream.Close()
				if _, err := f.renew("again", streamName); err == nil {
					t.Error("a renewal after the end")
				}
			})
		})
	}
}

// once answers with first, and with then from the second question on; nil is for no
// answer at all.
func once(first, then func(string) (*auth.Claims, error)) func(string) (*auth.Claims, error) {
	var asked atomic.Bool
	return func(token string) (*auth.Claims, error) {
		switch {
		case !asked.Swap(true):
			return first(token)
		case then == nil:
			return nil, nil
		default:
			return then(token)
		}
	}
}

// Only a call of the renewal's own procedure that this guard let through can renew.
func TestRenewStreamNeedsItsDecision(t *testing.T) {
	t.Parallel()
	tokens := map[string]func(string) (*auth.Claims, error){"t": until(time.Hour)}
	f, other := newRenewable(t, tokens), newRenewable(t, tokens)
	stream := f.openNamed(method, "t", streamName)
	defer func() { _ = stream.Close() }()
	decided := func(f *streams, procedure string) context.Context {
		ctx, err := f.guard.Check(t.Context(), call(procedure, bearer("t")))
		if err != nil {
			t.Fatal(err)
		}
		return ctx
	}
	for name, tc := range map[string]struct {
		guard   *auth.Guard
		ctx     context.Context
		refused bool
		found   bool
	}{
		"decided":                    {f.guard, decided(f, auth.StreamRenewalProcedure), false, true},
		"undecided":                  {f.guard, t.Context(), true, false},
		"decided for another method": {f.guard, decided(f, method), true, false},
		"without a token":            {f.guard, decided(f, "/a.B/Public"), true, false},
		"by another guard":           {f.guard, decided(other, auth.StreamRenewalProcedure), true, false},
		"of another guard":           {other.guard, decided(other, auth.StreamRenewalProcedure), false, false},
		"no guard":                   {nil, decided(f, auth.StreamRenewalProcedure), true, false},
	} {
		_, err := tc.guard.RenewStream(tc.ctx, streamName)
		if _, refused := errors.AsType[*auth.Error](err); refused != tc.refused || errors.Is(err, auth.ErrNoStream) != (!tc.refused && !tc.found) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stream.check(t, "", 0, 0)
}

func TestStreamNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		given []string
		asked string
		found bool
	}{
		"shortest":   {[]string{strings.Repeat("a", 22)}, strings.Repeat("a", 22), true},
		"longest":    {[]string{strings.Repeat("Z", 64)}, strings.Repeat("Z", 64), true},
		"every kind": {[]string{"azAZ09-_azAZ09-_azAZ09"}, "azAZ09-_azAZ09-_azAZ09", true},
		"too short":  {[]string{strings.Repeat("a", 21)}, strings.Repeat("a", 21), false},
		"too long":   {[]string{strings.Repeat("a", 65)}, strings.Repeat("a", 65), false},
		"two":        {[]string{streamName, streamName}, streamName, false},
		"none":       {nil, "", false},
		"empty":      {[]string{""}, "", false},
		"padding":    {[]string{strings.Repeat("a", 22) + "=="}, strings.Repeat("a", 22) + "==", false},
		"plain 64":   {[]string{strings.Repeat("a", 22) + "+/"}, strings.Repeat("a", 22) + "+/", false},
		"a dot":      {[]string{strings.Repeat("a", 22) + "."}, strings.Repeat("a", 22) + ".", false},
		"at and `":   {[]string{strings.Repeat("a", 22) + "@"}, strings.Repeat("a", 22) + "@", false},
		"another":    {[]string{streamName}, streamName + "a", false},
		"its start":  {[]string{streamName}, streamName[:24], false},
	} {
		tokens := map[string]func(string) (*auth.Claims, error){"t": until(time.Hour)}
		f := newRenewable(t, tokens)
		stream := f.openNamed(method, "t", tc.given...)
		if _, err := f.renew("t", tc.asked); errors.Is(err, auth.ErrNoStream) == tc.found || (err == nil) != tc.found {
			t.Errorf("%s: %v", name, err)
		}
		stream.check(t, "", 0, 0)
		_ = stream.Close()
		if _, err := f.renew("t", tc.asked); !errors.Is(err, auth.ErrNoStream) {
			t.Errorf("%s, closed: %v", name, err)
		}
	}
}

// Renewals never bring the end closer, however often the jitter is drawn anew.
func TestRenewalsNeverShorten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRenewable(t, map[string]func(string) (*auth.Claims, error){"t": until(100 * time.Second), "older": until(90 * time.Second)})
		stream := f.openNamed(method, "t", streamName)
		var last time.Duration
		for i := range 200 {
			end, err := f.renew([]string{"t", "older"}[i%2], streamName)
			if err != nil || end < last || end > 100*time.Second {
				t.Fatalf("renewal %d: %v after %v, %v", i, end, last, err)
			}
			last = end
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(100 * time.Second)
		stream.check(t, auth.CheckStreamDeadline, last, last)
	})
}

// The rule has code of the user's, and a panic of it must not end the process.
func TestRenewalSurvivesAuthorize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		rules := auth.Rules{"/a.B/Broken": {Authorize: func(context.Context, *auth.Request, *auth.Claims) error {
			if broken.Load() {
				panic("broken")
			}
			return nil
		}}}
		f := newRenewable(t, map[string]func(string) (*auth.Claims, error){"t": until(time.Hour)}, rules)
		stream := f.openNamed("/a.B/Broken", "t", streamName)
		broken.Store(true)
		if _, err := f.renew("t", streamName); checkOf(err) != auth.CheckPanic {
			t.Errorf("the renewal: %v", err)
		}
		stream.check(t, "", 0, 0)
		_ = stream.Close()
	})
}

// What is revoked while a renewal is under way ends the stream, too.
func TestRevokedDuringRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
		var revoke atomic.Bool
		rules := auth.Rules{"/a.B/Slow": {Authorize: func(context.Context, *auth.Request, *auth.Claims) error {
			if revoke.Load() { // it was looked at before this is asked
				if err := list.Revoke(auth.Revocation{Issuer: "https://i", TokenID: "new"}); err != nil {
					t.Error(err)
				}
				synctest.Wait() // everybody was told
			}
			return nil
		}}}
		f := newRenewable(t, map[string]func(string) (*auth.Claims, error){"old": until(10 * time.Minute), "new": until(20 * time.Minute)}, rules, auth.WithRevocations(list))
		stream := f.openNamed("/a.B/Slow", "old", streamName)
		revoke.Store(true)
		if _, err := f.renew("new", streamName); checkOf(err) != auth.CheckRevoked {
			t.Errorf("the renewal: %v", err)
		}
		stream.check(t, auth.CheckRevoked, 0, 0)
		_ = stream.Close()
	})
}

// A renewal at the very moment of the end either finds no stream or has it go on.
func TestRenewalAtTheDeadline(t *testing.T) {
	went := make(map[bool]int)
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			tokens := map[string]func(string) (*auth.Claims, error){"old": until(10 * time.Second), "new": until(30 * time.Second)}
			f := newRenewable(t, tokens)
			stream := f.openNamed(method, "old", streamName)
			end, err := f.renew("old", streamName)
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			var later [2]time.Duration
			var errs [2]error
			for i := range errs {
				group.Go(func() {
					time.Sleep(end - time.Since(f.began))
					later[i], errs[i] = f.renew("new", streamName)
				})
			}
			group.Wait()
			synctest.Wait()
			ended := stream.Err()
			for i, err := range errs {
				switch {
				case err == nil && (ended != nil || later[i] < 28*time.Second):
					t.Errorf("renewed until %v, and ended: %v", later[i], ended)
				case err != nil && (!errors.Is(err, auth.ErrNoStream) || ended == nil):
					t.Errorf("not renewed: %v; ended: %v", err, ended)
				}
			}
			went[stream.Err() == nil]++
			if stream.Err() == nil {
				time.Sleep(time.Minute)
				stream.check(t, auth.CheckStreamDeadline, 28*time.Second, 30*time.Second)
			} else {
				stream.check(t, auth.CheckStreamDeadline, end, end)
			}
			_ = stream.Close()
		})
	}
	t.Logf("went on: %d, ended: %d", went[true], went[false])
}

func TestAllowStreamRenewal(t *testing.T) {
	t.Parallel()
	own := auth.Rules{auth.StreamRenewalProcedure: {}}
	if g, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), auth.AllowStreamRenewal(), own); err == nil {
		t.Errorf("with a rule besides: %v", g)
	}
	if !newRenewable(t, nil).guard.RenewsStreams() || newStreams(t).guard.RenewsStreams() || (*auth.Guard)(nil).RenewsStreams() {
		t.Error("RenewsStreams")
	}
	f := newStreams(t)
	if _, err := f.renew("t", streamName); checkOf(err) != auth.CheckRuleAbsent {
		t.Errorf("without the option: %v", err)
	}
}
