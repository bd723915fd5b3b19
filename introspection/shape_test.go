// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// jwt returns an unsigned JWT with this text as claims.
func jwt(claims string) string {
	return b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims)) + "."
}

// the shape of a token decides who judges it, before anybody is asked.
func TestRouting(t *testing.T) {
	const opaque, both = introspection.Opaque, introspection.OpaqueAndJWT
	asked := invalid(introspection.CheckActive) // about a token nobody knows
	shape, other := foreign(introspection.CheckShape), foreign(introspection.CheckIssuer)
	disguised := invalid(introspection.CheckShape) // nobody else is asked either
	for _, tc := range []struct {
		name     string
		tokens   introspection.Tokens
		prefixes []string
		token    string
		want     string
	}{
		{"opaque", opaque, nil, "abc", asked},
		{"one dot", opaque, nil, "ory_at_abc.def", asked},
		{"three dots", opaque, nil, "a.b.c.d", asked},
		{"encrypted JWT", opaque, nil, "a.b.c.d.e", asked},
		{"no header", opaque, nil, ".b.c", asked},
		{"no claims", opaque, nil, "a..c", asked},
		{"padding", opaque, nil, "abc==", asked},
		{"JWT with padding", opaque, nil, "a.b.c=", disguised},
		{"JWT with more padding", opaque, nil, "a.b.c==", disguised},
		{"JWT without signature, with padding", opaque, nil, "a.b.=", disguised},
		{"another alphabet", opaque, nil, "a+b/", asked},
		{"JWT in another alphabet", opaque, nil, "a.b+.c", disguised},
		{"JWT in another alphabet, with padding", opaque, nil, "a/.b.c=", disguised},
		{"JWT", opaque, nil, jwt(`{"iss":"` + issuerURL + `"}`), shape},
		{"JWT without signature", opaque, nil, "a.b.", shape},
		{"three words", opaque, nil, "a.b.c", shape},
		{"as many dots as fit", opaque, nil, "a" + strings.Repeat(".", auth.MaxTokenSize-1), asked},

		{"opaque, with JWTs", both, nil, "abc", asked},
		{"JWT of the issuer", both, nil, jwt(`{"iss":"` + issuerURL + `"}`), asked},
		{"JWT of another", both, nil, jwt(`{"iss":"https://other.test"}`), other},
		{"JWT of one more slash", both, nil, jwt(`{"iss":"` + issuerURL + `/"}`), other},
		{"JWT of nobody", both, nil, jwt(`{}`), asked},
		{"JWT of two", both, nil, jwt(`{"iss":"` + issuerURL + `","iss":"https://other.test"}`), other},
		{"JWT of a list", both, nil, jwt(`{"iss":["https://other.test"]}`), other},
		{"JWT of another, with two groups", both, nil, jwt(`{"iss":"https://other.test","groups":{"ops":1,"Ops":2}}`), other},
		{"JWT with two groups", both, nil, jwt(`{"iss":"` + issuerURL + `","groups":{"ops":1,"Ops":2}}`), other},
		{"no JSON", both, nil, "a.b.c", other},
		{"JWT of the issuer, with padding", both, nil, jwt(`{"iss":"`+issuerURL+`"}`) + "=", disguised},
		{"JWT of another, with padding", both, nil, jwt(`{"iss":"https://other.test"}`) + "=", disguised},

		{"prefix", opaque, []string{"at1_", "at2_"}, "at2_abc", asked},
		{"another prefix", opaque, []string{"at1_"}, "at2_abc", shape},
		{"prefix in capitals", opaque, []string{"at1_"}, "AT1_abc", shape},
		{"shorter than the prefix", opaque, []string{"at1_"}, "at1", shape},
		{"prefix and JWT", opaque, []string{"a"}, "a.b.c", shape},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			v := f.verifier(t, func(c *introspection.Config) { c.Tokens, c.Prefixes = tc.tokens, tc.prefixes })
			claims, err := verify(t.Context(), v, tc.token)
			expect(t, tc.token, claims, err, tc.want)
			n := f.as.Requests(authtest.Introspection)
			if wasAsked := n == 1; n > 1 || wasAsked != (tc.want == asked) {
				t.Errorf("%d questions", n)
			}
		})
	}
}

// No token falls between two verifiers of one issuer, and none is judged twice,
// whichever comes first in the chain.
func TestEveryTokenHasOneJudge(t *testing.T) {
	f := newFixture(t)
	iss := f.issuer(t)
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: skew})
	if err != nil {
		t.Fatal(err)
	}
	v, err := introspection.New(iss, f.config())
	if err != nil {
		t.Fatal(err)
	}
	good, revoked := f.as.Mint(), f.as.Mint()
	f.as.Revoke(revoked)
	for token, want := range map[string]string{
		good:       ok,
		revoked:    ok, // by its signature
		f.opaque(): ok,
		"abc":      invalid(introspection.CheckActive),
		"a.b":      invalid(introspection.CheckActive),
		"a.b.c.d":  invalid(introspection.CheckActive),
		"a..c":     invalid(introspection.CheckActive),
		// A JWT that fails is not offered to the endpoint.
		"a.b.c":                invalid(jwtauth.CheckHeader),
		f.as.Mint()[1:]:        invalid(jwtauth.CheckHeader),
		good[:len(good)-4]:     invalid(jwtauth.CheckSignature),
		good + "=":             invalid(introspection.CheckShape),
		good + "==":            invalid(introspection.CheckShape),
		jwt(`{"iss":"other"}`): foreign(jwtauth.CheckIssuer),
	} {
		var answers []string
		for _, order := range [][]auth.Verifier{{tokens, v}, {v, tokens}} {
			chain, err := auth.NewChain(order...)
			if err != nil {
				t.Fatal(err)
			}
			before := f.as.Requests(authtest.Introspection)
			_, err = verify(t.Context(), chain, token)
			answers = append(answers, result(err))
			asked := f.as.Requests(authtest.Introspection) - before
			if isJWT := strings.Count(token, ".") == 2 && token != "a..c"; isJWT && asked != 0 || !isJWT && asked != 1 {
				t.Errorf("%.20s: %d questions", token, asked)
			}
		}
		// Of two that do not handle it, the last one's answer counts.
		if answers[0] != want && !strings.HasPrefix(want, "foreign") || answers[1] != want {
			t.Errorf("%.20s: %q, want %s", token, answers, want)
		}
	}
}

func TestOtherSchemesAreNotHandled(t *testing.T) {
	f := newFixture(t)
	_, err := f.verifier(t).Verify(t.Context(), auth.Credential{})
	if got, want := result(err), foreign(introspection.CheckScheme); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
