// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"fmt"
	"slices"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// newNames says in which members of an answer to find what.
func newNames(n jwtauth.ClaimNames) jwtauth.ClaimNames {
	n.Scopes, n.Roles = slices.Clone(n.Scopes), slices.Clone(n.Roles)
	return n
}

func (v *Verifier) readScope(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	if d.Scopes, _, err = claimset.Scopes(o, v.names.Scopes, v.grantable); err != nil {
		return auth.InvalidToken(CheckScope, err)
	}
	return nil
}

// readMapped reads the members that only the issuer, or the configuration, gives
// a meaning.
func (v *Verifier) readMapped(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	if d.Roles, err = claimset.Roles(o, v.names.Roles); err != nil {
		return auth.InvalidToken(CheckMapping, err)
	}
	if d.Tenant, err = claimset.Text(o, v.names.Tenant, true); err != nil {
		return auth.InvalidToken(CheckMapping, err)
	}
	if v.names.User == "" {
		// RFC 7662 section 2.2 has a name for it, which may be empty.
		if d.User, err = o.StringOr("username", ""); err != nil {
			err = fmt.Errorf("username: %w", err)
		}
	} else {
		d.User, err = claimset.Text(o, v.names.User, true)
	}
	if err != nil {
		return auth.InvalidToken(CheckMapping, err)
	}
	return nil
}
