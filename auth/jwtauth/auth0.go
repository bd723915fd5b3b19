// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// auth0: the profile that Auth0 calls its own, and the RFC 9068 one. permissions
// are no scopes by default: they are what the user may do, and scope is what the
// user let this client do.
var auth0 = profile{
	name:      "Auth0",
	types:     sayingNothing,
	client:    []string{"client_id", "azp"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	check:     checkAuth0,
	principal: auth0Principal,
}

// checkAuth0: nobody can add azp, permissions or gty to an ID token, as Auth0
// reserves them. A client without any scope has gty.
func checkAuth0(o strictjson.Object, h header, _ *auth.ClaimsData) *auth.Error {
	if h.typ == accessTokenType || o.Has("azp") && slices.ContainsFunc([]string{"scope", "permissions", "gty"}, o.Has) {
		return nil
	}
	return otherKind("azp is absent, or scope, permissions and gty all are; every access token without typ at+jwt has azp and one of them")
}

const auth0Suffix = "@clients"

// auth0Principal: the id of a user begins with that of the connection and a bar,
// and a client's own subject is made from its id.
func auth0Principal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch connection, _, isUser := strings.Cut(d.Subject, "|"); {
	case d.Subject == d.ClientID+auth0Suffix:
		return auth.PrincipalClient
	case isUser && connection != "" && !strings.HasSuffix(d.Subject, auth0Suffix) && o.Text("gty") != "client-credentials":
		return auth.PrincipalUser
	default:
		return auth.PrincipalUnknown
	}
}
