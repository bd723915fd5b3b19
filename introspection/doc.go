// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package introspection verifies access tokens by asking their issuer (RFC
// 7662), with signed answers if configured so (RFC 9701).
//
// A token passes these steps in this order, and the first that fails is the
// answer:
//
//	routing: the token's shape              else it is not this verifier's token
//	circuit breaker, in-flight bound        else unavailable, at once
//	POST to the endpoint, authenticated     retried within the caller's deadline
//	200 and JSON, or a JWT of RFC 9701      else unavailable
//	active is true                          else the token is invalid
//	binding, kind of token, iss, aud, scopes, times: checked here once more
//	the user's own claims (Config.Custom)
//
// What the endpoint says of its caller, that is of this service, is never said
// of the token: a refused client secret and an outage are both "unavailable",
// and the first is an event for the operator.
//
// Nothing is remembered between calls but which tokens were good lately, so that
// made-up ones cannot crowd them out. Answers are kept by the cache of package
// auth, as long as they say. [NewConfirmer] is for JWTs that both their signature
// and the endpoint have to prove.
package introspection
