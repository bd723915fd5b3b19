// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// Contract is a verifier under test with tokens whose fate is known. Verifier
// and Good are required. Tokens must be token68 text, as others never reach a
// verifier.
type Contract struct {
	// Verifier is what is tested.
	Verifier auth.Verifier
	// Good are tokens it accepts, now and for the next minutes.
	Good []string
	// Foreign are tokens that are not its to judge, so that it answers
	// [auth.ErrNotHandled].
	Foreign []string
	// Bad are tokens it must refuse as its own, by what is wrong with them.
	Bad map[string]string
	// Fresh returns a good token that the verifier has not seen before.
	Fresh func() string
	// Break makes unreachable whatever the verifier asks about tokens, and Mend
	// undoes it. Fresh is required with Break. All three are optional.
	Break, Mend func()
}

const (
	// contractPatience bounds a call whose context is not done.
	contractPatience = 30 * time.Second
	// contractPromptness bounds a call once its context is done.
	contractPromptness = 5 * time.Second
	// contractOutage is how long a caller waits during an outage.
	contractOutage = 2 * time.Second
	// contractCallers is the number of concurrent callers.
	contractCallers = 16
)

// TestVerifier checks that a verifier keeps the contract of [auth.Verifier], in
// subtests of t:
//
//   - good tokens give claims with an issuer, one of those it describes if it is
//     an [auth.Describer], and with a deadline in the future; a second call gives
//     the same, whatever the caller did to the first result;
//   - foreign tokens are not handled, bad ones are refused as unauthenticated;
//     in both cases there are no claims;
//   - no error holds the token, or one of its dot-separated parts, of more than
//     eight bytes, in anything that fmt or log/slog print of it or of what it
//     wraps;
//   - a call whose context is done returns within five seconds and does not blame
//     a good token for it;
//   - sixteen concurrent callers get the same answers as one;
//   - the zero [auth.Credential] is refused, without a panic;
//   - while its authority is unreachable, an unseen good token is accepted or
//     refused as unavailable, and a bad token is not accepted.
//
// It starts subtests and so cannot run inside a testing/synctest bubble.
func TestVerifier(t *testing.T, c Contract) {
	t.Helper()
	c.run(testReporter{t})
}

// reporter is the part of testing.T that the contract needs, so that a test can
// see it fail.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Run(name string, f func(reporter))
}

type testReporter struct{ *testing.T }

func (r testReporter) Run(name string, f func(reporter)) {
	r.Helper()
	r.T.Run(name, func(t *testing.T) { f(testReporter{t}) })
}

func (c Contract) run(r reporter) {
	r.Helper()
	switch {
	case c.Verifier == nil:
		r.Errorf("Contract.Verifier is nil; check the error of its constructor")
		return
	case len(c.Good) == 0:
		r.Errorf("Contract.Good is empty; a verifier that accepts nothing needs no test")
		return
	case c.Break != nil && c.Fresh == nil:
		r.Errorf("Contract.Break without Fresh; tokens seen before prove nothing about an outage")
		return
	}
	samples := c.samples()
	for _, s := range samples {
		if _, err := auth.NewBearer(s.token); err != nil {
			r.Errorf("%s cannot travel as a bearer token, so no verifier will see it: %v", s.name, err)
			return
		}
	}
	for _, s := range samples {
		r.Run(s.name, func(r reporter) { c.checkAnswer(r, s) })
	}
	r.Run("zero credential", c.checkZero)
	r.Run("immutable", c.checkImmutable)
	r.Run("context done", c.checkContext)
	r.Run("concurrent", func(r reporter) { c.checkConcurrent(r, samples) })
	if c.Break != nil {
		r.Run("outage", c.checkOutage)
	}
}

// sample is a token and what must become of it.
type sample struct {
	name  string
	token string
	judge func(outcome) string
}

func (c Contract) samples() []sample {
	var out []sample
	for n, token := range c.Good {
		out = append(out, sample{"good " + strconv.Itoa(n), token, c.judgeGood})
	}
	for n, token := range c.Foreign {
		out = append(out, sample{"foreign " + strconv.Itoa(n), token, judgeForeign})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Bad)) {
		out = append(out, sample{"bad " + name, c.Bad[name], judgeBad})
	}
	return out
}

func (c Contract) checkAnswer(r reporter, s sample) {
	ctx, cancel := context.WithTimeout(context.Background(), contractPatience)
	defer cancel()
	o := call(ctx, c.Verifier, s.token)
	report(r, "", s.judge(o))
	report(r, "", o.leak(s.token))
}

func (c Contract) checkZero(r reporter) {
	ctx, cancel := context.WithTimeout(context.Background(), contractPatience)
	defer cancel()
	report(r, "", judgeRefused(callWith(ctx, c.Verifier, auth.Credential{})))
}

// checkImmutable asks twice and spoils the first answer in between.
func (c Contract) checkImmutable(r reporter) {
	ctx, cancel := context.WithTimeout(context.Background(), contractPatience)
	defer cancel()
	for n, token := range c.Good {
		first := call(ctx, c.Verifier, token)
		if problem := c.judgeGood(first); problem != "" {
			r.Errorf("good %d: %s", n, problem)
			continue
		}
		before := describe(first.claims)
		spoil(first.claims.Audiences())
		spoil(first.claims.Scopes())
		if describe(first.claims) != before {
			r.Errorf("good %d: the claims change with the slices they return", n)
		}
		second := call(ctx, c.Verifier, token)
		if problem := c.judgeGood(second); problem != "" {
			r.Errorf("good %d, second call: %s", n, problem)
			continue
		}
		if describe(second.claims) != before {
			r.Errorf("good %d: the second call gives other claims than the first", n)
		}
	}
}

// checkContext asks with contexts that are done, about seen and unseen tokens.
func (c Contract) checkContext(r reporter) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancelExpired := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancelExpired()
	for name, ctx := range map[string]context.Context{"canceled": canceled, "deadline exceeded": expired} {
		tokens := slices.Clone(c.Good)
		if c.Fresh != nil {
			tokens = append(tokens, c.Fresh())
		}
		for _, token := range tokens {
			o := call(ctx, c.Verifier, token)
			report(r, name+": ", c.judgeBlameless(o))
			report(r, name+": ", o.leak(token))
		}
	}
}

func (c Contract) checkConcurrent(r reporter, samples []sample) {
	ctx, cancel := context.WithTimeout(context.Background(), contractPatience)
	defer cancel()
	if c.Fresh != nil {
		samples = append(slices.Clone(samples), sample{"fresh", c.Fresh(), c.judgeGood})
	}
	problems := make(chan string, contractCallers*len(samples))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range contractCallers {
		wg.Go(func() {
			<-start
			for _, s := range samples {
				if problem := s.judge(call(ctx, c.Verifier, s.token)); problem != "" {
					problems <- s.name + ": " + problem
				}
			}
		})
	}
	close(start)
	wg.Wait()
	close(problems)
	seen := make(map[string]bool)
	for problem := range problems {
		if !seen[problem] {
			seen[problem] = true
			r.Errorf("%s", problem)
		}
	}
}

func (c Contract) checkOutage(r reporter) {
	// Fresh may need what Break takes away.
	fresh := []string{c.Fresh(), c.Fresh()}
	c.Break()
	defer func() {
		if c.Mend != nil {
			c.Mend()
		}
	}()
	ask := func(token string) outcome {
		ctx, cancel := context.WithTimeout(context.Background(), contractOutage)
		defer cancel()
		return call(ctx, c.Verifier, token)
	}
	for _, token := range fresh {
		o := ask(token)
		report(r, "fresh token: ", c.judgeBlameless(o))
		report(r, "fresh token: ", o.leak(token))
	}
	for name, token := range c.Bad {
		o := ask(token)
		report(r, "bad "+name+": ", judgeNotAccepted(o))
		report(r, "bad "+name+": ", o.leak(token))
	}
}

func report(r reporter, where, problem string) {
	r.Helper()
	if problem != "" {
		r.Errorf("%s%s", where, problem)
	}
}

func spoil(s []string) {
	for n := range s {
		s[n] = "spoiled"
	}
}
