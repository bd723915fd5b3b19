// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/attacks"
)

const procedure = "/p.S/M"

// header carries the fields of a call.
type header [][2]string

func (h header) Values(_ context.Context, name string) []string {
	var values []string
	for _, field := range h {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

func (header) TLS(context.Context) *tls.ConnectionState { return nil }

// newSite is a guard without a transport before it.
func newSite(t *testing.T, name string, by attacks.Judge, options ...auth.GuardOption) *attacks.Site {
	t.Helper()
	site := &attacks.Site{Name: name, Relay: attacks.NewRelay(by)}
	var reported auth.Event
	options = append(options, auth.Rules{procedure: {AllScopes: []string{attacks.Scope}}}, auth.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) { reported = e })))
	guard, err := auth.NewGuard(site.Relay, options...)
	if err != nil {
		t.Fatal(err)
	}
	site.Forget = guard.InvalidateToken
	site.Present = func(t *testing.T, fields [][2]string) attacks.Seen {
		t.Helper()
		ctx, err := guard.Check(t.Context(), &auth.Request{Procedure: procedure, HTTPMethod: "POST", Carrier: header(fields)})
		seen := attacks.Seen{Verdict: attacks.Verdict(err)}
		refusal, _ := errors.AsType[*auth.Error](err)
		if refusal == nil {
			claims, ok := auth.FromContext(ctx)
			seen.Rest = fmt.Sprint(ok, attacks.Facts(claims))
		} else {
			seen.Rest = fmt.Sprint(refusal.Kind, refusal.RequiredScopes, refusal.MissingScopes, refusal.RetryAfter, refusal.FreshFor, refusal.Cause)
		}
		if reported.Error != refusal {
			t.Errorf("%s: reported %v, want %v", name, reported.Error, refusal)
		}
		seen.Rest += fmt.Sprint(reported.Name, attacks.Facts(reported.Claims))
		return seen
	}
	return site
}

// A guard says of every case of the corpus what it says without its cache, to the
// last detail, whatever was presented before.
func TestGuards(t *testing.T) {
	beside, tried := 0, 0
	remembering := auth.WithCache(auth.CacheConfig{Entries: 64, Refusals: 64})
	for n, c := range corpus(t) {
		if n%attacks.Share > 0 {
			continue
		}
		for _, by := range c.Judges() {
			t.Run(fmt.Sprintf("%s/%s", by, c), func(t *testing.T) {
				forecast := c.Forecast(t, by)
				synctest.Test(t, func(t *testing.T) {
					trial := attacks.Trial{
						Case: c, By: by, Forecast: forecast,
						Cached: newSite(t, "with a cache", by, remembering), Uncached: newSite(t, "without a cache", by, auth.WithoutCache()),
					}
					beside += trial.Run(t)
					tried++
				})
			})
		}
	}
	// Under some key sets and configurations no good token is to be had.
	if t.Logf("%d cases, %d of them beside a known token", tried, beside); beside < tried*9/10 {
		t.Error("too few cases have a good token")
	}
}
