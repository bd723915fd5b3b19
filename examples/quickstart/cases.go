// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
)

// testCase is one call and what it should come to.
type testCase struct {
	method        string
	credential    string // in words
	authorization string // header value; empty sends none
	wantCode      connect.Code
	wantReason    string
}

func embeddedCases(fake *authtest.Issuer) []testCase {
	const (
		get, create, remove, watch, ping = transports.Get, transports.Create, transports.Delete, transports.Watch, transports.Ping

		missing, malformed, invalid = "CREDENTIALS_MISSING", "CREDENTIALS_MALFORMED", "TOKEN_INVALID"
	)
	mint := func(options ...authtest.TokenOption) string {
		return "Bearer " + fake.Mint(append([]authtest.TokenOption{authtest.Scopes(readScope)}, options...)...)
	}
	good := mint()
	return []testCase{
		{get, "none", "", connect.CodeUnauthenticated, missing},
		{get, "good token", good, transports.OK, ""},
		{get, "for another audience", mint(authtest.Audience("gadgets")), connect.CodeUnauthenticated, invalid},
		{get, "expired", mint(authtest.IssuedAt(time.Now().Add(-time.Hour))), connect.CodeUnauthenticated, "TOKEN_EXPIRED"},
		{get, "tampered", tamper(good), connect.CodeUnauthenticated, invalid},
		{get, "two tokens in one header", good + ", " + good, connect.CodeUnauthenticated, malformed},
		{get, "Basic", "Basic dXNlcjpwYXNz", connect.CodeUnauthenticated, missing},
		{create, "without the scope", good, connect.CodePermissionDenied, "SCOPE_INSUFFICIENT"},
		{create, "with the scope", mint(authtest.Scopes(readScope, writeScope)), transports.OK, ""},
		{ping, "none, public method", "", transports.OK, ""},
		{ping, "bad, public method", "Bearer nonsense", transports.OK, ""},
		{remove, "none, no rule", "", connect.CodeUnauthenticated, missing},
		{remove, "good token, no rule", good, connect.CodePermissionDenied, "METHOD_DENIED"},
		{watch, "none, stream", "", connect.CodeUnauthenticated, missing},
		{watch, "good token, stream", good, transports.OK, ""},
	}
}

func realCases(token string) []testCase {
	bearer := "Bearer " + token
	return []testCase{
		{transports.Get, "none", "", connect.CodeUnauthenticated, "CREDENTIALS_MISSING"},
		{transports.Get, "your token", bearer, transports.OK, ""},
		{transports.Get, "your token, tampered", tamper(bearer), connect.CodeUnauthenticated, "TOKEN_INVALID"},
		{transports.Watch, "your token, stream", bearer, transports.OK, ""},
		{transports.Ping, "none, public method", "", transports.OK, ""},
	}
}

// tamper changes one character in the middle of the token's signature.
func tamper(token string) string {
	at := (strings.LastIndex(token, ".") + len(token)) / 2
	other := "A"
	if token[at:at+1] == other {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}
