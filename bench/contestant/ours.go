// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// The names of what this project offers.
const (
	OursCached = "bearerkit, cached"
	OursCold   = "bearerkit, no cache"
	OursOpaque = "bearerkit, opaque, cached"
)

func ours() []Contestant {
	return []Contestant{
		{Name: OursCached, Kind: Ours, Start: startJWT(true), Note: "as NewGuard makes it; every strict check on, a rule with a scope"},
		{Name: OursCold, Kind: Ours, Start: startJWT(false), Note: "auth.WithoutCache"},
		{Name: OursOpaque, Kind: Ours, Opaque: true, Start: startOpaque, Note: "answers are kept for an hour, where the default is ten seconds"},
	}
}

func rules() auth.Rules {
	return auth.Rules{
		Procedure:       {AllScopes: []string{Scope}},
		StreamProcedure: {AllScopes: []string{Scope}},
	}
}

func caching(t Target) auth.GuardOption { return auth.WithCache(auth.CacheConfig{Entries: t.Entries}) }

// newIssuer starts nothing: keys are fetched when the first token comes.
func newIssuer(t Target) (*issuer.Issuer, error) {
	if t.KeyLifetime == 0 {
		return issuer.New(t.URL)
	}
	// In the proportions of the defaults.
	return issuer.New(t.URL, issuer.WithTimings(issuer.Timings{
		Fresh: t.KeyLifetime, MinFresh: t.KeyLifetime, MaxFresh: t.KeyLifetime,
		HardStop: 24 * t.KeyLifetime, MaxBackoff: t.KeyLifetime,
	}))
}

func startJWT(cached bool) func(context.Context, Target) (*Instance, error) {
	return func(_ context.Context, t Target) (*Instance, error) {
		iss, err := newIssuer(t)
		if err != nil {
			return nil, err
		}
		verifier, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{t.Audience}})
		if err != nil {
			return nil, errors.Join(err, iss.Close())
		}
		option := auth.WithoutCache()
		if cached {
			option = caching(t)
		}
		return guarded(t, verifier, option, func() { _ = iss.Close() })
	}
}

func startOpaque(_ context.Context, t Target) (*Instance, error) {
	iss, err := newIssuer(t)
	if err != nil {
		return nil, err
	}
	verifier, err := introspection.New(iss, introspection.Config{
		Audiences:   []string{t.Audience},
		Auth:        clientauth.ClientSecretBasic(t.ClientID, clientauth.SecretText(t.ClientSecret)),
		PositiveTTL: time.Hour,
	})
	if err != nil {
		return nil, errors.Join(err, iss.Close())
	}
	return guarded(t, verifier, caching(t), func() {
		_ = verifier.Close()
		_ = iss.Close()
	})
}

// counted tells of every call.
type counted struct {
	auth.Verifier

	verified func()
}

func (c counted) Verify(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
	c.verified()
	return c.Verifier.Verify(ctx, credential)
}

// Describe implements [auth.Describer].
func (c counted) Describe() auth.Description {
	if d, ok := c.Verifier.(auth.Describer); ok {
		return d.Describe()
	}
	return auth.Description{}
}

func guarded(t Target, verifier auth.Verifier, option auth.GuardOption, stop func()) (*Instance, error) {
	if t.Verified != nil {
		verifier = counted{Verifier: verifier, verified: t.Verified}
	}
	guard, err := auth.NewGuard(verifier, rules(), option)
	if err != nil {
		stop()
		return nil, err
	}
	return &Instance{
		Unary:      grpcauth.UnaryServerInterceptor(guard),
		Stream:     grpcauth.StreamServerInterceptor(guard),
		Connect:    []connect.HandlerOption{connectauth.HandlerOptions(guard)},
		Middleware: connectauth.Middleware(guard),
		Stop:       stop,
	}, nil
}
