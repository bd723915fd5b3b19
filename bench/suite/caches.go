// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/tokencache"
)

// keeper is a cache with its verifier.
type keeper struct {
	auth.Verifier

	name  string
	calls *tokencache.Verifier
}

func keepers(s tokencache.Sizes) ([]keeper, error) {
	var out []keeper
	for _, kind := range tokencache.Kinds() {
		verifier := &tokencache.Verifier{Lifetime: time.Hour}
		cache, err := kind.New(verifier, s)
		if err != nil {
			return nil, err
		}
		out = append(out, keeper{Verifier: cache, name: kind.Name, calls: verifier})
	}
	return out, nil
}

// ask looks up tokens in turn, from first on; errors are those of bad tokens.
func (k keeper) ask(ctx context.Context, tokens []auth.Credential, first, n int) {
	for i := range n {
		_, _ = k.Verify(ctx, tokens[(first+i)%len(tokens)])
	}
}

// caches compares the cache of package auth with libraries that do its job.
func (r *Result) caches(ctx context.Context, o Options) error {
	n := o.CacheEntries
	speed := Table{
		Caption: fmt.Sprintf("Speed, ns of processor time, with room for %s good tokens; tokens of %d bytes", number(float64(n)), tokencache.TokenSize),
		Columns: []string{"", "hit", "quartiles", "allocations", fmt.Sprintf("hit, %d at once", runtime.GOMAXPROCS(0)), "9 hits, 1 miss, at once", "miss, full cache", "allocations"},
	}
	rows := make(map[string][]string)
	if err := r.cacheSpeed(ctx, o, rows); err != nil {
		return err
	}
	keeping := Table{
		Caption: "What is kept",
		Columns: []string{"", "hit ratio, room for 10 % of the users", "for 50 %", "good tokens left after a flood of refused ones", "in the flood, hits among good calls"},
	}
	kept := make(map[string][]string)
	if err := r.cacheRatios(ctx, o, kept); err != nil {
		return err
	}
	if err := r.cacheFlood(ctx, o, kept); err != nil {
		return err
	}
	for _, kind := range tokencache.Kinds() {
		speed.Rows = append(speed.Rows, append([]string{kind.Name}, rows[kind.Name]...))
		keeping.Rows = append(keeping.Rows, append([]string{kind.Name}, kept[kind.Name]...))
	}
	r.Sections = append(r.Sections, Section{
		Title: "The cache itself",
		Text: "auth.Cache beside the same job done with libraries: digests as keys, the verifier's own deadline for each entry, refusals too. " +
			"otter has refusals in a second cache, as auth.Cache has them in a second table, or everything in one. The verifier behind does nothing but make claims.",
		Tables: []Table{speed, keeping},
		After:  r.verdict(),
	})
	return nil
}

func (r *Result) cacheSpeed(ctx context.Context, o Options, rows map[string][]string) error {
	n := o.CacheEntries
	known := tokencache.NewTokens(n/2, 11).All()
	unknown := tokencache.NewTokens(8*n, 12).All()
	caches, err := keepers(tokencache.Sizes{Claims: n, Refusals: n / 8})
	if err != nil {
		return err
	}
	full, err := keepers(tokencache.Sizes{Claims: n, Refusals: n / 8})
	if err != nil {
		return err
	}
	var hits, misses, parallel, mixed []measure.Subject
	for i, k := range caches {
		// Twice, for policies that let in only who comes again.
		k.ask(ctx, known, 0, 2*len(known))
		next := 0
		hits = append(hits, measure.Subject{Name: k.name, Do: func(n int) error {
			k.ask(ctx, known, next, n)
			next = (next + n) % len(known)
			return nil
		}})
		parallel = append(parallel, measure.Subject{Name: k.name, Do: func(n int) error {
			atOnce(n, func(worker, n int) { k.ask(ctx, known, worker*len(known)/8, n) })
			return nil
		}})
		f := full[i]
		f.ask(ctx, unknown, 0, len(unknown))
		at := 0
		misses = append(misses, measure.Subject{Name: k.name, Do: func(n int) error {
			f.ask(ctx, unknown, at, n)
			at = (at + n) % len(unknown)
			return nil
		}})
		turn := 0
		mixed = append(mixed, measure.Subject{Name: k.name, Do: func(n int) error {
			turn += n
			atOnce(n, func(worker, n int) {
				for i := range n {
					if i%10 == 0 {
						_, _ = k.Verify(ctx, unknown[(turn+worker*len(unknown)/8+i/10)%len(unknown)])
					} else {
						_, _ = k.Verify(ctx, known[i%len(known)])
					}
				}
			})
			return nil
		}})
	}
	one := measure.OneCore()
	hit, err := measure.Rounds(hits, o.Rounds, o.Slot)
	if err != nil {
		return err
	}
	miss, err := measure.Rounds(misses, o.Rounds, o.Slot)
	one()
	if err != nil {
		return err
	}
	counts := fit(hit, o.Slot)
	hitAtOnce, err := measure.Turns(parallel, counts, o.Rounds, runtime.GC)
	if err != nil {
		return err
	}
	mixedAtOnce, err := measure.Turns(mixed, counts, o.Rounds, runtime.GC)
	if err != nil {
		return err
	}
	for i, k := range caches {
		h, m, p, x := measure.Of(hit[i].Values), measure.Of(miss[i].Values), measure.Of(hitAtOnce[i]), measure.Of(mixedAtOnce[i])
		rows[k.name] = []string{
			number(h.Median), quartiles(h), count(hit[i].Allocs), number(p.Median), number(x.Median), number(m.Median), count(miss[i].Allocs),
		}
		r.set(h, "cache_hit_ns", k.name)
		r.set(m, "cache_miss_ns", k.name)
		r.set(p, "cache_parallel_hit_ns", k.name)
		r.set(x, "cache_mixed_ns", k.name)
		r.setExactly(hit[i].Allocs, "cache_hit_allocs", k.name)
		r.set(measure.Ratio(hit[i].Values, hit[0].Values), "cache_hit_by_ours", k.name)
		r.set(measure.Ratio(hitAtOnce[i], hitAtOnce[0]), "cache_parallel_hit_by_ours", k.name)
	}
	return nil
}

// atOnce divides n times among as many goroutines as there are cores.
func atOnce(n int, f func(worker, n int)) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() { f(w, (n+workers-1)/workers) })
	}
	group.Wait()
}

// fit returns how many hits fill a slot on every core.
func fit(series []measure.Series, slot time.Duration) []int {
	counts := make([]int, len(series))
	for i, s := range series {
		counts[i] = max(100, int(float64(slot)/measure.Of(s.Values).Median)) * runtime.GOMAXPROCS(0)
	}
	return counts
}

// cacheRatios replays Zipf traffic against caches that are too small.
func (r *Result) cacheRatios(ctx context.Context, o Options, rows map[string][]string) error {
	users := o.CacheEntries
	calls := visits(users, 20*users)
	index := make(map[visit]int)
	for _, v := range calls {
		if _, ok := index[v]; !ok {
			index[v] = len(index)
		}
	}
	tokens := tokencache.NewTokens(len(index), 13).All()
	for _, share := range []int{10, 50} {
		caches, err := keepers(tokencache.Sizes{Claims: users * share / 100, Refusals: 1})
		if err != nil {
			return err
		}
		for _, k := range caches {
			for _, v := range calls {
				if _, err := k.Verify(ctx, tokens[index[v]]); err != nil {
					return fmt.Errorf("%s: %w", k.name, err)
				}
			}
			ratio := 1 - float64(k.calls.Calls.Load())/float64(len(calls))
			rows[k.name] = append(rows[k.name], percent(ratio))
			r.setExactly(ratio, fmt.Sprintf("cache_hit_ratio_zipf_%d_percent", share), k.name)
		}
	}
	return nil
}

// cacheFlood lets made-up tokens come in between good ones, ten for one, and
// looks which of the good ones are known afterwards.
func (r *Result) cacheFlood(ctx context.Context, o Options, rows map[string][]string) error {
	n := o.CacheEntries
	good, bad := tokencache.NewTokens(n/2, 14).All(), tokencache.NewBadTokens(20*n, 15).All()
	caches, err := keepers(tokencache.Sizes{Claims: n, Refusals: n / 8})
	if err != nil {
		return err
	}
	for _, k := range caches {
		random := rand.New(rand.NewPCG(3, 4))
		k.ask(ctx, good, 0, 3*len(good))
		var missed, asked int64
		for i, token := range bad {
			_, _ = k.Verify(ctx, token)
			if i%10 == 0 {
				before := k.calls.Calls.Load()
				_, _ = k.Verify(ctx, good[random.IntN(len(good)/10)]) // those who call often
				missed += k.calls.Calls.Load() - before
				asked++
			}
		}
		before := k.calls.Calls.Load()
		k.ask(ctx, good, 0, len(good))
		left := 1 - float64(k.calls.Calls.Load()-before)/float64(len(good))
		during := 1 - float64(missed)/float64(asked)
		rows[k.name] = append(rows[k.name], percent(left), percent(during))
		r.setExactly(left, "cache_left_after_flood", k.name)
		r.setExactly(during, "cache_hit_ratio_in_flood", k.name)
	}
	return nil
}

// verdict says which cache it is to be, with the numbers of this run.
func (r *Result) verdict() string {
	number := func(key, name string) string { return number(r.Numbers[Key(key, name)]) }
	share := func(key, name string) string { return percent(r.Numbers[Key(key, name)]) }
	const small = "cache_hit_ratio_zipf_10_percent"
	policy := "Their policies keep about as much of what is worth keeping in a cache that is too small"
	switch lead := r.Numbers[Key(small, tokencache.Otter)] - r.Numbers[Key(small, tokencache.Ours)]; {
	case lead > 0.01:
		policy = "otter's policy keeps more of what is worth keeping in a cache that is too small"
	case lead < -0.01:
		policy = "Here more is kept of what is worth keeping in a cache that is too small"
	}
	return fmt.Sprintf("**Ours or otter?** Ours. Speed does not decide it: a hit takes %s ns here and %s there, a miss in a full cache %s and %s. "+
		"%s (%s of hits here and %s there, with room for a tenth of the users); that counts for little where a token takes a kilobyte and the default cache holds 65,536. "+
		"What decides is what would have to be built around otter all the same: entries end when their key is withdrawn (asked on every hit, without a listener), "+
		"an answer that was under way when something was invalidated is not stored, all callers of a token wait for one question that belongs to none of them, "+
		"and refusals have a space of their own. With one otter for both, a flood of refused tokens leaves %s of the good ones; with two of them %s, with auth.Cache %s. "+
		"Besides, otter does its maintenance in goroutines, and package auth imports the standard library only.",
		number("cache_hit_ns", tokencache.Ours), number("cache_hit_ns", tokencache.Otter), number("cache_miss_ns", tokencache.Ours), number("cache_miss_ns", tokencache.Otter),
		policy, share(small, tokencache.Ours), share(small, tokencache.Otter),
		share("cache_left_after_flood", tokencache.OtterOne), share("cache_left_after_flood", tokencache.Otter), share("cache_left_after_flood", tokencache.Ours))
}
