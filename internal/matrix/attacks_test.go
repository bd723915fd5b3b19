// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/attacks"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// attacked is a whole server to the attack corpus.
type attacked struct {
	*fixture
	site *attacks.Site

	// Of the next calls: over what they go, and in whose name the log is searched for
	// what they present.
	over   matrix.Transport
	logged string
}

func newAttacked(t *testing.T, name string, by attacks.Judge, options ...auth.GuardOption) *attacked {
	t.Helper()
	a := &attacked{fixture: &fixture{rules: defaultRules()}, site: &attacks.Site{Name: name, Relay: attacks.NewRelay(by)}}
	var err error
	a.guard, err = auth.NewGuard(a.site.Relay, append(options, a.rules, auth.WithObserver(a))...)
	if err != nil {
		t.Fatal(err)
	}
	a.Server = matrix.NewServer(t, a.guard)
	a.site.Present = a.present
	a.site.Forget = a.guard.InvalidateToken
	return a
}

// present makes a call and looks at everything that must hold for every answer.
func (a *attacked) present(t *testing.T, fields [][2]string) attacks.Seen {
	t.Helper()
	c := matrix.Call{Header: headerOf(fields)}
	a.takeEvents()
	o := a.Do(t, a.over, c)
	events := a.takeEvents()
	verdict, claims := decided(events)
	code := codeOf(verdict)
	wrong := judge(a.over, o, code, a.need(c, a.over), code == OK)
	if code != transport {
		wrong = append(wrong, judgeEvents(events, c.Procedure(a.over), code, "")...)
	}
	secrets := secretsOf(c)
	if a.logged != "" {
		secrets = presented(a.logged, c)
	}
	for _, w := range append(wrong, leaks(o, events, secrets)...) {
		t.Errorf("%s: %s", a.site.Name, w)
	}
	seen := attacks.Seen{Verdict: verdict}
	if code != transport { // whose own words have addresses in them
		seen.Rest = fmt.Sprintf("HTTP %d, %v %q, %v, retry %v, handled %v, challenges %q, claims %s",
			o.HTTPStatus, o.Code, o.Message, o.Info, o.Retry != nil, o.Handled, o.Challenges, attacks.Facts(claims))
	}
	return seen
}

// decided is what the guard reported of a call, as the corpus spells it.
func decided(events []auth.Event) (verdict string, claims *auth.Claims) {
	for _, e := range events {
		switch e.Name {
		case auth.EventAllowed:
			return attacks.Accepted, e.Claims
		case auth.EventRefused:
			return attacks.Verdict(e.Error), e.Claims
		}
	}
	return attacks.ByTransport, nil
}

// secretsOf is what of a call must not come back, or be reported.
func secretsOf(c matrix.Call) []string {
	var all []string
	for _, field := range c.Header {
		for _, secret := range opaque.FindAllString(field.Value[:min(len(field.Value), 32<<10)], -1) {
			if len(secret) > len("authorization") {
				all = append(all, secret[:min(len(secret), 128)])
			}
		}
	}
	return all
}

// attack is a case, and what one of its judges says of it.
type attack struct {
	*attacks.Case
	by       attacks.Judge
	forecast attacks.Forecast
	first    first
}

// first says of what a case is the first.
type first byte

const (
	ofNothing first = iota
	ofOutcome       // those with its id and its outcome
	ofID
)

// sendable reports whether every transport carries the token to the guard. What
// becomes of the others is up to each of them, and is said of header fields only.
func sendable(t *testing.T, c *attacks.Case) bool {
	t.Helper()
	m, err := c.Make()
	if err != nil {
		t.Fatal(err)
	}
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	return c.Fields != nil || len(m.Token) < 1<<19 && !strings.ContainsFunc(m.Token, control)
}

// steadyAttacks are the cases that a clock which goes on changes nothing about.
func steadyAttacks(t *testing.T) []attack {
	t.Helper()
	var all []attack
	seen := make(map[string]bool)
	isFirst := func(of string) bool {
		before := seen[of]
		seen[of] = true
		return !before
	}
	for n, c := range attackCorpus(t) {
		if n%attacks.Share > 0 || !sendable(t, c) {
			continue
		}
		for n, by := range c.Judges() {
			first := ofNothing
			if isFirst(string(by) + c.ID + c.Expect) {
				first = ofOutcome
			}
			if isFirst(string(by) + c.ID) {
				first = ofID
			}
			// Behind another judge than its own, one of each id is enough.
			if a := (attack{c, by, c.Forecast(t, by), first}); a.forecast.Steady && (n == 0 || first == ofID) {
				all = append(all, a)
			}
		}
	}
	return all
}

// No check was weakened for speed: a server with a cache answers the whole corpus as
// one without, byte for byte of what does not depend on time, whatever was presented
// before.
func TestAttacks(t *testing.T) {
	t.Parallel()
	all := steadyAttacks(t)
	if len(all)*attacks.Share < 1000 {
		t.Errorf("%d cases", len(all))
	}
	var plain, secure []matrix.Transport
	for _, over := range matrix.Transports() {
		if over.TLS {
			secure = append(secure, over)
		} else {
			plain = append(plain, over)
		}
	}
	named := func(name string) []matrix.Transport {
		return slices.DeleteFunc(slices.Clone(plain), func(over matrix.Transport) bool { return over.Name != name })
	}
	for name, tc := range map[string]struct {
		over   []matrix.Transport // in turn
		of     first              // at least
		logged bool               // the log is searched for the tokens
	}{
		"gRPC":    {named("grpc-go unary"), ofNothing, false},
		"Connect": {named("connect unary h1"), ofNothing, false},
		"others":  {plain, ofOutcome, false},
		"TLS":     {secure, ofID, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sites := make(map[attacks.Judge][2]*attacked)
			for _, by := range []attacks.Judge{attacks.ByKeys, attacks.ByKeysAndIssuer, attacks.ByIssuer} {
				sites[by] = [2]*attacked{newAttacked(t, "with a cache", by), newAttacked(t, "without a cache", by, auth.WithoutCache())}
			}
			tried, beside := 0, 0
			for _, a := range all {
				if a.first < tc.of {
					continue
				}
				over := tc.over[tried%len(tc.over)]
				if len(a.Expected(labels(over)...)) > 1 {
					continue // it depends on timing
				}
				tried++
				t.Run(fmt.Sprintf("%s over %s/%s", a.by, over.Name, a), func(t *testing.T) {
					for _, site := range sites[a.by] {
						if site.over = over; tc.logged {
							site.logged = a.String()
						}
					}
					trial := attacks.Trial{
						Case: a.Case, By: a.by, Forecast: a.forecast, Labels: labels(over),
						Cached: sites[a.by][0].site, Uncached: sites[a.by][1].site,
					}
					beside += trial.Run(t)
				})
			}
			if t.Logf("%d cases, %d of them beside a known token", tried, beside); beside < tried*9/10 {
				t.Error("too few cases have a good token")
			}
		})
	}
}
