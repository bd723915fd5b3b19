// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// The resource server of zitadel/oidc, which asks the issuer.
const (
	Zitadel    = "zitadel/oidc rs"
	ZitadelLRU = "zitadel/oidc rs, LRU"
)

const zitadelModule = "github.com/zitadel/oidc/v3"

func zitadels() []Contestant {
	return []Contestant{
		{Name: Zitadel, Kind: Peer, Opaque: true, Modules: []string{zitadelModule}, Start: startPlain(zitadel, nil), Note: "asks the issuer on every call"},
		{Name: ZitadelLRU, Kind: CachingPeer, Opaque: true, Modules: []string{zitadelModule, lruModule}, Start: startPlain(zitadel, behindLRU), Note: "kept until exp, so that no revocation is ever seen"},
	}
}

// zitadel is what the example of the package shows, and the checks that RFC 7662
// leaves to the resource server.
func zitadel(ctx context.Context, t Target) (VerifyFunc, error) {
	server, err := rs.NewResourceServerClientCredentials(ctx, t.URL, t.ClientID, t.ClientSecret, rs.WithStaticEndpoints(t.Token, t.Introspection))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) (*Identity, error) {
		answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, token)
		switch {
		case err != nil:
			return nil, err
		case !answer.Active:
			return nil, errors.New("not active")
		case !slices.Contains(answer.Audience, t.Audience):
			return nil, errors.New("another audience")
		case !slices.Contains(answer.Scope, Scope):
			return nil, errScope
		}
		return &Identity{Subject: answer.Subject, Scope: strings.Join(answer.Scope, " "), Expiry: answer.Expiration.AsTime()}, nil
	}, nil
}
