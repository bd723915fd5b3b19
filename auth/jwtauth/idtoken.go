// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// IDTokens verifies ID tokens, for a program that signs users in (OpenID Connect
// Core section 3.1.3.7). It is no [auth.Verifier], so that no Guard can be made
// of it: an ID token tells a client who signed in, and is no permission to call
// anything. It is immutable and safe for concurrent use.
type IDTokens struct{ verifier *Verifier }

// NewIDTokens returns a verifier of the ID tokens that iss issues to a client.
// [Config.Audiences] are the client's ids, usually one, and [Config.Profile] is
// not used. It does no I/O.
func NewIDTokens(iss *issuer.Issuer, c Config) (*IDTokens, error) {
	if c.Profile != RFC9068 {
		return nil, fmt.Errorf("jwtauth: Config.Profile %v is for access tokens; leave it out", c.Profile)
	}
	v, err := newVerifier(iss, c, idToken)
	if err != nil {
		return nil, err
	}
	return &IDTokens{v}, nil
}

// VerifyToken proves an ID token. Whoever sent a nonce or max_age with the
// authentication request has to expect them here; at_hash and c_hash are not
// compared.
//
// A token for several audiences must name this client in azp, and one that has
// azp must name this client there, or [Expect.AuthorizedParty] if that is set.
func (t *IDTokens) VerifyToken(ctx context.Context, raw string, e Expect) (*auth.Claims, error) {
	return t.verifier.VerifyToken(ctx, raw, e)
}

// idToken: iss, exp, aud, sub and iat are required. The foreign claims are those
// of access tokens, where a client and an API share a name, and of the other
// kinds; typ and token_use are what Keycloak and Cognito say of theirs.
var idToken = profile{
	name:      "IDTokens",
	types:     []string{"", "jwt"},
	party:     true,
	required:  map[string]auth.Check{"iat": CheckIssuedAt},
	foreign:   append([]string{"scope", "scp", "azpacr", "appidacr"}, neitherKind...),
	only:      map[string]string{"typ": "ID", "token_use": "id"},
	principal: alwaysUser,
}

// checkAuthorizedParty finds the client an ID token was issued to.
func (v *Verifier) checkAuthorizedParty(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	azp, err := o.String("azp")
	switch {
	case errors.Is(err, strictjson.ErrAbsent) && len(d.Audiences) == 1:
		d.ClientID = d.Audiences[0]
	case err != nil:
		return auth.InvalidToken(CheckParty, fmt.Errorf("azp: %w, and a token for several audiences needs it", err))
	case v.party == "" && !slices.Contains(v.audiences, azp):
		return auth.InvalidToken(CheckParty, errors.New("azp is another client"))
	default:
		d.ClientID = azp
	}
	return nil
}
