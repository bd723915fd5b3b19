// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// streams is a guard whose tokens are what a test says, and the streams that were
// opened behind it.
type streams struct {
	t     *testing.T
	guard *auth.Guard
	began time.Time

	mu      sync.Mutex
	now     func(token string) (*auth.Claims, error)
	asked   int
	events  []auth.EventName
	refuses bool // by Authorize
}

func (s *streams) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	s.mu.Lock()
	s.asked++
	now := s.now
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return now(c.Token())
}

func (s *streams) Describe() auth.Description {
	return auth.Description{Issuers: []string{"https://i"}, Asks: true}
}

func (s *streams) Observe(_ context.Context, e auth.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Name != auth.EventAllowed {
		s.events = append(s.events, e.Name)
	}
}

func (s *streams) says(now func(token string) (*auth.Claims, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

func (s *streams) heard() []auth.EventName {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *streams) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func newStreams(t *testing.T, options ...auth.GuardOption) *streams {
	t.Helper()
	s := &streams{t: t, began: time.Now(), now: expiring(time.Hour)}
	rules := auth.Rules{method: {AllScopes: []string{"read"}, Authorize: func(context.Context, *auth.Request, *auth.Claims) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.refuses {
			return errors.New("not any more")
		}
		return nil
	}}, "/a.B/Public": {Access: auth.AccessPublic}, "/a.B/Optional": {Access: auth.AccessOptional}, "/a.B/Fresh": {Fresh: true}}
	g, err := auth.NewGuard(s, append(options, rules, auth.WithObserver(s))...)
	if err != nil {
		t.Fatal(err)
	}
	s.guard = g
	return s
}

// expiring makes claims that expire after a while, and are known until then.
func expiring(life time.Duration, changes ...func(*auth.ClaimsData)) func(string) (*auth.Claims, error) {
	return func(token string) (*auth.Claims, error) {
		now := time.Now()
		d := auth.ClaimsData{
			Issuer: "https://i", Subject: "alice", ClientID: "app", TokenID: token, Scopes: []string{"read"}, IssuedAt: now,
			Expiry: now.Add(life), Deadline: now.Add(life), FreshUntil: now.Add(life), ConfirmedAt: now,
		}
		for _, change := range changes {
			change(&d)
		}
		return auth.NewClaims(d)
	}
}

// endless makes claims without exp, which count for ten seconds.
func endless(changes ...func(*auth.ClaimsData)) func(string) (*auth.Claims, error) {
	return expiring(10*time.Second, append([]func(*auth.ClaimsData){func(d *auth.ClaimsData) { d.Expiry = time.Time{} }}, changes...)...)
}

func unavailable(string) (*auth.Claims, error) {
	return nil, auth.Unavailable("test", 0, errors.New("down"))
}

func inactive(string) (*auth.Claims, error) {
	return nil, auth.InvalidToken("test", errors.New("inactive"))
}

// opened is an open stream, and how it ended.
type opened struct {
	*auth.Stream

	mu    sync.Mutex
	ended time.Duration // since the test began
	err   *auth.Error
	ends  int
}

func (s *streams) open(procedure, token string) *opened {
	s.t.Helper()
	r := call(procedure, bearer(token))
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

// check says how the stream ended: with which check, within which times; "" if it
// is open.
func (o *opened) check(t *testing.T, want auth.Check, from, to time.Duration) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var got auth.Check
	if o.err != nil {
		got = o.err.Check
	}
	if got != want || o.ends > 1 {
		t.Errorf("ended %d times, by %q (%v), want %q", o.ends, got, o.err, want)
	}
	if want != "" && (o.ended < from || o.ended > to) {
		t.Errorf("ended after %v, want %v to %v", o.ended, from, to)
	}
	if o.Err() != o.err {
		t.Errorf("Err is %v, and it ended by %v", o.Err(), o.err)
	}
}

// When a stream ends of itself, and by what.
func TestStreamEnds(t *testing.T) {
	const s = time.Second
	gone := errors.New("gone")
	for name, tc := range map[string]struct {
		options  []auth.GuardOption
		claims   func(token string) (*auth.Claims, error)
		then     func(token string) (*auth.Claims, error) // what is said when it is asked again
		check    auth.Check
		from, to time.Duration
		asked    int // at most
	}{
		"at the deadline, or a little earlier": {nil, expiring(100 * s), nil, auth.CheckStreamDeadline, 95 * s, 100 * s, 1},
		"no more than 30 s earlier":            {nil, expiring(24 * 3600 * s), nil, auth.CheckStreamDeadline, 24*3600*s - 30*s, 24 * 3600 * s, 1},
		"a skew counts":                        {nil, expiring(100*s, func(d *auth.ClaimsData) { d.Deadline = d.Expiry.Add(30 * s) }), nil, auth.CheckStreamDeadline, 123 * s, 130 * s, 1},
		"an age":                               {streamPolicy(auth.StreamPolicy{MaxAge: 20 * s}), expiring(100 * s), nil, auth.CheckStreamAge, 19 * s, 20 * s, 1},
		"an age beyond the deadline":           {streamPolicy(auth.StreamPolicy{MaxAge: 200 * s}), expiring(100 * s), nil, auth.CheckStreamDeadline, 95 * s, 100 * s, 1},
		"unbounded":                            {unbounded(), expiring(100 * s), nil, "", 0, 0, 1},

		"without exp it is asked again":                {nil, endless(), nil, "", 0, 0, 800},
		"without exp, revoked":                         {nil, endless(), inactive, "test", 7 * s, 10 * s, 2},
		"without exp, in an outage":                    {nil, endless(), unavailable, "test", 10 * s, 10 * s, 6},
		"without exp, the issuer hangs":                {nil, endless(), slow(time.Hour), auth.CheckStreamDeadline, 10 * s, 10 * s, 2},
		"without exp, a slow issuer":                   {nil, endless(), slow(2 * s), "", 0, 0, 800},
		"without exp, no scope any more":               {nil, endless(), endless(func(d *auth.ClaimsData) { d.Scopes = nil }), auth.CheckRuleScopes, 7 * s, 10 * s, 2},
		"without exp, another subject":                 {nil, endless(), endless(func(d *auth.ClaimsData) { d.Subject = "eve" }), auth.CheckStreamParty, 7 * s, 10 * s, 2},
		"without exp, another client":                  {nil, endless(), endless(func(d *auth.ClaimsData) { d.ClientID = "eve" }), auth.CheckStreamParty, 7 * s, 10 * s, 2},
		"without exp, another issuer":                  {nil, endless(), endless(func(d *auth.ClaimsData) { d.Issuer = "https://eve" }), auth.CheckStreamParty, 7 * s, 10 * s, 2},
		"without exp, a panic":                         {nil, endless(), func(string) (*auth.Claims, error) { panic("broken") }, auth.CheckPanic, 10 * s, 10 * s, 6},
		"without exp, an error of no type":             {nil, endless(), func(string) (*auth.Claims, error) { return nil, gone }, auth.CheckVerifier, 10 * s, 10 * s, 6},
		"without exp, nothing":                         {nil, endless(), func(string) (*auth.Claims, error) { return nil, nil }, auth.CheckVerifier, 10 * s, 10 * s, 6},
		"without exp, then with one":                   {nil, endless(), expiring(50 * s), auth.CheckStreamDeadline, 54 * s, 60 * s, 2},
		"without exp, expired by now":                  {nil, endless(), expiring(-s), auth.CheckDeadline, 7 * s, 10 * s, 2},
		"without exp and without a cache":              {[]auth.GuardOption{auth.WithoutCache()}, endless(), inactive, "test", 7 * s, 10 * s, 2},
		"without exp and unbounded":                    {unbounded(), endless(), inactive, "", 0, 0, 1},
		"asked periodically":                           {streamPolicy(auth.StreamPolicy{Reverify: 20 * s}), expiring(10 * 3600 * s), brief, "", 0, 0, 400},
		"asked periodically, and inactive":             {streamPolicy(auth.StreamPolicy{Reverify: 20 * s}), expiring(10 * 3600 * s), inactive, "test", 19 * s, 20 * s, 2},
		"asked periodically, an outage":                {streamPolicy(auth.StreamPolicy{Reverify: 20 * s}), expiring(10 * 3600 * s), unavailable, "test", 40 * s, 40 * s, 23},
		"asked periodically, the deadline comes first": {streamPolicy(auth.StreamPolicy{Reverify: 200 * s}), expiring(100 * s), nil, auth.CheckStreamDeadline, 95 * s, 100 * s, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newStreams(t, tc.options...)
				f.says(tc.claims)
				stream := f.open(method, "t")
				if tc.then != nil {
					f.says(tc.then)
				}
				time.Sleep(time.Hour + time.Hour/2)
				if tc.to > time.Hour {
					time.Sleep(24 * time.Hour)
				}
				stream.check(t, tc.check, tc.from, tc.to)
				if n := f.questions(); n > tc.asked {
					t.Errorf("asked %d times, want %d at most", n, tc.asked)
				}
				want := []auth.EventName{auth.EventStreamEnded}
				if tc.check == "" {
					want = nil
				}
				if got := f.heard(); !slices.Equal(got, want) {
					t.Errorf("events %q, want %q", got, want)
				}
				_ = stream.Close()
				time.Sleep(time.Hour) // questions that hang
			})
		})
	}
}

func streamPolicy(p auth.StreamPolicy) []auth.GuardOption {
	return []auth.GuardOption{auth.WithStreams(p)}
}

func unbounded() []auth.GuardOption { return []auth.GuardOption{auth.InsecureUnboundedStreams()} }

// brief makes claims that live long and are known for a moment.
func brief(token string) (*auth.Claims, error) {
	return expiring(10*time.Hour, func(d *auth.ClaimsData) { d.FreshUntil = time.Now().Add(time.Second) })(token)
}

func slow(d time.Duration) func(token string) (*auth.Claims, error) {
	return func(token string) (*auth.Claims, error) {
		claims, err := endless()(token)
		time.Sleep(d)
		return claims, err
	}
}

// Jitter spreads the ends of streams that began together.
func TestStreamJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t)
		f.says(expiring(100 * time.Second))
		var all []*opened
		for range 100 {
			all = append(all, f.open(method, "t"))
		}
		time.Sleep(101 * time.Second)
		var first, last time.Duration
		for i, o := range all {
			o.check(t, auth.CheckStreamDeadline, 95*time.Second, 100*time.Second)
			if i == 0 || o.ended < first {
				first = o.ended
			}
			last = max(last, o.ended)
		}
		if last-first < 3*time.Second {
			t.Errorf("all ended within %v", last-first)
		}
	})
}

// Streams with one token ask one question between them.
func TestStreamsShareQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t)
		f.says(endless())
		var all []*opened
		for range 100 {
			all = append(all, f.open(method, "t"))
		}
		time.Sleep(61 * time.Second)
		if n := f.questions(); n > 1+9*2 {
			t.Errorf("%d questions in a minute", n)
		}
		for _, o := range all {
			o.check(t, "", 0, 0)
			_ = o.Close()
		}
	})
}

// A withdrawn key ends its streams, unless the token verifies by another.
func TestStreamKeyWithdrawn(t *testing.T) {
	for name, tc := range map[string]struct {
		then  func(token string) (*auth.Claims, error)
		check auth.Check
		to    time.Duration // after the key is gone
	}{
		"refused":       {inactive, "test", time.Second},
		"nobody knows":  {unavailable, "test", time.Second},
		"another key":   {expiring(time.Hour), "", 0},
		"no answer":     {slow(time.Hour), auth.CheckStreamDeadline, 3 * time.Second},
		"another party": {expiring(time.Hour, func(d *auth.ClaimsData) { d.Subject = "eve" }), auth.CheckStreamParty, time.Second},
	} {
		for mode, options := range map[string][]auth.GuardOption{"": nil, ", unbounded": unbounded(), ", no cache": {auth.WithoutCache()}} {
			t.Run(name+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var gone atomic.Bool
					f := newStreams(t, options...)
					f.says(expiring(time.Hour, func(d *auth.ClaimsData) { d.Holds = func(time.Time) bool { return !gone.Load() } }))
					stream := f.open(method, "t")
					const when = 10*time.Second + time.Second/2
					time.Sleep(when)
					stream.check(t, "", 0, 0)
					f.says(tc.then)
					gone.Store(true)
					time.Sleep(4 * time.Second)
					stream.check(t, tc.check, when, when+tc.to)
					_ = stream.Close()
					time.Sleep(time.Hour)
				})
			})
		}
	}
}

// What nobody watches over.
func TestStreamsWithoutClaims(t *testing.T) {
	f := newStreams(t)
	for name, open := range map[string]func() *auth.Stream{
		"public": func() *auth.Stream { return f.open("/a.B/Public", "t").Stream },
		"anonymous": func() *auth.Stream {
			r := call("/a.B/Optional", header{})
			ctx, err := f.guard.Check(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			return f.guard.OpenStream(ctx, r, nil)
		},
		"undecided": func() *auth.Stream { return f.guard.OpenStream(t.Context(), call(method, bearer("t")), nil) },
		"another guard's": func() *auth.Stream {
			r := call(method, bearer("t"))
			ctx, _ := newStreams(t).guard.Check(t.Context(), r)
			return f.guard.OpenStream(ctx, r, nil)
		},
		"no guard": func() *auth.Stream { return (*auth.Guard)(nil).OpenStream(t.Context(), call(method, nil), nil) },
		"public, in shadow mode": func() *auth.Stream {
			f := newStreams(t, auth.InsecureShadowUntil(time.Now().Add(time.Hour)))
			return f.open("/a.B/Public", "t").Stream
		},
	} {
		s := open()
		if s != nil {
			t.Errorf("%s: watched", name)
		}
		if s.Err() != nil || s.Close() != nil {
			t.Errorf("%s: it ended", name)
		}
	}
	if s := f.open("/a.B/Optional", "t"); s.Stream == nil {
		t.Error("optional, with a token: not watched")
	} else {
		_ = s.Close()
	}
}

// What was let through in shadow mode ends with it, good or bad, and not before.
func TestStreamsOfShadowMode(t *testing.T) {
	for name, claims := range map[string]func(string) (*auth.Claims, error){"good": expiring(time.Minute), "bad": inactive} {
		synctest.Test(t, func(t *testing.T) {
			f := newStreams(t, auth.InsecureShadowUntil(time.Now().Add(time.Hour)))
			f.says(claims)
			stream := f.open(method, "t")
			closed := f.open(method, "t")
			_ = closed.Close()
			time.Sleep(59 * time.Minute)
			stream.check(t, "", 0, 0)
			time.Sleep(2 * time.Minute)
			stream.check(t, auth.CheckStreamAge, time.Hour, time.Hour)
			closed.check(t, "", 0, 0)
			if got := f.heard(); !slices.Contains(got, auth.EventStreamEnded) {
				t.Errorf("%s: events %q", name, got)
			}
		})
	}
}

// After Close nothing ends a stream, and Close says what did before.
func TestStreamClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t)
		f.says(expiring(10 * time.Second))
		closed, ended := f.open(method, "t"), f.open(method, "t")
		if err := closed.Close(); err != nil {
			t.Errorf("closed by %v", err)
		}
		time.Sleep(11 * time.Second)
		closed.check(t, "", 0, 0)
		ended.check(t, auth.CheckStreamDeadline, 9*time.Second, 10*time.Second)
		for range 2 {
			if err := ended.Close(); err == nil || err.Check != auth.CheckStreamDeadline {
				t.Errorf("Close returns %v", err)
			}
		}
	})
}

// The caller's rule is run again with what is known now.
func TestStreamAuthorizeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t, auth.WithStreams(auth.StreamPolicy{Reverify: 10 * time.Second}))
		stream := f.open(method, "t")
		time.Sleep(15 * time.Second)
		stream.check(t, "", 0, 0)
		f.mu.Lock()
		f.refuses = true
		f.mu.Unlock()
		time.Sleep(10 * time.Second)
		stream.check(t, auth.CheckRuleAuthorize, 18*time.Second, 20*time.Second)
	})
}

// A token of which is now known that it belongs to what was revoked is revoked.
func TestStreamRevokedWhenAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
		if err := l.Revoke(auth.Revocation{Issuer: "https://i", SessionID: "gone"}); err != nil {
			t.Fatal(err)
		}
		f := newStreams(t, auth.WithRevocations(l))
		f.says(endless())
		stream := f.open(method, "t")
		f.says(endless(func(d *auth.ClaimsData) { d.SessionID = "gone" }))
		time.Sleep(time.Minute)
		stream.check(t, auth.CheckRevoked, 7*time.Second, 10*time.Second)
		_ = stream.Close()
	})
}

// A stream of a rule with fresh is verified again by a fresh answer.
func TestStreamFreshAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t, auth.WithStreams(auth.StreamPolicy{Reverify: 10 * time.Second}))
		stream := f.open("/a.B/Fresh", "t")
		time.Sleep(5 * time.Second)
		_, _ = f.guard.Check(t.Context(), call("/a.B/Fresh", bearer("t"))) // newer, and kept for an hour
		time.Sleep(6 * time.Second)
		if n := f.questions(); n != 3 {
			t.Errorf("asked %d times, want 3", n)
		}
		_ = stream.Close()
	})
}

func TestStreamPolicyRefusesNonsense(t *testing.T) {
	list := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
	for name, options := range map[string][]auth.GuardOption{
		"negative age":      {auth.WithStreams(auth.StreamPolicy{MaxAge: -1})},
		"negative reverify": {auth.WithStreams(auth.StreamPolicy{Reverify: -1})},
		"reverify too soon": {auth.WithStreams(auth.StreamPolicy{Reverify: time.Second - 1})},
		"two policies":      {auth.WithStreams(auth.StreamPolicy{}), auth.InsecureUnboundedStreams()},
		"two, reversed":     {auth.InsecureUnboundedStreams(), auth.WithStreams(auth.StreamPolicy{})},
		"no revocations":    {auth.WithRevocations(nil)},
		"a typed nil":       {auth.WithRevocations((*auth.RevocationList)(nil))},
		"two lists":         {auth.WithRevocations(list), auth.WithRevocations(list)},
	} {
		if g, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), append(options, auth.Rules{method: {}})...); err == nil {
			t.Errorf("%s: %v", name, g)
		}
	}
}

// Facts that are nearly too old when the stream opens, or good for a moment only,
// leave time for an answer.
func TestStreamsOfShortFacts(t *testing.T) {
	for name, tc := range map[string]struct{ ttl, open, latency time.Duration }{
		"opened late":                 {10 * time.Second, 9900 * time.Millisecond, 300 * time.Millisecond},
		"opened at the last moment":   {10 * time.Second, 10*time.Second - 1, 300 * time.Millisecond},
		"a second":                    {time.Second, 0, 300 * time.Millisecond},
		"half a second":               {time.Second / 2, 0, 300 * time.Millisecond},
		"two seconds, a slow issuer":  {2 * time.Second, time.Second, time.Second},
		"for ever (150 years), often": {150 * 365 * 24 * time.Hour, 0, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newStreams(t)
				answer := expiring(tc.ttl, func(d *auth.ClaimsData) { d.Expiry = time.Time{} })
				f.says(answer)
				if _, err := f.guard.Check(t.Context(), call(method, bearer("t"))); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tc.open)
				stream := f.open(method, "t")
				f.says(func(token string) (*auth.Claims, error) {
					claims, err := answer(token)
					time.Sleep(tc.latency)
					return claims, err
				})
				time.Sleep(time.Minute)
				stream.check(t, "", 0, 0)
				if n := f.questions(); n > 130 {
					t.Errorf("%d questions in a minute", n)
				}
				f.says(inactive)
				time.Sleep(min(tc.ttl, time.Minute) + 2*time.Second)
				if tc.ttl < time.Hour {
					stream.check(t, "test", time.Minute, 2*time.Minute)
				}
				_ = stream.Close()
				time.Sleep(2 * time.Second)
			})
		})
	}
}

// A renewal with a token that the issuer was asked about before does not put off
// when it is asked again.
func TestRenewalDoesNotPutOffReverify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := map[string]func(string) (*auth.Claims, error){"t": expiring(10 * time.Hour)}
		f := newRenewable(t, tokens, auth.WithStreams(auth.StreamPolicy{Reverify: 30 * time.Second}))
		stream := f.openNamed(method, "t", streamName)
		f.says(inactive)
		for range 20 {
			time.Sleep(5 * time.Second)
			_, _ = f.renew("t", streamName)
		}
		stream.check(t, "test", 28*time.Second, 30*time.Second)
	})
}

// The user's code may panic where nobody is called.
func TestStreamSurvivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		f := newStreams(t, auth.WithRevocations(panicky{&broken}))
		f.says(expiring(time.Hour, func(d *auth.ClaimsData) {
			d.Holds = func(time.Time) bool {
				if broken.Load() {
					panic("holds")
				}
				return true
			}
		}))
		stream := f.open(method, "t")
		f.says(func(string) (*auth.Claims, error) { panic("verify") })
		broken.Store(true)
		time.Sleep(10 * time.Second)
		stream.check(t, auth.CheckPanic, time.Second, 4*time.Second)
	})
}

// panicky are revocations that panic.
type panicky struct{ broken *atomic.Bool }

func (p panicky) Revoked(*auth.Claims, auth.Credential) (bool, error) {
	if p.broken.Load() {
		panic("revoked")
	}
	return false, nil
}

func (p panicky) Watch(changed func()) (stop func()) {
	timer := time.AfterFunc(time.Second/2, changed)
	return func() { timer.Stop() }
}

// An observer that takes its time holds up no other stream.
func TestSlowObserverOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: time.Hour})
		f := newStreams(t, auth.WithRevocations(l))
		slow := auth.ObserverFunc(func(_ context.Context, e auth.Event) {
			if e.Name == auth.EventStreamEnded {
				time.Sleep(time.Second)
			}
		})
		g, err := auth.NewGuard(f, auth.Rules{method: {}}, auth.WithRevocations(l), auth.WithObserver(slow))
		if err != nil {
			t.Fatal(err)
		}
		f.guard = g
		var all []*opened
		for range 100 {
			all = append(all, f.open(method, "t"))
		}
		time.Sleep(time.Second)
		if err := l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, o := range all {
			o.check(t, auth.CheckRevoked, time.Second, time.Second)
		}
		time.Sleep(2 * time.Second)
	})
}

// If nobody can tell what is revoked, streams go on and are looked at again.
func TestStreamsWhileRevocationsAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &flaky{}
		f := newStreams(t, auth.WithRevocations(r))
		stream := f.open(method, "t")
		r.says(false, errors.New("store down"))
		time.Sleep(10 * time.Second)
		stream.check(t, "", 0, 0)
		r.says(true, nil)
		time.Sleep(2 * time.Second)
		stream.check(t, auth.CheckRevoked, 10*time.Second, 12*time.Second)
	})
}

// flaky are revocations that say what a test wants, and tell of the first change.
type flaky struct {
	mu      sync.Mutex
	revoked bool
	err     error
	changed func()
}

func (f *flaky) says(revoked bool, err error) {
	f.mu.Lock()
	f.revoked, f.err = revoked, err
	changed := f.changed
	if err == nil {
		changed = nil // nobody says that it is over
	}
	f.mu.Unlock()
	if changed != nil {
		changed()
	}
}

func (f *flaky) Revoked(*auth.Claims, auth.Credential) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revoked, f.err
}

func (f *flaky) Watch(changed func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = changed
	return func() {}
}
