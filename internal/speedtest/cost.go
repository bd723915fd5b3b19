// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package speedtest

import "testing"

// Cost is what a call on a hot path costs in allocations.
type Cost struct {
	Name   string
	Allocs float64
	// Varies is why Allocs is a bound; empty if it is the very number.
	Varies string
	// Do makes the call and reports whether its outcome is the one that is meant.
	Do func() bool
	// Beside, if not nil, is the same without what is counted.
	Beside func() bool
}

// Row is a package's own spelling of a Cost.
type Row interface{ Cost() Cost }

// Tables are the rows by the name of the benchmark that times them.
type Tables[R Row] = map[string]func(testing.TB) []R

// Benchmark times the calls of the benchmark that b is.
func Benchmark[R Row](b *testing.B, tables Tables[R]) {
	b.Helper()
	for _, row := range tables[b.Name()](b) {
		c := row.Cost()
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !c.Do() {
					b.Fatal("another outcome")
				}
			}
		})
	}
}

// Pin counts the allocations of all calls. A number that changes is a surprise, and
// pinned anew once it is understood. The race detector has pools forget at random
// what they hold, so there is nothing to count under it.
func Pin[R Row](t *testing.T, tables Tables[R]) {
	t.Helper()
	for name, table := range tables {
		for _, row := range table(t) {
			c := row.Cost()
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				var got float64
				for range 5 { // what happens beside the call is counted too
					got = Allocations(t, c.Do) - Allocations(t, c.Beside)
					if got == c.Allocs || got < c.Allocs && c.Varies != "" {
						return
					}
				}
				t.Errorf("%v allocations, pinned are %v", got, c.Allocs)
			})
		}
	}
}

// Allocations are those of a call, and none of no call.
func Allocations(t *testing.T, call func() bool) float64 {
	t.Helper()
	if call == nil {
		return 0
	}
	good := call()
	n := testing.AllocsPerRun(100, func() { good = call() && good })
	if !good {
		t.Fatal("another outcome")
	}
	return n
}
