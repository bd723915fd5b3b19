// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// The edges of every time claim, in seconds from now, which is a whole second.
func TestTimeEdges(t *testing.T) {
	const nbf, iat, exp = "nbf", "iat", "exp"
	late, early, future := expired(jwtauth.CheckExpiry), invalid(jwtauth.CheckNotBefore), invalid(jwtauth.CheckIssuedAt)
	for _, tc := range []struct {
		id    string
		skew  time.Duration
		claim string
		at    float64
		want  string
	}{
		{"C2", skew, exp, 0.5, ok},
		{"C2", skew, exp, 0, ok},
		{"C2", skew, exp, -59, ok},
		{"C2", skew, exp, -59.5, ok},
		{"C2", skew, exp, -60, late},
		{"C2", skew, exp, -60.5, late},
		{"C2", skew, exp, -61, late},
		{"C3", skew, nbf, -1, ok},
		{"C3", skew, nbf, 60, ok},
		{"C3", skew, nbf, 60.5, early},
		{"C3", skew, nbf, 61, early},
		{"C4", skew, iat, 60, ok},
		{"C4", skew, iat, 60.5, future},
		{"C4", skew, iat, 61, future},
		{"C2 no skew", jwtauth.NoClockSkew, exp, 1, ok},
		{"C2 no skew", jwtauth.NoClockSkew, exp, 0.5, ok},
		{"C2 no skew", jwtauth.NoClockSkew, exp, 0, late},
		{"C2 no skew", jwtauth.NoClockSkew, exp, -1, late},
		{"C3 no skew", jwtauth.NoClockSkew, nbf, 0, ok},
		{"C3 no skew", jwtauth.NoClockSkew, nbf, 0.5, early},
		{"C3 no skew", jwtauth.NoClockSkew, nbf, 1, early},
		{"C4 no skew", jwtauth.NoClockSkew, iat, 0, ok},
		{"C4 no skew", jwtauth.NoClockSkew, iat, 0.5, future},
		{"C4 no skew", jwtauth.NoClockSkew, iat, 1, future},
		{"C2 default skew", 0, exp, -29, ok},
		{"C2 default skew", 0, exp, -30, late},
		{"C3 default skew", 0, nbf, 30, ok},
		{"C3 default skew", 0, nbf, 31, early},
		{"C2 largest skew", 300 * time.Second, exp, -299, ok},
		{"C2 largest skew", 300 * time.Second, exp, -300, late},
	} {
		t.Run(fmt.Sprintf("%s %s %+g", tc.id, tc.claim, tc.at), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				now := time.Now()
				if now.Nanosecond() != 0 {
					t.Fatalf("the bubble begins at %v", now)
				}
				c := strict()
				c.ClockSkew = tc.skew
				// The edge alone decides: the other times are far from theirs.
				token := f.mint(authtest.Claim(iat, now.Unix()-3600), authtest.Claim(exp, now.Unix()+3600), authtest.Claim(tc.claim, float64(now.Unix())+tc.at))
				_, err := verify(t.Context(), f.verifier(t, c), token)
				if got := result(err); got != tc.want {
					t.Errorf("got %s (%s), want %s", got, causes(err), tc.want)
				}
			})
		})
	}
}

// One deadline: the claims carry it, and the verifier keeps to it.
func TestDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, strict())
		token := f.mint(authtest.Lifetime(time.Minute))
		claims, err := verify(t.Context(), v, token)
		if err != nil {
			t.Fatal(err, causes(err))
		}
		if want := time.Now().Add(time.Minute + skew); !claims.Deadline().Equal(want) {
			t.Errorf("deadline %v, want %v", claims.Deadline(), want)
		}
		time.Sleep(time.Until(claims.Deadline()) - time.Nanosecond)
		if _, err := verify(t.Context(), v, token); err != nil {
			t.Errorf("a nanosecond before the deadline: %s", causes(err))
		}
		time.Sleep(time.Nanosecond)
		_, err = verify(t.Context(), v, token)
		if got, want := result(err), expired(jwtauth.CheckExpiry); got != want {
			t.Errorf("at the deadline: %s, want %s", got, want)
		}
	})
}

// "Expired" means that a newer token of the same kind would do, so everything
// else that is wrong with a token comes first.
func TestExpiredComesLast(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		old := []authtest.TokenOption{authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)}
		for name, tc := range map[string]struct {
			option authtest.TokenOption
			want   string
		}{
			"nothing else": {authtest.Scopes("read"), expired(jwtauth.CheckExpiry)},
			"audience":     {authtest.Audience("x"), invalid(jwtauth.CheckAudience)},
			"subject":      {authtest.WithoutClaim("sub"), invalid(jwtauth.CheckSubject)},
			"client":       {authtest.WithoutClaim("client_id"), invalid(jwtauth.CheckClient)},
			"scope":        {authtest.Claim("scope", 5), invalid(jwtauth.CheckScope)},
			"binding":      {authtest.Claim("cnf", 5), invalid(jwtauth.CheckBinding)},
			"nbf":          {authtest.Claim("nbf", time.Now().Add(time.Hour).Unix()), invalid(jwtauth.CheckNotBefore)},
			"typ":          {authtest.Header("typ", "JWT"), invalid(jwtauth.CheckType)},
			"signature":    {authtest.Signature(garbage), invalid(jwtauth.CheckSignature)},
			"issuer":       {authtest.Claim("iss", "https://x.test"), foreign(jwtauth.CheckIssuer)},
		} {
			_, err := verify(t.Context(), f.verifier(t, strict()), f.mint(append(old, tc.option)...))
			if got := result(err); got != tc.want {
				t.Errorf("%s: got %s, want %s", name, got, tc.want)
			}
		}
	})
}
