// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"context"
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// Opaque tokens, and JWTs that can be revoked, of one issuer.
func Example() {
	// In place of a real authorization server.
	as, err := authtest.NewIssuer(authtest.Config{Audience: "widgets", ClientID: "widget-service", ClientSecret: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = as.Close() }()

	iss, err := issuer.New(as.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = iss.Close() }()
	opaque, err := introspection.New(iss, introspection.Config{
		Audiences: []string{"widgets"},
		Auth:      clientauth.ClientSecretBasic("widget-service", clientauth.SecretText("secret")),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = opaque.Close() }()
	signed, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{"widgets"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	confirmed, err := introspection.NewConfirmer(signed, opaque)
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, err := auth.NewChain(opaque, confirmed)
	if err != nil {
		fmt.Println(err)
		return
	}

	revoked := as.Mint()
	as.Revoke(revoked)
	for _, token := range []string{as.MintOpaque(), as.Mint(), revoked} {
		credential, err := auth.NewBearer(token)
		if err != nil {
			fmt.Println(err)
			return
		}
		claims, err := tokens.Verify(context.Background(), credential)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(claims.Subject(), "by", claims.ClientID())
	}
	// Output:
	// user-1 by client-1
	// user-1 by client-1
	// TOKEN_INVALID: the access token is not valid here
}
