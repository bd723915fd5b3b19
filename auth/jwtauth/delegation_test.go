// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// C12: an actor is somebody else than the subject, and only the outermost one is
// anybody at all.
func TestActor(t *testing.T) {
	f := newFixture(t, "ES256")
	act, claims := invalid(jwtauth.CheckActor), invalid(jwtauth.CheckClaims)
	nest := func(depth int) string {
		return strings.Repeat(`{"sub":"a","act":`, depth-1) + `{"sub":"a"}` + strings.Repeat("}", depth-1)
	}
	rows := []row{
		{"C12 admin acts", with(raw("act", `{"sub":"admin"}`)), ok},
		{"C12 past exp, future nbf, other aud within", with(raw("act", `{"sub":"admin","exp":1,"nbf":9000000000,"aud":"x","iss":5}`)), ok},
		{"C12 a chain", with(raw("act", nest(3))), ok},
		{"C12 history of another shape is nobody's business", with(raw("act", `{"sub":"a","act":["x"]}`)), ok},
		{"C12 empty", with(raw("act", `{}`)), ok},
		{"C12 depth 31", with(raw("act", nest(31))), ok},
		{"C12 depth 32", with(raw("act", nest(32))), claims},
		{"C12 depth 500", with(raw("act", nest(500))), claims},
		{"C12 the actor twice", with(raw("act", `{"sub":"a","sub":"b"}`)), claims},
		{"C12 may_act grants nothing, whatever it is", with(raw("may_act", `["admin"]`)), ok},
	}
	for _, value := range []string{`[]`, `[{"sub":"admin"}]`, `"admin"`, `null`, `5`, `true`} {
		rows = append(rows, row{"C12 act " + value, with(raw("act", value)), act})
	}
	f.run(t, strict(), rows)

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
	details := invalid(jwtauth.CheckDetails)
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"type":"a"},`, n), ",") + "]" }
	rows := []row{
		{"C13 one entry", with(raw("authorization_details", `[{"type":"payment","amount":5,"locations":["https://rs.test"]}]`)), ok},
		{"C13 unknown type", with(raw("authorization_details", `[{"type":"nobody knows"}]`)), ok},
		{"C13 no entry", with(raw("authorization_details", `[]`)), ok},
		{"C13 100 entries", with(raw("authorization_details", list(100))), ok},
		{"C13 101 entries", with(raw("authorization_details", list(101))), details},
		{"C13 800 entries", with(raw("authorization_details", list(800))), details},
		{"C13 10^4 entries", with(raw("authorization_details", list(1e4))), malformed(auth.CheckCredentialSize)},
	}
	for _, value := range []string{
		`"payment"`, `{"type":"payment"}`, `null`, `5`, `"[{\"type\":\"payment\"}]"`, `[null]`, `["payment"]`, `[[{"type":"a"}]]`, `[{}]`, `[{"type":""}]`, `[{"type":5}]`, `[{"type":["a"]}]`, `[{"type":"a"},{"kind":"b"}]`,
	} {
		rows = append(rows, row{"C13 " + value, with(raw("authorization_details", value)), details})
	}
	f.run(t, strict(), rows)

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
