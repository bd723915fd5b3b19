// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"strings"

	"github.com/bearerkit/bearerkit/internal/jws"
)

// claimedIssuer returns the issuer that a JWT names, or nothing if it names none.
// It returns false if nobody can tell, because its claims can be read in two ways,
// or not at all. It is not verified, and only keeps a token from being shown to
// another than that issuer.
func claimedIssuer(jwt jws.Segments) (string, bool) {
	o, _, err := jws.Object(jwt.Payload)
	if err != nil {
		return "", false
	}
	iss, err := o.StringOr("iss", "")
	return iss, err == nil
}

// lenient is how readers spell base64url that also take base64, whose padding is at
// the end of the token if it is anywhere.
var lenient = strings.NewReplacer("+", "-", "/", "_")

// isDisguised reports whether a token that is no JWT is one to a lenient reader.
func isDisguised(token string) bool {
	_, ok := jws.Split(lenient.Replace(strings.TrimRight(token, "=")))
	return ok
}
