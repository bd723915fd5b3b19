// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"google.golang.org/grpc/codes"
)

// newKeys are the ids of the keys that take over, in the order of [apis].
var newKeys = []string{"rsa-2", "ec-2", "ed-2"}

// No caller with a valid token notices a rotation that goes by the book: the new
// keys are published, then they sign, then the old ones go.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	l := startLoad(t, p, newGuard(t, p.Issuer(), jwtauth.Config{}))
	l.wait(t, "the old keys sign", sawOldKeys)

	for i, a := range apis {
		p.AddKey(newKeys[i], a.alg)
	}
	l.run(500 * time.Millisecond)
	l.switched.Store(true)
	for _, kid := range newKeys {
		p.FirstKey(kid)
	}
	l.wait(t, "the new keys sign", l.sawNewKeys)
	l.run(time.Second)
	l.removed.Store(true)
	for _, a := range apis {
		p.RemoveKey(a.kid)
	}
	l.run(time.Second)
	l.stop(t)

	t.Logf("%+v", p.Stats())
	// The keys at first, and once more for the first token under a new key.
	if got, want := p.Stats(), (Stats{JWKS: 2, Discovery: 1}); got != want {
		t.Errorf("the server was asked %+v, want %+v", got, want)
	}
	l.report(t)
}

// Keys that sign from the moment they appear, which is not by the book: the
// first token under each of them has the keys fetched, and waits for that.
func TestRotationWithoutNotice(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	l := startLoad(t, p, newGuard(t, p.Issuer(), jwtauth.Config{}, issuer.WithTimings(issuer.Timings{Cooldown: 10 * time.Millisecond})))
	l.wait(t, "the old keys sign", sawOldKeys)
	l.switched.Store(true)
	for i, a := range apis {
		p.AddKey(newKeys[i], a.alg)
		p.FirstKey(newKeys[i])
		l.run(200 * time.Millisecond)
	}
	l.wait(t, "the new keys sign", l.sawNewKeys)
	l.stop(t)
	if got := p.Stats(); got.JWKS < 2 || got.JWKS > 1+len(apis) || got.Discovery != 1 {
		t.Errorf("the server was asked %+v, want at most once for each new key", got)
	} else {
		t.Logf("%+v", got)
	}
	l.report(t)
}

// A removed key is forgotten with the next refresh, and its tokens with it;
// nobody else notices.
func TestRemovedKeyUnderLoad(t *testing.T) {
	t.Parallel()
	const fresh, cooldown = 2 * time.Second, time.Second
	p := Start(t, Options{})
	began := time.Now()
	l := startLoad(t, p, newGuard(t, p.Issuer(), jwtauth.Config{ClockSkew: jwtauth.NoClockSkew}, issuer.WithTimings(issuer.Timings{Fresh: fresh, Cooldown: cooldown})))
	var old []string
	for _, a := range apis {
		old = append(old, token(t, p, TokenRequest{Resource: a.resource, Scope: "read"}))
	}
	l.wait(t, "the old keys sign", sawOldKeys)
	for i, a := range apis {
		p.AddKey(newKeys[i], a.alg)
	}
	l.switched.Store(true)
	for _, kid := range newKeys {
		p.FirstKey(kid)
	}
	l.wait(t, "the new keys sign", l.sawNewKeys)
	l.removed.Store(true)
	for _, a := range apis {
		p.RemoveKey(a.kid)
	}
	gone := time.Now()

	// A token that is younger than the keys at hand by a few seconds may be one
	// of a key not seen yet, and is told to come back, never let in again.
	seen := make(map[string]int)
	routes := l.servers.routes(t)
	forgotten, settled := make([]bool, len(old)), make([]bool, len(old))
	var first, final time.Duration
	for n := 0; slices.Contains(settled, false); n++ {
		if time.Since(gone) > 20*time.Second {
			t.Fatalf("after 20 s: %v", seen)
		}
		i := n % len(old)
		if settled[i] {
			continue
		}
		r, raw := routes[n%len(routes)], old[i]
		since := time.Since(gone)
		a := r.call(t.Context(), getWidget, raw)
		seen[apis[i].alg+" "+a.summary()]++
		switch {
		case a.err == nil:
			// Two seconds are for the fetch itself.
			if forgotten[i] || since > fresh+2*time.Second {
				t.Errorf("%s: let in %v after the removal, refused before: %v", r.name, since, forgotten[i])
			}
		case a.code == codes.Unavailable:
			forgotten[i] = true
			unavailable.check(t, r.name, raw, a)
		default:
			forgotten[i] = true
			invalid.check(t, r.name, raw, a)
			// From here on no answer but this one can be right.
			settled[i] = time.Since(unixClaim(raw, "iat")) > 5*time.Second+fresh+cooldown
		}
		if first == 0 && forgotten[i] {
			first = time.Since(gone)
		}
		final = time.Since(gone)
		time.Sleep(10 * time.Millisecond)
	}
	for _, raw := range old {
		for _, r := range routes {
			invalid.check(t, r.name, raw, r.call(t.Context(), getWidget, raw))
		}
	}
	l.stop(t)
	elapsed := time.Since(began)
	// Refreshes ahead at 76 percent at the earliest, and fetches for keys that
	// are not known.
	bound := 2 + int(elapsed/(fresh*76/100)) + int(elapsed/cooldown)
	if got := p.Stats(); got.JWKS > bound || got.Discovery != 1 {
		t.Errorf("the server was asked %+v in %v, want at most %d and 1", got, elapsed, bound)
	}
	l.report(t)
	t.Logf("tokens of removed keys: %v; refused from %v after the removal, as invalid only from %v on", seen, first.Round(time.Millisecond), final.Round(time.Millisecond))
	t.Logf("%+v in %v, of at most %d requests for the keys", p.Stats(), elapsed.Round(time.Millisecond), bound)
}

// Right after a fetch for an unknown key there is none for the next one. Until
// there is, its tokens are told to come back, and never that they are bad.
func TestRotationsInQuickSuccession(t *testing.T) {
	t.Parallel()
	const cooldown = 4 * time.Second
	p := Start(t, Options{})
	s := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}, issuer.WithTimings(issuer.Timings{Cooldown: cooldown})), nil)
	routes := s.routes(t)
	rotate := func(kid string) string {
		p.AddKey(kid, "ES256")
		p.FirstKey(kid)
		raw := token(t, p, TokenRequest{Resource: "urn:api:jwt:es256", Scope: "read"})
		if got := kidOf(raw); got != kid {
			t.Fatalf("signed by %s, want %s", got, kid)
		}
		return raw
	}
	first := token(t, p, TokenRequest{Resource: "urn:api:jwt:es256", Scope: "read"})
	for _, r := range routes {
		if a := r.call(t.Context(), getWidget, first); a.err != nil {
			t.Errorf("the first key: %s: %v", r.name, a.err)
		}
	}
	fetched := time.Now()
	second := rotate("ec-2")
	if a := routes[0].call(t.Context(), getWidget, second); a.err != nil {
		t.Fatalf("the second key: %v", a.err)
	}
	third := rotate("ec-3")
	var wait time.Duration
	asked := 0
	for _, r := range routes {
		a := r.call(t.Context(), getWidget, third)
		if time.Since(fetched) > cooldown {
			t.Logf("only %d routes were asked within the cooldown", asked)
			break
		}
		asked++
		unavailable.check(t, "the third key: "+r.name, third, a)
		if wait = a.retry.GetRetryDelay().AsDuration(); wait > cooldown {
			t.Errorf("%s: come back in %v, more than %v", r.name, wait, cooldown)
		}
		// Those who are known are not concerned.
		if a := r.call(t.Context(), getWidget, second); a.err != nil {
			t.Errorf("the second key: %s: %v", r.name, a.err)
		}
	}
	if asked == 0 {
		t.Fatal("nothing was asked within the cooldown")
	}
	time.Sleep(wait)
	for _, r := range routes {
		for i, raw := range []string{first, second, third} {
			if a := r.call(t.Context(), getWidget, raw); a.err != nil {
				t.Errorf("key %d after the wait: %s: %v", i+1, r.name, a.err)
			}
		}
	}
	if got, want := p.Stats(), (Stats{JWKS: 3, Discovery: 1}); got != want {
		t.Errorf("the server was asked %+v, want %+v", got, want)
	}
	t.Logf("%d routes told to come back in %v; %+v", asked, wait, p.Stats())
}

// Somebody without any token can spend the fetches for unknown keys. That may
// delay a new key by the cooldown at most, and never makes a good token bad.
func TestRotationUnderForgedTokens(t *testing.T) {
	t.Parallel()
	const cooldown = time.Second
	p := Start(t, Options{})
	began := time.Now()
	l := startLoad(t, p, newGuard(t, p.Issuer(), jwtauth.Config{}, issuer.WithTimings(issuer.Timings{Cooldown: cooldown})))
	l.tolerate = codes.Unavailable
	l.wait(t, "the old keys sign", sawOldKeys)
	forger := forge(t, l.servers, token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"}))
	l.run(cooldown)
	for i, a := range apis {
		p.AddKey(newKeys[i], a.alg)
		p.FirstKey(newKeys[i])
	}
	l.switched.Store(true)
	l.wait(t, "the new keys sign", l.sawNewKeys)
	l.run(cooldown)
	forged := forger()
	l.stop(t)
	elapsed := time.Since(began)
	// A caller is told to come back at most from one fetch to the next.
	if blackout := l.blackout(); blackout > 2*cooldown {
		t.Errorf("good tokens were told to come back for %v, want at most %v", blackout, cooldown)
	}
	bound := 2 + int(elapsed/cooldown)
	if got := p.Stats(); got.JWKS > bound || got.Discovery != 1 {
		t.Errorf("the server was asked %+v in %v, want at most %d and 1", got, elapsed, bound)
	}
	l.report(t)
	t.Logf("%+v", p.Stats())
	t.Logf("forged tokens: %v; good ones were told to come back for %v; at most %d requests for the keys were allowed in %v", forged, l.blackout().Round(time.Millisecond), bound, elapsed.Round(time.Millisecond))
}

// forge sends tokens with ever new key ids until the returned function is
// called, which tells what they were answered.
func forge(t *testing.T, s *guarded, sample string) (stop func() map[string]int) {
	t.Helper()
	parts := strings.Split(sample, ".")
	answers := make(map[string]int)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	routes := s.routes(t)
	done.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			raw := encode(fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":"forged-%d"}`, n)) + "." + parts[1] + "." + parts[2]
			r := routes[n%len(routes)]
			a := r.call(t.Context(), getWidget, raw)
			answers[a.summary()]++
			switch a.code {
			case codes.Unavailable:
				unavailable.check(t, r.name, raw, a)
			default:
				invalid.check(t, r.name, raw, a)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	stop = func() map[string]int {
		cancel()
		done.Wait()
		return answers
	}
	t.Cleanup(func() { stop() })
	return stop
}

// load is callers that keep asking for tokens and using them at once, over both
// transports.
type load struct {
	servers *guarded

	// switched says that the new keys may sign, removed that tokens of the old
	// ones may be refused.
	switched, removed atomic.Bool
	// tolerate is a code that a good token may be answered; else none is.
	tolerate codes.Code

	done   chan struct{}
	end    sync.Once
	worker sync.WaitGroup

	mu sync.Mutex
	tally
	tolerated map[string]span // by the key of the token
}

// span is from the first to the last of something.
type span struct{ first, last time.Time }

// tally is what the callers saw.
type tally struct {
	calls, tokens, failures int
	byRoute                 map[string]int // calls
	byAnswer                map[string]int // calls
	signedBy                map[string]int // tokens
	handled                 map[string]int // calls that a handler saw, by signing key
}

// startLoad starts the callers. They stop with the test at the latest.
func startLoad(t *testing.T, p *Provider, guard *auth.Guard) *load {
	t.Helper()
	l := &load{
		done:      make(chan struct{}),
		tolerated: make(map[string]span),
		tally:     tally{byRoute: make(map[string]int), byAnswer: make(map[string]int), signedBy: make(map[string]int), handled: make(map[string]int)},
	}
	l.servers = startGuarded(t, guard, func(ctx context.Context) error {
		if claims, ok := auth.FromContext(ctx); ok {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.handled[claims.KeyID()]++
		}
		return nil
	})
	names := []string{
		"grpc-go to grpc-go, TLS", "grpc-go to grpc-go, plain", "connect-go Connect, TLS h2",
		"connect-go Connect, h1", "connect-go gRPC, h2c", "connect-go gRPC-Web, TLS h1",
	}
	n := 0
	for _, r := range l.servers.routes(t) {
		if slices.Contains(names, r.name) {
			// Two callers a route: between them the routes use every algorithm
			// on either transport. The first keeps its token while that is
			// valid.
			one, other := apis[n%len(apis)], apis[(n+1)%len(apis)]
			l.worker.Go(func() { l.caller(t, p, r, one, true) })
			l.worker.Go(func() { l.caller(t, p, r, other, false) })
			n++
		}
	}
	if n != len(names) {
		t.Fatalf("%d of %d routes", n, len(names))
	}
	t.Cleanup(func() { l.finish() })
	return l
}

// caller obtains a token and calls with it, again and again.
func (l *load) caller(t *testing.T, p *Provider, r route, a api, keep bool) {
	var kept string
	methods := without(r.methods, createWidget)
	for n := 0; ; n++ {
		select {
		case <-l.done:
			return
		default:
		}
		raw, err := p.Token(t.Context(), TokenRequest{Resource: a.resource, Scope: "read"})
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			return
		}
		l.mu.Lock()
		l.tokens++
		l.signedBy[kidOf(raw)]++
		l.mu.Unlock()
		if kept == "" {
			kept = raw
		}
		for i := range 3 {
			l.use(t, r, methods[(n+i)%len(methods)], raw, a)
		}
		if keep && !l.removed.Load() {
			l.use(t, r, methods[n%len(methods)], kept, a)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (l *load) use(t *testing.T, r route, method, raw string, signed api) {
	got := r.call(t.Context(), method, raw)
	ended := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.byRoute[r.name]++
	old := ""
	// A token of an old key that was obtained just before the end of that key.
	if kidOf(raw) == signed.kid && l.removed.Load() {
		old = " (old key, removed)"
	}
	l.byAnswer[got.summary()+old]++
	switch {
	case got.err == nil || old != "":
	case l.tolerate != codes.OK && got.code == l.tolerate:
		kid := kidOf(raw)
		if _, ok := l.tolerated[kid]; !ok {
			l.tolerated[kid] = span{first: ended}
		}
		l.tolerated[kid] = span{l.tolerated[kid].first, ended}
	default:
		l.failures++
		if l.failures <= 20 {
			t.Errorf("%s: %s: a token of %s that is valid: %v", r.name, method, kidOf(raw), got.err)
		}
	}
}

// blackout is how long good tokens of one key were answered what is tolerated.
func (l *load) blackout() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for _, s := range l.tolerated {
		longest = max(longest, s.last.Sub(s.first))
	}
	return longest
}

// run lets the callers go on.
func (l *load) run(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.done:
	}
}

// wait lets the callers go on until they have seen something.
func (l *load) wait(t *testing.T, what string, saw func(tally) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; l.run(10 * time.Millisecond) {
		l.mu.Lock()
		ok := saw(l.tally)
		l.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			l.report(t)
			t.Fatalf("after 20 s not seen: %s", what)
		}
	}
}

// sawOldKeys reports whether handlers have seen tokens of every key that was
// there at first.
func sawOldKeys(seen tally) bool {
	return !slices.ContainsFunc(apis, func(a api) bool { return seen.handled[a.kid] < 30 })
}

// sawNewKeys reports whether handlers have seen tokens of every new key.
func (l *load) sawNewKeys(seen tally) bool {
	return l.switched.Load() && !slices.ContainsFunc(newKeys, func(kid string) bool { return seen.handled[kid] < 10 })
}

func (l *load) finish() {
	l.end.Do(func() { close(l.done) })
	l.worker.Wait()
}

// stop ends the callers, and fails the test for everything that they saw and
// should not have.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.finish()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failures > 0 {
		t.Errorf("%d of %d calls with a valid token were refused", l.failures, l.calls)
	}
	for i, a := range apis {
		if l.handled[a.kid] == 0 || l.switched.Load() && l.handled[newKeys[i]] == 0 {
			t.Errorf("%s: handlers saw tokens by key %v, want both keys", a.alg, l.handled)
		}
	}
	if complaints := l.servers.errors.String(); complaints != "" {
		t.Errorf("net/http logged:\n%s", complaints)
	}
}

func (l *load) report(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Logf("%d calls with %d tokens, answers %v, %d refusals of valid tokens", l.calls, l.tokens, l.byAnswer, l.failures)
	t.Logf("tokens by key %v, handled by key %v", l.signedBy, l.handled)
	for _, name := range slices.Sorted(maps.Keys(l.byRoute)) {
		t.Logf("%6d calls %s", l.byRoute[name], name)
	}
}
