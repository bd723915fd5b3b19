// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// withoutIt is the name of a place whose check is left out.
func withoutIt(name string) string { return name + ", left out" }

// inPairs returns the places that matter most, each with itself without its check:
// two servers differ by more than what is measured, even if they are alike.
func inPairs(places []place) [][]place {
	var out [][]place
	for _, p := range places {
		if p.name != contestant.OursCached && p.name != gateAlone && p.kind != contestant.Floor {
			continue
		}
		without := p
		without.name, without.open = withoutIt(p.name), true
		out = append(out, []place{p, without})
	}
	return out
}

// pairs notes what the check of the places that matter most adds to a call.
func (r *Result) pairs(over rig.Transport, values series) Table {
	headline := "cpu_us_per_rpc_added"
	if over != rig.GRPC {
		headline = Key("cpu_us_per_rpc_added", string(over))
	}
	table := Table{
		Caption: fmt.Sprintf("%s, unary, in pairs", over),
		Columns: []string{"", "us per RPC", "quartiles", "with the check left out", "quartiles", "added us", "quartiles"},
	}
	for _, name := range []string{contestant.OursCached, gateAlone, contestant.FloorProbe} {
		with, without := values[name], values[withoutIt(name)]
		if len(with) == 0 {
			continue
		}
		one, other, added := inMicroseconds(measure.Of(with)), inMicroseconds(measure.Of(without)), inMicroseconds(measure.Difference(with, without))
		table.Rows = append(table.Rows, []string{name, micro(one.Median), quartiles(one), micro(other.Median), quartiles(other), micro(added.Median), quartiles(added)})
		r.set(added, "rpc_cpu_us_added_in_pairs", string(over), name)
		if name == contestant.OursCached {
			r.set(added, headline)
		}
	}
	return table
}
