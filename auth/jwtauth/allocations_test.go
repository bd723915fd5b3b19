// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package jwtauth_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/internal/speedtest"
)

func TestAllocations(t *testing.T) { speedtest.Pin(t, costs) }

// Beside the signature, whose allocations are the standard library's.
func TestVerifyAllocations(t *testing.T) {
	eachSpeed(t, func(algorithm string, allocs float64, signature, verify func() bool) {
		var got float64
		for range 5 {
			if got = speedtest.Allocations(t, verify) - speedtest.Allocations(t, signature); got == allocs {
				return
			}
		}
		t.Errorf("%s: %v allocations beside those of the signature, pinned are %v", algorithm, got, allocs)
	})
}
