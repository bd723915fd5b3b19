// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"context"
	"crypto"
	"errors"
	"slices"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/golang-jwt/jwt/v5"
)

// Verifier verifies JWT access tokens of one issuer. It is an [auth.Verifier],
// immutable and safe for concurrent use.
type Verifier struct {
	issuer     string
	keys       *issuer.Issuer
	audiences  []string
	profile    profile
	algorithms map[string]allowed
	known      *knownHeaders
	skew       time.Duration
	grantable  []string
	limited    bool
	custom     auth.Decoder
	names      ClaimNames
	demands    ClaimNames // those that the configuration named
	// What a token must satisfy besides; see Expect.
	required    []string
	maxLifetime time.Duration
	maxTokenAge time.Duration
	maxAge      time.Duration
	nonce       string
	party       string
}

// allowed is an algorithm tokens may use, and the issuer's keys for it.
type allowed struct {
	method jwt.SigningMethod
	keys   keyfunc.Keyfunc
}

// Verify proves a bearer token. It returns an error matching
// [auth.ErrNotHandled] for a credential that is no JWT or names another issuer.
// It waits for the issuer's keys where needed, within ctx.
func (v *Verifier) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	if c.Scheme() != auth.SchemeBearer {
		return nil, auth.NotHandled(CheckScheme, errors.New("not a bearer token"))
	}
	// The error is typed inside, so that a refusal cannot become a non-nil
	// interface around nil.
	claims, err := v.verify(ctx, c.Token())
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// Describe implements [auth.Describer].
func (v *Verifier) Describe() auth.Description {
	return auth.Description{Issuers: []string{v.issuer}, Audiences: slices.Clone(v.audiences), LimitsScopes: v.limited}
}

func (v *Verifier) verify(ctx context.Context, raw string) (*auth.Claims, *auth.Error) {
	t := tokens.Get().(*token) //nolint:forcetypeassert // nothing else is in there
	err := t.parse(raw, v.known)
	var claims *auth.Claims
	if err == nil {
		claims, err = v.verifyParsed(ctx, t)
	}
	t.release()
	return claims, err
}

func (v *Verifier) verifyParsed(ctx context.Context, t *token) (*auth.Claims, *auth.Error) {
	// The issuer comes before the rest of the header: what another issuer puts
	// there is for another verifier to judge.
	if err := v.checkIssuer(t); err != nil {
		return nil, err
	}
	h := t.known
	if h == nil {
		h = v.known.find(t.segment) // if nobody knew whose token it is
	}
	known := h != nil
	if !known {
		read, err := v.readHeader(t.header)
		if err != nil {
			return nil, err
		}
		h = v.newHeader(t.segment, read)
	}
	key, err := v.key(ctx, t, h)
	if err != nil {
		return nil, err
	}
	if h.allowed.method.Verify(t.signed, t.signature, key) != nil {
		if key = v.verifyUnderNewKey(ctx, t, h, key); key == nil {
			return nil, auth.InvalidToken(CheckSignature, errors.New("the signature does not verify under the issuer's key of that kid"))
		}
	}
	if !known {
		v.known.add(h)
	}
	return v.readClaims(t, h, key)
}

// verifyUnderNewKey is for issuers that give a new key the id of an old one, as
// those do that make their keys when they start. It asks for the keys again, as
// often as the issuer's own small budget for this allows, and verifies again
// only if the key is another now. It returns that key if the token is good.
func (v *Verifier) verifyUnderNewKey(ctx context.Context, t *token, h *knownHeader, old any) crypto.PublicKey {
	key := v.keys.Reconsider(ctx, h.kid, h.alg)
	if key == nil || sameKey(old, key) || h.allowed.method.Verify(t.signed, t.signature, key) != nil {
		return nil
	}
	return key
}

func (v *Verifier) checkIssuer(t *token) *auth.Error {
	iss, err := t.claims.String("iss", v.issuer)
	if err != nil {
		return auth.InvalidToken(CheckIssuer, err)
	}
	if iss != v.issuer {
		return auth.NotHandled(CheckIssuer, errors.New("iss is not the configured issuer; they compare exactly, trailing slash included"))
	}
	return nil
}

// key selects the issuer's key for the token.
func (v *Verifier) key(ctx context.Context, t *token, h *knownHeader) (any, *auth.Error) {
	key, err := h.allowed.keys.KeyfuncCtx(ctx)(h.selector)
	if err != nil {
		return nil, v.keyError(t, err)
	}
	if set, ok := key.(jwt.VerificationKeySet); ok {
		return set.Keys[0], nil // the store offers exactly one without a kid
	}
	return key, nil
}

// issuedSlack allows for an iat that was cut to whole seconds and for clocks
// that are a little apart; clocks may be as far apart as the configured skew.
const issuedSlack = 5 * time.Second

// keyError tells a token that no key of the issuer can have signed from one
// whose key may just not be known here yet. The latter would be told "invalid"
// in the seconds after a rotation, and its holder would throw it away.
func (v *Verifier) keyError(t *token, err error) *auth.Error {
	var unavailable *issuer.UnavailableError
	if errors.As(err, &unavailable) {
		return auth.Unavailable(CheckKeys, unavailable.RetryAfter, unavailable)
	}
	var unknown *issuer.UnknownKeyError
	if !errors.As(err, &unknown) {
		return auth.InvalidToken(CheckKey, err)
	}
	if unknown.Final {
		return auth.InvalidToken(CheckKey, unknown)
	}
	// Unverified, so it may choose between two refusals and nothing else.
	iat, iatErr := t.claims.NumericDate("iat")
	if iatErr == nil && iat.Add(max(issuedSlack, v.skew)).Before(unknown.Asked) {
		return auth.InvalidToken(CheckKey, unknown)
	}
	return auth.Unavailable(CheckKeys, unknown.RetryAfter, unknown)
}
