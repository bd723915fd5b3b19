// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/authtest"
)

// testCase is one call and what it should come to.
type testCase struct {
	method        string
	credential    string // in words
	authorization string // header value; empty sends none
	code          connect.Code
	reason        string
}

// codeOK stands for success, for which Connect has no code.
const codeOK connect.Code = 0

func embeddedCases(fake *authtest.Issuer) []testCase {
	const (
		get, create, remove, watch, ping = "GetWidget", "CreateWidget", "DeleteWidget", "WatchWidgets", "Ping"

		missing, malformed, invalid = "CREDENTIALS_MISSING", "CREDENTIALS_MALFORMED", "TOKEN_INVALID"
	)
	mint := func(options ...authtest.TokenOption) string {
		return "Bearer " + fake.Mint(append([]authtest.TokenOption{authtest.Scopes(readScope)}, options...)...)
	}
	good := mint()
	return []testCase{
		{get, "none", "", connect.CodeUnauthenticated, missing},
		{get, "good token", good, codeOK, ""},
		{get, "for another audience", mint(authtest.Audience("gadgets")), connect.CodeUnauthenticated, invalid},
		{get, "expired", mint(authtest.IssuedAt(time.Now().Add(-time.Hour))), connect.CodeUnauthenticated, "TOKEN_EXPIRED"},
		{get, "tampered", tamper(good), connect.CodeUnauthenticated, invalid},
		{get, "two tokens in one header", good + ", " + good, connect.CodeUnauthenticated, malformed},
		{get, "Basic", "Basic dXNlcjpwYXNz", connect.CodeUnauthenticated, missing},
		{create, "without the scope", good, connect.CodePermissionDenied, "SCOPE_INSUFFICIENT"},
		{create, "with the scope", mint(authtest.Scopes(readScope, writeScope)), codeOK, ""},
		{ping, "none, public method", "", codeOK, ""},
		{ping, "bad, public method", "Bearer nonsense", codeOK, ""},
		{remove, "none, no rule", "", connect.CodeUnauthenticated, missing},
		{remove, "good token, no rule", good, connect.CodePermissionDenied, "METHOD_DENIED"},
		{watch, "none, stream", "", connect.CodeUnauthenticated, missing},
		{watch, "good token, stream", good, codeOK, ""},
	}
}

func realCases(token string) []testCase {
	bearer := "Bearer " + token
	return []testCase{
		{"GetWidget", "none", "", connect.CodeUnauthenticated, "CREDENTIALS_MISSING"},
		{"GetWidget", "your token", bearer, codeOK, ""},
		{"GetWidget", "your token, tampered", tamper(bearer), connect.CodeUnauthenticated, "TOKEN_INVALID"},
		{"WatchWidgets", "your token, stream", bearer, codeOK, ""},
		{"Ping", "none, public method", "", codeOK, ""},
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
