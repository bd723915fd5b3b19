// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package conformance runs bearerkit against a real authorization server: the
// npm package oidc-provider, in a process of its own on loopback ports. And it
// compares what bearerkit says of challenges, resource metadata and JWT access
// tokens with what an implementation says that shares nothing with it: the npm
// package oauth4webapi, in a process that answers questions.
//
// Both need Node.js and their packages, installed once from the module's root:
//
//	npm --prefix internal/conformance/oidcprovider ci
//	npm --prefix internal/conformance/oauth4webapi ci
//
// Without them the tests skip. With BEARERKIT_CONFORMANCE=1 in the environment,
// as in continuous integration, they fail instead:
//
//	BEARERKIT_CONFORMANCE=1 go test ./internal/conformance/...
//
// What the server offers is in the head of oidcprovider/server.mjs; what it
// replies is pinned by the tests of this package, so that an end-to-end test
// that turns red after an update of oidc-provider is easy to tell from one that
// bearerkit broke. Where bearerkit and oauth4webapi do not agree, a table has
// the reason; a difference without one fails a test, and so does a reason
// without a difference.
package conformance
