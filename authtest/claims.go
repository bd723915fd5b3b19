// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// WithClaims returns a context in which a handler under test finds these claims,
// as behind a Guard. See [Claims] for what is filled in.
//
// For a handler that calls [auth.ClaimsAs], set d.Custom to the value it should
// get, or d.Payload to the JSON to decode it from.
func WithClaims(ctx context.Context, d auth.ClaimsData) context.Context {
	return auth.NewContext(ctx, Claims(d))
}

// Claims returns claims made of d. An empty Issuer becomes "https://issuer.test",
// a zero Deadline one hour from now, and a Payload without Unmarshal is decoded
// by encoding/json, which is more lenient than a verifier. It panics if
// [auth.NewClaims] does not accept the result.
func Claims(d auth.ClaimsData) *auth.Claims {
	if d.Issuer == "" {
		d.Issuer = defaultURL
	}
	if d.Deadline.IsZero() {
		d.Deadline = time.Now().Add(time.Hour)
	}
	if len(d.Payload) > 0 && d.Unmarshal == nil {
		d.Unmarshal = json.Unmarshal
	}
	claims, err := auth.NewClaims(d)
	if err != nil {
		panic("authtest: impossible claims: " + err.Error())
	}
	return claims
}
