// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package tokencache_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/bench/tokencache"
)

// What is compared must do the same.
func TestKinds(t *testing.T) {
	for _, kind := range tokencache.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			verifier := &tokencache.Verifier{Lifetime: time.Hour}
			cache, err := kind.New(verifier, tokencache.Sizes{Claims: 100, Refusals: 100})
			if err != nil {
				t.Fatal(err)
			}
			good, bad := tokencache.NewTokens(3, 1), tokencache.NewBadTokens(3, 2)
			for range 2 {
				for i := range good.Len() {
					if claims, err := cache.Verify(t.Context(), good.At(i)); err != nil || claims == nil {
						t.Errorf("a good token: %v, %v", claims, err)
					}
					if claims, err := cache.Verify(t.Context(), bad.At(i)); err == nil || claims != nil {
						t.Errorf("a bad token: %v, %v", claims, err)
					}
				}
			}
			if n := verifier.Calls.Load(); n != 6 {
				t.Errorf("verified %d times, want each token once", n)
			}

			verifier.Lifetime = 20 * time.Millisecond
			short := tokencache.NewTokens(1, 3).At(0)
			for range 2 {
				if _, err := cache.Verify(t.Context(), short); err != nil {
					t.Fatal(err)
				}
				time.Sleep(30 * time.Millisecond)
			}
			if n := verifier.Calls.Load(); n != 8 {
				t.Errorf("verified %d times, want the expired token twice", n)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	for _, kind := range tokencache.Kinds() {
		verifier := &tokencache.Verifier{Lifetime: time.Hour}
		cache, err := kind.New(verifier, tokencache.Sizes{Claims: 100, Refusals: 1})
		if err != nil {
			t.Fatal(err)
		}
		tokens := tokencache.NewTokens(1000, 4)
		for range 2 {
			for i := range tokens.Len() {
				if _, err := cache.Verify(t.Context(), tokens.At(i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := verifier.Calls.Load(); n < 1800 {
			t.Errorf("%s verified %d times of 2,000, so it keeps more than it may", kind.Name, n)
		}
	}
}
