// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import "github.com/bearerkit/bearerkit/auth"

// zitadel: ID tokens have the same typ, keys and client_id, and among their
// audiences those of the access token; jti and nbf are not theirs. Users and
// machines look alike.
var zitadel = profile{
	name:      "Zitadel",
	types:     sayingNothing,
	client:    []string{"client_id", "azp"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	oneOf:     [][]string{{"jti"}, {"nbf"}},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	principal: unknown,
	claims:    ClaimNames{Tenant: "urn:zitadel:iam:user:resourceowner:id"},
	grants:    func(project string) string { return "urn:zitadel:iam:org:project:" + project + ":roles" },
}
