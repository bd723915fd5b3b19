// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/bearerkit/bearerkit/bench/measure"
)

// number writes a number with three figures, and thousands apart.
func number(v float64) string {
	if math.Abs(v) < 100 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := strconv.FormatFloat(math.Abs(v), 'f', 0, 64)
	var b strings.Builder
	if v < 0 {
		b.WriteByte('-')
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func quartiles(s measure.Spread) string { return number(s.P25) + " to " + number(s.P75) }

func ratio(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "x" }

func micro(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// count writes a number that was counted, without what happened beside it, such
// as a pool that was emptied meanwhile.
func count(v float64) string {
	if whole := math.Round(v); math.Abs(v-whole) < 0.1 {
		v = whole
	}
	return number(v)
}
