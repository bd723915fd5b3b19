// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// checkActor looks at the shape of act (RFC 8693 section 4.1) and makes nobody
// of it: the principal is the subject, whoever acts for it. A program that must
// know the actor reads it from the claims: the outermost act only, in which exp,
// nbf and aud mean nothing. What is nested there is history. may_act is for the
// issuer.
func checkActor(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if act, ok := o.Get("act"); ok && act.Kind() != jsontext.KindBeginObject {
		return auth.InvalidToken(CheckActor, errors.New("act is not an object (RFC 8693 section 4.1)"))
	}
	return nil
}

// maxDetails bounds authorization_details; who asks for consent asks for a few.
const maxDetails = 100

// checkDetails looks at the shape of authorization_details (RFC 9396 section
// 9.1). What an entry grants is known to those who know its type, so the list
// stays with the claims and no scope comes of it.
func checkDetails(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	entries, err := o.Array("authorization_details")
	if errors.Is(err, strictjson.ErrAbsent) {
		return nil
	}
	if err != nil || len(entries) > maxDetails {
		return auth.InvalidToken(CheckDetails, because(err, "authorization_details has too many entries"))
	}
	for _, entry := range entries {
		object, err := strictjson.Parse(entry)
		if err != nil || text(object, "type") == "" {
			return auth.InvalidToken(CheckDetails, errors.New("an entry of authorization_details is not an object with a type (RFC 9396 section 2)"))
		}
	}
	return nil
}
