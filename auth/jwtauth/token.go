// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
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
	// Cutting at the first dots costs the same whatever follows, unlike a split
	// of a string of dots (CVE-2025-30204).
	header, rest, ok1 := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || header == "" || payload == "" || !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return nil, auth.NotHandled(CheckShape, errors.New("not a JWT: a JWT is three base64url segments with dots between them"))
	}
	t := &token{signed: raw[:len(header)+1+len(payload)]}
	headerJSON, err := decodeSegment(header)
	if err != nil {
		return nil, auth.InvalidToken(CheckHeader, err)
	}
	if t.header, err = strictjson.Parse(headerJSON); err != nil {
		return nil, auth.InvalidToken(CheckHeader, err)
	}
	if t.payload, err = decodeSegment(payload); err != nil {
		return nil, auth.InvalidToken(CheckClaims, err)
	}
	if t.claims, err = strictjson.Parse(t.payload); err != nil {
		return nil, auth.InvalidToken(CheckClaims, err)
	}
	if t.signature, err = decodeSegment(signature); err != nil {
		return nil, auth.InvalidToken(CheckSignature, err)
	}
	return t, nil
}

// isBase64URL reports whether s is made of the base64url alphabet alone: the
// decoder would skip line breaks.
func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := c | 0x20; (letter < 'a' || letter > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// decodeSegment decodes base64url without padding. Strict mode refuses the
// spellings that differ only in bits that are not used.
func decodeSegment(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("a segment is not canonical base64url")
	}
	return b, nil
}
