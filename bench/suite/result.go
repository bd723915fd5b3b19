// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"strings"

	"github.com/bearerkit/bearerkit/bench/measure"
)

// Result is everything that was found.
type Result struct {
	Machine  Machine
	Modules  []Module
	Quick    bool
	Numbers  map[string]float64
	Sections []Section
	// Faults are contestants that could not be measured, and why.
	Faults []string
}

// Section is a chapter of the report.
type Section struct {
	Title  string
	Text   string
	Tables []Table
	Charts []Chart
	// After is text that follows the tables.
	After string
}

// Table is one of its tables. The first column has names.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string
}

// Chart is a bar chart of one number for each contestant.
type Chart struct {
	File, Title, Unit string
	Log               bool
	Bars              []Bar
}

// Bar is one of its bars, with its quartiles.
type Bar struct {
	Name   string
	Spread measure.Spread
	Ours   bool
}

// set notes a number with its quartiles under a name that is fit for JSON.
func (r *Result) set(s measure.Spread, name ...string) {
	key := Key(name...)
	r.Numbers[key] = s.Median
	if s.N > 1 {
		r.Numbers[key+"_p25"], r.Numbers[key+"_p75"] = s.P25, s.P75
	}
}

func (r *Result) setExactly(v float64, name ...string) { r.set(measure.Exactly(v), name...) }

// Key makes the name of a number out of words.
func Key(words ...string) string {
	var b strings.Builder
	for _, word := range words {
		for _, c := range strings.ToLower(word) {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
				b.WriteRune(c)
			case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
				b.WriteByte('_')
			}
		}
		if b.Len() > 0 && !strings.HasSuffix(b.String(), "_") {
			b.WriteByte('_')
		}
	}
	return strings.Trim(b.String(), "_")
}
