// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package tokencache

import (
	"math/rand/v2"

	"github.com/bearerkit/bearerkit/auth"
)

// TokenSize is that of the tokens, as an RS256 one has it.
const TokenSize = 900

const stride = 16

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz0123456789-_~" // without Bad

// Tokens are many random tokens that share their memory, so that what a cache
// keeps is all that there is much of.
type Tokens struct{ text string }

// NewTokens returns n tokens.
func NewTokens(n int, seed uint64) Tokens {
	random := rand.New(rand.NewPCG(seed, seed))
	text := make([]byte, n*stride+TokenSize)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return Tokens{text: string(text)}
}

// NewBadTokens returns n tokens that are refused.
func NewBadTokens(n int, seed uint64) Tokens {
	text := []byte(NewTokens(n, seed).text)
	for i := range n {
		text[i*stride] = Bad
	}
	return Tokens{text: string(text)}
}

// Len returns how many there are.
func (t Tokens) Len() int { return (len(t.text) - TokenSize) / stride }

// At returns one of them.
func (t Tokens) At(i int) auth.Credential {
	c, err := auth.NewBearer(t.text[i*stride : i*stride+TokenSize])
	if err != nil {
		panic(err) //nolint:forbidigo // the alphabet is that of tokens
	}
	return c
}

// All returns all of them.
func (t Tokens) All() []auth.Credential {
	all := make([]auth.Credential, t.Len())
	for i := range all {
		all[i] = t.At(i)
	}
	return all
}
