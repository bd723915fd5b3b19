// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
)

// steps are the calls of the example. All tokens name all scopes: what counts is
// who issued them.
func steps(company, partner *authtest.Issuer) []transports.Step {
	const (
		get, create, remove = transports.Get, transports.Create, transports.Delete

		ok, unauthenticated = transports.OK, connect.CodeUnauthenticated
		denied, unavailable = connect.CodePermissionDenied, connect.CodeUnavailable

		invalid, scope = auth.ReasonTokenInvalid, auth.ReasonScopeInsufficient
	)
	all := authtest.Scopes(readScope, writeScope, returnScope)
	companyJWT, partnerJWT := "Bearer "+company.Mint(all), "Bearer "+partner.Mint(all)
	partnerOpaque := "Bearer " + partner.MintOpaque(all)
	inCompanysName := authtest.Claim("iss", company.URL())

	return []transports.Step{
		{Method: get, Credential: "company's JWT", Authorization: companyJWT, Code: ok},
		{Method: create, Credential: "company's JWT", Authorization: companyJWT, Code: ok},
		{Method: remove, Credential: "company's JWT", Authorization: companyJWT, Code: denied, Reason: scope},

		{Method: get, Credential: "partner's JWT", Authorization: partnerJWT, Code: ok},
		{Method: create, Credential: "partner's JWT", Authorization: partnerJWT, Code: denied, Reason: scope},
		{Method: remove, Credential: "partner's JWT", Authorization: partnerJWT, Code: ok},

		{Method: get, Credential: "partner's opaque token", Authorization: partnerOpaque, Code: ok, Questions: 1},
		{Method: create, Credential: "partner's opaque token", Authorization: partnerOpaque, Code: denied, Reason: scope},
		{Method: remove, Credential: "partner's opaque token", Authorization: partnerOpaque, Code: ok},

		// Nobody becomes the other by saying so, not with the id of the other's key
		// either.
		{
			Method: create, Credential: "partner's JWT in the company's name", Code: unauthenticated, Reason: invalid,
			Authorization: "Bearer " + partner.Mint(all, inCompanysName, authtest.Header("kid", company.KeyID())),
		},
		{
			Method: create, Credential: "partner's opaque token in the company's name", Code: unauthenticated, Reason: invalid, Questions: 2,
			Authorization: "Bearer " + partner.MintOpaque(all, inCompanysName),
		},
		{
			Method: remove, Credential: "company's JWT in the partner's name", Code: unauthenticated, Reason: invalid,
			Authorization: "Bearer " + company.Mint(all, authtest.Claim("iss", partner.URL()), authtest.Header("kid", partner.KeyID())),
		},
		// The company's opaque tokens mean nothing to the partner, who is asked.
		{Method: get, Credential: "company's opaque token", Authorization: "Bearer " + company.MintOpaque(all), Code: unauthenticated, Reason: invalid, Questions: 1},

		// An outage of the partner's endpoint is nobody's but its opaque tokens'.
		{
			Method: get, Credential: "partner's opaque token, endpoint down", Authorization: "Bearer " + partner.MintOpaque(all),
			Code: unavailable, Reason: auth.ReasonAuthorityUnavailable, Questions: 2,
			Do: func() {
				partner.FailAlways(authtest.Introspection, authtest.Status(http.StatusServiceUnavailable))
			},
		},
		{Method: get, Credential: "partner's new JWT, endpoint down", Authorization: "Bearer " + partner.Mint(all), Code: ok},
		{Method: get, Credential: "company's new JWT, endpoint down", Authorization: "Bearer " + company.Mint(all), Code: ok},
	}
}
