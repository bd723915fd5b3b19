// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// keycloak: the claim typ says what a token is. nonce is no foreign claim: until
// version 25, and with a mapper later, access tokens have it as well.
var keycloak = profile{
	name:      "Keycloak",
	types:     sayingNothing,
	client:    []string{"azp"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
	marks:     map[string]string{"typ": "Bearer"},
	foreign:   otherKinds,
	only:      accessOnly,
	principal: keycloakPrincipal,
	claims:    ClaimNames{Roles: []string{"/realm_access/roles"}, User: keycloakUser},
}

const (
	keycloakUser   = "preferred_username"
	keycloakPrefix = "service-account-"
)

// keycloakPrincipal: a client's own token is that of a user whose name Keycloak
// makes from the client id. Others could take such a name where there is no such
// service account, so it takes the session's client id as well to prove a
// client. Without a user name, as in lightweight tokens, nothing is proved.
func keycloakPrincipal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch user := o.Text(keycloakUser); {
	case user == "":
		return auth.PrincipalUnknown
	case !isKeycloakServiceAccount(o):
		return auth.PrincipalUser
	// clientId is its name before version 22.
	case strings.EqualFold(user, keycloakPrefix+d.ClientID) && (o.Text("client_id") == d.ClientID || o.Text("clientId") == d.ClientID):
		return auth.PrincipalClient
	default:
		return auth.PrincipalUnknown
	}
}

func isKeycloakServiceAccount(o strictjson.Object) bool {
	return strings.HasPrefix(strings.ToLower(o.Text(keycloakUser)), keycloakPrefix)
}
