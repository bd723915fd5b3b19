// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// C12: an actor is somebody else than the subject, and only the outermost one is
// anybody at all.
func TestActor(t *testing.T) {
	f := newFixture(t, "ES256")
	act := invalid(jwtauth.CheckActor)
	for _, issuer := range realIssuers() {
		v := f.verifier(t, profileConfig(issuer.profile))
		before, err := verify(t.Context(), v, issuer.user.mint(f))
		if err != nil {
			t.Fatal(err, causes(err))
		}
		with := members{"act": members{"sub": "admin", "client_id": "c", "scope": "admin", "act": members{"sub": "root"}}, "may_act": members{"sub": "root"}}
		after, err := verify(t.Context(), v, issuer.user.with(with).mint(f))
		if err != nil || facts(after) != facts(before) || after.Subject() != before.Subject() {
			t.Errorf("%v: an actor made %v, %s of %v", issuer.profile, after, causes(err), before)
		}
		if _, err := verify(t.Context(), v, issuer.user.with(members{"act": []string{"admin"}}).mint(f)); result(err) != act {
			t.Errorf("%v: act as a list: %s", issuer.profile, result(err))
		}
	}
}

// C13: what the entries mean is for those who know their types; what they are is
// checked.
func TestAuthorizationDetails(t *testing.T) {
	f := newFixture(t, "ES256")
	// They are there for who reads them, and grant nothing by themselves.
	v := f.verifier(t, strict())
	claims, err := verify(t.Context(), v, f.mint(raw("authorization_details", `[{"type":"write","scope":"write"}]`)))
	if err != nil || claims.HasScope("write") {
		t.Fatalf("%v, %s", claims, causes(err))
	}
	type entries struct {
		Details []struct {
			Type string `json:"type"`
		} `json:"authorization_details"`
	}
	got, err := auth.ClaimsAs[entries](auth.NewContext(t.Context(), claims))
	if err != nil || fmt.Sprint(got) != "{[{write}]}" {
		t.Errorf("%v, %v", got, err)
	}
	guard, err := auth.NewGuard(v, auth.Rules{"/a.B/C": {AllScopes: []string{"write"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = guard.Check(t.Context(), &auth.Request{Procedure: "/a.B/C", Carrier: header{"Bearer " + f.mint(raw("authorization_details", `[{"type":"write"}]`))}})
	if got, want := result(err), "permission_denied/SCOPE_INSUFFICIENT/rule_scopes"; got != want {
		t.Errorf("C13 unknown type: %s, want %s", got, want)
	}
}
