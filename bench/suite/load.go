// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// load measures how many calls a server answers, and how soon, for one caller
// and for many.
func (r *Result) load(ctx context.Context, o Options) error {
	issuer, err := rig.NewIssuer(algorithms[0])
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	section := Section{
		Title: "Servers under load",
		Text:  "Unary RPCs over gRPC and TCP on loopback, client and server in one process, as fast as the callers can. Times are those that passed.",
	}
	places, stop, err := r.places(ctx, rig.GRPC, issuer, issuer.Tokens(min(100, o.Tokens)), issuer.OpaqueTokens(min(100, o.Tokens)), o.servers())
	if err != nil {
		return err
	}
	defer stop()
	for _, callers := range o.Callers {
		rates, latencies := make([][]float64, len(places)), make([][]time.Duration, len(places))
		for round := range o.LoadRounds {
			for turn := range places {
				i := (turn + round) % len(places)
				took, all, err := press(ctx, places[i], callers, o.LoadSlot)
				if err != nil {
					return err
				}
				rates[i] = append(rates[i], float64(len(all))/took.Seconds())
				latencies[i] = append(latencies[i], all...)
			}
		}
		at := fmt.Sprint(callers, " callers")
		if callers == 1 {
			at = "1 caller"
		}
		table := Table{
			Caption: at,
			Columns: []string{"", "RPCs per second", "lowest to highest", "p50 us", "p99 us"},
		}
		chart := Chart{File: fmt.Sprintf("load-%d", callers), Title: "RPCs per second, " + at, Unit: "RPCs per second"}
		for i, p := range places {
			rate := measure.Of(rates[i])
			p50, p99 := percentiles(latencies[i])
			table.Rows = append(table.Rows, []string{p.name, number(rate.Median), number(rate.Min) + " to " + number(rate.Max), number(p50), number(p99)})
			chart.Bars = append(chart.Bars, Bar{Name: p.name, Spread: rate, Ours: p.kind == contestant.Ours})
			r.set(rate, "rps", at, p.name)
			r.setExactly(p50, "p50_us", at, p.name)
			r.setExactly(p99, "p99_us", at, p.name)
		}
		section.Tables = append(section.Tables, table)
		section.Charts = append(section.Charts, chart)
	}
	r.Sections = append(r.Sections, section)
	return nil
}

// press has callers call for a while and returns how long each call took.
func press(ctx context.Context, p place, callers int, slot time.Duration) (time.Duration, []time.Duration, error) {
	latencies, faults := make([][]time.Duration, callers), make([]error, callers)
	start := time.Now()
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for n := c; time.Since(start) < slot; n++ {
				begin := time.Now()
				if err := p.server.Unary(ctx, p.tokens[n%len(p.tokens)]); err != nil {
					faults[c] = fmt.Errorf("%s: %w", p.name, err)
					return
				}
				latencies[c] = append(latencies[c], time.Since(begin))
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	for _, err := range faults {
		if err != nil {
			return 0, nil, err
		}
	}
	return took, slices.Concat(latencies...), nil
}

// percentiles returns the median and the 99th percentile in microseconds.
func percentiles(latencies []time.Duration) (p50, p99 float64) {
	sorted := make([]float64, len(latencies))
	for i, l := range latencies {
		sorted[i] = float64(l) / float64(time.Microsecond)
	}
	slices.Sort(sorted)
	return measure.Quantile(sorted, 0.5), measure.Quantile(sorted, 0.99)
}
