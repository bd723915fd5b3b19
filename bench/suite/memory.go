// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/measure"
	"github.com/bearerkit/bearerkit/bench/rig"
	"github.com/bearerkit/bearerkit/bench/tokencache"
)

// memory measures what a cached token takes.
func (r *Result) memory(ctx context.Context, o Options) error {
	section := Section{
		Title: "Memory for a token",
		Text: "Bytes on the heap for each token, after collecting garbage. “Its own claims” is the JSON document of the token, which is kept for auth.ClaimsAs; " +
			"“tables” is what an empty cache of that size takes, “the rest” what else comes with a token.",
	}
	if err := r.realMemory(ctx, o, &section); err != nil {
		return err
	}
	table := Table{
		Caption: "Claims as a verifier of JWTs makes them, without a verifier; the claims are the same for all",
		Columns: []string{"", "tokens", "tables", "the rest", "its own claims", "all but its own claims"},
	}
	const own = float64(tokencache.PayloadSize)
	for _, n := range o.MemoryEntries {
		for _, kind := range tokencache.Kinds() {
			if kind.Name == tokencache.OtterOne || kind.Name == tokencache.HashiCorps && n > 100_000 {
				continue // it is otter all the same; it grows in proportion
			}
			tables, entries, err := cacheMemory(ctx, kind, n)
			if err != nil {
				return err
			}
			rest := entries - own
			table.Rows = append(table.Rows, []string{kind.Name, number(float64(n)), number(tables), number(rest), number(own), number(tables + rest)})
			r.setExactly(tables+rest, "cache_bytes_per_token", kind.Name, fmt.Sprint(n))
		}
	}
	section.Tables = append(section.Tables, table)
	r.Sections = append(r.Sections, section)
	return nil
}

// realMemory is that of a Guard, with tokens that were signed.
func (r *Result) realMemory(ctx context.Context, o Options, section *Section) error {
	issuer, err := rig.NewIssuer("EdDSA")
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	table := Table{
		Caption: "bearerkit, behind a real verifier",
		Columns: []string{"tokens", "tables", "the rest", "its own claims", "all but its own claims", "all"},
	}
	for _, n := range o.MemoryEntries {
		if n > 10_000 {
			continue // signing a million tokens takes minutes
		}
		// As many guards as it takes for what is measured to stand out.
		guards := max(1, 100/n)
		tokens := issuer.Tokens(n)
		own := 0.0
		for _, token := range tokens {
			own += float64(base64.RawURLEncoding.DecodedLen(len(strings.Split(token, ".")[1]))) / float64(n)
		}
		instances := make([]*contestant.Instance, guards)
		c, err := contestant.ByName(contestant.OursCached)
		if err != nil {
			return err
		}
		probe := tokens[0]
		// What verifying needs besides is there before.
		if err := startAll(ctx, c, issuer, n, instances); err != nil {
			return err
		}
		cold := make([]*contestant.Instance, guards)
		if err := startAll(ctx, c, issuer, n, cold); err != nil {
			return err
		}
		for _, instance := range cold { // fetches keys, and is measured as the base
			if err := instance.Decide(contestant.NewInput(ctx, probe)); err != nil {
				return err
			}
		}
		for _, instance := range instances {
			if err := instance.Decide(contestant.NewInput(ctx, issuer.Forged())); err == nil {
				return errors.New("a forged token passes")
			}
		}
		before := measure.Heap()
		for _, instance := range instances {
			for _, token := range tokens {
				if err := instance.Decide(contestant.NewInput(ctx, token)); err != nil {
					return err
				}
			}
		}
		after := measure.Heap()
		tables, err := tablesOf(n)
		if err != nil {
			return err
		}
		all := (after - before) / float64(guards*n)
		rest := all - own
		table.Rows = append(table.Rows, []string{number(float64(n)), number(tables), number(rest), number(own), number(tables + rest), number(tables + all)})
		at := fmt.Sprint(n)
		r.setExactly(tables+rest, "bytes_per_cached_token", at)
		r.setExactly(tables+all, "bytes_per_cached_token_with_claims", at)
		// That of the most tokens counts.
		r.setExactly(tables+rest, "bytes_per_cached_token")
		r.setExactly(tables+all, "bytes_per_cached_token_with_claims")
		runtime.KeepAlive(instances)
		for _, instance := range append(instances, cold...) {
			instance.Stop()
		}
	}
	section.Tables = append(section.Tables, table)
	return nil
}

func startAll(ctx context.Context, c contestant.Contestant, issuer *rig.Issuer, entries int, into []*contestant.Instance) error {
	target := issuer.Target()
	target.Entries = entries
	for i := range into {
		var err error
		if into[i], err = c.Start(ctx, target); err != nil {
			return err
		}
	}
	return nil
}

// tablesOf returns the bytes per token of an empty cache of that size.
func tablesOf(n int) (float64, error) {
	kind, err := tokencache.ByName(tokencache.Ours)
	if err != nil {
		return 0, err
	}
	caches := make([]auth.Verifier, max(1, 1000/n))
	verifier := &tokencache.Verifier{Lifetime: time.Hour}
	before := measure.Heap()
	for i := range caches {
		if caches[i], err = kind.New(verifier, tokencache.Sizes{Claims: n, Refusals: 1}); err != nil {
			return 0, err
		}
	}
	after := measure.Heap()
	runtime.KeepAlive(caches)
	return (after - before) / float64(len(caches)*n), nil
}

// cacheMemory returns the bytes per token of an empty cache and of what comes
// with the tokens.
func cacheMemory(ctx context.Context, kind tokencache.Kind, n int) (tables, entries float64, err error) {
	verifier := &tokencache.Verifier{Lifetime: time.Hour}
	tokens := tokencache.NewTokens(n, 21)
	caches := make([]auth.Verifier, max(1, 1000/n))
	before := measure.Heap()
	for i := range caches {
		if caches[i], err = kind.New(verifier, tokencache.Sizes{Claims: n, Refusals: 1}); err != nil {
			return 0, 0, err
		}
	}
	empty := measure.Heap()
	for range 2 { // for a policy that does not take everybody the first time
		for _, cache := range caches {
			for i := range n {
				if _, err := cache.Verify(ctx, tokens.At(i)); err != nil {
					return 0, 0, err
				}
			}
		}
	}
	full := measure.Heap()
	runtime.KeepAlive(caches)
	runtime.KeepAlive(tokens)
	count := float64(len(caches) * n)
	return (empty - before) / count, (full - empty) / count, nil
}
