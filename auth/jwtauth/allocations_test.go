// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package jwtauth_test

import "testing"

// The race detector has pools forget at random what they hold, so there is nothing
// to count under it.

// A tenth more than today is a surprise.
func TestVerifyAllocations(t *testing.T) {
	eachSpeed(t, func(algorithm string, allocs float64, signature, verify func() bool) {
		if !signature() || !verify() {
			t.Fatal(algorithm, "refused")
		}
		alone := testing.AllocsPerRun(100, func() { signature() })
		got := testing.AllocsPerRun(100, func() { verify() }) - alone
		if got > 1.1*allocs {
			t.Errorf("%s: %v allocations beside the %v of the signature, want %v", algorithm, got, alone, allocs)
		}
	})
}
