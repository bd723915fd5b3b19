// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Two who change one bucket, in which everything has the same tag, each find what
// they stored and nothing else; and the table's counts are right.
func TestOneBucketAtOnce(t *testing.T) {
	table := newCacheTable[int](6, 0)
	var group sync.WaitGroup
	for worker := range 2 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			mine := make(map[byte]*cacheEntry[int])
			for n := range 100_000 {
				id := byte(random.IntN(3)*2 + worker)
				key := cacheKey{9: id}
				switch random.IntN(3) {
				case 0:
					mine[id] = &cacheEntry[int]{key: key, asked: int64(n), known: n}
					table.store(mine[id], func() bool { return true })
				case 1:
					table.remove(key, nil)
					delete(mine, id)
				}
				if got := table.find(key); got != mine[id] {
					t.Errorf("found %v, want %v", got, mine[id])
					return
				}
			}
		})
	}
	group.Wait()
	entries := int64(0)
	all := table.current.Load()
	for n := range all.list {
		b := &all.list[n]
		for slot := range b.slots {
			e, has := b.slots[slot].Load(), byte(b.tags.Load()>>(8*slot))
			if e != nil {
				entries++
			}
			if e == nil && has != 0 || e != nil && has != tag(e.key) {
				t.Errorf("slot %d of bucket %d has the tag %#x", slot, n, has)
			}
		}
	}
	if got := table.entries.Load(); got != entries {
		t.Errorf("%d entries are counted, and there are %d", got, entries)
	}
}

func nth(n int) cacheKey { return sha256.Sum256([]byte{byte(n), byte(n >> 8), byte(n >> 16)}) }

// While the table grows, everybody finds all that they stored, and nothing that they
// removed.
func TestGrowing(t *testing.T) {
	const n, workers = 20_000, 4
	table := newCacheTable[int](10*n, 0)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 5))
			gone := make(map[int]bool)
			for i := worker; i < n; i += workers {
				table.store(&cacheEntry[int]{key: nth(i), size: 1, known: i}, func() bool { return true })
				if i%10 == worker {
					table.remove(nth(i), nil)
					gone[i] = true
				}
				before := worker + random.IntN(i/workers+1)*workers
				if e := table.find(nth(before)); (e == nil) != gone[before] || e != nil && e.known != before {
					t.Errorf("of %d there is %v", before, e)
					return
				}
			}
		})
	}
	group.Wait()
	left := int64(0)
	for i := range n {
		if table.find(nth(i)) != nil {
			left++
		}
	}
	if entries, bytes := table.entries.Load(), table.bytes.Load(); entries != left || bytes != left {
		t.Errorf("%d entries of %d bytes are counted, and there are %d", entries, bytes, left)
	}
}

// Two who find the same bucket full make the table grow once.
func TestGrowingAtOnce(t *testing.T) {
	table, current := newCacheTable[int](10_000, 0), func() bool { return true }
	table.store(&cacheEntry[int]{key: nth(1)}, current)
	from := table.current.Load()
	table.grow(from)
	table.store(&cacheEntry[int]{key: nth(2)}, current)
	table.grow(from)
	for i := 1; i <= 2; i++ {
		if table.find(nth(i)) == nil {
			t.Errorf("%d is lost", i)
		}
	}
	if room := table.current.Load().room; room != firstRoom*growth {
		t.Errorf("there is room for %d", room)
	}
}

// What is removed while the table grows does not come back.
func TestRemovingWhileGrowing(t *testing.T) {
	const n = 20_000
	for range 10 {
		table := newCacheTable[int](10*n, 0)
		var stored atomic.Int64
		var group sync.WaitGroup
		group.Go(func() {
			for i := range n {
				table.store(&cacheEntry[int]{key: nth(i), known: i}, func() bool { return true })
				stored.Store(int64(i))
			}
		})
		for stored.Load() < n-1 {
			before := int(stored.Load())
			table.removeAll(func(i *int) bool { return *i%2 == 0 })
			for i := 0; i < before; i += 2 {
				if table.find(nth(i)) != nil {
					t.Fatalf("%d of %d is still there", i, before)
				}
			}
		}
		group.Wait()
	}
}

// In a full bucket every entry is found, whatever the tags beside its own.
func TestTags(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		table := newCacheTable[int](1, 0)
		b := &table.current.Load().list[0]
		base := byte(random.IntN(256))
		var keys [slots]cacheKey
		for i := range keys {
			keys[i] = cacheKey{1: byte(i), len(keys[i]) - 1: base ^ byte(random.IntN(3))}
			table.put(b, i, &cacheEntry[int]{key: keys[i]})
		}
		for i := range keys {
			if e := table.find(keys[i]); e == nil || e.key != keys[i] {
				t.Fatalf("entry %d of %x: found %v", i, keys, e)
			}
		}
		if e := table.find(cacheKey{1: 99, len(keys[0]) - 1: base}); e != nil {
			t.Fatalf("found %v for a key that is not there", e)
		}
	}
}

// An answer that is too large to keep still ends the one before it.
func TestTooLargeAnAnswer(t *testing.T) {
	table, current := newCacheTable[int](10, 1000), func() bool { return true }
	key := cacheKey{1}
	table.store(&cacheEntry[int]{key: key, asked: 2, size: 10}, current)
	table.store(&cacheEntry[int]{key: key, asked: 1, size: 1000}, current)
	if table.find(key) == nil {
		t.Error("an older answer has ended a newer one")
	}
	table.store(&cacheEntry[int]{key: key, asked: 3, size: 1000}, current)
	if table.find(key) != nil {
		t.Error("the older answer is still there")
	}
}

// A digest says nothing to another cache, and depends on scheme and token alone.
func TestCacheKey(t *testing.T) {
	var keys []cacheKey
	for range 2 {
		k, err := Cached(new(asking), CacheConfig{Entries: 1, Refusals: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []Credential{bearerCredential("a"), bearerCredential("b"), {data: bearerCredential("a").data, size: 1}} {
			key := k.key(c)
			if again := k.key(c); again != key {
				t.Errorf("%v has two digests", c)
			}
			keys = append(keys, key)
		}
	}
	for i, key := range keys {
		if slices.Contains(keys[:i], key) {
			t.Errorf("%d has the digest of another one", i)
		}
	}
}
