// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package measure_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/bench/measure"
)

func TestOf(t *testing.T) {
	for _, row := range []struct {
		name             string
		values           []float64
		median, p25, p75 float64
	}{
		{"none", nil, 0, 0, 0},
		{"one", []float64{3}, 3, 3, 3},
		{"in any order", []float64{5, 1, 4, 2, 3}, 3, 2, 4},
		{"between two", []float64{1, 2}, 1.5, 1.25, 1.75},
	} {
		s := measure.Of(row.values)
		if s.Median != row.median || s.P25 != row.p25 || s.P75 != row.p75 || s.N != len(row.values) {
			t.Errorf("%s: %+v", row.name, s)
		}
	}
}

// Values are paired by round, so that what slows a round down cancels out.
func TestPairs(t *testing.T) {
	a, b := []float64{10, 40, 20}, []float64{5, 20, 10}
	if r := measure.Ratio(a, b); r.Median != 2 || r.Min != 2 || r.Max != 2 {
		t.Errorf("ratio: %+v", r)
	}
	if d := measure.Difference(a, b); d.Median != 10 || d.Min != 5 || d.Max != 20 {
		t.Errorf("difference: %+v", d)
	}
}

func TestTurns(t *testing.T) {
	var order []string
	subject := func(name string) measure.Subject {
		return measure.Subject{Name: name, Do: func(n int) error {
			if n != 7 {
				t.Errorf("%s is done %d times, want 7", name, n)
			}
			order = append(order, name)
			return nil
		}}
	}
	turns, err := measure.Turns([]measure.Subject{subject("a"), subject("b")}, []int{7, 7}, 2, func() {})
	if err != nil || len(turns) != 2 || len(turns[0]) != 2 || len(turns[1]) != 2 {
		t.Fatalf("%v, %v", turns, err)
	}
	if got := order[0] + order[1] + order[2] + order[3]; got != "abba" {
		t.Errorf("the order is %s, so one of them is always first", got)
	}
	failure := errors.New("no")
	if _, err := measure.Rounds([]measure.Subject{{Do: func(int) error { return failure }}}, 1, time.Millisecond); !errors.Is(err, failure) {
		t.Errorf("a failure is lost: %v", err)
	}
}

func TestAllocations(t *testing.T) {
	var sink []byte
	allocs, bytes, err := measure.Allocations(measure.Subject{Do: func(n int) error {
		for range n {
			sink = make([]byte, 1024)
		}
		return nil
	}}, 1000)
	if err != nil || math.Abs(allocs-1) > 0.5 || math.Abs(bytes-1024) > 512 {
		t.Errorf("%v allocations of %v bytes (%v), want 1 of 1024", allocs, bytes, err)
	}
	_ = sink
}
