// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// maxKeyIDSize bounds a kid, which is only ever compared.
const maxKeyIDSize = 256

// header is what a JOSE header says that matters.
type header struct {
	alg string
	typ string // as it compares; empty if absent
	kid string // empty if absent
}

// readHeader checks the header against the configuration. No network and no
// key is involved.
func (v *Verifier) readHeader(o strictjson.Object) (header, *auth.Error) {
	var h header
	// An extension that must be understood is one that this code does not
	// (RFC 7515 section 4.1.11); b64 changes what the signature is over (RFC
	// 7797).
	for _, name := range []string{"crit", "b64"} {
		if o.Has(name) {
			return h, auth.InvalidToken(CheckCritical, fmt.Errorf("the header has %s; no extension is supported", name))
		}
	}
	// A token cannot vouch for its own key (RFC 8725 section 3.10).
	for _, name := range []string{"jwk", "jku", "x5u", "x5c"} {
		if o.Has(name) {
			return h, auth.InvalidToken(CheckOwnKey, fmt.Errorf("the header has %s; keys come from the issuer only", name))
		}
	}
	for _, name := range []string{"enc", "zip", "cty"} {
		if o.Has(name) {
			return h, auth.InvalidToken(CheckHeader, fmt.Errorf("the header has %s; encrypted and nested tokens are not supported", name))
		}
	}
	var err error
	if h.alg, err = o.String("alg"); err != nil {
		return h, auth.InvalidToken(CheckAlgorithm, fmt.Errorf("alg: %w", err))
	}
	if _, ok := v.algorithms[h.alg]; !ok {
		return h, auth.InvalidToken(CheckAlgorithm, errors.New("alg is not one of Config.Algorithms"))
	}
	// What is there and not a string reads as empty, which no profile accepts.
	typ, _ := o.StringOr("typ", "")
	if o.Has("typ") && typ == "" || !v.profile.accepts(typ) {
		return h, auth.InvalidToken(CheckType, v.profile.refuse(typ, o.Has("typ")))
	}
	h.typ = mediaType(typ)
	h.kid, _ = o.StringOr("kid", "")
	if o.Has("kid") && h.kid == "" || len(h.kid) > maxKeyIDSize {
		return h, auth.InvalidToken(CheckHeader, errors.New("kid is empty, too long or not a string"))
	}
	return h, nil
}
