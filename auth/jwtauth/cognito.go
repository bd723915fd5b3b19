// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// cognito: token_use says what a token is.
var cognito = profile{
	name:             "Cognito",
	types:            sayingNothing,
	client:           []string{"client_id"},
	clientIsAudience: true,
	required:         map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
	marks:            map[string]string{"token_use": "access"},
	foreign:          append([]string{"nonce"}, otherKinds...),
	only:             accessOnly,
	principal:        cognitoPrincipal,
	claims:           ClaimNames{Roles: []string{"cognito:groups"}, User: cognitoUser},
}

const cognitoUser = "username"

// cognitoPrincipal: a user's token has the user's name.
func cognitoPrincipal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch own := d.Subject == d.ClientID; {
	case o.Text(cognitoUser) != "" && !own:
		return auth.PrincipalUser
	case !o.Has(cognitoUser) && own:
		return auth.PrincipalClient
	default:
		return auth.PrincipalUnknown
	}
}
