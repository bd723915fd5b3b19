// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// google accepts a kind of ID token, so at+jwt is not among its types.
var google = profile{
	name:      "Google",
	types:     []string{"", "jwt"},
	client:    []string{"azp"},
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	foreign:   append([]string{"nonce"}, otherKinds...),
	only:      accessOnly,
	check:     checkGoogle,
	principal: alwaysClient,
	claims:    ClaimNames{User: "email"},
	audience:  checkGoogleAudience,
}

// checkGoogle: a service account is its own authorized party, by its id or by
// its address; a user's is the OAuth client that the user signed in to.
func checkGoogle(o strictjson.Object, _ header, d *auth.ClaimsData) *auth.Error {
	verified, _ := o.Get("email_verified")
	own := d.ClientID == o.Text("email") && strings.HasSuffix(d.ClientID, ".gserviceaccount.com") && string(verified) == "true"
	if d.ClientID != d.Subject && !own {
		return otherKind("azp is neither sub nor a verified address of a service account; this profile accepts service accounts only")
	}
	return nil
}

// checkGoogleAudience refuses the audiences that every user's ID token has.
func checkGoogleAudience(audience string) error {
	if strings.HasSuffix(audience, ".apps.googleusercontent.com") {
		return errors.New("is an OAuth client id, for which users get ID tokens when they sign in; use the URL of this service")
	}
	return nil
}
