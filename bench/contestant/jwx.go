// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"errors"
	"time"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// JWX is lestrrat-go/jwx with its cache of keys.
const JWX = "lestrrat-go/jwx"

const jwxModule = "github.com/lestrrat-go/jwx/v3"

func jwxs() []Contestant {
	return []Contestant{
		{Name: JWX, Kind: Peer, Modules: []string{jwxModule}, Start: startPlain(jwx, nil), Note: "with jwk.Cache and its CachedSet"},
		{Name: JWX + ", LRU", Kind: CachingPeer, Modules: []string{jwxModule, lruModule}, Start: startPlain(jwx, behindLRU)},
	}
}

// jwx is what its documentation shows for a stable set of keys.
func jwx(ctx context.Context, t Target) (VerifyFunc, error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	var options []jwk.RegisterOption
	if t.KeyLifetime > 0 {
		options = append(options, jwk.WithConstantInterval(t.KeyLifetime))
	}
	if err := cache.Register(ctx, t.JWKS, options...); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(t.JWKS)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, token string) (*Identity, error) {
		verified, err := jwt.ParseString(token, jwt.WithKeySet(keys), jwt.WithIssuer(t.URL), jwt.WithAudience(t.Audience), jwt.WithRequiredClaim("exp"))
		if err != nil {
			return nil, err
		}
		var scope string
		if err := verified.Get("scope", &scope); err != nil {
			return nil, err
		}
		if !hasScope(scope) {
			return nil, errScope
		}
		subject, _ := verified.Subject()
		expiry, ok := verified.Expiration()
		if !ok {
			return nil, errors.New("no exp")
		}
		return &Identity{Subject: subject, Scope: scope, Expiry: expiry.Truncate(time.Second)}, nil
	}, nil
}
