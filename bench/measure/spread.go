// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package measure takes measurements that can be compared on a machine that is
// not quiet: contestants take turns, and what counts is the median over rounds.
package measure

import (
	"math"
	"slices"
)

// Spread is what a number came to over the rounds.
type Spread struct {
	Median, P25, P75, Min, Max float64
	N                          int
}

// Of summarises values.
func Of(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{
		Median: Quantile(sorted, 0.5), P25: Quantile(sorted, 0.25), P75: Quantile(sorted, 0.75),
		Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted),
	}
}

// Exactly is the Spread of a number that was counted and not measured.
func Exactly(value float64) Spread {
	return Spread{Median: value, P25: value, P75: value, Min: value, Max: value, N: 1}
}

// Quantile interpolates between the values of a sorted list.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	position := q * float64(len(sorted)-1)
	low := int(math.Floor(position))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (position-float64(low))*(sorted[high]-sorted[low])
}

// Ratio divides the values of the same rounds by each other.
func Ratio(over, under []float64) Spread {
	return Of(pairwise(over, under, func(a, b float64) float64 { return a / b }))
}

// Difference subtracts the values of the same rounds from each other.
func Difference(from, subtract []float64) Spread {
	return Of(pairwise(from, subtract, func(a, b float64) float64 { return a - b }))
}

func pairwise(a, b []float64, f func(a, b float64) float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		out[i] = f(a[i], b[i])
	}
	return out
}
