// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"errors"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	grpcmiddleware "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/auth"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The names of the contestants around golang-jwt.
const (
	GolangJWT         = "golang-jwt + keyfunc"
	GolangJWTLRU      = "golang-jwt + keyfunc, LRU"
	GolangJWTTokenLRU = "golang-jwt + keyfunc, LRU by token"
)

var (
	golangJWTModules  = []string{"github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3"}
	grpcMiddlewareMod = "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	lruModule         = "github.com/hashicorp/golang-lru/v2"
)

func golangJWTs() []Contestant {
	withLRU := append([]string{lruModule}, golangJWTModules...)
	return []Contestant{
		{Name: GolangJWT, Kind: Peer, Modules: golangJWTModules, Start: startGolangJWT(nil)},
		{Name: "go-grpc-middleware, golang-jwt", Kind: Peer, Modules: append([]string{grpcMiddlewareMod}, golangJWTModules...), Start: startGRPCMiddleware(nil)},
		{Name: GolangJWTLRU, Kind: CachingPeer, Modules: withLRU, Start: startGolangJWT(behindLRU)},
		{Name: GolangJWTTokenLRU, Kind: CachingPeer, Modules: withLRU, Start: startGolangJWT(behindTokenLRU), Note: "keeps every caller's token in memory, as the key"},
		{Name: "go-grpc-middleware, golang-jwt, LRU", Kind: CachingPeer, Modules: append([]string{grpcMiddlewareMod}, withLRU...), Start: startGRPCMiddleware(behindLRU)},
	}
}

// cacheFunc puts a cache before a VerifyFunc.
type cacheFunc func(VerifyFunc, int) (VerifyFunc, error)

// before puts the cache before verify, if there is one.
func (c cacheFunc) before(verify VerifyFunc, t Target) (VerifyFunc, error) {
	if verified := t.Verified; verified != nil {
		inner := verify
		verify = func(ctx context.Context, token string) (*Identity, error) {
			verified()
			return inner(ctx, token)
		}
	}
	if c == nil {
		return verify, nil
	}
	return c(verify, t.Entries)
}

type scopeClaims struct {
	jwt.RegisteredClaims

	Scope string `json:"scope"`
}

// golangJWT is what the READMEs of golang-jwt and keyfunc show, with every
// option on that narrows what is accepted.
func golangJWT(ctx context.Context, t Target) (VerifyFunc, error) {
	override := keyfunc.Override{RefreshInterval: t.KeyLifetime, RefreshErrorHandlerFunc: silent}
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{t.JWKS}, override)
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{t.Algorithm}),
		jwt.WithIssuer(t.URL),
		jwt.WithAudience(t.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
	)
	return func(ctx context.Context, token string) (*Identity, error) {
		var claims scopeClaims
		if _, err := parser.ParseWithClaims(token, &claims, keys.KeyfuncCtx(ctx)); err != nil {
			return nil, err
		}
		if !hasScope(claims.Scope) {
			return nil, errScope
		}
		return &Identity{Subject: claims.Subject, Scope: claims.Scope, Expiry: claims.ExpiresAt.Time}, nil
	}, nil
}

// silent keeps outages that are made on purpose out of the log.
func silent(string) func(context.Context, error) { return func(context.Context, error) {} }

var errScope = errors.New("scope " + Scope + " is missing")

func hasScope(granted string) bool {
	for scope := range strings.SplitSeq(granted, " ") {
		if scope == Scope {
			return true
		}
	}
	return false
}

func startGolangJWT(cache cacheFunc) func(context.Context, Target) (*Instance, error) {
	return startPlain(golangJWT, cache)
}

// startPlain starts what a maker of VerifyFuncs makes.
func startPlain(maker func(context.Context, Target) (VerifyFunc, error), cache cacheFunc) func(context.Context, Target) (*Instance, error) {
	return func(ctx context.Context, t Target) (*Instance, error) {
		ctx, stop := context.WithCancel(ctx)
		verify, err := maker(ctx, t)
		if err != nil {
			stop()
			return nil, err
		}
		if verify, err = cache.before(verify, t); err != nil {
			stop()
			return nil, err
		}
		return plain(verify, stop), nil
	}
}

func startGRPCMiddleware(cache cacheFunc) func(context.Context, Target) (*Instance, error) {
	return func(ctx context.Context, t Target) (*Instance, error) {
		ctx, stop := context.WithCancel(ctx)
		verify, err := golangJWT(ctx, t)
		if err != nil {
			stop()
			return nil, err
		}
		if verify, err = cache.before(verify, t); err != nil {
			stop()
			return nil, err
		}
		decide := func(ctx context.Context) (context.Context, error) {
			token, err := grpcmiddleware.AuthFromMD(ctx, "bearer")
			if err != nil {
				return nil, err
			}
			identity, err := verify(ctx, token)
			if err != nil {
				return nil, status.Error(codes.Unauthenticated, err.Error())
			}
			return context.WithValue(ctx, identityKey{}, identity), nil
		}
		return &Instance{
			Unary:  grpcmiddleware.UnaryServerInterceptor(decide),
			Stream: grpcmiddleware.StreamServerInterceptor(decide),
			Stop:   stop,
		}, nil
	}
}
