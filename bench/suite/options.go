// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package suite runs the comparison: what a check costs, what an RPC costs, what
// a cache keeps, and what becomes of callers when the issuer is in trouble.
package suite

import (
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/bench/contestant"
)

// Options say how long everything is measured.
type Options struct {
	// Quick says so in the results.
	Quick bool
	// Servers are the names of the contestants that are put before a server; all
	// of them if there are none.
	Servers []string

	// Rounds and Slot are how often contestants take turns, and for how long.
	Rounds int
	Slot   time.Duration
	// Tokens are how many different ones take turns.
	Tokens int

	// RPCs are how many make one turn of a server, which are started anew RPCSets
	// times for RPCRounds rounds each.
	RPCs, RPCSets, RPCRounds int
	// Streams make a turn too, each of so many messages.
	Streams, StreamMessages int

	LoadSlot            time.Duration // of a server under load
	LoadRounds          int
	Callers             []int
	ZipfRPCs, ZipfUsers int
	ZipfRounds          int

	// MemoryEntries are how many tokens a cache has when its memory is measured,
	// FlatEntries those when its speed is.
	MemoryEntries, FlatEntries []int

	ColdCallers int
	// RotationTime and OutageTime are how long those storms last; KeyLifetime is
	// that of keys during the outage.
	RotationTime, OutageTime, KeyLifetime time.Duration
	// Patience is how long a caller waits for its answer during a storm.
	Patience time.Duration

	// CacheEntries is the size of the caches that are compared.
	CacheEntries int
}

// Full takes some minutes.
func Full() Options {
	return Options{
		Rounds: 40, Slot: 8 * time.Millisecond, Tokens: 1000,
		RPCs: 400, RPCSets: 4, RPCRounds: 4, Streams: 1, StreamMessages: 1000,
		LoadSlot: 200 * time.Millisecond, LoadRounds: 3, Callers: []int{1, 2, 64},
		ZipfRPCs: 15_000, ZipfUsers: 4000, ZipfRounds: 3,
		MemoryEntries: []int{1, 10_000, 1_000_000}, FlatEntries: []int{100, 1000, 10_000, 100_000, 1_000_000},
		ColdCallers: 10_000, RotationTime: 15 * time.Second, OutageTime: 12 * time.Second, KeyLifetime: time.Second, Patience: 2 * time.Second,
		CacheEntries: 10_000,
	}
}

// Quick takes less than a minute; its spread is wider, and its storms are short.
func Quick() Options {
	return Options{
		Quick: true,
		Servers: []string{
			contestant.OursCached, contestant.OursCold, contestant.OursOpaque, contestant.GolangJWT, contestant.GolangJWTLRU,
			contestant.Authn, contestant.AuthnLRU,
		},
		Rounds: 12, Slot: 3 * time.Millisecond, Tokens: 500,
		RPCs: 200, RPCSets: 3, RPCRounds: 2, Streams: 1, StreamMessages: 1000,
		LoadSlot: 100 * time.Millisecond, LoadRounds: 1, Callers: []int{1, 2, 64},
		ZipfRPCs: 2000, ZipfUsers: 500, ZipfRounds: 1,
		MemoryEntries: []int{1, 10_000}, FlatEntries: []int{100, 10_000},
		ColdCallers: 2000, RotationTime: 3 * time.Second, OutageTime: 4 * time.Second, KeyLifetime: time.Second, Patience: 2 * time.Second,
		CacheEntries: 2000,
	}
}

// servers are the contestants that are put before a server.
func (o Options) servers() []contestant.Contestant {
	return slices.DeleteFunc(contestant.All(), func(c contestant.Contestant) bool {
		return len(o.Servers) > 0 && !slices.Contains(o.Servers, c.Name)
	})
}
