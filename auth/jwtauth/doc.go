// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package jwtauth verifies JWT access tokens, and ID tokens for programs that
// sign users in.
//
// A token passes these steps in this order, and the first that fails is the
// answer:
//
//	size, three base64url segments          no key, no I/O
//	header and claims as strict JSON
//	header: alg allowed, typ of the profile, nothing that brings its own key
//	iss is the configured issuer            else it is not this verifier's token
//	key by kid and alg (keyfunc over the issuer's refreshing store)
//	signature (golang-jwt)
//	claims: binding, the profile's required and forbidden ones, audience, what
//	else is expected, scopes and roles, actor, authorization details, times
//	the user's own claims (Config.Custom)
//
// Only claims behind a good signature decide anything; before it, the issuer
// routes and the time of issue chooses between two refusals. What is proved is
// returned as [auth.Claims]; scopes and other requirements of a procedure are
// the Guard's business.
package jwtauth
