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

// Profile says how an issuer's access tokens differ from every other JWT it
// signs with the same keys: ID tokens, refresh tokens, logout tokens.
type Profile uint8

// The profiles.
const (
	// RFC9068 is the default: typ at+jwt, and iss, exp, aud, sub, client_id,
	// iat and jti are required.
	RFC9068 Profile = iota
	// Legacy is for issuers from before RFC 9068, whose access tokens have typ
	// JWT or none. In its place it demands client_id (or azp) and scope, and
	// refuses what marks another kind of token: nonce, at_hash, c_hash, s_hash,
	// events, a typ claim other than Bearer, a token_use claim other than
	// access. iat and jti are optional.
	Legacy
)

// String returns the profile's name.
func (p Profile) String() string {
	switch p {
	case RFC9068:
		return "RFC9068"
	case Legacy:
		return "Legacy"
	default:
		return fmt.Sprintf("Profile(%d)", uint8(p))
	}
}

// profile is what a [Profile] stands for.
type profile struct {
	// types are the accepted values of the typ header, lower-case and without
	// "application/"; an empty one accepts a token without typ.
	types []string
	// client are the claims of which the first present names the client.
	client []string
	// required claims, besides iss, exp, aud, sub and the client.
	required map[string]auth.Check
	// scoped says that a claim with scopes is required, as Config.Claims names
	// them.
	scoped bool
	// foreign claims belong to another kind of token.
	foreign []string
	// only lists claims that must have this value, without regard to case, if
	// they are present.
	only map[string]string
}

var profiles = map[Profile]profile{
	RFC9068: {
		types:    []string{"at+jwt"},
		client:   []string{"client_id"},
		required: map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
	},
	Legacy: {
		types:   []string{"", "jwt", "at+jwt"},
		client:  []string{"client_id", "azp"},
		scoped:  true,
		foreign: []string{"nonce", "at_hash", "c_hash", "s_hash", "events"},
		only:    map[string]string{"typ": "bearer", "token_use": "access"},
	},
}

// accepts reports whether typ is one of the profile's. A value without a slash
// stands for application/ and the value (RFC 7515 section 4.1.9), and media
// types compare without regard to case.
func (p *profile) accepts(typ string) bool {
	short := strings.TrimPrefix(strings.ToLower(typ), "application/")
	return slices.Contains(p.types, short) && (short != "" || typ == "")
}

// checkKind refuses tokens of another kind.
func (p *profile) checkKind(claims strictjson.Object) *auth.Error {
	for _, name := range p.foreign {
		if claims.Has(name) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s does not belong into an access token", name))
		}
	}
	for name, want := range p.only {
		if value, err := claims.StringOr(name, want); err != nil || !strings.EqualFold(value, want) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s marks a token of another kind", name))
		}
	}
	for name, check := range p.required {
		if !claims.Has(name) {
			return auth.InvalidToken(check, fmt.Errorf("the claim %s is absent; every access token of this profile has it", name))
		}
	}
	return nil
}

// clientID returns the client the token was issued to.
func (p *profile) clientID(claims strictjson.Object) (string, error) {
	for _, name := range p.client {
		id, err := claims.String(name)
		if errors.Is(err, strictjson.ErrAbsent) {
			continue
		}
		if err == nil && id == "" {
			err = errors.New("empty")
		}
		return id, err
	}
	return "", strictjson.ErrAbsent
}
