// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import "github.com/bearerkit/bearerkit/internal/jws"

// claimedIssuer returns the issuer that a JWT names, or nothing. It is not
// verified, and only keeps a token from being shown to another than that issuer.
func claimedIssuer(jwt jws.Segments) string {
	o, _, err := jws.Object(jwt.Payload)
	if err != nil {
		return ""
	}
	return o.Text("iss")
}
