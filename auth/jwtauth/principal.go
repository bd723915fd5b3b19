// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// A token that a client got for itself must not pass for a user's, nor a user's
// for a client's (RFC 9068 section 5, RFC 9700 section 4.15). So a profile says
// user or client only where the issuer's claims prove it, and where they prove
// neither, a rule that asks for either refuses the token.

// bySubject goes by RFC 9068 section 2.2: a client that got the token for itself
// is its subject. Not every issuer keeps to that, so the marks of those that are
// known not to leave the question open.
func bySubject(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch {
	case d.Subject == d.ClientID:
		return auth.PrincipalClient
	case strings.HasSuffix(d.Subject, auth0Suffix), strings.HasPrefix(d.Subject, kubernetesPrefix), isKeycloakServiceAccount(o),
		o.Text("gty") == "client-credentials", o.Has("idtyp") && o.Text("idtyp") != "user", d.Subject == o.Text("oid"):
		return auth.PrincipalUnknown
	default:
		return auth.PrincipalUser
	}
}

// unknown is for issuers whose tokens do not tell.
func unknown(strictjson.Object, *auth.ClaimsData) auth.Principal { return auth.PrincipalUnknown }

// alwaysClient is for issuers that give tokens to machines only.
func alwaysClient(strictjson.Object, *auth.ClaimsData) auth.Principal { return auth.PrincipalClient }

// alwaysUser is for tokens that only users have.
func alwaysUser(strictjson.Object, *auth.ClaimsData) auth.Principal { return auth.PrincipalUser }
