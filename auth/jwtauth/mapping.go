// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// ClaimNames says in which claims an issuer puts what. A name is that of a
// member of the claims, or, if it begins with a slash, a JSON pointer to a member
// within a member (RFC 6901): "/realm_access/roles".
type ClaimNames struct {
	// Scopes are the claims whose values together are the granted scopes: each a
	// string of space-separated values or an array of strings. Which of them are
	// absent does not matter. The default is the profile's, and of most profiles
	// scope alone, as a string (RFC 8693 section 4.2).
	Scopes []string
	// Roles are the claims whose values together are the roles: each an array of
	// strings, or a string that is one role. The default is the profile's; an
	// empty list that is not nil is none.
	Roles []string
	// Tenant and User are string claims. A token without one that is named here
	// is refused. The default is the profile's, where absent means unknown.
	Tenant, User string
}

// or returns n, and what other has where n says nothing.
func (n ClaimNames) or(other ClaimNames) ClaimNames {
	if n.Scopes == nil {
		n.Scopes = other.Scopes
	}
	if n.Roles == nil {
		n.Roles = other.Roles
	}
	n.Tenant, n.User = cmp.Or(n.Tenant, other.Tenant), cmp.Or(n.User, other.User)
	return n
}

func (n ClaimNames) clone() ClaimNames {
	n.Scopes, n.Roles = slices.Clone(n.Scopes), slices.Clone(n.Roles)
	return n
}

func (n ClaimNames) validate() error {
	for _, name := range slices.Concat(n.Scopes, n.Roles) {
		if name == "" {
			return errors.New("an empty claim name; remove it")
		}
	}
	return nil
}

func (v *Verifier) readScope(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	var present bool
	if d.Scopes, present, err = claimset.Scopes(o, v.names.Scopes, v.grantable); err != nil {
		return auth.InvalidToken(CheckScope, err)
	}
	if !present && v.profile.scoped {
		names := cmp.Or(strings.Join(v.names.Scopes, " or "), "scope")
		return auth.InvalidToken(CheckScope, fmt.Errorf("%s is absent; every access token of this profile has it", names))
	}
	return nil
}

// readMapped reads the claims that only the issuer, or the configuration, gives
// a meaning.
func (v *Verifier) readMapped(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if err := v.readGrants(o, d); err != nil {
		return err
	}
	roles, err := claimset.Roles(o, v.names.Roles)
	if err != nil {
		return auth.InvalidToken(CheckMapping, err)
	}
	d.Roles = append(d.Roles, roles...)
	for _, mapped := range []struct {
		name     string
		required bool
		to       *string
	}{{v.names.Tenant, v.demands.Tenant != "", &d.Tenant}, {v.names.User, v.demands.User != "", &d.User}} {
		if *mapped.to, err = claimset.Text(o, mapped.name, mapped.required); err != nil {
			return auth.InvalidToken(CheckMapping, err)
		}
	}
	return nil
}

// readGrants reads roles that are the members of an object, each with those who
// granted it.
func (v *Verifier) readGrants(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if v.profile.grants == nil {
		return nil
	}
	for _, a := range d.Audiences {
		// Roles in another service are nobody's here.
		raw, ok := o.Get(v.profile.grants(a))
		if !ok || !slices.Contains(v.audiences, a) {
			continue
		}
		roles, err := strictjson.Parse(raw)
		for _, role := range roles {
			var by strictjson.Object
			if by, err = strictjson.Parse(role.Value); err != nil || len(by) == 0 {
				err = errors.New("no grant")
				break
			}
			d.Roles = append(d.Roles, role.Name)
		}
		if err != nil {
			return auth.InvalidToken(CheckMapping, fmt.Errorf("%s does not hold roles with their grants", v.profile.grants("...")))
		}
	}
	return nil
}
