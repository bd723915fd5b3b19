// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Segments are the parts of a JWS in compact serialization (RFC 7515 section
// 7.1), as they are written. Nothing in them is verified.
type Segments struct {
	Signed                     string // header and payload, which the signature is over
	Header, Payload, Signature string
}

// Split returns the segments of a JWS, and false for a string of another shape,
// which is not a JWS at all.
func Split(raw string) (Segments, bool) {
	// Cutting at the first dots costs the same whatever follows, unlike a split
	// of a string of dots (CVE-2025-30204).
	header, rest, ok1 := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || header == "" || payload == "" || !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return Segments{}, false
	}
	return Segments{Signed: raw[:len(header)+1+len(payload)], Header: header, Payload: payload, Signature: signature}, true
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

// Decode decodes a segment of Split: base64url without padding (RFC 7515 section 2).
// Strict mode refuses the spellings that differ only in bits that are not used.
func Decode(segment string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, errors.New("a segment is not canonical base64url")
	}
	return b, nil
}

// Object reads a segment of Split that holds a JSON object, and returns the document too.
func Object(segment string) (strictjson.Object, []byte, error) {
	document, err := Decode(segment)
	if err != nil {
		return nil, nil, err
	}
	o, err := strictjson.Parse(document)
	return o, document, err
}
