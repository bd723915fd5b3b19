// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// Step is what is presented next.
type Step byte

// The steps.
const (
	// Attack presents the attack.
	Attack Step = 'A'
	// Good presents the good token that it was made of.
	Good Step = 'G'
)

// Order is one in which an attack and the good token that it was made of are
// presented.
type Order struct {
	Name  string
	Steps []Step
}

// Orders are those in which something that is remembered could make a difference:
// nothing is known, and then the refusal; the good token is known, for which the
// attack may be taken, and then the refusal besides.
var Orders = []Order{
	{"before the good token", []Step{Attack, Attack, Good}},
	{"after the good token", []Step{Good, Attack, Attack, Good}},
}

// Site is a guard, and a way to it.
type Site struct {
	// Name says what is special about it.
	Name string
	// Relay is its verifier.
	Relay *Relay
	// Present makes a call with these header fields.
	Present func(t *testing.T, fields [][2]string) Seen
	// Forget has it forget a token.
	Forget func(auth.Credential)
}

// Seen is what became of a call.
type Seen struct {
	// Verdict is as in [Case.Expected].
	Verdict string
	// Rest is everything else that was seen and does not depend on time.
	Rest string
}

// Trial compares what becomes of a case at two sites, of which one has a cache. It
// is not for what depends on timing.
type Trial struct {
	Case     *Case
	By       Judge
	Forecast Forecast
	// Labels say over what the sites are reached, as in [Case.Expected].
	Labels []string

	Cached, Uncached *Site
}

// Run presents the case in every order, with tokens of its own in each, to issuers
// that nobody has asked for anything. It returns in how many orders there was a good
// token that was known.
func (r *Trial) Run(t *testing.T) (beside int) {
	t.Helper()
	for _, order := range Orders {
		m, err := r.Case.Make()
		if err != nil {
			t.Fatal(err)
		}
		steps := r.steps(order)
		if steps[0] == Good {
			beside++
		}
		s := m.Scene(t)
		for _, site := range []*Site{r.Uncached, r.Cached} {
			m.forget(site)
			site.Relay.To(s.Verifier(t, r.By))
		}
		var attacks int
		for _, step := range steps {
			fields, want := m.Fields, r.wanted(attacks)
			if step == Good {
				fields, want = Bearer(m.Goods[r.Forecast.Good]), []string{Accepted}
			} else if attacks++; attacks > 1 {
				time.Sleep(time.Duration(r.Case.Wait) * time.Second)
			}
			r.compare(t, order, step, want, r.Uncached.Present(t, fields), r.Cached.Present(t, fields))
		}
		r.count(t, order)
	}
	return beside
}

// forget has a site forget the tokens, which may have been there in another order:
// some algorithms sign the same in one way only.
func (m *Made) forget(site *Site) {
	for _, token := range append([]string{m.Token}, m.Goods...) {
		if c, err := auth.NewBearer(token); err == nil {
			site.Forget(c)
		}
	}
}

func (r *Trial) steps(order Order) []Step {
	switch {
	case r.Case.Wait > 0: // the token is good at first
		return []Step{Attack, Attack}
	case r.Forecast.Good < 0:
		return slices.DeleteFunc(slices.Clone(order.Steps), func(s Step) bool { return s == Good })
	default:
		return order.Steps
	}
}

// expected is what the corpus says of the attack.
func (r *Trial) expected() []string {
	return r.Case.Expected(append([]string{BehindGuard}, r.Labels...)...)
}

// wanted is what may become of the attack, which was presented so often before.
func (r *Trial) wanted(before int) []string {
	want := r.expected()
	switch {
	case r.Case.Wait > 0 && before == 0:
		return []string{Accepted}
	case r.Case.Fields != nil:
	case want[0] == Accepted && (r.Forecast.Verdict == short || r.By != r.Case.Judges()[0]):
		// The judge accepts it, and the rule does not; or nobody has said what becomes
		// of it before this judge, which is the same for both sites then.
		want = []string{r.Forecast.Verdict}
	case want[0] != Accepted && before > 0 && strings.HasSuffix(want[0], "/"+string(jwtauth.CheckKey)):
		// A key that was not there a moment ago may be there soon.
		want = append(want, string(auth.ReasonAuthorityUnavailable)+"/"+string(jwtauth.CheckKeys))
	}
	return want
}

func (r *Trial) compare(t *testing.T, order Order, step Step, want []string, uncached, cached Seen) {
	t.Helper()
	what := fmt.Sprintf("%s, %c", order.Name, step)
	for site, seen := range map[string]Seen{r.Uncached.Name: uncached, r.Cached.Name: cached} {
		if !slices.Contains(want, seen.Verdict) {
			t.Errorf("%s, %s: %s, want %s", what, site, seen.Verdict, strings.Join(want, " or "))
		}
	}
	switch {
	case cached == uncached:
	case cached.Verdict != uncached.Verdict:
		t.Errorf("%s: %s %s, and %s %s", what, uncached.Verdict, r.Uncached.Name, cached.Verdict, r.Cached.Name)
	default:
		t.Errorf("%s: the cache makes a difference\n%s: %s\n%s: %s", what, r.Uncached.Name, uncached.Rest, r.Cached.Name, cached.Rest)
	}
}

// count compares how often the judges were asked: of what is remembered they are
// asked once, and of everything else as often as without a cache. So the good
// token was not displaced, nothing stood for anything else, and what was said of
// the cache was said of one that works.
func (r *Trial) count(t *testing.T, order Order) {
	t.Helper()
	uncached, cached := r.Uncached.Relay.Judged(), r.Cached.Relay.Judged()
	for token, without := range uncached {
		want := without
		if without.Accepted || without.Remembered {
			want.Times = 1
		}
		if got := cached[token]; got != want {
			t.Errorf("%s: asked of one token %s: %+v, want %+v as %s: %+v", order.Name, r.Cached.Name, got, want, r.Uncached.Name, without)
		}
	}
	if len(cached) != len(uncached) {
		t.Errorf("%s: asked of %d tokens %s, and of %d %s", order.Name, len(cached), r.Cached.Name, len(uncached), r.Uncached.Name)
	}
}
