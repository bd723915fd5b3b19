// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// An answer about the token from before a renewal says nothing of the stream any more.
func TestRenewalWhileTheIssuerIsAsked(t *testing.T) {
	for name, then := range map[string]func(string) (*auth.Claims, error){
		"inactive":  inactive,
		"as before": endless(func(d *auth.ClaimsData) { d.TokenID = "stale" }),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slowly := func(token string) (*auth.Claims, error) {
					time.Sleep(time.Second)
					return then(token)
				}
				tokens := map[string]func(string) (*auth.Claims, error){"old": once(endless(), slowly), "new": until(time.Hour)}
				f := newRenewable(t, tokens)
				stream := f.openNamed(method, "old", streamName)
				time.Sleep(7500 * time.Millisecond) // the issuer is asked between 7.1 and 7.5 s
				synctest.Wait()
				end, err := f.renew("new", streamName)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Hour)
				stream.check(t, auth.CheckStreamDeadline, end, end)
				_ = stream.Close()
			})
		})
	}
}
