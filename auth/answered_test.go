// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"
)

// asking is a verifier that asks its issuer.
type asking struct{ calls int }

func (a *asking) Verify(context.Context, Credential) (*Claims, error) {
	a.calls++
	return nil, errors.New("asked")
}

func (*asking) Describe() Description { return Description{Asks: true} }

// What was answered while a caller was on its way to ask is not asked again, unless
// something newer is wanted.
func TestAnsweredOnTheWay(t *testing.T) {
	hour := time.Now().Add(time.Hour)
	claims, err := NewClaims(ClaimsData{Issuer: "https://i", Deadline: hour, FreshUntil: hour, ConfirmedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	older, err := NewClaims(ClaimsData{Issuer: "https://i", Deadline: hour, FreshUntil: hour, ConfirmedAt: time.Now().Add(-time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	refusal := &Error{Kind: KindUnauthenticated, Reason: ReasonTokenInvalid}
	for name, tc := range map[string]struct {
		known   *Claims
		refused *refused
		fresh   bool
		than    *Claims
		calls   int
	}{
		"nothing":            {calls: 1},
		"claims":             {known: claims},
		"claims, and fresh":  {known: claims, fresh: true, calls: 1},
		"newer claims":       {known: claims, than: older},
		"the same claims":    {known: claims, than: claims, calls: 1},
		"a refusal":          {refused: &refused{refusal, hour}},
		"a refusal, is over": {refused: &refused{refusal, time.Now()}, calls: 1},
	} {
		verifier := new(asking)
		k, err := Cached(verifier, CacheConfig{Entries: 10, Refusals: 10})
		if err != nil {
			t.Fatal(err)
		}
		credential, err := NewBearer("token")
		if err != nil {
			t.Fatal(err)
		}
		key, current := k.key(credential), func() bool { return true }
		if tc.known != nil {
			k.claims.store(&cacheEntry[Claims]{key: key, known: *tc.known}, current)
		}
		if tc.refused != nil {
			k.refusals.store(&cacheEntry[refused]{key: key, known: *tc.refused}, current)
		}
		got, err := k.ask(t.Context(), key, credential, tc.fresh, tc.than)
		if verifier.calls != tc.calls {
			t.Errorf("%s: asked %d times, want %d", name, verifier.calls, tc.calls)
		}
		if tc.calls == 0 && (!reflect.DeepEqual(got, tc.known) || tc.refused != nil && !errors.Is(err, refusal)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if len(k.questions) > 0 {
			t.Errorf("%s: %d questions are left", name, len(k.questions))
		}
	}
}
