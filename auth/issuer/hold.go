// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto"
	"sync/atomic"
	"time"
)

// hold looks whether a key is still there. As long as the snapshot is the one it
// has looked at, that takes two loads.
type hold struct {
	keys     *refresher
	kid, alg string
	public   crypto.PublicKey
	seen     atomic.Pointer[snapshot] // in which it is there
}

func (h *hold) holds(now time.Time) bool {
	s := h.keys.current.Load()
	// After Close nobody hears of a withdrawal any more.
	if !h.keys.alive(s, now) || h.keys.ended.Load() {
		return false
	}
	if s == h.seen.Load() {
		return true
	}
	k, err := s.find(h.kid, h.alg)
	if err != nil || k == nil {
		return false
	}
	if public, ok := k.public.(interface{ Equal(x crypto.PublicKey) bool }); !ok || !public.Equal(h.public) {
		return false
	}
	h.seen.Store(s)
	return true
}
