// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/rig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// stormers are the contestants that go through storms: those that differ in how
// they get their keys, each without a cache and one with.
var stormers = []string{
	contestant.OursCached, contestant.OursCold, contestant.OursOpaque,
	contestant.GolangJWT, contestant.GolangJWTLRU, contestant.GoOIDC, contestant.Auth0, contestant.JWX,
	contestant.Zitadel, contestant.ZitadelLRU,
}

// tally is what became of calls that should have passed.
type tally struct {
	mu sync.Mutex
	// refused callers were told that their token is bad, although it is good;
	// deferred ones that nobody can tell now; late ones were told nothing in time.
	passed, refused, deferred, late int
	// let counts bad tokens that were let in.
	let int
}

// storm is one contestant in one.
type storm struct {
	tally

	c        contestant.Contestant
	patience time.Duration
	issuer   *rig.Issuer
	instance *contestant.Instance
	group    sync.WaitGroup
}

// newStorm starts an issuer for a contestant alone.
func newStorm(name string) (*storm, error) {
	c, err := contestant.ByName(name)
	if err != nil {
		return nil, err
	}
	issuer, err := rig.NewIssuer("ES256")
	if err != nil {
		return nil, err
	}
	return &storm{c: c, issuer: issuer}, nil
}

// start starts the contestant.
func (s *storm) start(ctx context.Context, keyLifetime time.Duration) error {
	target := s.issuer.Target()
	target.KeyLifetime = keyLifetime
	var err error
	s.instance, err = s.c.Start(ctx, target)
	return err
}

func (s *storm) stop() {
	s.group.Wait()
	if s.instance != nil {
		s.instance.Stop()
	}
	_ = s.issuer.Close()
}

// mint returns n good tokens of the kind that the contestant is asked about.
func (s *storm) mint(n int) []string {
	if s.c.Opaque {
		return s.issuer.OpaqueTokens(n)
	}
	return s.issuer.Tokens(n)
}

// call makes a call with a good token and counts what becomes of it.
func (s *storm) call(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	err := s.instance.Decide(contestant.NewInput(ctx, token))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.passed++
	case ctx.Err() != nil:
		s.late++
	case status.Code(err) == codes.Unavailable:
		s.deferred++
	default:
		s.refused++
	}
}

// flood makes a call with a bad token.
func (s *storm) flood(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	if s.instance.Decide(contestant.NewInput(ctx, token)) == nil {
		s.mu.Lock()
		s.let++
		s.mu.Unlock()
	}
}

// upstream returns how many requests reached the issuer.
func (s *storm) upstream() (discovery, keys, introspections int) {
	return s.issuer.Requests(authtest.Discovery), s.issuer.Requests(authtest.JWKS), s.issuer.Requests(authtest.Introspection)
}

// every calls f every tick until the time is over, each time in a goroutine of
// its own, so that nobody waits for who went before.
func (s *storm) every(ctx context.Context, tick, total time.Duration, f func(n int, since time.Duration)) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	start := time.Now()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		since := time.Since(start)
		if since >= total {
			return
		}
		s.group.Go(func() { f(n, since) })
	}
}

func (r *Result) storms(ctx context.Context, o Options) error {
	section := Section{
		Title: "Storms",
		Text: "What becomes of callers with good tokens while something is wrong, and how often the issuer is asked. “Refused” callers were told that their token is bad, " +
			"and clients throw tokens away on that; “deferred” ones were told to come back; “late” ones had no answer within " + o.Patience.String() + ". Each contestant has an issuer of its own.",
	}
	var storms []*whole
	for _, w := range []*whole{
		{key: "cold", run: coldStart, caption: fmt.Sprintf("%s callers with one token, at once, on a server that has just started; the issuer takes 50 ms to answer", number(float64(o.ColdCallers)))},
		{key: "rotation", run: rotation, together: true, caption: fmt.Sprintf("A new key is used at once, while 200 tokens a second name made-up keys (%v, 200 good calls a second)", o.RotationTime)},
		{key: "outage", run: outage, together: true, caption: fmt.Sprintf("The issuer is down for %.0f lifetimes of its keys: first it answers 503, then nothing (%v, 100 good calls a second under known keys)", float64(o.OutageTime)/float64(o.KeyLifetime), o.OutageTime)},
	} {
		w.storms, w.faults, w.took = make([]*storm, len(stormers)), make([]error, len(stormers)), make([]time.Duration, len(stormers))
		storms = append(storms, w)
	}
	// A cold start takes all of the machine. The others are paced, and go side by
	// side.
	var group sync.WaitGroup
	for _, w := range storms {
		for i := range stormers {
			if w.together {
				group.Go(func() { w.one(ctx, o, i) })
			} else {
				w.one(ctx, o, i)
			}
		}
	}
	group.Wait()
	for _, w := range storms {
		table, err := r.tallied(w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.key, err)
		}
		section.Tables = append(section.Tables, table)
	}
	r.Sections = append(r.Sections, section)
	return nil
}

// whole is a storm that everybody goes through.
type whole struct {
	key, caption string
	run          func(context.Context, Options, *storm) error
	together     bool

	storms []*storm
	faults []error
	took   []time.Duration
}

// one has one contestant go through it.
func (w *whole) one(ctx context.Context, o Options, i int) {
	start := time.Now()
	if w.storms[i], w.faults[i] = newStorm(stormers[i]); w.faults[i] != nil {
		return
	}
	w.storms[i].patience = o.Patience
	w.faults[i] = w.run(ctx, o, w.storms[i])
	w.storms[i].group.Wait()
	w.took[i] = time.Since(start)
}

// tallied counts what became of everybody.
func (r *Result) tallied(w *whole) (Table, error) {
	table := Table{Caption: w.caption, Columns: []string{"", "good calls", "refused", "deferred", "late", "discovery", "keys", "introspections", "seconds"}}
	ours := map[string]int{"refused": 0, "deferred": 0, "late": 0}
	for i, name := range stormers {
		s, key := w.storms[i], w.key
		if s == nil {
			return table, w.faults[i]
		}
		discovery, keys, introspections := s.upstream()
		s.stop()
		if errors.Is(w.faults[i], errNotConcerned) {
			continue
		}
		if w.faults[i] != nil {
			r.Faults = append(r.Faults, fmt.Sprintf("%s in the storm %q: %v", name, key, w.faults[i]))
			continue
		}
		total := s.passed + s.refused + s.deferred + s.late
		row := []string{name}
		for _, n := range []int{total, s.refused, s.deferred, s.late, discovery, keys, introspections} {
			row = append(row, number(float64(n)))
		}
		table.Rows = append(table.Rows, append(row, micro(w.took[i].Seconds())))
		for what, n := range map[string]int{"calls": total, "refused": s.refused, "deferred": s.deferred, "late": s.late, "bad_tokens_let_in": s.let, "discovery": discovery, "keys": keys, "introspections": introspections} {
			r.setExactly(float64(n), "storm", key, name, what)
		}
		if s.c.Kind == contestant.Ours {
			ours["refused"] += s.refused
			ours["deferred"] += s.deferred
			ours["late"] += s.late
		}
	}
	for what, n := range ours {
		r.setExactly(float64(n), "storm", w.key, "valid_calls", what)
		r.Numbers[Key("valid_calls", what)] += float64(n)
	}
	return table, nil
}

// errNotConcerned says that a storm is about something that a contestant does
// not have, such as keys.
var errNotConcerned = errors.New("not concerned")

// coldStart: everybody calls at once, and nothing is known yet.
func coldStart(ctx context.Context, o Options, s *storm) error {
	for _, e := range []authtest.Endpoint{authtest.Discovery, authtest.JWKS, authtest.Introspection} {
		s.issuer.FailAlways(e, authtest.Delay(50*time.Millisecond))
	}
	tokens := s.mint(1) // as when a popular client comes back
	if err := s.start(ctx, 0); err != nil {
		return err
	}
	gate := make(chan struct{})
	for n := range o.ColdCallers {
		s.group.Go(func() {
			<-gate
			s.call(ctx, tokens[n%len(tokens)])
		})
	}
	close(gate)
	s.group.Wait()
	return nil
}

// rotation: a flood of unknown key ids, and in the middle of it a new key.
func rotation(ctx context.Context, o Options, s *storm) error {
	if s.c.Opaque {
		return errNotConcerned
	}
	old := s.mint(50)
	if err := s.start(ctx, 0); err != nil {
		return err
	}
	if err := s.instance.Decide(contestant.NewInput(ctx, old[0])); err != nil {
		return err
	}
	// They know the first key. What was asked for until here is no part of it.
	s.issuer.ResetRequests()
	s.issuer.FailAlways(authtest.JWKS, authtest.Delay(20*time.Millisecond))
	tokens := slices.Clone(old)
	var group sync.WaitGroup
	group.Go(func() {
		s.every(ctx, 5*time.Millisecond, o.RotationTime, func(n int, _ time.Duration) { s.flood(ctx, s.issuer.UnknownKey(n)) })
	})
	var once sync.Once
	var mu sync.Mutex
	s.every(ctx, 5*time.Millisecond, o.RotationTime, func(n int, since time.Duration) {
		if since > o.RotationTime/3 {
			once.Do(func() {
				s.issuer.Rotate()
				fresh := s.mint(50)
				mu.Lock()
				tokens = append(tokens, fresh...)
				mu.Unlock()
			})
		}
		mu.Lock()
		token := tokens[n%len(tokens)]
		mu.Unlock()
		s.call(ctx, token)
	})
	group.Wait()
	return nil
}

// outage: the issuer cannot be reached while its keys become stale again and
// again.
func outage(ctx context.Context, o Options, s *storm) error {
	tokens := s.mint(50)
	if err := s.start(ctx, o.KeyLifetime); err != nil {
		return err
	}
	for _, token := range tokens {
		if err := s.instance.Decide(contestant.NewInput(ctx, token)); err != nil {
			return err
		}
	}
	if !s.c.Opaque {
		// Tokens that nobody has seen, under the key that everybody has. No issuer
		// being there, nobody could tell about an opaque one.
		tokens = append(tokens, s.mint(int(o.OutageTime/(20*time.Millisecond)))...)
	}
	s.issuer.ResetRequests()
	fail := func(f authtest.Fault) {
		for _, e := range []authtest.Endpoint{authtest.Discovery, authtest.JWKS, authtest.Introspection} {
			s.issuer.FailAlways(e, f)
		}
	}
	fail(authtest.Status(503))
	half := time.AfterFunc(o.OutageTime/2, func() { fail(authtest.Hang()) })
	defer half.Stop()
	s.every(ctx, 10*time.Millisecond, o.OutageTime, func(n int, _ time.Duration) {
		known := tokens[:50]
		if n%2 == 0 || len(tokens) == len(known) {
			s.call(ctx, known[n/2%len(known)])
			return
		}
		unseen := tokens[50:]
		s.call(ctx, unseen[n/2%len(unseen)])
	})
	return nil
}
