// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"net/http"

	"connectrpc.com/authn"
	"github.com/coreos/go-oidc/v3/oidc"
)

// The names of the contestants around go-oidc.
const (
	GoOIDC   = "go-oidc"
	Authn    = "connectrpc.com/authn, go-oidc"
	AuthnLRU = "connectrpc.com/authn, go-oidc, LRU"
)

const goOIDCModule = "github.com/coreos/go-oidc/v3"

func goOIDCs() []Contestant {
	const authnModule = "connectrpc.com/authn"
	return []Contestant{
		{Name: GoOIDC, Kind: Peer, Modules: []string{goOIDCModule}, Start: startPlain(goOIDC, nil)},
		{Name: Authn, Kind: Peer, Modules: []string{authnModule, goOIDCModule}, Start: startAuthn(nil), Note: "HTTP middleware, so its calls are HTTP requests"},
		{Name: "go-oidc, LRU", Kind: CachingPeer, Modules: []string{goOIDCModule, lruModule}, Start: startPlain(goOIDC, behindLRU)},
		{Name: AuthnLRU, Kind: CachingPeer, Modules: []string{authnModule, goOIDCModule, lruModule}, Start: startAuthn(behindLRU), Note: "HTTP middleware, so its calls are HTTP requests"},
	}
}

// goOIDC is what the documentation of the package shows.
func goOIDC(ctx context.Context, t Target) (VerifyFunc, error) {
	provider, err := oidc.NewProvider(ctx, t.URL)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: t.Audience})
	return func(ctx context.Context, token string) (*Identity, error) {
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return nil, err
		}
		var claims struct {
			Scope string `json:"scope"`
		}
		if err := verified.Claims(&claims); err != nil {
			return nil, err
		}
		if !hasScope(claims.Scope) {
			return nil, errScope
		}
		return &Identity{Subject: verified.Subject, Scope: claims.Scope, Expiry: verified.Expiry}, nil
	}, nil
}

func startAuthn(cache cacheFunc) func(context.Context, Target) (*Instance, error) {
	return func(ctx context.Context, t Target) (*Instance, error) {
		ctx, stop := context.WithCancel(ctx)
		verify, err := goOIDC(ctx, t)
		if err != nil {
			stop()
			return nil, err
		}
		if verify, err = cache.before(verify, t); err != nil {
			stop()
			return nil, err
		}
		middleware := authn.NewMiddleware(func(ctx context.Context, r *http.Request) (any, error) {
			token, ok := authn.BearerToken(r)
			if !ok {
				return nil, authn.Errorf("no bearer token")
			}
			identity, err := verify(ctx, token)
			if err != nil {
				return nil, authn.Errorf("invalid token")
			}
			return identity, nil
		})
		return &Instance{Middleware: middleware.Wrap, Handler: middleware.Wrap(noHTTPHandler), Stop: stop}, nil
	}
}
