// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/introspection"
)

// writeScope is what writing needs.
const writeScope = "write:widgets"

// rules are who may call what; a method that is not here is denied.
func rules(s settings) auth.Rules {
	write := []string{writeScope}
	return auth.Rules{
		transports.Service + transports.Get:    {}, // every authenticated caller
		transports.Service + transports.Create: {AllScopes: write},
		// Cannot be undone, so no remembered answer will do where there is somebody
		// to ask.
		transports.Service + transports.Delete: {AllScopes: write, Fresh: s.asks()},
		transports.Service + transports.Ping:   {Access: auth.AccessPublic},
	}
}

// newVerifier asks nobody anything: the service starts while its issuer is down.
// The function it returns lets go of idle connections.
func newVerifier(iss *issuer.Issuer, s settings) (auth.Verifier, func() error, error) {
	jwt, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{s.audience}, Custom: auth.Decode[members]()})
	if err != nil {
		return nil, nil, err
	}
	if !s.asks() {
		return jwt, func() error { return nil }, nil
	}
	asked, err := introspection.New(iss, introspection.Config{
		Audiences:   []string{s.audience},
		Auth:        clientauth.ClientSecretBasic(s.clientID, clientauth.SecretText(s.clientSecret)),
		Endpoint:    s.endpoint,
		PositiveTTL: s.cache,
		Timeout:     s.timeout,
		Custom:      auth.Decode[members](),
		Observer:    auth.SlogObserver(nil),
	})
	if err != nil {
		return nil, nil, err
	}
	if s.tokens == tokensOpaque {
		return asked, asked.Close, nil
	}
	both, err := introspection.NewConfirmer(jwt, asked)
	if err != nil {
		return nil, nil, err
	}
	return both, asked.Close, nil
}
