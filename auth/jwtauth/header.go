// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

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
	for _, name := range jws.Extensions {
		if o.Has(name) {
			return h, auth.InvalidToken(CheckCritical, fmt.Errorf("the header has %s; no extension is supported", name))
		}
	}
	for _, name := range jws.OwnKeys {
		if o.Has(name) {
			return h, auth.InvalidToken(CheckOwnKey, fmt.Errorf("the header has %s; keys come from the issuer only", name))
		}
	}
	for _, name := range jws.Wrappings {
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
	typ := o.Text("typ")
	if o.Has("typ") && typ == "" || !v.profile.accepts(typ) {
		return h, auth.InvalidToken(CheckType, v.profile.refuse(typ, o.Has("typ")))
	}
	h.typ = jws.MediaType(typ)
	if h.kid, err = jws.KeyID(o); err != nil {
		return h, auth.InvalidToken(CheckHeader, err)
	}
	return h, nil
}
