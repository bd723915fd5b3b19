// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

func TestChain(t *testing.T) {
	ours, theirs := claims(t, auth.ClaimsData{Subject: "first"}), claims(t, auth.ClaimsData{Subject: "second"})
	answers := map[string]struct {
		claims *auth.Claims
		err    error
	}{
		"first":    {ours, nil},
		"second":   {theirs, nil},
		"pass":     {nil, auth.NotHandled("shape", nil)},
		"sentinel": {nil, fmt.Errorf("wrapped: %w", auth.ErrNotHandled)},
		"invalid":  {nil, auth.InvalidToken("signature", nil)},
		"outage":   {nil, auth.Unavailable("keys", 0, nil)},
	}
	for _, tc := range []struct {
		verifiers []string
		want      string // subject or check
		asked     int
	}{
		{[]string{"first", "second"}, "first", 1},
		{[]string{"pass", "second"}, "second", 2},
		{[]string{"sentinel", "second"}, "second", 2},
		{[]string{"invalid", "second"}, "signature", 1},
		{[]string{"outage", "second"}, "keys", 1},
		{[]string{"pass", "pass"}, "shape", 2},
		{[]string{"pass", "invalid"}, "signature", 2},
		{[]string{"pass"}, "shape", 1},
		{[]string{"sentinel"}, "not_handled", 1},
	} {
		t.Run(strings.Join(tc.verifiers, ","), func(t *testing.T) {
			asked := 0
			var verifiers []auth.Verifier
			for _, name := range tc.verifiers {
				verifiers = append(verifiers, described{auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
					asked++
					return answers[name].claims, answers[name].err
				}), auth.Description{Issuers: []string{"https://issuer.test"}}})
			}
			chain, err := auth.NewChain(verifiers...)
			if err != nil {
				t.Fatal(err)
			}
			g := guard(t, chain, auth.Rules{method: {}})
			ctx, err := g.Check(t.Context(), call(method, bearer("token")))
			var got string
			if e, ok := errors.AsType[*auth.Error](err); ok {
				got = string(e.Check)
			} else if c, ok := auth.FromContext(ctx); ok {
				got = c.Subject()
			}
			if got != tc.want || asked != tc.asked {
				t.Errorf("got %s after %d verifiers, want %s after %d", got, asked, tc.want, tc.asked)
			}
		})
	}
}

func TestNewChainRefusesNonsense(t *testing.T) {
	v := verifier(t, auth.ClaimsData{})
	one := described{v, auth.Description{Issuers: []string{"https://a"}, Audiences: []string{"x"}, LimitsScopes: true}}
	two := described{v, auth.Description{Issuers: []string{"https://b"}, Audiences: []string{"x", "y"}}}
	for name, tc := range map[string]struct {
		verifiers []auth.Verifier
		says      string
	}{
		"empty":                        {nil, "at least one"},
		"nil":                          {[]auth.Verifier{one, nil}, "verifier 2"},
		"one that does not say":        {[]auth.Verifier{one, v}, "verifier 2 of the chain does not say"},
		"nil pointer":                  {[]auth.Verifier{(*auth.Chain)(nil)}, "verifier 1"},
		"two issuers, one without say": {[]auth.Verifier{one, two}, "which scopes its issuer may grant"},
	} {
		if _, err := auth.NewChain(tc.verifiers...); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tc.says)
		}
	}
	two.LimitsScopes = true
	chain, err := auth.NewChain(one, two)
	if err != nil {
		t.Fatal(err)
	}
	if d := chain.Describe(); !slices.Equal(d.Issuers, []string{"https://a", "https://b"}) || !slices.Equal(d.Audiences, []string{"x", "y"}) || !d.LimitsScopes {
		t.Errorf("got %+v", d)
	}
}

// A verifier whose issuers are not all known at start counts for several, and
// says which a rule may name.
func TestIssuersThatAreNotKnownAtStart(t *testing.T) {
	v := verifier(t, auth.ClaimsData{})
	tenant := func(name string) bool { return name == "https://t" }
	for name, tc := range map[string]struct {
		verifiers []auth.Verifier
		issuer    string
		says      string
	}{
		"a tenant":               {[]auth.Verifier{described{v, auth.Description{Admits: tenant, LimitsScopes: true}}}, "https://t", ""},
		"nobody":                 {[]auth.Verifier{described{v, auth.Description{Admits: tenant, LimitsScopes: true}}}, "https://u", "names issuer"},
		"no limit":               {[]auth.Verifier{described{v, auth.Description{Admits: tenant}}}, "https://t", "which scopes its issuer may grant"},
		"the tenant of another":  {[]auth.Verifier{described{v, auth.Description{Admits: tenant, LimitsScopes: true}}, described{v, auth.Description{Issuers: []string{"https://a"}, LimitsScopes: true}}}, "https://t", ""},
		"of the second":          {[]auth.Verifier{described{v, auth.Description{Issuers: []string{"https://a"}, LimitsScopes: true}}, described{v, auth.Description{Admits: tenant, LimitsScopes: true}}}, "https://t", ""},
		"of either":              {[]auth.Verifier{described{v, auth.Description{Admits: func(string) bool { return false }, LimitsScopes: true}}, described{v, auth.Description{Admits: tenant, LimitsScopes: true}}}, "https://t", ""},
		"of neither":             {[]auth.Verifier{described{v, auth.Description{Admits: func(string) bool { return false }, LimitsScopes: true}}, described{v, auth.Description{Admits: tenant, LimitsScopes: true}}}, "https://u", "names issuer"},
		"the other is not bound": {[]auth.Verifier{described{v, auth.Description{Admits: tenant, LimitsScopes: true}}, described{v, auth.Description{Issuers: []string{"https://a"}}}}, "https://t", "which scopes its issuer may grant"},
	} {
		chain, err := auth.NewChain(tc.verifiers...)
		if err == nil {
			_, err = auth.NewGuard(chain, auth.Rules{method: {Issuers: []string{tc.issuer}}})
		}
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
}
