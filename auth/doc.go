// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package auth holds the nouns of bearerkit and the one decision both
// transports share. It imports the standard library only, so that a verifier,
// a rule source or a handler can depend on it without gRPC, Connect or JOSE.
//
//	gRPC metadata ─► grpcauth ──┐                                   ┌─► context with Claims ─► handler
//	                            ├─► Request ─► Guard.Check ─────────┤
//	HTTP header ─► connectauth ─┘        │  rule for the procedure   └─► *Error ─► status and challenge
//	                                     ▼
//	                   Credential ─► Verifier (or a Chain of them) ─► Claims
//	                                     ▼
//	                   deadline ─► rule: issuer, scopes   (per call, never cached)
//
// A [Credential] is what the caller presented. A [Verifier] turns it into
// [Claims], which are facts and never a decision. A [Rule] says what one
// procedure requires; [Rules] without an entry for a procedure deny it. A
// [Guard] joins the three, and every refusal leaves it as an [*Error].
//
// What is verified is what the configured verifiers prove (for a JWT: issuer,
// audience, signature, times and token type; see package jwtauth) and what the
// rule asks. What is not verified: anything inside the request message, and
// whether the subject may touch one particular object; that stays with the
// handler, which reads the caller with [FromContext] and [ClaimsAs] and may ask
// for more with [RequireScopes].
package auth
