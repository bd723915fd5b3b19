// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// principal goes by RFC 9068 section 2.2: a client that got the token for itself
// is its subject. Not every issuer keeps to that, so the marks of those that are
// known not to, as well as whatever is not said, leave the question open.
func principal(o strictjson.Object, d *auth.ClaimsData) auth.Principal {
	switch {
	case d.Subject == "" || d.ClientID == "":
		return auth.PrincipalUnknown
	case d.Subject == d.ClientID:
		return auth.PrincipalClient
	case ownGrant(o), d.Subject == o.Text("oid"), o.Has("idtyp") && o.Text("idtyp") != "user",
		strings.HasSuffix(d.Subject, "@clients"), strings.HasPrefix(d.Subject, "system:serviceaccount:"):
		return auth.PrincipalUnknown
	default:
		return auth.PrincipalUser
	}
}

// ownGrant reports whether something says that a client got the token for itself.
func ownGrant(o strictjson.Object) bool {
	for _, name := range []string{"gty", "grant_type"} {
		if strings.ReplaceAll(o.Text(name), "_", "-") == "client-credentials" {
			return true
		}
	}
	for _, name := range []string{"username", "preferred_username"} {
		if strings.HasPrefix(strings.ToLower(o.Text(name)), "service-account-") {
			return true
		}
	}
	return false
}
