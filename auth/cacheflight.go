// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

// flight is a call of a verifier that is under way, and what has come meanwhile
// that its answer may be from before of.
type flight struct {
	key   cacheKey
	asked int64 // its place in the order of calls

	// Under the mutex of the cache.
	void      bool        // the answer is not to be kept
	meanwhile []Selection // nor claims that one of these matches
}

// maxMeanwhile bounds what is compared with an answer.
const maxMeanwhile = 256

// outdated says that these claims were invalidated.
func (f *flight) outdated(s Selection) {
	if s == (Selection{}) || len(f.meanwhile) == maxMeanwhile {
		f.void = true
		return
	}
	f.meanwhile = append(f.meanwhile, s)
}

func (k *Cache) begin(key cacheKey) *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.beginLocked(key)
}

func (k *Cache) beginLocked(key cacheKey) *flight {
	f := &flight{key: key, asked: k.order.Add(1)}
	k.flights[f] = struct{}{}
	return f
}

func (k *Cache) end(f *flight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.flights, f)
}

// keeps reports whether an answer may be kept. Claims are nil for a refusal.
func (k *Cache) keeps(f *flight, claims *Claims) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !f.void && (claims == nil || !matchesAny(f.meanwhile, claims))
}

// refused says that the token of a flight is not good any more. What was asked
// before that may still say so, and must not bring it back.
func (k *Cache) refused(f *flight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for other := range k.flights {
		if other.key == f.key && other.asked < f.asked {
			other.void = true
		}
	}
}

func matchesAny(list []Selection, claims *Claims) bool {
	for _, s := range list {
		if s.matches(claims) {
			return true
		}
	}
	return false
}
