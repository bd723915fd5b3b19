// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// world is an issuer that grants, revokes and forgets, slowly, and what is known
// of the tokens that it was asked about.
type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	asks   bool

	mu          sync.Mutex
	revoked     [worldTokens]bool
	withdrawn   [worldTokens]time.Time // since when the key of the token is gone; zero if it is there
	invalidated [worldTokens]time.Time
	slow        time.Duration
	slowest     time.Duration // that it may be
	down        bool
	up          time.Time // when it was last down
	log         []string
}

const (
	worldTokens  = 6
	worldFresh   = 10 * time.Second
	worldRefusal = 3 * time.Second
	worldStale   = 8 * time.Second
	worldLife    = 25 * time.Second
)

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%8v ", time.Since(w.start()))+fmt.Sprintf(format, args...))
}

// start is when a bubble begins.
func (*world) start() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func (w *world) fail(format string, args ...any) {
	w.t.Errorf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
	for _, line := range w.log[max(0, len(w.log)-30):] {
		w.t.Log(line)
	}
}

func (w *world) token(n int) string { return fmt.Sprint("token", n) }

// Verify is the verifier behind the cache. What it says is as of the moment it
// was asked.
func (w *world) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	var n int
	_, _ = fmt.Sscanf(c.Token(), "token%d", &n)
	w.mu.Lock()
	asked, revoked, gone, wait, down := time.Now(), w.revoked[n], !w.withdrawn[n].IsZero(), w.slow, w.down
	w.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if down {
		return nil, auth.Unavailable("test", 0, errors.New("down"))
	}
	if revoked || gone {
		return nil, &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonTokenInvalid, FreshFor: worldRefusal}
	}
	return auth.NewClaims(auth.ClaimsData{
		Issuer: "https://i", Subject: c.Token(), Deadline: asked.Add(worldLife), FreshUntil: asked.Add(worldFresh), ConfirmedAt: asked,
		StaleUntil: asked.Add(worldFresh + worldStale),
		Holds: func(time.Time) bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.withdrawn[n].IsZero()
		},
	})
}

func (w *world) Describe() auth.Description {
	return auth.Description{Issuers: []string{"https://i"}, Asks: w.asks}
}

// call makes one call and holds its outcome against what may be.
func (w *world) call(g *auth.Guard, n int, fresh bool) {
	procedure := method
	if fresh {
		procedure = "/a.B/Fresh"
	}
	w.mu.Lock()
	began, invalidated, withdrawn := time.Now(), w.invalidated[n], !w.withdrawn[n].IsZero()
	w.mu.Unlock()
	ctx, err := g.Check(w.t.Context(), call(procedure, bearer(w.token(n))))
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		refusal, ok := errors.AsType[*auth.Error](err)
		if ok && refusal.Kind == auth.KindUnavailable && w.troubled(began) {
			return
		}
		if !ok || refusal.Kind != auth.KindUnauthenticated || refusal.Reason != auth.ReasonTokenInvalid && refusal.Reason != auth.ReasonTokenExpired {
			w.fail("token %d, asked at %v: %v", n, began.Sub(w.start()), err)
		}
		return
	}
	claims, _ := auth.FromContext(ctx)
	confirmed := claims.ConfirmedAt()
	switch {
	case claims.Subject() != w.token(n):
		w.fail("token %d has the claims of %s", n, claims.Subject())
	case confirmed.Before(began) && confirmed.Before(invalidated):
		w.fail("token %d at %v: facts from %v, which were invalidated at %v", n, began.Sub(w.start()), confirmed.Sub(w.start()), invalidated.Sub(w.start()))
	case !began.Before(confirmed.Add(worldFresh)) && !w.troubled(began) && w.slowest < time.Second:
		w.fail("token %d at %v: facts from %v, which are not fresh any more", n, began.Sub(w.start()), confirmed.Sub(w.start()))
	case !began.Before(confirmed.Add(worldFresh + worldStale)):
		w.fail("token %d at %v: facts from %v, which are too old even in an outage", n, began.Sub(w.start()), confirmed.Sub(w.start()))
	case fresh && confirmed.Before(began):
		w.fail("token %d at %v: facts from %v, and fresh ones were asked for", n, began.Sub(w.start()), confirmed.Sub(w.start()))
	case withdrawn && confirmed.Before(began) && !w.withdrawn[n].IsZero():
		// An answer that was under way to others may still come.
		if time.Since(began) == 0 {
			w.fail("token %d at %v: facts from %v, and the key is gone", n, began.Sub(w.start()), confirmed.Sub(w.start()))
		}
	}
}

// troubled reports whether a call that began then may have met an outage, be it
// by a question that was under way.
func (w *world) troubled(began time.Time) bool {
	return w.down || !w.up.IsZero() && !w.up.Before(began.Add(-w.slowest))
}

func (w *world) step(g *auth.Guard, callers *sync.WaitGroup) {
	n := w.random.IntN(worldTokens)
	w.mu.Lock()
	action := w.random.IntN(100)
	switch {
	case action < 50:
		fresh := w.asks && w.random.IntN(6) == 0
		w.note("call %d, fresh %v", n, fresh)
		callers.Go(func() { w.call(g, n, fresh) })
	case action < 75:
		d := time.Duration(w.random.IntN(5000)) * time.Millisecond
		w.note("wait %v", d)
		w.mu.Unlock()
		time.Sleep(d)
		return
	case action < 80:
		w.slow = time.Duration(w.random.Int64N(int64(w.slowest)))
		w.note("answers take %v", w.slow)
	case action < 83:
		if w.down = !w.down; !w.down {
			w.up = time.Now()
		}
		w.note("down: %v", w.down)
	case action < 88:
		w.revoked[n] = !w.revoked[n]
		w.note("revoked %d: %v", n, w.revoked[n])
	case action < 93:
		if w.withdrawn[n].IsZero() {
			w.withdrawn[n] = time.Now()
		} else {
			w.withdrawn[n] = time.Time{}
		}
		w.note("key of %d withdrawn: %v", n, !w.withdrawn[n].IsZero())
	default:
		w.note("invalidate %d", n)
		w.mu.Unlock()
		if w.random.IntN(2) == 0 {
			g.Invalidate(auth.Selection{Subject: w.token(n)})
		} else {
			g.InvalidateToken(token(w.t, w.token(n)))
		}
		w.mu.Lock()
		w.invalidated[n] = time.Now()
	}
	w.mu.Unlock()
	synctest.Wait()
}

// Whatever happens in whatever order, no call gets facts that were invalidated
// before it came, whose key is gone, or that are not fresh any more, but for an
// outage, and then not for long.
func TestCacheAgainstItsModel(t *testing.T) {
	schedules := 600
	if testing.Short() {
		schedules = 60
	}
	for seed := range uint64(schedules) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), asks: seed%3 > 0, slowest: []time.Duration{900 * time.Millisecond, 4 * time.Second}[seed%2]}
			rules := auth.Rules{method: {}}
			if w.asks {
				rules["/a.B/Fresh"] = auth.Rule{Fresh: true}
			}
			g, err := auth.NewGuard(w, rules, auth.WithCache(auth.CacheConfig{Entries: 1 + int(seed%8), Refusals: 1 + int(seed%5)}))
			if err != nil {
				t.Fatal(err)
			}
			var callers sync.WaitGroup
			for range 120 {
				w.step(g, &callers)
			}
			callers.Wait()
			time.Sleep(w.slowest) // questions whose callers had what was known
		})
		if t.Failed() {
			return
		}
	}
}
