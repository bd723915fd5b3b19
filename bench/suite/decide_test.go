// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// BenchmarkDecide is for profiles of one contestant:
//
//	go -C bench test ./suite -run '^$' -bench 'Decide/RS256/bearerkit,_cached' -cpu 1 -cpuprofile cpu.out
func BenchmarkDecide(b *testing.B) {
	for _, algorithm := range algorithms {
		issuer, err := rig.NewIssuer(algorithm)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = issuer.Close() })
		jwts := issuer.Tokens(100)
		r := new(Result)
		runners, stop, err := r.field(b.Context(), issuer, jwts, issuer.OpaqueTokens(100), contestant.All())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(stop)
		for _, s := range runners {
			b.Run(algorithm+"/"+s.Name, func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					if err := s.instance.Decide(s.inputs[n%len(s.inputs)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Everybody takes part, and nobody who refuses good tokens does.
func TestField(t *testing.T) {
	issuer, err := rig.NewIssuer("RS256")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = issuer.Close() }()
	r := new(Result)
	runners, stop, err := r.field(t.Context(), issuer, issuer.Tokens(3), issuer.OpaqueTokens(3), contestant.All())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if len(r.Faults) > 0 {
		t.Errorf("not everybody takes part: %q", r.Faults)
	}
	if got, want := len(runners), len(contestant.All())+2; got != want {
		t.Errorf("%d take part, want %d", got, want)
	}
	probe := contestant.Probe(nil, time.Now())
	lazy := &runner{Contestant: contestant.Contestant{Name: "refuses"}, instance: probe, inputs: runners[0].inputs}
	if lazy.warm() == nil {
		t.Error("a contestant that refuses good tokens would be measured")
	}
}
