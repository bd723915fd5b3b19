// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package rig has what contestants run against: an issuer on loopback with
// tokens of the usual size, and servers.
package rig

import (
	"crypto"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/bench/contestant"
)

// Audience is what all tokens are for.
const Audience = "https://widgets.example.com"

// What the introspection endpoint wants to see.
const (
	clientID     = "widgets"
	clientSecret = "not-a-secret-3c1f"
)

// Issuer is an authorization server with keys of one algorithm.
type Issuer struct {
	*authtest.Issuer

	Algorithm string
}

// NewIssuer starts an issuer on a free loopback port.
func NewIssuer(algorithm string) (*Issuer, error) {
	i, err := authtest.NewIssuer(authtest.Config{
		Algorithm: algorithm, Audience: Audience, TokenLifetime: time.Hour,
		ClientID: clientID, ClientSecret: clientSecret,
	})
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	return &Issuer{Issuer: i, Algorithm: algorithm}, nil
}

// Target returns what contestants need to know of the issuer.
func (i *Issuer) Target() contestant.Target {
	return contestant.Target{
		URL: i.URL(), JWKS: i.URL() + "/jwks", Introspection: i.URL() + "/introspect", Token: i.URL() + "/token",
		Audience: Audience, Algorithm: i.Algorithm, ClientID: clientID, ClientSecret: clientSecret,
	}
}

// PublicKey returns the key that signs now.
func (i *Issuer) PublicKey() crypto.PublicKey { return i.Key(i.KeyID()).Public() }

// claims are fourteen in all, as real tokens have about that many.
func claims(n int) []authtest.TokenOption {
	return []authtest.TokenOption{
		authtest.Subject("248289761001-" + strconv.Itoa(n)),
		authtest.ClientID("s6BhdRkqt3"),
		authtest.Scopes(contestant.Scope, "widgets.write", "profile"),
		authtest.Claim("auth_time", time.Now().Add(-time.Minute).Unix()),
		authtest.Claim("sid", "08a5019c-17e1-4977-8f42-65a12843ea02"),
		authtest.Claim("email", "jane.doe@example.com"),
		authtest.Claim("name", "Jane Doe"),
		authtest.Claim("tenant", "5b11618e-4bb6-4c4e-8a4f-2f1b1d3c8d5a"),
		authtest.Claim("roles", []string{"editor", "reviewer"}),
	}
}

// Tokens returns n different JWTs, all good.
func (i *Issuer) Tokens(n int) []string { return many(n, i.Mint) }

// OpaqueTokens returns n different opaque tokens, all good.
func (i *Issuer) OpaqueTokens(n int) []string { return many(n, i.MintOpaque) }

func many(n int, mint func(...authtest.TokenOption) string) []string {
	tokens := make([]string, n)
	for k := range tokens {
		tokens[k] = mint(claims(k)...)
	}
	return tokens
}

// Token returns one good token that is like no other.
func (i *Issuer) Token(n int, more ...authtest.TokenOption) string {
	return i.Mint(append(claims(n), more...)...)
}

// Expired returns a token that was good two hours ago.
func (i *Issuer) Expired() string {
	return i.Token(0, authtest.IssuedAt(time.Now().Add(-3*time.Hour)), authtest.Lifetime(time.Hour))
}

// Forged returns a good token with another subject under the same signature.
func (i *Issuer) Forged() string {
	parts := strings.Split(i.Token(0), ".")
	parts[1] = strings.Split(i.Token(1), ".")[1]
	return strings.Join(parts, ".")
}

// UnknownKey returns a token that names a key which never was.
func (i *Issuer) UnknownKey(n int) string {
	return i.Token(n, authtest.Header("kid", "made-up-"+strconv.Itoa(n)))
}
