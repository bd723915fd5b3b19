// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// The server that receives the same headers and looks at none, for callers with
// JWTs and with opaque tokens, which are shorter.
const (
	noCheck       = "no check"
	noCheckOpaque = "no check, opaque"
)

// gateAlone is ours on Connect without the middleware.
const gateAlone = contestant.OursCached + ", gate alone"

// place is a server with what stands before it, and the tokens of its callers.
type place struct {
	name   string
	kind   contestant.Kind
	base   string
	server *rig.Server
	tokens []string
	open   bool // calls are not checked
}

func (p place) isBase() bool { return p.base == p.name }

// places starts a server behind nobody and one behind each of the contestants,
// with a call of every token.
func (r *Result) places(ctx context.Context, over rig.Transport, issuer *rig.Issuer, tokens, opaque []string, among []contestant.Contestant) ([]place, func(), error) {
	started, stopAll := r.start(ctx, issuer.Target(), among)
	stop := []func(){stopAll}
	stopped := func() {
		for _, s := range slices.Backward(stop) {
			s()
		}
	}
	var out []place
	add := func(p place, i *contestant.Instance) error {
		var err error
		if p.server, err = rig.NewServer(ctx, over, i); err != nil {
			stopped()
			return err
		}
		stop = append(stop, p.server.Close)
		out = append(out, p)
		return nil
	}
	if err := add(place{name: noCheck, base: noCheck, tokens: tokens}, nil); err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(started, func(s *runner) bool { return s.Opaque }) {
		if err := add(place{name: noCheckOpaque, base: noCheckOpaque, tokens: opaque}, nil); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range started {
		if !rig.Serves(over, s.instance) {
			continue
		}
		p := place{name: s.Name, kind: s.Kind, base: noCheck, tokens: tokens}
		if s.Opaque {
			p.base, p.tokens = noCheckOpaque, opaque
		}
		if err := add(p, s.instance); err != nil {
			return nil, nil, err
		}
		if over == rig.Connect && s.Name == contestant.OursCached {
			gate := *s.instance
			gate.Middleware = nil
			p.name = gateAlone
			if err := add(p, &gate); err != nil {
				return nil, nil, err
			}
		}
	}
	probe := place{name: contestant.FloorProbe, kind: contestant.Floor, base: noCheck, tokens: tokens}
	if err := add(probe, contestant.Probe(tokens, time.Now().Add(time.Hour))); err != nil {
		return nil, nil, err
	}
	out = slices.DeleteFunc(out, func(p place) bool {
		for _, token := range p.tokens {
			if err := p.server.Unary(ctx, token); err != nil {
				r.Faults = append(r.Faults, fmt.Sprintf("%s over %s: %v", p.name, over, err))
				return true
			}
		}
		return false
	})
	return out, stopped, nil
}

// rpcs measures the processor time of whole calls, client and server together,
// and what a check adds to it.
func (r *Result) rpcs(ctx context.Context, o Options) error {
	section := Section{
		Title: "One RPC",
		Text: "Processor time of the whole process (client, both sides of the connection, server) for one call over TCP on loopback, on one core. " +
			"“Added” is the median of differences to a server in the same round that gets the same headers and checks nothing. " +
			"Two servers that are alike differ by more than a microsecond; “in pairs” it is one server, over one connection, whose check is left out in every other turn.",
	}
	if _, ok := measure.CPU(); !ok {
		section.Text += " This system does not tell processor time, so this is time that passed."
	}
	issuer, err := rig.NewIssuer(algorithms[0])
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	defer measure.OneCore()()
	tokens, opaque := issuer.Tokens(min(100, o.Tokens)), issuer.OpaqueTokens(min(100, o.Tokens))
	for _, over := range []rig.Transport{rig.GRPC, rig.Connect} {
		if err := r.rpcsOver(ctx, o, over, issuer, tokens, opaque, &section); err != nil {
			return err
		}
	}
	r.Sections = append(r.Sections, section)
	return nil
}

// series are the values of the places, round by round.
type series map[string][]float64

func (s series) add(more series) {
	for name, values := range more {
		s[name] = append(s[name], values...)
	}
}

func (r *Result) rpcsOver(ctx context.Context, o Options, over rig.Transport, issuer *rig.Issuer, tokens, opaque []string, section *Section) error {
	var places []place
	values, unary, streams := make(series), make(series), make(series)
	// Servers are started anew some times: two connections that should be alike
	// differ by more than what is measured.
	for range o.RPCSets {
		set, stop, err := r.places(ctx, over, issuer, tokens, opaque, o.servers())
		if err != nil {
			return err
		}
		for _, pair := range inPairs(set) {
			found, err := turns(ctx, pair, o.RPCs, 8*o.RPCRounds, 0)
			if err != nil {
				stop()
				return err
			}
			values.add(found)
		}
		places = slices.DeleteFunc(set, func(p place) bool { return p.kind == contestant.Floor })
		for _, part := range []struct {
			into      series
			places    []place
			n, rounds int
			ofAStream int
		}{
			{unary, places, o.RPCs, o.RPCRounds, 0},
			{streams, places, o.Streams, o.RPCRounds, o.StreamMessages},
		} {
			found, err := turns(ctx, part.places, part.n, part.rounds, part.ofAStream)
			if err != nil {
				stop()
				return err
			}
			part.into.add(found)
		}
		stop()
	}
	all := Table{
		Caption: fmt.Sprintf("%s, everybody", over),
		Columns: []string{"", "us per unary RPC", "added us", "quartiles", fmt.Sprintf("us per stream of %d messages", o.StreamMessages), "added us", "quartiles"},
	}
	chart := Chart{File: "rpc-" + Key(string(over)), Title: fmt.Sprintf("CPU added to one RPC, %s", over), Unit: "us", Log: true}
	for _, p := range places {
		one, difference := inMicroseconds(measure.Of(unary[p.name])), inMicroseconds(measure.Difference(unary[p.name], unary[p.base]))
		stream, more := inMicroseconds(measure.Of(streams[p.name])), inMicroseconds(measure.Difference(streams[p.name], streams[p.base]))
		r.set(one, "rpc_cpu_us", string(over), p.name)
		r.set(stream, "stream_cpu_us", string(over), p.name)
		if p.isBase() {
			all.Rows = append(all.Rows, []string{p.name, micro(one.Median), "", "", micro(stream.Median), "", ""})
		} else {
			r.set(difference, "rpc_cpu_us_added", string(over), p.name)
			r.set(more, "stream_cpu_us_added", string(over), p.name)
			all.Rows = append(all.Rows, []string{p.name, micro(one.Median), micro(difference.Median), quartiles(difference), micro(stream.Median), micro(more.Median), quartiles(more)})
			chart.Bars = append(chart.Bars, Bar{Name: p.name, Spread: difference, Ours: p.kind == contestant.Ours})
		}
	}
	section.Tables = append(section.Tables, r.pairs(over, values), all)
	section.Charts = append(section.Charts, chart)
	return nil
}

// turns has servers take turns of n calls, or of n streams of so many messages.
// The values are nanoseconds.
func turns(ctx context.Context, places []place, n, rounds, messages int) (series, error) {
	var subjects []measure.Subject
	var counts []int
	for _, p := range places {
		next := 0
		subjects = append(subjects, measure.Subject{Name: p.name, Do: func(n int) error {
			p.server.Open(p.open)
			for range n {
				next++
				token := p.tokens[next%len(p.tokens)]
				var err error
				if messages > 0 {
					err = p.server.Stream(ctx, token, messages)
				} else {
					err = p.server.Unary(ctx, token)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
			}
			return nil
		}})
		counts = append(counts, n)
	}
	values, err := measure.Turns(subjects, counts, rounds, runtime.GC)
	if err != nil {
		return nil, err
	}
	out := make(series)
	for i, s := range subjects {
		out[s.Name] = values[i]
	}
	return out, nil
}

func inMicroseconds(s measure.Spread) measure.Spread {
	const by = 1e-3
	s.Median, s.P25, s.P75, s.Min, s.Max = s.Median*by, s.P25*by, s.P75*by, s.Min*by, s.Max*by
	return s
}
