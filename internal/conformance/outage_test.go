// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
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

// keyEvents counts fetches of keys.
type keyEvents struct{ fetched, failed atomic.Int64 }

func (e *keyEvents) Observe(_ context.Context, event auth.Event) {
	switch event.Name {
	case auth.EventKeysFetched:
		e.fetched.Add(1)
	case auth.EventKeysFailed:
		e.failed.Add(1)
	}
}

// The server dies. Whoever knows its keys goes on with them, although none of
// the refreshes succeeds; whoever does not can tell nothing, and says so.
func TestServerDies(t *testing.T) {
	t.Parallel()
	const hardStop = 6 * time.Second
	p := Start(t, Options{})
	var events keyEvents
	keeping := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}, issuer.WithObserver(&events),
		issuer.WithTimings(issuer.Timings{Fresh: time.Second})), nil)
	stopping := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{},
		issuer.WithTimings(issuer.Timings{Fresh: time.Second, HardStop: hardStop})), nil)
	var tokens []string
	for _, a := range apis {
		tokens = append(tokens, token(t, p, TokenRequest{Resource: a.resource, Scope: "read"}))
	}
	keepers, stoppers := keeping.routes(t), stopping.routes(t)
	for i := range keepers {
		for _, r := range []route{keepers[i], stoppers[i]} {
			if a := r.call(t.Context(), getWidget, tokens[i%len(tokens)]); a.err != nil {
				t.Fatalf("before: %s: %v", r.name, a.err)
			}
		}
	}

	var calls, late, refusals atomic.Int64
	var dead atomic.Bool
	using, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	t.Cleanup(func() { // before the servers', if the test ends early
		stop()
		workers.Wait()
	})
	for w := range 4 {
		workers.Go(func() {
			for n := w; using.Err() == nil; n++ {
				r := keepers[n%len(keepers)]
				methods := without(r.methods, createWidget)
				method := methods[n%len(methods)]
				gone := dead.Load()
				a := r.call(t.Context(), method, tokens[n%len(tokens)])
				calls.Add(1)
				if gone {
					late.Add(1)
				}
				if a.err != nil {
					refusals.Add(1)
					t.Errorf("%s: %s, server dead %v: %v", r.name, method, gone, a.err)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	if err := p.server.stdin.Close(); err != nil {
		t.Error(err)
	}
	<-p.server.done
	died := time.Now()
	dead.Store(true)
	failedBefore := events.failed.Load()

	// Somebody who starts now has no keys.
	fresh := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}), nil)
	asked := 0
	for i, r := range fresh.routes(t) {
		for _, method := range r.methods {
			for range 2 {
				unavailable.check(t, "no keys: "+r.name+": "+method, tokens[i%len(tokens)], r.call(t.Context(), method, tokens[i%len(tokens)]))
				asked++
			}
		}
		// No key is needed to see that there is no token, or none of this issuer.
		if a := r.call(t.Context(), getWidget, ""); a.code != codes.Unauthenticated || a.reason() != string(auth.ReasonCredentialsMissing) {
			t.Errorf("no keys, no token: %s: %s", r.name, a.summary())
		}
		invalid.check(t, "no keys, no JWT: "+r.name, "opaque-token", r.call(t.Context(), getWidget, "opaque-token"))
	}
	if n := fresh.service.Calls(); n != 0 {
		t.Errorf("no keys: %d handlers ran", n)
	}

	// A key that is not known may be a new one, and there is nobody to ask; but
	// not that of a token older than the keys at hand.
	_, rest, _ := strings.Cut(tokens[0], ".")
	stranger := encode(`{"alg":"RS256","typ":"at+jwt","kid":"rsa-9"}`) + "." + rest
	older := rewrite(t, stranger, map[string]any{"iat": time.Now().Add(-time.Hour).Unix()})
	invalid.check(t, "unknown key", older, keepers[0].call(t.Context(), getWidget, older))
	newer := rewrite(t, stranger, map[string]any{"iat": time.Now().Unix(), "exp": time.Now().Unix() + 600})
	unavailable.check(t, "unknown key", newer, keepers[0].call(t.Context(), getWidget, newer))

	// The hard stop: let in until then, unavailable from then on.
	held, stoppedAt := 0, time.Duration(0)
	for n := 0; stoppedAt == 0; n++ {
		r := stoppers[n%len(stoppers)]
		began := time.Now()
		a := r.call(t.Context(), getWidget, tokens[n%len(tokens)])
		switch {
		case a.err == nil:
			held++
			if began.Sub(died) > hardStop {
				t.Fatalf("%s: let in %v after the death, hard stop %v", r.name, began.Sub(died), hardStop)
			}
		default:
			unavailable.check(t, "hard stop: "+r.name, tokens[n%len(tokens)], a)
			stoppedAt = time.Since(died)
		}
		time.Sleep(20 * time.Millisecond)
	}
	// The last fetch was about one refresh interval before the death at most.
	if stoppedAt < hardStop-2*time.Second {
		t.Errorf("no keys any more %v after the death, hard stop %v", stoppedAt, hardStop)
	}
	for i, r := range stoppers {
		for _, method := range without(r.methods, createWidget) {
			unavailable.check(t, "hard stop: "+r.name+": "+method, tokens[i%len(tokens)], r.call(t.Context(), method, tokens[i%len(tokens)]))
		}
	}
	stop()
	workers.Wait()
	failed := events.failed.Load() - failedBefore
	if failed < 2 {
		t.Errorf("%d refreshes failed, want some: the keys were not to be refreshed", failed)
	}
	if late.Load() == 0 {
		t.Error("no call was made after the death")
	}
	t.Logf("known keys: %d calls, %d of them after the death, %d refused, %d keys fetched, %d refreshes failed",
		calls.Load(), late.Load(), refusals.Load(), events.fetched.Load(), failed)
	t.Logf("no keys: %d calls, all unavailable; hard stop %v: %d calls let in after the death, then unavailable from %v on", asked, hardStop, held, stoppedAt.Round(time.Millisecond))
}
