// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
)

// steps are the calls of the example. Each is made on both transports, behind
// one Guard and so with one cache.
func steps(fake *authtest.Issuer, bound time.Duration) []transports.Step {
	const (
		get, create, remove, ping = transports.Get, transports.Create, transports.Delete, transports.Ping

		ok, unauthenticated = transports.OK, connect.CodeUnauthenticated
		denied, unavailable = connect.CodePermissionDenied, connect.CodeUnavailable

		invalid, nobodyKnows = auth.ReasonTokenInvalid, auth.ReasonAuthorityUnavailable
	)
	mint := func(options ...authtest.TokenOption) string {
		return fake.MintOpaque(append([]authtest.TokenOption{authtest.Scopes(readScope)}, options...)...)
	}
	const b = "Bearer "
	good, revoked, revokedToo, unseen := mint(), mint(), mint(), mint()
	inactive := mint()
	fake.Revoke(inactive)
	var asked time.Time

	return []transports.Step{
		{Method: get, Credential: "none", Code: unauthenticated, Reason: auth.ReasonCredentialsMissing},
		{Method: ping, Credential: "none, public method", Code: ok},
		{Method: get, Credential: "good", Authorization: b + good, Code: ok, Questions: 1},
		{Method: create, Credential: "good, without the scope", Authorization: b + good, Code: denied, Reason: auth.ReasonScopeInsufficient},
		{Method: create, Credential: "with the scope", Authorization: b + mint(authtest.Scopes(readScope, writeScope)), Code: ok, Questions: 1},
		{Method: get, Credential: "inactive", Authorization: b + inactive, Code: unauthenticated, Reason: invalid, Questions: 1},
		{Method: get, Credential: "made up", Authorization: b + "made-up", Code: unauthenticated, Reason: invalid, Questions: 1},
		// Only a definite "inactive" is remembered, so these are asked about twice.
		{Method: get, Credential: "for another audience", Authorization: b + mint(authtest.Audience("gadgets")), Code: unauthenticated, Reason: invalid, Questions: 2},
		{
			Method: get, Credential: "a refresh token", Authorization: b + mint(authtest.Claim("token_use", "refresh_token")),
			Code: unauthenticated, Reason: invalid, Questions: 2,
		},
		{Method: get, Credential: "a JWT, of which nobody is asked", Authorization: b + fake.Mint(), Code: unauthenticated, Reason: invalid},

		{Method: get, Credential: "soon revoked", Authorization: b + revokedToo, Code: ok, Questions: 1},
		{
			Method: remove, Credential: "revoked, fresh rule", Authorization: b + revokedToo, Code: unauthenticated, Reason: invalid, Questions: 2,
			Do: func() { fake.Revoke(revokedToo) },
		},
		// What a fresh rule learns counts for all.
		{Method: get, Credential: "revoked, and a fresh rule found out", Authorization: b + revokedToo, Code: unauthenticated, Reason: invalid},

		{
			Method: get, Credential: "soon revoked", Authorization: b + revoked, Code: ok, Questions: 1,
			Do: func() { asked = time.Now() },
		},
		{
			Method: get, Credential: "revoked, within the bound", Authorization: b + revoked, Code: ok,
			Do: func() { fake.Revoke(revoked) },
		},
		{
			Method: get, Credential: "revoked, after the bound", Authorization: b + revoked, Code: unauthenticated, Reason: invalid, Questions: 1,
			// The bound counts from the question, which came after this moment.
			Do: func() { time.Sleep(time.Until(asked.Add(bound + bound/4))) },
		},

		{Method: get, Credential: "good", Authorization: b + good, Code: ok, Questions: 1},
		{
			Method: get, Credential: "good, endpoint down", Authorization: b + good, Code: ok,
			Do: func() {
				fake.FailAlways(authtest.Introspection, authtest.Status(http.StatusServiceUnavailable))
			},
		},
		{Method: get, Credential: "never seen, endpoint down", Authorization: b + unseen, Code: unavailable, Reason: nobodyKnows, Questions: 2},
		{Method: remove, Credential: "good, fresh rule, endpoint down", Authorization: b + good, Code: unavailable, Reason: nobodyKnows, Questions: 2},
		{
			Method: get, Credential: "never seen, endpoint is back", Authorization: b + unseen, Code: ok, Questions: 1,
			Do: func() { fake.Recover(authtest.Introspection) },
		},
		{Method: remove, Credential: "good, fresh rule", Authorization: b + good, Code: ok, Questions: 2},
	}
}
