// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

// A header that a good token had is not read again. Everything else is.
func TestKnownHeader(t *testing.T) {
	other := func(token, claims string) string {
		p := strings.Split(token, ".")
		return p[0] + "." + b64([]byte(claims)) + "." + p[2]
	}
	for name, tc := range map[string]struct {
		then func(f *fixture, good string) string
		want string
	}{
		"again":           {func(_ *fixture, good string) string { return good }, ok},
		"another token":   {func(f *fixture, _ string) string { return f.mint(authtest.Subject("user-2")) }, ok},
		"other claims":    {func(_ *fixture, good string) string { return other(good, claimsJSON(map[string]any{"sub": "admin"})) }, invalid("jwt_signature")},
		"claims twice":    {func(_ *fixture, good string) string { return other(good, `{"iss":"`+issuerURL+`","iss":"x"}`) }, invalid("jwt_claims")},
		"another issuer":  {func(_ *fixture, good string) string { return other(good, `{"iss":"https://x.test"}`) }, foreign("jwt_iss")},
		"no signature":    {func(_ *fixture, good string) string { return good[:strings.LastIndexByte(good, '.')+1] }, invalid("jwt_signature")},
		"four segments":   {func(_ *fixture, good string) string { return good + ".x" }, foreign("jwt_shape")},
		"not base64url":   {func(_ *fixture, good string) string { return good + "+" }, foreign("jwt_shape")},
		"one letter more": {func(_ *fixture, good string) string { return "e" + good }, invalid("jwt_header")},
		"expired": {func(f *fixture, _ string) string {
			return f.mint(authtest.IssuedAt(time.Now().Add(-2*time.Hour)), authtest.Lifetime(time.Hour))
		}, expired("jwt_exp")},
		"withdrawn key": {func(f *fixture, good string) string {
			old := f.as.KeyID()
			f.as.Rotate()
			f.as.WithdrawKey(old)
			time.Sleep(10 * time.Minute)
			return good
		}, invalid("jwt_key")},
		"key of the same name": {func(f *fixture, good string) string {
			f.as.ReplaceKey(f.as.KeyID())
			time.Sleep(10 * time.Minute)
			return good
		}, invalid("jwt_signature")},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := f.verifier(t, strict())
				good := f.mint(authtest.Lifetime(time.Hour))
				_, err := verify(t.Context(), v, good)
				wantOutcome(t, "first", result(err), ok)
				_, err = verify(t.Context(), v, tc.then(f, good))
				wantOutcome(t, "then", result(err), tc.want)
			})
		})
	}
}

// A header is known from a good signature on, and to the verifier that saw it.
func TestUnknownHeader(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v, l := f.verifier(t, legacy()), f.verifier(t, strict())
		token := f.mint(authtest.Header("typ", "JWT"))
		_, err := verify(t.Context(), v, token)
		wantOutcome(t, "legacy", result(err), ok)
		_, err = verify(t.Context(), l, token)
		wantOutcome(t, "strict", result(err), invalid("jwt_typ"))
	})
}

// custom keeps what it is decoded from.
type custom struct{ kept []byte }

func (c *custom) UnmarshalJSON(data []byte) error {
	c.kept = data
	return nil
}

// What was proved of one token does not change while others are verified.
func TestTokensAreApart(t *testing.T) {
	f := newFixture(t, "EdDSA")
	for name, decoder := range map[string]auth.Decoder{"plain": {}, "custom": auth.Decode[custom]()} {
		t.Run(name, func(t *testing.T) {
			c := strict()
			c.Custom = decoder
			c.Claims.Roles, c.Claims.Tenant = []string{"roles"}, "tenant"
			v := f.verifier(t, c)
			var wait sync.WaitGroup
			for worker := range 4 {
				wait.Go(func() {
					var all []*auth.Claims
					for n := range 50 {
						id := fmt.Sprint(worker, "-", n)
						claims, err := verify(t.Context(), v, f.mint(authtest.Subject("sub-"+id), authtest.ClientID("client-"+id), authtest.Scopes("s-"+id, "t-"+id),
							authtest.Claim("roles", []string{"role-" + id}), authtest.Claim("tenant", "tenant-"+id), authtest.Claim("aud", []string{audience, "aud-" + id})))
						if err != nil {
							t.Error(err)
							return
						}
						all = append(all, claims)
					}
					for n, claims := range all {
						id := fmt.Sprint(worker, "-", n)
						got := fmt.Sprintln(claims.Subject(), claims.ClientID(), claims.Scopes(), claims.Roles(), claims.Tenant(), claims.Audiences())
						if want := fmt.Sprintf("sub-%[1]s client-%[1]s [s-%[1]s t-%[1]s] [role-%[1]s] tenant-%[1]s [%[2]s aud-%[1]s]\n", id, audience); got != want {
							t.Errorf("got %swant %s", got, want)
						}
						var payload struct{ Sub string }
						d := claims.Data()
						if err := json.Unmarshal(d.Payload, &payload); err != nil || payload.Sub != "sub-"+id {
							t.Errorf("payload %s, %v; want that of %s", d.Payload, err, id)
						}
						if kept, is := d.Custom.(custom); is && !strings.Contains(string(kept.kept), `"sub-`+id+`"`) {
							t.Errorf("custom claims %s; want those of %s", kept.kept, id)
						}
					}
				})
			}
			wait.Wait()
		})
	}
}
