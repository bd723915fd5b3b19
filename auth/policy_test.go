// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func policyGuard(t *testing.T) *auth.Guard {
	t.Helper()
	v := described{verifier(t, auth.ClaimsData{}), auth.Description{Asks: true, Issuers: []string{"https://i"}, Audiences: []string{"api", "admin"}}}
	return guard(t, v, auth.Rules{
		"/a.B/Read":  {AllScopes: []string{"read"}, AnyScope: []string{"x", "y|z"}},
		"/a.B/Admin": {AllScopes: []string{"admin"}, ACRValues: []string{"2", "3"}, MaxAge: 5 * time.Minute, Principal: auth.PrincipalUser, Audiences: []string{"admin"}, Issuers: []string{"https://i"}},
		"/a.B/Ping":  {Access: auth.AccessPublic},
		"/a.B/Tea":   {Access: auth.AccessOptional, Fresh: true, Authorize: func(context.Context, *auth.Request, *auth.Claims) error { return nil }},
	}, auth.AllowHealth())
}

func TestPolicyTables(t *testing.T) {
	var text, markdown bytes.Buffer
	p := policyGuard(t).Policy()
	if err := p.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"procedure", "/a.B/Admin", "acr 2 or 3, within 5m0s", "only a user, audience admin",
		"/grpc.health.v1.Health/Check", "fresh answer of the issuer, Authorize function", "anything else",
	} {
		if !strings.Contains(text.String(), want) || !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s\n%s", want, text.String(), markdown.String())
		}
	}
	lines := strings.Split(strings.TrimSpace(markdown.String()), "\n")
	if len(lines) != 2+4+3+1 || lines[1] != "|---|---|---|---|---|---|" || lines[2] != "| /a.B/Admin | required | admin | acr 2 or 3, within 5m0s | https://i | only a user, audience admin |" {
		t.Errorf("markdown:\n%s", markdown.String())
	}
	if !strings.Contains(text.String(), "read and (x or y|z)") || !strings.Contains(markdown.String(), `read and (x or y\|z)`) {
		t.Errorf("scopes in\n%s\n%s", text.String(), markdown.String())
	}
}

// Whoever prints the policy cannot change it.
func TestPolicyIsACopy(t *testing.T) {
	g := guard(t, verifier(t, auth.ClaimsData{Scopes: []string{"evil"}}), auth.Rules{method: {AnyScope: []string{"admin"}, ScopeGroups: [][]string{{"root"}}, ACRValues: []string{"9"}}})
	for _, e := range g.Policy() {
		for _, group := range e.ScopeGroups {
			group[0] = "evil"
		}
		e.ACRValues[0] = ""
	}
	if _, err := g.Check(t.Context(), call(method, bearer("good"))); err == nil {
		t.Error("a changed policy is enforced")
	}
}

func TestPolicyJSON(t *testing.T) {
	encoded, err := json.Marshal(policyGuard(t).Policy()[:2])
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"procedure":"/a.B/Admin","access":"required","all_scopes":["admin"],"issuers":["https://i"],"audiences":["admin"],"principal":"user","acr_values":["2","3"],"max_age":300},` +
		`{"procedure":"/a.B/Ping","access":"public"}]`
	if string(encoded) != want {
		t.Errorf("got  %s\nwant %s", encoded, want)
	}
}

func TestCoverage(t *testing.T) {
	g := policyGuard(t)
	all := []string{"/a.B/Read", "/a.B/Admin", "/a.B/Ping", "/a.B/Tea"}
	if err := g.Coverage(all...); err != nil {
		t.Errorf("complete: %v", err)
	}
	err := g.Coverage("/a.B/Read", "/a.B/New", "/a.B/Ping", "/a.B/Admin", "/a.C/Other")
	for _, want := range []string{
		"no rule for /a.B/New,", "option (bearerkit.auth.v1.rule) = {...};` to the method New", `"/a.C/Other": {...}`,
		"a rule for /a.B/Tea, which the server does not serve",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "grpc.health") {
		t.Errorf("a preset was reported: %v", err)
	}
	var none *auth.Guard
	if none.Coverage(all...) == nil || none.Policy() != nil {
		t.Error("a nil Guard covers something")
	}
}
