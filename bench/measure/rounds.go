// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"math"
	"runtime"
	"time"
)

// Subject is something that is done many times.
type Subject struct {
	Name string
	// Do does it n times.
	Do func(n int) error
}

// Series are the values of one Subject, round by round.
type Series struct {
	Name   string
	Values []float64
	// Allocs and Bytes are those of one time, from a pass of their own.
	Allocs, Bytes float64
}

// clock is what a turn is timed with: the processor time of the process, so that
// whoever else is busy on the machine does not count, and collecting garbage
// does. Where the system does not tell, it is the time that passes.
func clock() time.Duration {
	if used, ok := CPU(); ok {
		return used
	}
	return time.Since(started)
}

var started = time.Now()

// Rounds has the subjects take turns: in every round each of them runs for about
// slot, and none is always the first. The values are nanoseconds of processor
// time for one time.
func Rounds(subjects []Subject, rounds int, slot time.Duration) ([]Series, error) {
	out := make([]Series, len(subjects))
	counts := make([]int, len(subjects))
	for i, s := range subjects {
		n, err := Calibrate(s, slot)
		if err != nil {
			return nil, err
		}
		counts[i] = n
		out[i].Name = s.Name
		if out[i].Allocs, out[i].Bytes, err = Allocations(s, min(n, 2000)); err != nil {
			return nil, err
		}
	}
	turns, err := Turns(subjects, counts, rounds, runtime.GC)
	for i := range turns {
		out[i].Values = turns[i]
	}
	return out, err
}

// Turns has each subject do its thing so many times in every round, and none is
// always the first. The values are nanoseconds of processor time for one time.
//
// Before is called before each turn, uncounted. It is usually [runtime.GC], so
// that every turn begins with the heap in the same state, and pays for what it
// allocates.
func Turns(subjects []Subject, counts []int, rounds int, before func()) ([][]float64, error) {
	out := make([][]float64, len(subjects))
	for round := range rounds {
		for turn := range subjects {
			i := (turn + round) % len(subjects)
			before()
			start := clock()
			if err := subjects[i].Do(counts[i]); err != nil {
				return nil, err
			}
			out[i] = append(out[i], float64(clock()-start)/float64(counts[i]))
		}
	}
	return out, nil
}

// Calibrate returns how many times fill a slot.
func Calibrate(s Subject, slot time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		// The least of some: what happens beside it would make for turns that are
		// too short to be measured.
		took := time.Duration(math.MaxInt64)
		for range 3 {
			start := clock()
			if err := s.Do(n); err != nil {
				return 0, err
			}
			took = min(took, clock()-start)
		}
		if took > slot/4 || n > 1<<28 {
			return max(1, int(float64(n)*float64(slot)/float64(max(took, 1)))), nil
		}
	}
}

// Allocations returns how many allocations, and bytes, one time costs, among n.
// It counts those of the whole process: nothing else may run.
func Allocations(s Subject, n int) (allocs, bytes float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = s.Do(n)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n), err
}
