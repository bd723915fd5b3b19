// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		good := auth.ClaimsData{Subject: "s", Audiences: []string{"api"}, Scopes: []string{"a", "b"}, Principal: auth.PrincipalUser, ACR: "2", AuthTime: now.Add(-time.Minute)}
		silent := auth.ClaimsData{Subject: "s"} // a token that tells little
		refuses := func(err error) func(context.Context, *auth.Request, *auth.Claims) error {
			return func(context.Context, *auth.Request, *auth.Claims) error { return err }
		}
		const denied, stepUp = "permission_denied/METHOD_DENIED/", "unauthenticated/AUTHENTICATION_INSUFFICIENT/"
		for name, tc := range map[string]struct {
			rule   auth.Rule
			claims auth.ClaimsData
			want   string
			// challenge is what the challenge must hold.
			challenge string
		}{
			"groups":                   {auth.Rule{ScopeGroups: [][]string{{"x", "a"}, {"b"}}}, good, "ok", ""},
			"one group missing":        {auth.Rule{AllScopes: []string{"a"}, ScopeGroups: [][]string{{"b", "x"}, {"y", "z"}}}, good, "permission_denied/SCOPE_INSUFFICIENT/rule_scopes", `scope="a b y"`},
			"audience":                 {auth.Rule{Audiences: []string{"other", "api"}}, good, "ok", ""},
			"another audience":         {auth.Rule{Audiences: []string{"other"}}, good, "unauthenticated/TOKEN_INVALID/rule_audience", `error="invalid_token"`},
			"a user":                   {auth.Rule{Principal: auth.PrincipalUser}, good, "ok", ""},
			"a client":                 {auth.Rule{Principal: auth.PrincipalClient}, good, denied + "rule_principal", ""},
			"a user, not said":         {auth.Rule{Principal: auth.PrincipalUser}, silent, denied + "rule_principal", ""},
			"acr":                      {auth.Rule{ACRValues: []string{"1", "2"}}, good, "ok", ""},
			"higher acr":               {auth.Rule{ACRValues: []string{"3", "4"}, AllScopes: []string{"a"}}, good, stepUp + "rule_acr", `error="insufficient_user_authentication", error_description="this method requires a more recent or a stronger authentication", scope="a", acr_values="3 4"`},
			"acr, not said":            {auth.Rule{ACRValues: []string{"1"}}, silent, stepUp + "rule_acr", `acr_values="1"`},
			"max age":                  {auth.Rule{MaxAge: time.Minute}, good, "ok", ""},
			"max age passed":           {auth.Rule{MaxAge: 59 * time.Second}, good, stepUp + "rule_max_age", `max_age="59"`},
			"max age, not said":        {auth.Rule{MaxAge: time.Hour}, silent, stepUp + "rule_max_age", `max_age="3600"`},
			"scope before step-up":     {auth.Rule{AllScopes: []string{"x"}, ACRValues: []string{"9"}}, good, "permission_denied/SCOPE_INSUFFICIENT/rule_scopes", `scope="x"`},
			"Authorize agrees":         {auth.Rule{Authorize: refuses(nil)}, good, "ok", ""},
			"Authorize refuses":        {auth.Rule{Authorize: refuses(errors.New("not on Sundays"))}, good, denied + "rule_authorize", ""},
			"Authorize with an answer": {auth.Rule{Authorize: refuses(auth.Unavailable("policy", time.Second, nil))}, good, "unavailable/AUTHORITY_UNAVAILABLE/policy", ""},
			"Authorize comes last":     {auth.Rule{AllScopes: []string{"x"}, Authorize: refuses(errors.New("no"))}, good, "permission_denied/SCOPE_INSUFFICIENT/rule_scopes", ""},
		} {
			g := guard(t, verifier(t, tc.claims), auth.Rules{method: tc.rule})
			_, err := g.Check(t.Context(), call(method, bearer("good")))
			got, challenge := "ok", ""
			if e, ok := errors.AsType[*auth.Error](err); ok {
				got = fmt.Sprintf("%v/%s/%s", e.Kind, e.Reason, e.Check)
				challenge = strings.Join(g.Challenges(e), "\n")
			}
			if got != tc.want || !strings.Contains(challenge, tc.challenge) {
				t.Errorf("%s: got %s with %s; want %s with %s", name, got, challenge, tc.want, tc.challenge)
			}
			if strings.HasPrefix(tc.want, denied) && challenge != "" {
				t.Errorf("%s: a challenge where no token helps: %s", name, challenge)
			}
		}
	})
}

// Authorize is asked about anonymous callers too, and sees the call.
func TestAuthorizeSeesTheCall(t *testing.T) {
	var seen []string
	rule := auth.Rule{Access: auth.AccessOptional, Authorize: func(ctx context.Context, r *auth.Request, c *auth.Claims) error {
		seen = append(seen, fmt.Sprint(r.Procedure, " ", r.Carrier.Values(ctx, "x-tenant"), " ", c != nil))
		if c == nil {
			return errors.New("anonymous")
		}
		return nil
	}}
	g := guard(t, verifier(t, auth.ClaimsData{}), auth.Rules{method: rule})
	_, err := g.Check(t.Context(), call(method, header{"x-tenant": {"t"}}))
	if e, ok := errors.AsType[*auth.Error](err); !ok || e.Check != auth.CheckRuleAuthorize {
		t.Errorf("anonymous: %v", err)
	}
	if _, err := g.Check(t.Context(), call(method, bearer("good"))); err != nil {
		t.Errorf("known: %v", err)
	}
	if got, want := strings.Join(seen, "; "), method+" [t] false; "+method+" [] true"; got != want {
		t.Errorf("saw %s, want %s", got, want)
	}
}

func TestDecided(t *testing.T) {
	v := verifier(t, auth.ClaimsData{})
	rules := auth.Rules{method: {}, "/a.B/C": {Access: auth.AccessPublic}}
	g, other := guard(t, v, rules), guard(t, v, rules)
	ctx, err := g.Check(t.Context(), call(method, bearer("good")))
	if err != nil {
		t.Fatal(err)
	}
	public, err := g.Check(ctx, call("/a.B/C", nil))
	if err != nil {
		t.Fatal(err)
	}
	var none *auth.Guard
	for name, tc := range map[string]struct {
		guard     *auth.Guard
		ctx       context.Context
		procedure string
		want      bool
	}{
		"itself":             {g, ctx, method, true},
		"a child":            {g, context.WithValue(ctx, "k", "v"), method, true}, //nolint:revive,staticcheck // any key will do
		"another procedure":  {g, ctx, "/a.B/C", false},
		"another guard":      {other, ctx, method, false},
		"no decision":        {g, t.Context(), method, false},
		"claims from a test": {g, auth.NewContext(t.Context(), nil), method, false},
		"no guard":           {none, auth.NewContext(t.Context(), nil), "", false},
		"a call within":      {g, public, method, false},
		"the inner call":     {g, public, "/a.B/C", true},
	} {
		if got := tc.guard.Decided(tc.ctx, tc.procedure); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
