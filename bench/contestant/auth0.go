// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"net/url"
	"time"

	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
)

// Auth0 is the validator of auth0/go-jwt-middleware.
const Auth0 = "auth0/go-jwt-middleware"

const auth0Module = "github.com/auth0/go-jwt-middleware/v2"

func auth0s() []Contestant {
	return []Contestant{
		{Name: Auth0, Kind: Peer, Modules: []string{auth0Module}, Start: startPlain(auth0, nil), Note: "version 2; version 3 could not be had"},
		{Name: Auth0 + ", LRU", Kind: CachingPeer, Modules: []string{auth0Module, lruModule}, Start: startPlain(auth0, behindLRU)},
	}
}

// auth0Claims are the custom claims of its README.
type auth0Claims struct {
	Scope string `json:"scope"`
}

// Validate is called for every token.
func (c *auth0Claims) Validate(context.Context) error {
	if !hasScope(c.Scope) {
		return errScope
	}
	return nil
}

// auth0 is what its README shows, with a cache of keys of five minutes.
func auth0(_ context.Context, t Target) (VerifyFunc, error) {
	at, err := url.Parse(t.URL)
	if err != nil {
		return nil, err
	}
	lifetime := 5 * time.Minute
	if t.KeyLifetime > 0 {
		lifetime = t.KeyLifetime
	}
	v, err := validator.New(
		jwks.NewCachingProvider(at, lifetime).KeyFunc,
		validator.SignatureAlgorithm(t.Algorithm), t.URL, []string{t.Audience},
		validator.WithCustomClaims(func() validator.CustomClaims { return new(auth0Claims) }),
		validator.WithAllowedClockSkew(time.Minute),
	)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) (*Identity, error) {
		verified, err := v.ValidateToken(ctx, token)
		if err != nil {
			return nil, err
		}
		claims := verified.(*validator.ValidatedClaims)   //nolint:forcetypeassert // its README does so
		scope := claims.CustomClaims.(*auth0Claims).Scope //nolint:forcetypeassert // made above
		return &Identity{Subject: claims.RegisteredClaims.Subject, Scope: scope, Expiry: time.Unix(claims.RegisteredClaims.Expiry, 0)}, nil
	}, nil
}
