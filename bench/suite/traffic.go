// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
)

// lifetimes is how many lifetimes of five minutes the traffic spans.
const lifetimes = 4

// zipfExponent is how much more often the first user calls than the second.
const zipfExponent = 1.1

// regulars are the contestants whose users come again: those without a cache, and
// with one.
var regulars = []string{contestant.OursCached, contestant.OursCold, contestant.GolangJWT, contestant.GolangJWTLRU, contestant.GolangJWTTokenLRU}

// visit is a call of a user in the so-manieth lifetime of tokens.
type visit struct{ user, lifetime int }

// visits are calls of users of whom few call often and many seldom. Everybody
// gets a new token every lifetime, each at another time.
func visits(users, calls int) []visit {
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, zipfExponent, 1, uint64(users-1))
	out := make([]visit, calls)
	for i := range out {
		user := int(zipf.Uint64()) //nolint:gosec // below users
		phase := float64(user*7919%users) / float64(users)
		out[i] = visit{user: user, lifetime: int(float64(i)/float64(calls)*lifetimes + phase)}
	}
	return out
}

// traffic measures what is left of a check when users come again and again.
func (r *Result) traffic(ctx context.Context, o Options) error {
	issuer, err := rig.NewIssuer("ES256")
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	calls := visits(o.ZipfUsers, o.ZipfRPCs)
	minted := make(map[visit]string)
	for i, v := range calls {
		if minted[v] == "" {
			minted[v] = issuer.Token(i)
		}
	}
	defer measure.OneCore()()

	among := slices.DeleteFunc(contestant.All(), func(c contestant.Contestant) bool { return !slices.Contains(regulars, c.Name) })
	costs, hits := make(map[string][]float64), make(map[string]float64)
	names := []string{noCheck}
	for round := range o.ZipfRounds {
		for turn := range len(among) + 1 {
			i := (turn + round) % (len(among) + 1)
			var c *contestant.Contestant
			name := noCheck
			if i > 0 {
				c = &among[i-1]
				name = c.Name
			}
			cost, verified, served, err := replay(ctx, issuer, c, calls, minted)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if !served {
				continue
			}
			costs[name] = append(costs[name], cost)
			hits[name] = 1 - float64(verified)/float64(len(calls))
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	table := Table{Columns: []string{"", "hit ratio", "us per RPC", "lowest to highest", "added us"}}
	chart := Chart{File: "traffic", Title: "CPU added to one RPC, Zipf traffic", Unit: "us"}
	slices.SortFunc(names[1:], func(a, b string) int { return position(among, a) - position(among, b) })
	for _, name := range names {
		cost := measure.Of(costs[name])
		if name == noCheck {
			table.Rows = append(table.Rows, []string{name, "", micro(cost.Median), micro(cost.Min) + " to " + micro(cost.Max), ""})
			continue
		}
		added := measure.Difference(costs[name], costs[noCheck])
		table.Rows = append(table.Rows, []string{name, percent(hits[name]), micro(cost.Median), micro(cost.Min) + " to " + micro(cost.Max), micro(added.Median)})
		chart.Bars = append(chart.Bars, Bar{Name: name, Spread: added, Ours: position(among, name) >= 0 && among[position(among, name)].Kind == contestant.Ours})
		r.setExactly(hits[name], "zipf_hit_ratio", name)
		r.set(cost, "zipf_cpu_us_per_rpc", name)
		r.set(added, "zipf_cpu_us_per_rpc_added", name)
	}
	r.Sections = append(r.Sections, Section{
		Title: "Users that come again",
		Text: fmt.Sprintf("%s RPCs over gRPC by %s users of whom few call often (Zipf, exponent %.1f), within %d lifetimes of their tokens; every user has a new one each time. "+
			"With tokens of five minutes that is %.0f calls a second. Everybody begins with an empty cache, of the size that is the default here (65,536). Processor time, on one core; ES256.",
			number(float64(len(calls))), number(float64(o.ZipfUsers)), zipfExponent, lifetimes, float64(len(calls))/(lifetimes*300)),
		Tables: []Table{table}, Charts: []Chart{chart},
	})
	return nil
}

func position(among []contestant.Contestant, name string) int {
	return slices.IndexFunc(among, func(c contestant.Contestant) bool { return c.Name == name })
}

// replay makes the calls on a server behind a contestant that begins anew, or
// behind none. It returns the processor time of a call in microseconds and how
// many tokens were verified.
func replay(ctx context.Context, issuer *rig.Issuer, c *contestant.Contestant, calls []visit, minted map[visit]string) (cost float64, verified int64, served bool, err error) {
	var count atomic.Int64
	var instance *contestant.Instance
	if c != nil {
		target := issuer.Target()
		target.Verified = func() { count.Add(1) }
		if instance, err = c.Start(ctx, target); err != nil {
			return 0, 0, false, err
		}
		defer instance.Stop()
		if !rig.Serves(rig.GRPC, instance) {
			return 0, 0, false, nil
		}
	}
	server, err := rig.NewServer(ctx, rig.GRPC, instance)
	if err != nil {
		return 0, 0, false, err
	}
	defer server.Close()
	// The connection and the keys are there before it begins.
	for range 100 {
		if err := server.Unary(ctx, minted[calls[0]]); err != nil {
			return 0, 0, false, err
		}
	}
	count.Store(0)
	values, err := measure.Turns([]measure.Subject{{Do: func(int) error {
		for _, v := range calls {
			if err := server.Unary(ctx, minted[v]); err != nil {
				return err
			}
		}
		return nil
	}}}, []int{len(calls)}, 1, runtime.GC)
	if err != nil {
		return 0, 0, false, err
	}
	return values[0][0] / 1e3, count.Load(), true, nil
}
