// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
)

// lists are those that many tokens have in common, such as their scopes: an issuer
// grants the same few again and again. Who looks at one of a thousand tokens then
// finds them where they were for the last. A list is taken in when it comes for the
// second time, in place of another one, so that lists which nobody has in common
// cost nothing.
type lists struct {
	seed  maphash.Seed
	slots [64]struct {
		seen atomic.Uint64 // the hash of what came last
		list atomic.Pointer[[]string]
	}
}

// maxShared bounds the lists that are taken in, and their strings.
const maxShared = 32

func newLists() *lists { return &lists{seed: maphash.MakeSeed()} }

// shared returns the list as others have it too, and nil if it is none of theirs.
func (l *lists) shared(list []string) []string {
	if len(list) == 0 || len(list) > maxShared {
		return nil
	}
	var hash uint64
	for _, s := range list {
		hash = hash*31 + maphash.String(l.seed, s)
	}
	slot := &l.slots[hash%uint64(len(l.slots))]
	if known := slot.list.Load(); known != nil && slices.Equal(*known, list) {
		return *known
	}
	if slot.seen.Swap(hash) != hash {
		return nil
	}
	own := make([]string, len(list))
	for i, s := range list {
		if len(s) > maxShared*2 {
			return nil
		}
		own[i] = strings.Clone(s)
	}
	slot.list.Store(&own)
	return own
}
