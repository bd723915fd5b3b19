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
)

// checkMarks asks for the claims that take the place of a typ header.
func (p *profile) checkMarks(claims strictjson.Object) *auth.Error {
	for name, want := range p.marks {
		if value, err := claims.String(name); err != nil || !strings.EqualFold(value, want) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s is not %s, which marks the access tokens of profile %s", name, want, p.name))
		}
	}
	for _, names := range p.oneOf {
		if !slices.ContainsFunc(names, claims.Has) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s is absent; every access token of profile %s has it, and other tokens have not", strings.Join(names, " or "), p.name))
		}
	}
	return nil
}

// checkMore makes the profile's own checks.
func (p *profile) checkMore(o strictjson.Object, h header, d *auth.ClaimsData) *auth.Error {
	if p.check == nil {
		return nil
	}
	return p.check(o, h, d)
}

// otherKind is the refusal of a token that lacks what proves its kind.
func otherKind(why string) *auth.Error { return auth.InvalidToken(CheckKind, errors.New(why)) }
