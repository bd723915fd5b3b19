// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// entra: ID tokens have the same typ, keys, issuer and, where client and API are
// one registration, audience; nonce is in most of them only.
var entra = profile{
	name:      "Entra",
	types:     sayingNothing,
	client:    []string{"azp", "appid"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	check:     checkEntra,
	principal: entraPrincipal,
	claims:    ClaimNames{Scopes: []string{"scp"}, Roles: []string{"roles"}, Tenant: "tid", User: keycloakUser},
}

// checkEntra asks for what Microsoft documents for access tokens and not for ID
// tokens: the client, and how it authenticated.
func checkEntra(o strictjson.Object, _ header, _ *auth.ClaimsData) *auth.Error {
	client, how := "azp", "azpacr"
	switch o.Text("ver") {
	case "2.0":
	case "1.0":
		client, how = "appid", "appidacr"
	default:
		return otherKind("ver is neither 1.0 nor 2.0")
	}
	if o.Text(client) == "" || o.Text(how) == "" {
		return otherKind(client + " or " + how + " is absent; every access token of this version has both")
	}
	// Any application of the tenant can get a token for any other that does not
	// require an assignment. Such a token says that the caller is there, and
	// grants nothing.
	if !o.Has("scp") && !o.Has("roles") {
		return auth.InvalidToken(CheckScope, errors.New("scp and roles are both absent: the token grants nothing; consent to a scope, or assign an app role to the calling application"))
	}
	return nil
}

// entraPrincipal: users have scp, in which the application's scopes are. idtyp
// is there if the API's registration asks for it. An application is its own
// object, while a user's sub is another for every application.
func entraPrincipal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	kind, oid := o.Text("idtyp"), o.Text("oid")
	switch {
	case o.Has("scp") && d.Subject != oid && (kind == "user" || !o.Has("idtyp")):
		return auth.PrincipalUser
	case !o.Has("scp") && (kind == "app" || !o.Has("idtyp") && d.Subject == oid):
		return auth.PrincipalClient
	default:
		return auth.PrincipalUnknown
	}
}
