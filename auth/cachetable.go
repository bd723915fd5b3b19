// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"
)

// lineSize is that of the processor's caches, mostly.
const lineSize = 64

// slots is how many entries a bucket has room for, so that it is one line of the
// processor's memory: who looks for an entry reads that line, and then the entry,
// which begins with its digest and goes on with what is known.
const slots = 7

// slotsForTwo is how many slots a table has for two entries. Digests spread
// evenly; with so many, a full table has room in its place for all but one entry
// in some hundreds, and that one displaces another a little early.
const slotsForTwo = 5

// cacheTable keeps entries by digest, within bounds. Looking up takes no lock and
// writes nothing that other cores read, but for a mark on an entry that was not
// used for a while. What is used lately stays (second chance).
type cacheTable[T any] struct {
	current    atomic.Pointer[buckets[T]]
	locks      [64]sync.Mutex // of changes, each for some of the buckets; to replace them takes all
	growing    sync.Mutex     // before all of these
	maxEntries int64
	maxBytes   int64 // zero for no bound

	entries, bytes atomic.Int64
	hand           atomic.Uint64 // the bucket to make room in next
}

// buckets are those of a table until one of them is full. Few entries are in few
// places, which the processor's caches have at hand.
type buckets[T any] struct {
	list []bucket[T]
	room int64 // for about so many entries, as many as the table may have in the end
}

const (
	firstRoom = 1500
	growth    = 2
	// minBuckets is so many that Go begins a list of them at a page, and not with a
	// word of its own, which would have every bucket in two lines. Up to fewBuckets
	// have no such word either.
	minBuckets, fewBuckets = 512, 8
)

type bucket[T any] struct {
	tags  atomic.Uint64 // a byte for each slot: its entry's tag, or zero
	slots [slots]atomic.Pointer[cacheEntry[T]]
}

// cacheEntry is what is known of a token. It is immutable but for used.
type cacheEntry[T any] struct {
	key   cacheKey
	asked int64 // the place of the answer in the order of questions
	size  uint32
	used  atomic.Bool
	known T // in the entry, so that there is one place less to look at
}

func newCacheTable[T any](entries int, bytes int64) *cacheTable[T] {
	t := &cacheTable[T]{maxEntries: int64(entries), maxBytes: bytes}
	t.current.Store(newBuckets[T](min(t.maxEntries, firstRoom)))
	return t
}

func newBuckets[T any](room int64) *buckets[T] {
	n := (room*slotsForTwo/2 + slots) / slots
	if n > fewBuckets {
		n = max(n, minBuckets)
	}
	return &buckets[T]{list: make([]bucket[T], n), room: room}
}

// touch has the system find memory for the buckets.
func (b *buckets[T]) touch() {
	const page = 4096 / lineSize
	for n := 0; n < len(b.list); n += page {
		b.list[n].tags.Store(0)
	}
}

// place returns the number of the bucket for a key.
func (b *buckets[T]) place(key cacheKey) uint64 {
	n, _ := bits.Mul64(binary.LittleEndian.Uint64(key[:]), uint64(len(b.list)))
	return n
}

// lock locks the bucket for a key against changes, and returns it among all that
// there are.
func (t *cacheTable[T]) lock(key cacheKey) (all *buckets[T], b *bucket[T], mu *sync.Mutex) {
	for b == nil {
		all = t.current.Load()
		b, mu = t.lockOf(all, all.place(key))
	}
	return all, b, mu
}

// lockOf locks one of these buckets, unless they have been replaced.
func (t *cacheTable[T]) lockOf(all *buckets[T], n uint64) (*bucket[T], *sync.Mutex) {
	mu := &t.locks[n%uint64(len(t.locks))]
	mu.Lock()
	if t.current.Load() != all {
		mu.Unlock()
		return nil, nil
	}
	return &all.list[n], mu
}

// tag is a byte of the digest that has no part in its place, and not zero.
func tag(key cacheKey) byte { return max(key[len(key)-1], 1) }

const everyByte = 0x0101010101010101

// find looks only at entries that have the tag of the key: others are in memory
// that nothing else has to be read of.
func (t *cacheTable[T]) find(key cacheKey) *cacheEntry[T] {
	all := t.current.Load()
	b := &all.list[all.place(key)]
	// The bytes that are zero now are marked by their highest bit, and perhaps some
	// above them.
	differ := b.tags.Load() ^ uint64(tag(key))*everyByte
	for marks := (differ - everyByte) &^ differ & (everyByte << 7); marks != 0; marks &= marks - 1 {
		slot := bits.TrailingZeros64(marks) / 8
		if slot == slots {
			break
		}
		if e := b.slots[slot].Load(); e != nil && e.key == key {
			if !e.used.Load() {
				e.used.Store(true)
			}
			return e
		}
	}
	return nil
}

// store puts an entry in, in place of an older one with the same key, if current
// still says so once nobody else can change the bucket.
func (t *cacheTable[T]) store(e *cacheEntry[T], current func() bool) {
	if t.maxBytes > 0 && int64(e.size) > t.maxBytes/slots {
		t.removeBefore(e.key, e.asked)
		return // it would displace everything
	}
	b, slot, mu := t.lockSlot(e.key)
	if old := b.slots[slot].Load(); !current() || old != nil && old.key == e.key && old.asked > e.asked {
		mu.Unlock()
		return
	}
	t.put(b, slot, e)
	mu.Unlock()
	// Twice around at most: once to take the marks, once to remove.
	for n := 0; t.full() && n < 2*len(t.current.Load().list)+1; n++ {
		t.makeRoom(e)
	}
}

// lockSlot locks the bucket for a key, and returns it with the slot in it. Until the
// table has its full size, it grows rather than displaces.
func (t *cacheTable[T]) lockSlot(key cacheKey) (b *bucket[T], slot int, mu *sync.Mutex) {
	for {
		var all *buckets[T]
		var free bool
		all, b, mu = t.lock(key)
		if slot, free = b.slot(key); free || all.room == t.maxEntries {
			return b, slot, mu
		}
		mu.Unlock()
		t.grow(all)
	}
}

// grow replaces buckets that are too few, unless somebody else has. Whoever looks up
// meanwhile finds what was there when that began; whoever changes something waits.
func (t *cacheTable[T]) grow(from *buckets[T]) {
	t.growing.Lock()
	defer t.growing.Unlock()
	if t.current.Load() != from {
		return
	}
	to := newBuckets[T](min(from.room*growth, t.maxEntries))
	to.touch() // while nobody waits
	for i := range t.locks {
		t.locks[i].Lock()
		defer t.locks[i].Unlock()
	}
	for n := range from.list {
		for i := range from.list[n].slots {
			if e := from.list[n].slots[i].Load(); e != nil {
				b := &to.list[to.place(e.key)]
				slot, _ := b.slot(e.key)
				t.put(b, slot, e)
				t.count(e, -1) // it was there before
			}
		}
	}
	t.current.Store(to)
}

// slot returns the slot for a key: its own or a free one, or else that of whatever is
// to go.
func (b *bucket[T]) slot(key cacheKey) (slot int, free bool) {
	slot = -1
	for i := range b.slots {
		e := b.slots[i].Load()
		switch {
		case e == nil:
			slot = i
		case e.key == key:
			return i, true
		}
	}
	if slot >= 0 {
		return slot, true
	}
	return b.victim(nil), false
}

// victim returns a slot whose entry was not used since this was asked last, but
// not that of keep, or -1 if there is none.
func (b *bucket[T]) victim(keep *cacheEntry[T]) int {
	found := -1
	for i := range b.slots {
		e := b.slots[i].Load()
		if e == nil || e == keep {
			continue
		}
		if !e.used.Swap(false) && found < 0 {
			found = i
		}
	}
	if found < 0 && keep == nil {
		return 0 // all were used
	}
	return found
}

// put changes a slot of a locked bucket. Between the two writes a look-up finds
// nothing, or compares digests that differ.
func (t *cacheTable[T]) put(b *bucket[T], slot int, e *cacheEntry[T]) {
	old := b.slots[slot].Swap(e)
	tags := b.tags.Load() &^ (0xff << (8 * slot))
	if old != nil {
		t.count(old, -1)
	}
	if e != nil {
		tags |= uint64(tag(e.key)) << (8 * slot)
		t.count(e, 1)
	}
	b.tags.Store(tags)
}

// count counts an entry, or one less.
func (t *cacheTable[T]) count(e *cacheEntry[T], n int64) {
	t.entries.Add(n)
	t.bytes.Add(n * int64(e.size))
}

func (t *cacheTable[T]) full() bool {
	return t.entries.Load() > t.maxEntries || t.maxBytes > 0 && t.bytes.Load() > t.maxBytes
}

// makeRoom removes an entry of the next bucket that was not used lately, if
// there is one besides keep.
func (t *cacheTable[T]) makeRoom(keep *cacheEntry[T]) {
	all := t.current.Load()
	b, mu := t.lockOf(all, t.hand.Add(1)%uint64(len(all.list)))
	if b == nil {
		return // who calls this does so again
	}
	defer mu.Unlock()
	if slot := b.victim(keep); slot >= 0 {
		t.put(b, slot, nil)
	}
}

// remove removes the entry with this key; if e is not nil, only if it is e.
func (t *cacheTable[T]) remove(key cacheKey, e *cacheEntry[T]) {
	t.removeIf(key, func(found *cacheEntry[T]) bool { return e == nil || found == e })
}

// removeBefore removes the entry with this key if its answer was asked for before.
func (t *cacheTable[T]) removeBefore(key cacheKey, asked int64) {
	t.removeIf(key, func(found *cacheEntry[T]) bool { return found.asked < asked })
}

func (t *cacheTable[T]) removeIf(key cacheKey, match func(*cacheEntry[T]) bool) {
	_, b, mu := t.lock(key)
	defer mu.Unlock()
	for i := range b.slots {
		if found := b.slots[i].Load(); found != nil && found.key == key && match(found) {
			t.put(b, i, nil)
			return
		}
	}
}

func (t *cacheTable[T]) removeAll(match func(*T) bool) {
	for all := t.current.Load(); !t.removeFrom(all, match); all = t.current.Load() {
		continue // they have been replaced meanwhile
	}
}

// removeFrom reports whether these buckets were those of the table all the time.
func (t *cacheTable[T]) removeFrom(all *buckets[T], match func(*T) bool) bool {
	for n := range all.list {
		b, mu := t.lockOf(all, uint64(n)) //nolint:gosec // an index
		if b == nil {
			return false
		}
		for slot := range b.slots {
			if e := b.slots[slot].Load(); e != nil && match(&e.known) {
				t.put(b, slot, nil)
			}
		}
		mu.Unlock()
	}
	return true
}
