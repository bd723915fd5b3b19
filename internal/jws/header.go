// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws

import (
	"errors"
	"strings"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Members that no header may have.
var (
	// Extensions must be understood, and none is here (RFC 7515 section 4.1.11);
	// b64 changes what the signature is over (RFC 7797).
	Extensions = []string{"crit", "b64"}
	// OwnKeys are keys that come with the signature: nothing can vouch for its own
	// key (RFC 8725 section 3.10).
	OwnKeys = []string{"jwk", "jku", "x5u", "x5c"}
	// Wrappings mark what is encrypted or nested.
	Wrappings = []string{"enc", "zip", "cty"}
)

// maxKeyIDSize bounds a kid, which is only ever compared.
const maxKeyIDSize = 256

// KeyID returns the kid, which is empty if it is absent.
func KeyID(header strictjson.Object) (string, error) {
	kid := header.Text("kid")
	if header.Has("kid") && kid == "" || len(kid) > maxKeyIDSize {
		return "", errors.New("kid is empty, too long or not a string")
	}
	return kid, nil
}

// MediaType is a typ as it compares: without regard to case, and a value without
// a slash stands for application/ and the value (RFC 7515 section 4.1.9).
func MediaType(typ string) string { return strings.TrimPrefix(strings.ToLower(typ), "application/") }
