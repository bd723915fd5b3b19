// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"crypto"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxKnownHeaders is more than an issuer has at a time: one for each key.
	maxKnownHeaders = 16
	// maxKnownHeader bounds the segments of those that are kept.
	maxKnownHeader = 1 << 10
)

// knownHeader is a header that the configuration accepts.
type knownHeader struct {
	header

	segment  string // as it is written
	allowed  allowed
	selector *jwt.Token // what keyfunc looks at, which only reads it
	held     atomic.Pointer[heldKey]
}

// heldKey is a key, and whether it is still there.
type heldKey struct {
	public crypto.PublicKey
	holds  func(now time.Time) bool
}

// holds returns what tells whether key is still there: the same for all tokens
// with this header, as long as the key is the same.
func (h *knownHeader) holds(keys *issuer.Issuer, key crypto.PublicKey) func(time.Time) bool {
	if last := h.held.Load(); last != nil && sameKey(last.public, key) {
		return last.holds
	}
	held := &heldKey{public: key, holds: keys.Holds(h.kid, h.alg, key)}
	h.held.Store(held)
	return held.holds
}

func sameKey(a, b crypto.PublicKey) bool {
	if reflect.TypeOf(a).Comparable() && a == b { // the very same, mostly
		return true
	}
	public, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && public.Equal(b)
}

// knownHeaders are those of tokens whose signature was good, so that nobody but
// the issuer chooses what is kept. The same bytes mean the same under the same
// configuration, which does not change; the key is looked up each time.
type knownHeaders struct {
	slots [maxKnownHeaders]atomic.Pointer[knownHeader]
	next  atomic.Uint32
}

func (k *knownHeaders) find(segment string) *knownHeader {
	if k == nil {
		return nil
	}
	for i := range k.slots {
		known := k.slots[i].Load()
		if known == nil {
			return nil // they fill in their order
		}
		if known.segment == segment {
			return known
		}
	}
	return nil
}

// add keeps a header, in place of the one that came first if there are too many.
func (k *knownHeaders) add(h *knownHeader) {
	if len(h.segment) > maxKnownHeader {
		return
	}
	// The segment is part of the token, which must not stay.
	h.segment = strings.Clone(h.segment)
	k.slots[(k.next.Add(1)-1)%maxKnownHeaders].Store(h)
}

// newHeader prepares the look-up of a key for a header.
func (v *Verifier) newHeader(segment string, h header) *knownHeader {
	a := v.algorithms[h.alg]
	selector := &jwt.Token{Method: a.method, Header: map[string]any{"alg": a.method.Alg()}}
	if h.kid != "" {
		selector.Header["kid"] = h.kid
	}
	return &knownHeader{header: h, segment: segment, allowed: a, selector: selector}
}
