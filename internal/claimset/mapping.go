// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package claimset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// Scopes collects the scopes from claims that are named as for
// [strictjson.Object.Find], and says whether any of these is there. What is not a
// scope-token can match no rule. Without names they are in scope, as a string
// (RFC 8693 section 4.2); a name may also be that of an array. If grantable is
// not nil, others are left out.
func Scopes(o strictjson.Object, names, grantable []string) (scopes []string, present bool, err error) {
	configured := names != nil
	if !configured {
		names = []string{"scope"}
	}
	for _, name := range names {
		raw, ok := o.Find(name)
		if !ok {
			continue
		}
		present = true
		list, err := scopesOf(raw)
		if err != nil || !configured && raw.Kind() != jsontext.KindString {
			return nil, true, fmt.Errorf("%s does not hold scopes as configured; see Config.Claims", name)
		}
		if scopes == nil {
			scopes = list[:0] // each is behind those that were looked at
		}
		for _, s := range list {
			if s != "" && (grantable == nil || slices.Contains(grantable, s)) && !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	if len(scopes) == 0 {
		scopes = nil
	}
	return scopes, present, nil
}

// scopesOf returns the values of one claim. Only the string is a list of them. An
// element of an array stays whole: the group "friends of admin" is not the scope
// admin.
func scopesOf(raw jsontext.Value) ([]string, error) {
	if raw.Kind() != jsontext.KindString {
		return strictjson.Texts(raw)
	}
	text, err := strictjson.Text(raw)
	return strings.Split(text, " "), err
}

// Roles collects the roles from claims that are named likewise. Which of them are
// absent does not matter.
func Roles(o strictjson.Object, names []string) ([]string, error) {
	var roles []string
	for _, name := range names {
		raw, ok := o.Find(name)
		if !ok {
			continue
		}
		list, err := strictjson.Texts(raw)
		if err != nil {
			return nil, fmt.Errorf("%s does not hold roles", name)
		}
		roles = append(roles, list...)
	}
	return roles, nil
}

// Text returns a claim, named likewise, that must be a string with something in
// it; only if it is not required may it be absent. Without a name there is none.
func Text(o strictjson.Object, name string, required bool) (string, error) {
	raw, ok := o.Find(name)
	if name == "" || !ok && !required {
		return "", nil
	}
	text, err := strictjson.Text(raw)
	if err != nil || text == "" {
		return "", fmt.Errorf("%s is absent, empty or not a string", name)
	}
	return text, nil
}
