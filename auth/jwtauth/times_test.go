// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

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
