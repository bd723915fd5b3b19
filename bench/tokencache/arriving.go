// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package tokencache

import (
	"context"
	"unsafe"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc/metadata"
)

// Arriving is one of many tokens at a time, always in the same memory: what a
// server has just read from the network is in the caches of its processor, which
// cannot be said of a million tokens that wait in a list. It is for one goroutine:
// after [Arriving.Arrive] whatever was returned before is the other token.
type Arriving struct {
	value      string // as in the Authorization header
	text       []byte // of the token in it
	credential auth.Credential
}

// digits is how much of a token tells it from the others.
const digits = 6

// NewArriving returns tokens of the usual size.
func NewArriving(seed uint64) (*Arriving, error) {
	const scheme = "Bearer "
	value := []byte(scheme + NewTokens(1, seed).text[:TokenSize])
	text := value[len(scheme):]
	credential, err := auth.NewBearer(unsafe.String(&text[0], len(text)))
	return &Arriving{value: unsafe.String(&value[0], len(value)), text: text, credential: credential}, err
}

// Arrive makes it the token with that number.
func (a *Arriving) Arrive(n int) {
	for i := range digits {
		a.text[i] = 'a' + byte(n&0xf)
		n >>= 4
	}
}

// Credential returns the token.
func (a *Arriving) Credential() auth.Credential { return a.credential }

// Incoming returns the context of a call with the token.
func (a *Arriving) Incoming(ctx context.Context) context.Context {
	return metadata.NewIncomingContext(ctx, metadata.MD{"authorization": {a.value}})
}
