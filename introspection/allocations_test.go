// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package introspection_test

import "testing"

// The race detector has pools forget at random what they hold, so there is nothing
// to count under it.

// A number that changes is a surprise, and pinned anew once it is understood.
func TestAllocations(t *testing.T) {
	for name, table := range costs {
		for _, c := range table(t) {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				var got float64
				for range 5 { // what happens beside the call is counted too
					got = allocations(t, c.do)
					if got == c.allocs || got < c.allocs && c.varies != "" {
						return
					}
				}
				t.Errorf("%v allocations, pinned are %v", got, c.allocs)
			})
		}
	}
}

// allocations are those of a call.
func allocations(t *testing.T, call func() bool) float64 {
	t.Helper()
	good := call()
	n := testing.AllocsPerRun(100, func() { good = call() && good })
	if !good {
		t.Fatal("another outcome")
	}
	return n
}
