// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func TestShadowMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		observer := auth.ObserverFunc(func(_ context.Context, e auth.Event) { events = append(events, string(e.Name)) })
		rules := auth.Rules{"/a.B/Read": {AllScopes: []string{"a"}}, "/a.B/Write": {AllScopes: []string{"w"}}}
		g := guard(t, verifier(t, auth.ClaimsData{Subject: "s", Scopes: []string{"a"}}), rules,
			auth.InsecureShadowUntil(time.Now().Add(24*time.Hour)), auth.WithObserver(observer))
		calls := []struct {
			procedure, token string
			claims           bool
		}{
			{"/a.B/Read", "good", true},
			{"/a.B/Read", "", false},
			{"/a.B/Read", "bad", false},
			{"/a.B/Read", "outage", false},
			{"/a.B/Write", "good", true},
			{"/a.B/Write", "good", true},
			{"/a.B/Other", "good", true},
		}
		for _, c := range calls {
			var h header
			if c.token != "" {
				h = bearer(c.token)
			}
			ctx, err := g.Check(t.Context(), call(c.procedure, h))
			if err != nil {
				t.Errorf("%v: refused in shadow mode: %v", c, err)
				continue
			}
			if _, ok := auth.FromContext(ctx); ok != c.claims {
				t.Errorf("%v: claims %v", c, ok)
			}
			if !g.Decided(ctx, c.procedure) {
				t.Errorf("%v: not decided", c)
			}
		}
		want := map[auth.ShadowKey]int64{
			{Procedure: "/a.B/Read", Reason: auth.ReasonCredentialsMissing}:   1,
			{Procedure: "/a.B/Read", Reason: auth.ReasonTokenInvalid}:         1,
			{Procedure: "/a.B/Read", Reason: auth.ReasonAuthorityUnavailable}: 1,
			{Procedure: "/a.B/Write", Reason: auth.ReasonScopeInsufficient}:   2,
			{Procedure: "/a.B/Other", Reason: auth.ReasonMethodDenied}:        1,
		}
		if got := g.Shadowed(); !maps.Equal(got, want) {
			t.Errorf("counted %v", got)
		}
		if got := strings.Join(events, " "); got != "call.allowed"+strings.Repeat(" call.shadowed", 6) {
			t.Errorf("events %s", got)
		}
		time.Sleep(24 * time.Hour)
		if _, err := g.Check(t.Context(), call("/a.B/Read", nil)); err == nil {
			t.Error("not enforced after the date")
		}
		if got := g.Shadowed(); !maps.Equal(got, want) {
			t.Errorf("counted after the date: %v", got)
		}
	})
}

// An expired token is no proof, also in shadow mode.
func TestShadowModeAndExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, verifier(t, auth.ClaimsData{Deadline: time.Now().Add(time.Second)}), auth.Rules{method: {}}, auth.InsecureShadowUntil(time.Now().Add(time.Hour)))
		time.Sleep(time.Minute)
		ctx, err := g.Check(t.Context(), call(method, bearer("good")))
		if err != nil {
			t.Fatal(err)
		}
		if claims, ok := auth.FromContext(ctx); ok {
			t.Errorf("claims %v", claims)
		}
	})
}

// A caller chooses the name of a procedure that does not exist. That must cost
// neither memory nor the counts of those that do.
func TestShadowCountersAreBounded(t *testing.T) {
	g := guard(t, verifier(t, auth.ClaimsData{}), auth.Rules{method: {}}, auth.InsecureShadowUntil(time.Now().Add(time.Hour)))
	check := func(procedure string) {
		if _, err := g.Check(t.Context(), call(procedure, nil)); err != nil {
			t.Fatal(err)
		}
	}
	check("/long/" + strings.Repeat("x", 1000))
	for i := range 2000 {
		check(fmt.Sprint("/made.Up/", i))
	}
	check(method)
	counts := g.Shadowed()
	if n := len(counts); n != 1002 {
		t.Errorf("%d counters", n)
	}
	if n := counts[auth.ShadowKey{Procedure: "other", Reason: auth.ReasonCredentialsMissing}]; n != 1001 {
		t.Errorf("%d others", n)
	}
	if n := counts[auth.ShadowKey{Procedure: method, Reason: auth.ReasonCredentialsMissing}]; n != 1 {
		t.Errorf("%d of the method that has a rule", n)
	}
}

// An issuer that hangs must not hold up calls that pass anyway.
func TestShadowModeDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, verifier(t, auth.ClaimsData{}), auth.Rules{method: {}}, auth.InsecureShadowUntil(time.Now().Add(time.Hour)))
		start := time.Now()
		ctx, err := g.Check(t.Context(), call(method, bearer("waits")))
		if err != nil || ctx.Err() != nil || time.Since(start) != 250*time.Millisecond {
			t.Errorf("%v, %v after %v", err, ctx.Err(), time.Since(start))
		}
		if n := g.Shadowed()[auth.ShadowKey{Procedure: method, Reason: auth.ReasonAuthorityUnavailable}]; n != 1 {
			t.Errorf("counted %v", g.Shadowed())
		}
	})
}

func TestShadowNonsense(t *testing.T) {
	v := verifier(t, auth.ClaimsData{})
	for says, end := range map[string]time.Time{"must end": {}, "choose an earlier date": time.Now().AddDate(1, 0, 0)} {
		if _, err := auth.NewGuard(v, auth.Rules{method: {}}, auth.InsecureShadowUntil(end)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", end, err)
		}
	}
	past := guard(t, v, auth.Rules{method: {}}, auth.InsecureShadowUntil(time.Now().Add(-time.Hour)))
	if _, err := past.Check(t.Context(), call(method, nil)); !errors.As(err, new(*auth.Error)) {
		t.Errorf("a date that has passed: %v", err)
	}
}
