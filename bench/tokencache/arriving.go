// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package tokencache

import (
	"unsafe"

	"github.com/bearerkit/bearerkit/auth"
)

// Arriving is one of many tokens at a time, always in the same memory: what a
// server has just read from the network is in the caches of its processor, which
// cannot be said of a million tokens that wait in a list. It is for one goroutine,
// and what [Arriving.Token] returned is another token after the next call.
type Arriving struct {
	text       []byte
	credential auth.Credential
}

// digits is how much of a token tells it from the others.
const digits = 6

// NewArriving returns tokens of the usual size.
func NewArriving(seed uint64) (*Arriving, error) {
	text := []byte(NewTokens(1, seed).text[:TokenSize])
	credential, err := auth.NewBearer(unsafe.String(&text[0], len(text)))
	return &Arriving{text: text, credential: credential}, err
}

// Token returns the token with that number.
func (a *Arriving) Token(n int) auth.Credential {
	for i := range digits {
		a.text[i] = 'a' + byte(n&0xf)
		n >>= 4
	}
	return a.credential
}
