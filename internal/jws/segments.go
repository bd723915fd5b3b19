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
	s, ok := Cut(raw)
	if !ok || !isBase64URL(s.Header) || !isBase64URL(s.Payload) || !isBase64URL(s.Signature) {
		return Segments{}, false
	}
	return s, true
}

// Cut is Split without the alphabet, for a caller that decodes every segment and
// leaves what does not decode to Split. What the decoder skips is refused here.
func Cut(raw string) (Segments, bool) {
	// Cutting at the first dots costs the same whatever follows, unlike a split
	// of a string of dots (CVE-2025-30204).
	header, rest, ok1 := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || header == "" || payload == "" || strings.IndexByte(raw, '\n') >= 0 || strings.IndexByte(raw, '\r') >= 0 {
		return Segments{}, false
	}
	return Segments{Signed: raw[:len(header)+1+len(payload)], Header: header, Payload: payload, Signature: signature}, true
}

// isBase64URL reports whether s is made of the base64url alphabet alone: the
// decoder would skip line breaks.
func isBase64URL(s string) bool {
	// Four at a time and without looking at each result: this goes over all of a
	// token before anything else does.
	var foreign byte
	for ; len(s) >= 4; s = s[4:] {
		foreign |= notBase64URL[s[0]] | notBase64URL[s[1]] | notBase64URL[s[2]] | notBase64URL[s[3]]
	}
	for i := range len(s) {
		foreign |= notBase64URL[s[i]]
	}
	return foreign == 0
}

// notBase64URL is zero for the bytes of the alphabet.
var notBase64URL = func() (not [256]byte) {
	for i := range not {
		not[i] = 1
	}
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		not[c] = 0
	}
	return not
}()

// Decode decodes a segment of Split: base64url without padding (RFC 7515 section 2).
// Strict mode refuses the spellings that differ only in bits that are not used.
func Decode(segment string) ([]byte, error) { return AppendDecoded(nil, segment) }

// strict is a variable because making it allocates.
var strict = base64.RawURLEncoding.Strict()

// DecodedLen is how many bytes a segment decodes to.
func DecodedLen(segment string) int { return strict.DecodedLen(len(segment)) }

// AppendDecoded is Decode into space behind what is in buf.
func AppendDecoded(buf []byte, segment string) ([]byte, error) {
	b, err := strict.AppendDecode(buf, []byte(segment))
	if err != nil {
		return nil, errors.New("a segment is not canonical base64url")
	}
	return b, nil
}

// Object reads a segment of Split that holds a JSON object, and returns the document too.
func Object(segment string) (strictjson.Object, []byte, error) {
	return ObjectInto(nil, nil, segment)
}

// ObjectInto is Object into the space of an object and of bytes that nobody needs
// any more.
func ObjectInto(space strictjson.Object, buf []byte, segment string) (strictjson.Object, []byte, error) {
	document, err := AppendDecoded(buf[:0], segment)
	if err != nil {
		return nil, nil, err
	}
	o, err := strictjson.ParseInto(space, document)
	return o, document, err
}
