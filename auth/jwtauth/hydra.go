// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import "github.com/bearerkit/bearerkit/auth"

// hydra: ID tokens have neither client_id nor scp, which Hydra reserves, and rat
// is theirs. The claim with the scopes is a matter of its configuration.
var hydra = profile{
	name:      "Hydra",
	types:     sayingNothing,
	client:    []string{"client_id"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
	oneOf:     [][]string{{"scp", "scope"}},
	foreign:   append([]string{"nonce", "rat"}, otherKinds...),
	only:      accessOnly,
	principal: bySubject,
	claims:    ClaimNames{Scopes: []string{"scp", "scope"}},
}
