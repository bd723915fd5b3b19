// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// runner is a contestant at its place, with its calls.
type runner struct {
	contestant.Contestant

	instance *contestant.Instance
	inputs   []*contestant.Input
}

// subject makes n calls, one token after the other.
func (r *runner) subject() measure.Subject {
	next := 0
	return measure.Subject{Name: r.Name, Do: func(n int) error {
		for range n {
			if next == len(r.inputs) {
				next = 0
			}
			if err := r.instance.Decide(r.inputs[next]); err != nil {
				return fmt.Errorf("%s refuses a good token: %w", r.Name, err)
			}
			next++
		}
		return nil
	}}
}

// warm shows every token once.
func (r *runner) warm() error { return r.subject().Do(len(r.inputs)) }

func inputs(ctx context.Context, tokens []string) []*contestant.Input {
	out := make([]*contestant.Input, len(tokens))
	for i, token := range tokens {
		out[i] = contestant.NewInput(ctx, token)
	}
	return out
}

// field starts everybody for tokens of an issuer, the floor and the signature
// among them. Whoever does not start, or refuses good tokens, is a fault in the
// results and is not measured.
func (r *Result) field(ctx context.Context, issuer *rig.Issuer, jwts, opaque []string, among []contestant.Contestant) ([]*runner, func(), error) {
	calls := inputs(ctx, jwts)
	raw, err := contestant.SignatureAlone(jwts, issuer.PublicKey())
	if err != nil {
		return nil, nil, err
	}
	all := []*runner{
		{Contestant: contestant.Contestant{Name: contestant.FloorProbe, Kind: contestant.Floor}, instance: contestant.Probe(jwts, time.Now().Add(time.Hour)), inputs: calls},
		{Contestant: contestant.Contestant{Name: contestant.RawCheck, Kind: contestant.Raw}, instance: raw, inputs: calls},
	}
	started, stop := r.start(ctx, issuer.Target(), among)
	for _, s := range started {
		if s.Opaque {
			s.inputs = inputs(ctx, opaque)
		} else {
			s.inputs = calls
		}
		all = append(all, s)
	}
	var fit []*runner
	for _, s := range all {
		if err := s.warm(); err != nil {
			r.Faults = append(r.Faults, fmt.Sprintf("%s: %s: %v", issuer.Algorithm, s.Name, err))
			continue
		}
		fit = append(fit, s)
	}
	return fit, stop, nil
}

// start starts contestants for an issuer.
func (r *Result) start(ctx context.Context, t contestant.Target, among []contestant.Contestant) ([]*runner, func()) {
	var out []*runner
	for _, c := range among {
		if !c.Supports(t.Algorithm) {
			continue
		}
		instance, err := c.Start(ctx, t)
		if err != nil {
			r.Faults = append(r.Faults, fmt.Sprintf("%s does not start: %v", c.Name, err))
			continue
		}
		out = append(out, &runner{Contestant: c, instance: instance})
	}
	return out, func() {
		for _, s := range out {
			s.instance.Stop()
		}
	}
}
