// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/floor"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/tokencache"
	"google.golang.org/grpc"
)

// knowing is something that knows the first n tokens, and looks up the one that
// has arrived.
type knowing struct {
	name string
	fill func(ctx context.Context, n int) (look func(ctx context.Context, a *tokencache.Arriving) error, err error)
}

func allKnowing() []knowing {
	return []knowing{byCache(tokencache.Ours), byCache(tokencache.Otter), {contestant.FloorProbe, fillFloor}}
}

func byCache(name string) knowing {
	return knowing{name, func(ctx context.Context, n int) (func(context.Context, *tokencache.Arriving) error, error) {
		kind, err := tokencache.ByName(name)
		if err != nil {
			return nil, err
		}
		cache, err := kind.New(&tokencache.Verifier{Lifetime: time.Hour}, tokencache.Sizes{Claims: n, Refusals: 1})
		if err != nil {
			return nil, err
		}
		look := func(ctx context.Context, a *tokencache.Arriving) error {
			_, err := cache.Verify(ctx, a.Credential())
			return err
		}
		return look, eachOf(n, func(a *tokencache.Arriving) error { return look(ctx, a) })
	}}
}

func fillFloor(_ context.Context, n int) (func(context.Context, *tokencache.Arriving) error, error) {
	probe, deadline := floor.New(), time.Now().Add(time.Hour)
	info := new(grpc.UnaryServerInfo)
	handler := func(context.Context, any) (any, error) { return nil, nil }
	look := func(ctx context.Context, _ *tokencache.Arriving) error {
		_, err := probe.Unary(ctx, nil, info, handler)
		return err
	}
	return look, eachOf(n, func(a *tokencache.Arriving) error {
		probe.Add(a.Credential().Token(), "subject", deadline)
		return nil
	})
}

func eachOf(n int, f func(*tokencache.Arriving) error) error {
	a, err := tokencache.NewArriving(arrivingSeed)
	for i := 0; i < n && err == nil; i++ {
		a.Arrive(i)
		err = f(a)
	}
	return err
}

const arrivingSeed = 16

// asker looks up tokens in an order that no prefetcher guesses.
type asker struct {
	token    *tokencache.Arriving
	call     context.Context //nolint:containedctx // with the token
	of, next int
}

func newAsker(ctx context.Context, of, first int) (*asker, error) {
	token, err := tokencache.NewArriving(arrivingSeed)
	if err != nil {
		return nil, err
	}
	return &asker{token: token, call: token.Incoming(ctx), of: of, next: first}, nil
}

func (a *asker) ask(look func(context.Context, *tokencache.Arriving) error, n int) error {
	const stride = 611_953 // a prime
	for range n {
		a.next = (a.next + stride) % a.of
		a.token.Arrive(a.next)
		if err := look(a.call, a.token); err != nil {
			return err
		}
	}
	return nil
}

// flat measures whether a hit costs the same among few tokens and among many, on
// one core and on all.
func (r *Result) flat(ctx context.Context, o Options) error {
	table := Table{Columns: []string{"", "tokens", "hit, one core, ns", "quartiles", fmt.Sprintf("hit, %d cores at once, ns", runtime.GOMAXPROCS(0)), "quartiles", "cores by one core", "by the fewest tokens"}}
	for _, k := range allKnowing() {
		if err := r.flatOf(ctx, o, k, &table); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	r.Sections = append(r.Sections, Section{
		Title: "Flat",
		Text: "A hit among few tokens and among many, in an order that nothing guesses; the tokens themselves arrive in the same memory, as from a connection. " +
			"More of them fit less into the caches of the processor, whoever keeps them. The floor probe reads metadata and makes a context besides. All of it is processor time, so that with several cores at once it grows by what they wait for each other's memory.",
		Tables: []Table{table},
	})
	return nil
}

func (r *Result) flatOf(ctx context.Context, o Options, k knowing, table *Table) error {
	var one, all []measure.Subject
	for _, n := range o.FlatEntries {
		look, err := k.fill(ctx, n)
		if err != nil {
			return err
		}
		asking := make([]*asker, runtime.GOMAXPROCS(0))
		for i := range asking {
			if asking[i], err = newAsker(ctx, n, i*n/len(asking)); err != nil {
				return err
			}
		}
		name := number(float64(n))
		one = append(one, measure.Subject{Name: name, Do: func(n int) error { return asking[0].ask(look, n) }})
		all = append(all, measure.Subject{Name: name, Do: func(n int) error {
			errs := make([]error, len(asking))
			atOnce(n, func(worker, n int) { errs[worker] = asking[worker].ask(look, n) })
			return errors.Join(errs...)
		}})
	}
	// Hits allocate little, and collecting a million tokens before every turn
	// would take longer than all of this.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	nothing := func() {}
	counts := make([]int, len(one))
	for i, s := range one {
		var err error
		if counts[i], err = measure.Calibrate(s, o.Slot); err != nil {
			return err
		}
	}
	restore := measure.OneCore()
	single, err := measure.Turns(one, counts, o.Rounds, nothing)
	restore()
	if err != nil {
		return err
	}
	for i := range counts {
		counts[i] *= runtime.GOMAXPROCS(0)
	}
	parallel, err := measure.Turns(all, counts, o.Rounds, nothing)
	if err != nil {
		return err
	}
	for i, s := range one {
		h, p := measure.Of(single[i]), measure.Of(parallel[i])
		table.Rows = append(table.Rows, []string{
			k.name, s.Name, number(h.Median), quartiles(h), number(p.Median), quartiles(p), ratio(p.Median / h.Median), ratio(measure.Ratio(single[i], single[0]).Median),
		})
		n := fmt.Sprint(o.FlatEntries[i])
		r.set(h, "flat_hit_ns", k.name, n, "entries")
		r.set(p, "flat_parallel_hit_ns", k.name, n, "entries")
	}
	last := len(one) - 1
	most, cores := measure.Ratio(single[last], single[0]), measure.Of(parallel[0]).Median/measure.Of(single[0]).Median
	r.set(most, "flat_most_vs_fewest_entries", k.name)
	r.setExactly(cores, "flat_all_cores_vs_one", k.name)
	if k.name == tokencache.Ours {
		r.set(most, "flat_most_vs_fewest_entries")
		r.setExactly(cores, "flat_all_cores_vs_one")
	}
	return nil
}
