// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"strings"
	"sync/atomic"

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
