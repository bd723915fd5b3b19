// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

// counting counts the tokens that a cache does not know.
type counting struct {
	auth.Verifier
	calls atomic.Int64
}

func (c *counting) Verify(ctx context.Context, cred auth.Credential) (*auth.Claims, error) {
	c.calls.Add(1)
	return c.Verifier.Verify(ctx, cred)
}

// A token that a cache knows ends with its deadline, and with its key.
func TestCachedTokens(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(f *fixture)
		outcome string
		calls   int64 // of the verifier, the first included
	}{
		"known":           {func(*fixture) { time.Sleep(time.Minute) }, ok, 1},
		"rotated":         {func(f *fixture) { f.as.Rotate(); time.Sleep(10 * time.Minute) }, ok, 1},
		"stale":           {func(f *fixture) { f.as.FailAlways(authtest.JWKS, authtest.Status(500)); time.Sleep(3 * time.Hour) }, ok, 1},
		"past its expiry": {func(*fixture) { time.Sleep(10*time.Hour + skew) }, expired("jwt_exp"), 2},
		"within the skew": {func(*fixture) { time.Sleep(10*time.Hour + skew - 1) }, ok, 1},
		"key withdrawn": {func(f *fixture) {
			old := f.as.KeyID()
			f.as.Rotate()
			f.as.WithdrawKey(old)
			time.Sleep(10 * time.Minute)
		}, invalid("jwt_key"), 2},
		"key replaced":     {func(f *fixture) { f.as.ReplaceKey(f.as.KeyID()); time.Sleep(10 * time.Minute) }, invalid("jwt_signature"), 2},
		"past hard stop":   {func(f *fixture) { f.as.FailAlways(authtest.JWKS, authtest.Status(500)); time.Sleep(5 * time.Hour) }, unavailable("jwt_keys"), 2},
		"other keys added": {func(f *fixture) { f.as.AddKey("RS256"); time.Sleep(10 * time.Minute) }, ok, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				v := &counting{Verifier: f.verifier(t, strict())}
				cache, err := auth.Cached(v, auth.CacheConfig{})
				if err != nil {
					t.Fatal(err)
				}
				token := f.mint(authtest.Lifetime(10 * time.Hour))
				_, err = verify(t.Context(), cache, token)
				wantOutcome(t, "first", result(err), ok)
				tc.change(f)
				_, err = verify(t.Context(), cache, token)
				wantOutcome(t, "then", result(err), tc.outcome)
				if n := v.calls.Load(); n != tc.calls {
					t.Errorf("verified %d times, want %d", n, tc.calls)
				}
			})
		})
	}
}
