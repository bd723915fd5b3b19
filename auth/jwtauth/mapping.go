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
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
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

// find returns the value of a claim, and whether it is there.
func find(o strictjson.Object, name string) (jsontext.Value, bool) {
	if !strings.HasPrefix(name, "/") {
		return o.Get(name)
	}
	first, rest, deeper := strings.Cut(name[1:], "/")
	value, ok := o.Get(unescapePointer.Replace(first))
	if !ok || !deeper {
		return value, ok
	}
	// The document as a whole has been read strictly already.
	inner, err := strictjson.Parse(value)
	if err != nil {
		return nil, false
	}
	return find(inner, "/"+rest)
}

// unescapePointer undoes the escapes of RFC 6901 section 3.
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// readScope collects the scopes. What is not a scope-token can match no rule.
func (v *Verifier) readScope(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	names := v.names.Scopes
	if names == nil {
		names = []string{"scope"}
	}
	present := false
	for _, name := range names {
		raw, ok := find(o, name)
		if !ok {
			continue
		}
		present = true
		list, err := strictjson.Texts(raw)
		if err != nil || v.names.Scopes == nil && raw.Kind() != jsontext.KindString {
			return auth.InvalidToken(CheckScope, fmt.Errorf("%s does not hold scopes as configured; see Config.Claims", name))
		}
		// Only the string is a list of values. An element of an array stays whole:
		// the group "friends of admin" is not the scope admin.
		if raw.Kind() == jsontext.KindString {
			list = strings.Split(list[0], " ")
		}
		for _, s := range list {
			if s != "" && (!v.limited || slices.Contains(v.grantable, s)) && !slices.Contains(d.Scopes, s) {
				d.Scopes = append(d.Scopes, s)
			}
		}
	}
	if !present && v.profile.scoped {
		return auth.InvalidToken(CheckScope, fmt.Errorf("%s is absent; every access token of this profile has it", strings.Join(names, " or ")))
	}
	return nil
}

// readMapped reads the claims that only the issuer, or the configuration, gives
// a meaning.
func (v *Verifier) readMapped(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if err := v.readGrants(o, d); err != nil {
		return err
	}
	for _, name := range v.names.Roles {
		raw, ok := find(o, name)
		if !ok {
			continue
		}
		roles, err := strictjson.Texts(raw)
		if err != nil {
			return auth.InvalidToken(CheckMapping, fmt.Errorf("%s does not hold roles", name))
		}
		d.Roles = append(d.Roles, roles...)
	}
	for _, mapped := range []struct {
		name       string
		configured bool
		to         *string
	}{{v.names.Tenant, v.demands.Tenant != "", &d.Tenant}, {v.names.User, v.demands.User != "", &d.User}} {
		raw, present := find(o, mapped.name)
		if mapped.name == "" || !present && !mapped.configured {
			continue
		}
		text, err := strictjson.Text(raw)
		if err != nil || text == "" {
			return auth.InvalidToken(CheckMapping, fmt.Errorf("%s is absent, empty or not a string", mapped.name))
		}
		*mapped.to = text
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
