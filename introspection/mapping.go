// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// names says in which members of an answer to find what.
type names struct {
	jwtauth.ClaimNames
	// user, if Claims does not name one, may be absent.
	user string
}

func newNames(n jwtauth.ClaimNames) names {
	n.Scopes, n.Roles = slices.Clone(n.Scopes), slices.Clone(n.Roles)
	if n.User != "" {
		return names{ClaimNames: n}
	}
	return names{ClaimNames: n, user: "username"} // RFC 7662 section 2.2
}

// find returns the value of a member by name or JSON pointer (RFC 6901), and
// whether it is there.
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
	configured := v.names.Scopes
	if configured == nil {
		configured = []string{"scope"}
	}
	for _, name := range configured {
		raw, ok := find(o, name)
		if !ok {
			continue
		}
		list, err := strictjson.Texts(raw)
		if err != nil || v.names.Scopes == nil && raw.Kind() != jsontext.KindString {
			return auth.InvalidToken(CheckScope, fmt.Errorf("%s does not hold scopes as configured; see Config.Claims", name))
		}
		// Only the string is a list of values; an element of an array stays whole.
		if raw.Kind() == jsontext.KindString {
			list = strings.Split(list[0], " ")
		}
		for _, s := range list {
			if s != "" && (!v.limited || slices.Contains(v.grantable, s)) && !slices.Contains(d.Scopes, s) {
				d.Scopes = append(d.Scopes, s)
			}
		}
	}
	return nil
}

// readMapped reads the members that only the issuer, or the configuration, gives
// a meaning.
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
		name     string
		to       *string
		optional bool
	}{{v.names.Tenant, &d.Tenant, false}, {v.names.User, &d.User, false}, {v.names.user, &d.User, true}} {
		if mapped.name == "" {
			continue
		}
		raw, ok := find(o, mapped.name)
		value, err := strictjson.Text(raw)
		if mapped.optional && !ok {
			continue
		}
		if !ok || err != nil || value == "" && !mapped.optional {
			return auth.InvalidToken(CheckMapping, fmt.Errorf("%s is absent, empty or not a string", mapped.name))
		}
		*mapped.to = value
	}
	return nil
}
