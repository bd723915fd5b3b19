// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"hash/maphash"
	"sync/atomic"
)

// regularSlots bounds the tokens that are known as regulars: half a megabyte.
const regularSlots = 1 << 16

// regulars remembers which tokens were good lately, to tell who is served first
// when not all can be. Nobody gets in who was not good once. It holds a hash of
// 64 bits, which is too little to accept a token by and enough for this: who is
// taken for a regular by chance waits in the better queue.
type regulars struct {
	seed  maphash.Seed
	slots []atomic.Uint64
}

func newRegulars() *regulars {
	return &regulars{seed: maphash.MakeSeed(), slots: make([]atomic.Uint64, regularSlots)}
}

func (r *regulars) slot(token string) (*atomic.Uint64, uint64) {
	h := maphash.String(r.seed, token) | 1 // zero is nobody
	return &r.slots[h>>48], h
}

func (r *regulars) has(token string) bool {
	slot, h := r.slot(token)
	return slot.Load() == h
}

func (r *regulars) add(token string) {
	slot, h := r.slot(token)
	slot.Store(h)
}

func (r *regulars) remove(token string) {
	slot, h := r.slot(token)
	slot.CompareAndSwap(h, 0)
}
