// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"encoding/base64"
	"strings"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// isJWT reports whether a token has the shape of a JWT: three segments of
// base64url, as package jwtauth has it, so that exactly one of the two judges any
// token of an issuer.
func isJWT(token string) bool {
	header, rest, ok1 := strings.Cut(token, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	return ok1 && ok2 && header != "" && payload != "" && isBase64URL(header) && isBase64URL(payload) && isBase64URL(signature)
}

// isBase64URL reports whether s is made of the base64url alphabet alone.
func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := c | 0x20; (letter < 'a' || letter > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// claimedIssuer returns the issuer that a JWT names, or nothing. It is not
// verified, and only keeps a token from being shown to another than that issuer.
func claimedIssuer(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	o, err := parseSegment(payload)
	if err != nil {
		return ""
	}
	iss, _ := o.StringOr("iss", "")
	return iss
}

// parseSegment reads a segment that holds a JSON object.
func parseSegment(segment string) (strictjson.Object, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, err
	}
	return strictjson.Parse(b)
}
