// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"sync"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// token is a parsed JWS in compact serialization (RFC 7515 section 7.1). Nothing
// in it is verified.
type token struct {
	signed  string // what the signature is over
	segment string // the header, as it is written
	// known is the header, if a good token had the same; otherwise it is parsed.
	known     *knownHeader
	header    strictjson.Object
	claims    strictjson.Object
	payload   []byte
	signature []byte

	document []byte // of the header
	data     auth.ClaimsData
}

// tokens are used again: nothing that outlives a verification refers to one.
// Strings are copied out of it, and so is the payload.
var tokens = sync.Pool{New: func() any { return new(token) }}

// These bound what a token keeps for the next one: some times what real ones need.
const (
	maxKeptBytes   = 16 << 10
	maxKeptMembers = 200
)

// release gives t back. What it was about does not stay with it.
func (t *token) release() {
	if cap(t.payload)+cap(t.signature)+cap(t.document) > maxKeptBytes || cap(t.claims)+cap(t.header) > maxKeptMembers {
		return
	}
	clear(t.header)
	clear(t.claims)
	t.signed, t.segment, t.known, t.data = "", "", nil, auth.ClaimsData{}
	t.header, t.claims, t.payload, t.signature, t.document = t.header[:0], t.claims[:0], t.payload[:0], t.signature[:0], t.document[:0]
	tokens.Put(t)
}

// parse reads raw, which as a credential's token has a bounded size, into t. A
// string of another shape is not a JWT at all, and so not this verifier's to judge;
// from there on every fault is a bad token. A header that is known is not read again.
func (t *token) parse(raw string, known *knownHeaders) *auth.Error {
	segments, ok := jws.Cut(raw)
	if ok {
		err := t.read(segments, known)
		if err == nil {
			return nil
		}
		// What does not decode may be no JWT at all.
		if _, ok = jws.Split(raw); ok {
			return err
		}
	}
	return auth.NotHandled(CheckShape, errors.New("not a JWT: a JWT is three base64url segments with dots between them"))
}

func (t *token) read(segments jws.Segments, known *knownHeaders) *auth.Error {
	t.signed, t.segment = segments.Signed, segments.Header
	var err error
	if t.known = known.find(segments.Header); t.known == nil {
		if t.header, t.document, err = jws.ObjectInto(t.header, t.document, segments.Header); err != nil {
			return auth.InvalidToken(CheckHeader, err)
		}
	}
	if t.claims, t.payload, err = jws.ObjectInto(t.claims, t.payload, segments.Payload); err != nil {
		return auth.InvalidToken(CheckClaims, err)
	}
	if t.signature, err = jws.AppendDecoded(t.signature, segments.Signature); err != nil {
		return auth.InvalidToken(CheckSignature, err)
	}
	return nil
}
