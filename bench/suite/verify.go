// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"slices"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// algorithms are those that are compared; the first is what most issuers use.
var algorithms = []string{"RS256", "ES256", "EdDSA"}

// verify measures the check alone: from the metadata of a call to the context of
// its handler, without a network.
func (r *Result) verify(ctx context.Context, o Options) error {
	section := Section{
		Title: "One check",
		Text: "From the incoming metadata of a call to the context of its handler, in process, in nanoseconds of processor time. Everybody sees the same " +
			fmt.Sprint(o.Tokens) + " tokens of fourteen claims in turn. Ratios are medians of ratios within one round.",
	}
	defer measure.OneCore()()
	for _, algorithm := range algorithms {
		if err := r.verifyUnder(ctx, o, algorithm, &section); err != nil {
			return err
		}
	}
	r.Sections = append(r.Sections, section)
	return nil
}

func (r *Result) verifyUnder(ctx context.Context, o Options, algorithm string, section *Section) error {
	issuer, err := rig.NewIssuer(algorithm)
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	among := contestant.All()
	if algorithm != algorithms[0] {
		among = slices.DeleteFunc(among, func(c contestant.Contestant) bool { return c.Opaque || c.Kind == contestant.CachingPeer })
	}
	jwts := issuer.Tokens(o.Tokens)
	runners, stop, err := r.field(ctx, issuer, jwts, issuer.OpaqueTokens(o.Tokens), among)
	if err != nil {
		return err
	}
	defer stop()

	var subjects []measure.Subject
	for _, s := range runners {
		subjects = append(subjects, s.subject())
	}
	series, err := measure.Rounds(subjects, o.Rounds, o.Slot)
	if err != nil {
		return err
	}
	values := make(map[string][]float64)
	for _, s := range series {
		values[s.Name] = s.Values
	}
	cached, raw := values[contestant.OursCached], values[contestant.RawCheck]
	table := Table{
		Caption: fmt.Sprintf("%s, a token of %d bytes", algorithm, len(jwts[0])),
		Columns: []string{"", "ns", "quartiles", "allocations", "bytes", "by the signature alone", "by " + contestant.OursCached},
	}
	chart := Chart{File: "verify-" + Key(algorithm), Title: "One check, " + algorithm, Unit: "ns", Log: true}
	for i, s := range series {
		spread := measure.Of(s.Values)
		byRaw, byCached := measure.Ratio(s.Values, raw), measure.Ratio(s.Values, cached)
		table.Rows = append(table.Rows, []string{
			s.Name, number(spread.Median), quartiles(spread), count(s.Allocs), count(s.Bytes), ratio(byRaw.Median), ratio(byCached.Median),
		})
		chart.Bars = append(chart.Bars, Bar{Name: s.Name, Spread: spread, Ours: runners[i].Kind == contestant.Ours})
		r.set(spread, "verify_ns", algorithm, s.Name)
		r.set(byCached, "verify_by_cached", algorithm, s.Name)
		r.set(byRaw, "verify_by_raw", algorithm, s.Name)
		r.setExactly(s.Allocs, "verify_allocs", algorithm, s.Name)
		r.setExactly(s.Bytes, "verify_bytes", algorithm, s.Name)
	}
	section.Tables = append(section.Tables, table)
	section.Charts = append(section.Charts, chart)

	r.set(measure.Ratio(values[contestant.OursCold], raw), "cold", algorithm, "vs_raw")
	if algorithm != algorithms[0] {
		return nil
	}
	r.set(measure.Ratio(cached, values[contestant.FloorProbe]), "cached_vs_floor")
	r.fastest(runners, values, contestant.Peer, "fastest_peer_vs_cached", nil)
	r.fastest(runners, values, contestant.CachingPeer, "fastest_caching_peer_vs_cached", func(s *runner) bool { return s.Name != contestant.GolangJWTTokenLRU })
	r.fastest(runners, values, contestant.CachingPeer, "fastest_caching_peer_by_token_vs_cached", nil)
	return nil
}

// fastest notes how much longer than a cached check the fastest of a kind takes,
// among those for JWTs.
func (r *Result) fastest(runners []*runner, values map[string][]float64, kind contestant.Kind, key string, counts func(*runner) bool) {
	var best measure.Spread
	for _, s := range runners {
		if s.Kind != kind || s.Opaque || counts != nil && !counts(s) {
			continue
		}
		if ratio := measure.Ratio(values[s.Name], values[contestant.OursCached]); best.N == 0 || ratio.Median < best.Median {
			best = ratio
		}
	}
	r.set(best, key)
}
