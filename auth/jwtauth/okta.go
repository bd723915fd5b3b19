// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// okta: cid and scp are reserved for access tokens of custom authorization
// servers.
var okta = profile{
	name:      "Okta",
	types:     sayingNothing,
	client:    []string{"cid"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
	oneOf:     [][]string{{"scp"}},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	principal: oktaPrincipal,
	claims:    ClaimNames{Scopes: []string{"scp"}, Roles: []string{"groups"}},
}

// oktaPrincipal: uid is the user's, and there if there is a user.
func oktaPrincipal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch own := d.Subject == d.ClientID; {
	case o.Text("uid") != "" && !own:
		return auth.PrincipalUser
	case !o.Has("uid") && own:
		return auth.PrincipalClient
	default:
		return auth.PrincipalUnknown
	}
}
