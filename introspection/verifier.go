// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Verifier verifies access tokens of one issuer by asking it. It is an
// [auth.Verifier], safe for concurrent use. One Verifier serves all Guards of a
// process, so that its bounds hold for all of them together.
type Verifier struct {
	issuer    string
	audiences []string
	tokens    Tokens
	prefixes  []string
	skew      time.Duration
	positive  time.Duration
	stale     time.Duration
	negative  time.Duration
	grantable []string
	limited   bool
	names     jwtauth.ClaimNames
	required  []string
	custom    auth.Decoder
	signed    *signed // nil for plain answers

	missingIsClient                                             bool
	allowMissingAudience, allowMissingSubject, allowUnknownKind bool

	asker  *asker
	known  *regulars
	alarms *alarms
}

// Verify asks the issuer about a bearer token. It returns an error matching
// [auth.ErrNotHandled] for a token that is not this verifier's, by its shape. It
// waits for the answer within ctx and [Config.Timeout].
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
	return auth.Description{Issuers: []string{v.issuer}, Audiences: slices.Clone(v.audiences), LimitsScopes: v.limited, Asks: true}
}

// Close lets go of idle connections. A question under way is not affected. It
// always returns nil.
func (v *Verifier) Close() error {
	v.asker.endpoint.Close()
	return nil
}

func (v *Verifier) verify(ctx context.Context, token string) (*auth.Claims, *auth.Error) {
	if err := v.route(token); err != nil {
		return nil, err
	}
	a, err := v.question(ctx, token)
	if err != nil {
		return nil, err
	}
	d := a.data(v)
	for _, step := range []step{
		v.checkBinding, v.checkKind, v.checkNonce, v.checkIssuer, v.readIdentity, v.checkSubject, v.readAudience, v.checkAudience, v.checkKnownKind,
		v.checkRequired, v.readScope, v.readMapped, checkActor, checkDetails, v.readTimes,
	} {
		if err := step(a.members, d); err != nil {
			return nil, err
		}
	}
	return v.claims(token, d)
}

// step makes some of the checks.
type step func(o strictjson.Object, d *auth.ClaimsData) *auth.Error

// claims makes the claims of a token that passed all checks.
func (v *Verifier) claims(token string, d *auth.ClaimsData) (*auth.Claims, *auth.Error) {
	var err error
	if d.Custom, err = v.custom.Decode(d.Payload, strictjson.Unmarshal); err != nil {
		return nil, auth.InvalidToken(CheckCustom, err)
	}
	claims, err := auth.NewClaims(*d)
	if err != nil {
		return nil, auth.InvalidToken(CheckAnswer, err)
	}
	v.known.add(token)
	return claims, nil
}

// route says which tokens are for another verifier, or for none.
func (v *Verifier) route(token string) *auth.Error {
	if !hasPrefix(token, v.prefixes) {
		return auth.NotHandled(CheckShape, errors.New("the token begins with none of Config.Prefixes"))
	}
	// The shape is that of package jwtauth, so that exactly one of the two judges
	// any token of an issuer.
	jwt, ok := jws.Split(token)
	switch {
	case !ok && isDisguised(token):
		// No verifier of JWTs takes it, and an endpoint that does would undo what
		// such a verifier, or a Confirmer, has refused.
		return auth.InvalidToken(CheckShape, errors.New("a JWT but for its spelling: padding, or the alphabet of plain base64"))
	case !ok:
		return nil
	}
	if v.tokens == Opaque {
		return auth.NotHandled(CheckShape, errors.New("a JWT, and the endpoint is asked about opaque tokens only: verify it by package jwtauth, or set Config.Tokens"))
	}
	iss, ok := claimedIssuer(jwt)
	if !ok {
		return auth.NotHandled(CheckIssuer, errors.New("the shape of a JWT, and claims that do not say whose: they are not strict JSON, or iss is not a string"))
	}
	if iss != "" && iss != v.issuer {
		return auth.NotHandled(CheckIssuer, errors.New("a JWT of another issuer, to which this one is no authority"))
	}
	return nil
}

// question asks about a token and returns an answer that says it is active.
func (v *Verifier) question(ctx context.Context, token string) (*answer, *auth.Error) {
	regular := v.known.has(token)
	a, err := v.asker.ask(ctx, token, regular)
	if err != nil {
		return nil, err
	}
	if err := a.checkActive(v.negative); err != nil {
		if a.definite() {
			v.known.remove(token)
			v.alarms.answered(ctx, false)
		} else {
			v.alarms.useless(ctx, regular, err.Cause)
		}
		return nil, err
	}
	v.alarms.answered(ctx, true)
	return a, nil
}
