// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
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
	// absent does not matter. The default is scope alone, as a string (RFC 8693
	// section 4.2).
	Scopes []string
	// Roles are the claims whose values together are the roles: each an array of
	// strings, or a string that is one role.
	Roles []string
	// Tenant and User are string claims. A token without one that is named here
	// is refused.
	Tenant, User string
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

// readMapped reads the claims that only the configuration gives a meaning.
func (v *Verifier) readMapped(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
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
		name string
		to   *string
	}{{v.names.Tenant, &d.Tenant}, {v.names.User, &d.User}} {
		if mapped.name == "" {
			continue
		}
		raw, _ := find(o, mapped.name)
		text, err := strictjson.Text(raw)
		if err != nil || text == "" {
			return auth.InvalidToken(CheckMapping, fmt.Errorf("%s is absent, empty or not a string", mapped.name))
		}
		*mapped.to = text
	}
	return nil
}
