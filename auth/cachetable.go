// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// slots is how many entries a bucket has room for. Digests spread evenly; with
// twice as many slots as entries, a bucket is full before the table is in one
// case of thousands, and then only forgets a little early.
const slots = 8

// cacheTable keeps entries by digest, within bounds. Looking up takes no lock and
// writes nothing that other cores read, but for a mark on an entry that was not
// used for a while. What is used lately stays (second chance).
type cacheTable struct {
	buckets    []bucket
	maxEntries int64
	maxBytes   int64 // zero for no bound

	entries, bytes atomic.Int64
	hand           atomic.Uint64 // the bucket to make room in next
}

type bucket struct {
	mu    sync.Mutex // of changes
	slots [slots]atomic.Pointer[cacheEntry]
}

// cacheEntry is a token that was verified, or refused. It is immutable but for
// used.
type cacheEntry struct {
	key     cacheKey
	asked   int64 // the place of the answer in the order of questions
	claims  *Claims
	refusal *Error
	until   time.Time // of a refusal
	size    int64
	used    atomic.Bool
}

func newCacheTable(entries int, bytes int64) *cacheTable {
	n := 1
	for n*slots < 2*entries {
		n *= 2
	}
	return &cacheTable{buckets: make([]bucket, n), maxEntries: int64(entries), maxBytes: bytes}
}

func (t *cacheTable) bucket(key cacheKey) *bucket {
	return &t.buckets[binary.LittleEndian.Uint64(key[:])&uint64(len(t.buckets)-1)]
}

func (t *cacheTable) find(key cacheKey) *cacheEntry {
	b := t.bucket(key)
	for i := range b.slots {
		if e := b.slots[i].Load(); e != nil && e.key == key {
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
func (t *cacheTable) store(e *cacheEntry, current func() bool) {
	if t.maxBytes > 0 && e.size > t.maxBytes/slots {
		return // it would displace everything
	}
	b := t.bucket(e.key)
	b.mu.Lock()
	slot := b.place(e.key)
	if old := b.slots[slot].Load(); !current() || old != nil && old.key == e.key && old.asked > e.asked {
		b.mu.Unlock()
		return
	}
	t.put(b, slot, e)
	b.mu.Unlock()
	// Twice around at most: once to take the marks, once to remove.
	for n := 0; t.full() && n < 2*len(t.buckets)+1; n++ {
		t.makeRoom(e)
	}
}

// place returns the slot for a key: its own, a free one, or that of whatever is
// to go.
func (b *bucket) place(key cacheKey) int {
	free := -1
	for i := range b.slots {
		e := b.slots[i].Load()
		switch {
		case e == nil:
			free = i
		case e.key == key:
			return i
		}
	}
	if free >= 0 {
		return free
	}
	return b.victim(nil)
}

// victim returns a slot whose entry was not used since this was asked last, but
// not that of keep, or -1 if there is none.
func (b *bucket) victim(keep *cacheEntry) int {
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

// put changes a slot of a locked bucket.
func (t *cacheTable) put(b *bucket, slot int, e *cacheEntry) {
	old := b.slots[slot].Swap(e)
	if old != nil {
		t.entries.Add(-1)
		t.bytes.Add(-old.size)
	}
	if e != nil {
		t.entries.Add(1)
		t.bytes.Add(e.size)
	}
}

func (t *cacheTable) full() bool {
	return t.entries.Load() > t.maxEntries || t.maxBytes > 0 && t.bytes.Load() > t.maxBytes
}

// makeRoom removes an entry of the next bucket that was not used lately, if
// there is one besides keep.
func (t *cacheTable) makeRoom(keep *cacheEntry) {
	b := &t.buckets[t.hand.Add(1)&uint64(len(t.buckets)-1)]
	b.mu.Lock()
	defer b.mu.Unlock()
	if slot := b.victim(keep); slot >= 0 {
		t.put(b, slot, nil)
	}
}

// remove removes the entry with this key; if e is not nil, only if it is e.
func (t *cacheTable) remove(key cacheKey, e *cacheEntry) {
	t.removeIf(key, func(found *cacheEntry) bool { return e == nil || found == e })
}

// removeBefore removes the entry with this key if its answer was asked for before.
func (t *cacheTable) removeBefore(key cacheKey, asked int64) {
	t.removeIf(key, func(found *cacheEntry) bool { return found.asked < asked })
}

func (t *cacheTable) removeIf(key cacheKey, match func(*cacheEntry) bool) {
	b := t.bucket(key)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.slots {
		if found := b.slots[i].Load(); found != nil && found.key == key && match(found) {
			t.put(b, i, nil)
			return
		}
	}
}

func (t *cacheTable) removeAll(match func(*cacheEntry) bool) {
	for i := range t.buckets {
		b := &t.buckets[i]
		b.mu.Lock()
		for n := range b.slots {
			if e := b.slots[n].Load(); e != nil && match(e) {
				t.put(b, n, nil)
			}
		}
		b.mu.Unlock()
	}
}
