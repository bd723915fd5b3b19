// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// token is a parsed JWS in compact serialization (RFC 7515 section 7.1). Nothing
// in it is verified.
type token struct {
	signed    string // what the signature is over
	header    strictjson.Object
	claims    strictjson.Object
	payload   []byte
	signature []byte
}

// parse takes raw apart, which as a credential's token has a bounded size. A
// string of another shape is not a JWT at all, and so not this verifier's to
// judge; from there on every fault is a bad token.
func parse(raw string) (*token, *auth.Error) {
	segments, ok := jws.Split(raw)
	if !ok {
		return nil, auth.NotHandled(CheckShape, errors.New("not a JWT: a JWT is three base64url segments with dots between them"))
	}
	t := &token{signed: segments.Signed}
	var err error
	if t.header, _, err = jws.Object(segments.Header); err != nil {
		return nil, auth.InvalidToken(CheckHeader, err)
	}
	if t.claims, t.payload, err = jws.Object(segments.Payload); err != nil {
		return nil, auth.InvalidToken(CheckClaims, err)
	}
	if t.signature, err = jws.Decode(segments.Signature); err != nil {
		return nil, auth.InvalidToken(CheckSignature, err)
	}
	return t, nil
}
