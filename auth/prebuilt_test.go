// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// What callers see of a refusal is made once for all that look alike, and for no
// other.
func TestPrebuilt(t *testing.T) {
	one := auth.Error{
		Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, Check: "one", Cause: errors.New("one"),
		RequiredScopes: []string{"read", "write"}, MissingScopes: []string{"write"},
	}
	type made struct{ by string }
	guard := guardOf(t)
	first := auth.Prebuilt(guard, &one, func() *made { return &made{"first"} })
	for name, tc := range map[string]struct {
		change func(*auth.Error)
		shared bool
	}{
		"the same":             {func(*auth.Error) {}, true},
		"another check":        {func(e *auth.Error) { e.Check, e.Cause = "other", errors.New("other") }, true},
		"another kind":         {func(e *auth.Error) { e.Kind = auth.KindUnauthenticated }, false},
		"another reason":       {func(e *auth.Error) { e.Reason = auth.ReasonMethodDenied }, false},
		"another scope":        {func(e *auth.Error) { e.RequiredScopes = []string{"read", "admin"} }, false},
		"no scope":             {func(e *auth.Error) { e.RequiredScopes = nil }, false},
		"more is missing":      {func(e *auth.Error) { e.MissingScopes = []string{"read", "write"} }, false},
		"a scope with a space": {func(e *auth.Error) { e.RequiredScopes = []string{"read write"} }, false},
		"an empty scope":       {func(e *auth.Error) { e.MissingScopes = []string{"write", ""} }, false},
		"another class":        {func(e *auth.Error) { e.ACRValues = []string{"2"} }, false},
		"an age":               {func(e *auth.Error) { e.MaxAge = time.Second }, false},
		"come again later":     {func(e *auth.Error) { e.RetryAfter = time.Second }, false},
	} {
		e := one
		tc.change(&e)
		if got := auth.Prebuilt(guard, &e, func() *made { return &made{name} }); (got == first) != tc.shared || !tc.shared && got.by != name {
			t.Errorf("%s: made by %q", name, got.by)
		}
	}
	// For another transport, another guard, and none.
	if got := auth.Prebuilt(guard, &one, func() string { return "string" }); got != "string" {
		t.Errorf("another transport gets %q", got)
	}
	if got := auth.Prebuilt(guard, &one, func() *made { return new(made) }); got != first {
		t.Error("another transport has displaced the first")
	}
	for name, g := range map[string]*auth.Guard{"another guard": guardOf(t), "none": nil} {
		if got := auth.Prebuilt(g, &one, func() *made { return &made{name} }); got.by != name {
			t.Errorf("%s gets %q", name, got.by)
		}
	}
}

// Handlers that make up scopes do not fill the memory.
func TestPrebuiltHasABound(t *testing.T) {
	guard := guardOf(t)
	const many = 3000
	calls := 0
	for range 2 {
		for n := range many {
			e := &auth.Error{Reason: auth.ReasonScopeInsufficient, RequiredScopes: []string{fmt.Sprint("scope-", n)}}
			want := e.RequiredScopes[0]
			if got := auth.Prebuilt(guard, e, func() string { calls++; return want }); got != want {
				t.Fatalf("%s gets %s", want, got)
			}
		}
	}
	if kept := 2*many - calls; kept < 100 || kept > 600 {
		t.Errorf("%d of %d are kept", kept, many)
	}
}

func TestPrebuiltAtOnce(t *testing.T) {
	guard := guardOf(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range 200 {
				e := &auth.Error{Reason: auth.ReasonScopeInsufficient, RequiredScopes: []string{fmt.Sprint("scope-", n)}}
				if got := auth.Prebuilt(guard, e, func() string { return e.RequiredScopes[0] }); got != e.RequiredScopes[0] {
					t.Errorf("%s gets %s", e.RequiredScopes[0], got)
				}
			}
		})
	}
	group.Wait()
}

func guardOf(t *testing.T) *auth.Guard {
	t.Helper()
	g, err := auth.NewGuard(&asked{answer: good}, auth.Rules{"/a.B/C": {}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}
