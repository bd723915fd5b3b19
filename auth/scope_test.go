// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

func TestScopeMatchers(t *testing.T) {
	hierarchical, wildcard := auth.HierarchicalScopes("."), auth.WildcardScopes(".")
	for _, tc := range []struct {
		granted, required      string
		hierarchical, wildcard bool
	}{
		{"widgets", "widgets", true, true},
		{"widgets", "widgets.read", true, false},
		{"widgets", "widgets.read.all", true, false},
		{"widgets", "widgetsx", false, false},
		{"widgets", "Widgets.read", false, false},
		{"widgets.read", "widgets", false, false},
		{"widgets.*", "widgets.read", false, true},
		{"widgets.*", "widgets.read.all", false, true},
		{"widgets.*", "widgets", false, false},
		{"widgets.*", "widgets.", false, false},
		{"widgets.*", "widgetsx.read", false, false},
		{"widgets.*", "widgets.*", true, true},
		{"*", "widgets", false, false},
		{".*", ".x", false, false},
		{"w*", "widgets", false, false},
		{"widgets.*.read", "widgets.a.read", false, false},
		{"", "widgets", false, false},
	} {
		if got := hierarchical(tc.granted, tc.required); got != tc.hierarchical {
			t.Errorf("hierarchical: %q covers %q: %v", tc.granted, tc.required, got)
		}
		if got := wildcard(tc.granted, tc.required); got != tc.wildcard {
			t.Errorf("wildcard: %q covers %q: %v", tc.granted, tc.required, got)
		}
	}
	if auth.HierarchicalScopes("")("widgets", "widgetsread") || auth.WildcardScopes("")("w*", "widgets") {
		t.Error("a matcher without a separator covers more than the scope itself")
	}
}

// The matcher of the guard counts in rules and in handlers alike.
func TestWithScopeMatcher(t *testing.T) {
	v := verifier(t, auth.ClaimsData{Scopes: []string{"widgets"}})
	rules := auth.Rules{method: {AllScopes: []string{"widgets.read"}, AnyScope: []string{"x", "widgets.list"}}, "/a.B/C": {}}
	g := guard(t, v, rules, auth.WithScopeMatcher(auth.HierarchicalScopes(".")))
	ctx, err := g.Check(t.Context(), call(method, bearer("good")))
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.RequireScopes(ctx, "widgets.write"); err != nil {
		t.Errorf("in the handler: %v", err)
	}
	if err := auth.RequireAnyScope(ctx, "gadgets", "widgets.write"); err != nil || !auth.HasScopes(ctx, "widgets.x") {
		t.Errorf("in the handler: %v", err)
	}
	if err := auth.RequireScopes(ctx, "gadgets"); err == nil {
		t.Error("another scope is covered")
	}
	exact := guard(t, v, rules)
	if _, err := exact.Check(t.Context(), call(method, bearer("good"))); !errors.As(err, new(*auth.Error)) {
		t.Errorf("exact comparison: %v", err)
	}
	ctx, err = exact.Check(t.Context(), call("/a.B/C", bearer("good")))
	if err != nil || auth.HasScopes(ctx, "widgets.read") {
		t.Errorf("exact comparison in the handler: %v", err)
	}
	if _, err := auth.NewGuard(v, rules, auth.WithScopeMatcher(nil)); err == nil || !strings.Contains(err.Error(), "nil") {
		t.Errorf("nil matcher: %v", err)
	}
}
