// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// evil is a field that a token or a handler tries to put into the header of the
// answer.
const evil = "X-Evil"

// judgeEvil looks for it, also where a client would not take it for a field.
func judgeEvil(o matrix.Outcome) []string {
	var wrong faults
	_, present := o.Header[evil]
	wrong.check(!present, "the header has %s", evil)
	wrong.check(o.Handled || !strings.Contains(string(o.Bytes), evil), "the answer has %s: %q", evil, o.Bytes)
	return wrong
}

// what a token says is in no header and in no message, neither as a line
// of its own nor as a parameter of the challenge.
func TestHostileTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	// Old enough that a key which is not there is the token's fault.
	old := authtest.IssuedAt(time.Now().Add(-time.Minute))
	for _, breakout := range []string{"a\"\r\n" + evil + ": 1", `a", ` + evil + `="1`, `a\", ` + evil + `="1`, "a\u2028" + evil, "a\x00" + evil, "a\n\n" + evil, "a%0d%0a" + evil} {
		for _, tc := range []struct {
			name  string
			token authtest.TokenOption
			want  string
		}{
			{"kid", authtest.Header("kid", breakout), IT},
			{"alg", authtest.Header("alg", breakout), IT},
			{"typ", authtest.Header("typ", breakout), IT},
			{"a header of its own", authtest.Header(breakout, 1), OK},
			{"iss", authtest.Claim("iss", breakout), IT},
			{"aud", authtest.Audience(breakout), IT},
			{"scope", authtest.Scopes(breakout), IS},
			{"exp", authtest.Claim("exp", breakout), IT},
			{"sub", authtest.Subject(breakout), OK},
			{"a claim of its own", authtest.Claim(breakout, 1), OK},
		} {
			t.Run("A-10 "+tc.name+" "+breakout, func(t *testing.T) {
				for _, over := range matrix.Transports() {
					if over.TLS {
						continue // the answer is made before it gets there
					}
					c := minted(old, tc.token)(f)
					o := f.Do(t, over, c)
					for _, w := range append(judge(over, o, tc.want, f.need(c, over), tc.want == OK), judgeEvil(o)...) {
						t.Errorf("%s: %s", over.Name, w)
					}
				}
			})
		}
	}
}

// a handler cannot write a header with what it asks for either. A
// scope or an acr value that no challenge may hold is left out of it.
func TestHostileHandlers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stepUp := func(acr ...string) error {
		return &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonAuthenticationInsufficient, Check: "custom", ACRValues: acr}
	}
	for _, tc := range []struct {
		name   string
		onCall func(context.Context) error
		want   string
	}{
		{"scope with a line break", func(ctx context.Context) error { return auth.RequireScopes(ctx, "a\r\n"+evil+": 1") }, IS},
		{"scope with a quote", func(ctx context.Context) error { return auth.RequireScopes(ctx, `a", `+evil+`="1`) }, IS},
		{"scope with a backslash", func(ctx context.Context) error { return auth.RequireScopes(ctx, `a\`) }, IS},
		{"scope that is not ASCII", func(ctx context.Context) error { return auth.RequireScopes(ctx, "l\u00e4sen") }, IS},
		{"empty scope", func(ctx context.Context) error { return auth.RequireScopes(ctx, "") }, IS},
		{"acr with a line break", func(context.Context) error { return stepUp("a\r\n" + evil + ": 1") }, SU},
		{"acr with a quote", func(context.Context) error { return stepUp(`a", ` + evil + `="1`) }, SU},
		{"acr with a backslash", func(context.Context) error { return stepUp(`a\`) }, SU},
		{"acr that is not ASCII", func(context.Context) error { return stepUp("g\u00f6ld") }, SU},
	} {
		t.Run("A-10 "+tc.name, func(t *testing.T) {
			f.Service.OnCall = tc.onCall
			for _, over := range matrix.Transports() {
				o := f.Do(t, over, minted()(f))
				a := answers[tc.want]
				if o.Transport != "" || o.Code != a.code || o.Reason() != string(a.reason) || len(o.Challenges) != 1 {
					t.Fatalf("%s: %q, %v, %s, challenges %q", over.Name, o.Transport, o.Code, o.Reason(), o.Challenges)
				}
				if _, present := o.Header[evil]; present {
					t.Errorf("%s: the header has %s", over.Name, evil)
				}
				if m := malformed(o.Challenges[0]); m != "" {
					t.Errorf("%s: the challenge %s: %s", over.Name, m, o.Challenges[0])
				}
			}
		})
	}
}
