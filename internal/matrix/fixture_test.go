// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// The fixture of the attack corpus.
const (
	issuerURL = "https://as.test"
	audience  = "https://rs.test"
	skew      = 60 * time.Second
	service   = "/widget.v1.WidgetService/"
)

// fixture is an authorization server, and the widget service behind one guard
// on every transport.
type fixture struct {
	*matrix.Server

	as    *authtest.Issuer
	guard *auth.Guard
	rules auth.Rules
	// metadata is what challenges name as the place of the resource's metadata.
	metadata string

	mu     sync.Mutex
	events []auth.Event
}

// defaultRules are the rules of a fixture that was given none.
func defaultRules() auth.Rules {
	read := auth.Rule{AllScopes: []string{"read"}}
	return auth.Rules{
		service + "GetWidget":     read,
		service + "WatchWidgets":  read,
		service + "ImportWidgets": read,
		service + "SyncWidgets":   read,
		service + "Ping":          {Access: auth.AccessPublic},
		service + "CreateWidget":  {AllScopes: []string{"write"}},
		// DeleteWidget has none.
	}
}

// ruled are rules under which every transport calls a method with this one.
func ruled(rule auth.Rule) auth.Rules {
	return auth.Rules{service + "GetWidget": rule, service + "WatchWidgets": rule}
}

func newFixture(t *testing.T, options ...auth.GuardOption) *fixture {
	t.Helper()
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: issuerURL, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	f := &fixture{as: as}
	iss, err := issuer.New(issuerURL, issuer.WithTransport(as.Transport()), issuer.WithObserver(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		if rules, ok := o.(auth.Rules); ok {
			f.rules = rules
		}
	}
	if f.rules == nil {
		f.rules = defaultRules()
		options = append(options, f.rules)
	}
	f.guard, err = auth.NewGuard(v, append(options, auth.WithObserver(f))...)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = matrix.NewServer(t, f.guard)
	return f
}

// mint returns a token that is good for scope read, changed by options.
func (f *fixture) mint(options ...authtest.TokenOption) string {
	return f.as.Mint(append([]authtest.TokenOption{authtest.Scopes("read")}, options...)...)
}

// need is what the rule of the method that a call reaches asks for.
func (f *fixture) need(c matrix.Call, over matrix.Transport) need {
	n := needOf(f.rules[c.Procedure(over)])
	n.metadata = f.metadata
	return n
}

// Observe records what the guard and the issuer report.
func (f *fixture) Observe(_ context.Context, e auth.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// takeEvents returns the events since the last time.
func (f *fixture) takeEvents() []auth.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.events
	f.events = nil
	return events
}

// judgeEvents compares what the guard reported of one call, which it decided once
// with one of the codes and, unless it is empty, the exact check.
func judgeEvents(events []auth.Event, procedure, want string, exact auth.Check) []string {
	var wrong faults
	calls := slices.DeleteFunc(slices.Clone(events), func(e auth.Event) bool { return !strings.HasPrefix(string(e.Name), "call.") })
	if len(calls) != 1 {
		wrong.check(false, "%d calls were reported: %+v", len(calls), calls)
		return wrong
	}
	e := calls[0]
	wrong.check(e.Procedure == procedure, "%s was reported, want %s", e.Procedure, procedure)
	if want == OK {
		wrong.check(e.Name == auth.EventAllowed && e.Error == nil, "%s was reported: %v", e.Name, e.Error)
		return wrong
	}
	if e.Name != auth.EventRefused || e.Error == nil {
		wrong.check(false, "%s was reported, want %s", e.Name, auth.EventRefused)
		return wrong
	}
	wrong.check(e.Error.Reason == answers[want].reason, "reason %q was reported, want %q", e.Error.Reason, answers[want].reason)
	wrong.check(e.Error.Check != "", "no check was reported")
	wrong.check(exact == "" || e.Error.Check == exact, "check %q was reported, want %q", e.Error.Check, exact)
	return wrong
}
