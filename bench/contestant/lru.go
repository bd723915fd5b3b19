// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"crypto/sha256"
	"time"
	"unsafe"

	lru "github.com/hashicorp/golang-lru/v2"
)

const defaultLRUEntries = 1 << 16

// behindLRU is the cache that people put before a library which has none: least
// recently used goes first, and nothing is served beyond exp. It forgets no
// token whose key was withdrawn, and knows no refusal.
//
// Tokens are known by their digests, as a cache must do that keeps no secrets.
func behindLRU(verify VerifyFunc, entries int) (VerifyFunc, error) {
	cache, err := lru.New[[sha256.Size]byte, *Identity](entriesOr(entries))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) (*Identity, error) {
		key := sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
		return lookup(ctx, cache, key, token, verify)
	}, nil
}

// behindTokenLRU is the same by the token itself, which is quicker and leaves
// every caller's token in memory.
func behindTokenLRU(verify VerifyFunc, entries int) (VerifyFunc, error) {
	cache, err := lru.New[string, *Identity](entriesOr(entries))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) (*Identity, error) {
		return lookup(ctx, cache, token, token, verify)
	}, nil
}

func entriesOr(n int) int {
	if n == 0 {
		return defaultLRUEntries
	}
	return n
}

func lookup[K comparable](ctx context.Context, cache *lru.Cache[K, *Identity], key K, token string, verify VerifyFunc) (*Identity, error) {
	if identity, ok := cache.Get(key); ok {
		if time.Now().Before(identity.Expiry) {
			return identity, nil
		}
		cache.Remove(key)
	}
	identity, err := verify(ctx, token)
	if err != nil {
		return nil, err
	}
	cache.Add(key, identity)
	return identity, nil
}
