// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
)

const (
	get, create, remove, ping = transports.Get, transports.Create, transports.Delete, transports.Ping

	ok, unauthenticated = transports.OK, connect.CodeUnauthenticated
	denied, unavailable = connect.CodePermissionDenied, connect.CodeUnavailable

	invalid, nobodyKnows = auth.ReasonTokenInvalid, auth.ReasonAuthorityUnavailable
	scope, notAllowed    = auth.ReasonScopeInsufficient, auth.ReasonMethodDenied

	clientID, clientSecret = "widget-service", "not-to-be-printed"
)

func newIssuer(t *testing.T) *authtest.Issuer {
	t.Helper()
	i, err := authtest.NewIssuer(authtest.Config{Audience: "widgets", ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// environment is that of a service on free ports, changed by pairs of name and
// value.
func environment(issuer, tokens string, changes ...string) func(string) string {
	env := map[string]string{
		"WIDGETS_ISSUER": issuer, "WIDGETS_AUDIENCE": "widgets", "WIDGETS_TOKENS": tokens,
		"WIDGETS_GRPC_ADDR": transports.Free, "WIDGETS_CONNECT_ADDR": transports.Free,
	}
	if tokens != tokensJWT {
		env["WIDGETS_CLIENT_ID"], env["WIDGETS_CLIENT_SECRET"] = clientID, clientSecret
		// Long, so that the number of questions does not depend on the machine.
		env["WIDGETS_CACHE"] = "1m"
	}
	for i := 0; i < len(changes); i += 2 {
		env[changes[i]] = changes[i+1]
	}
	return func(name string) string { return env[name] }
}

// serve runs the service and makes the steps on both transports.
func serve(t *testing.T, fake *authtest.Issuer, getenv func(string) string, steps ...transports.Step) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan *transports.Servers, 1), make(chan error, 1)
	var said bytes.Buffer
	go func() { ended <- run(ctx, getenv, &said, func(s *transports.Servers) { started <- s }) }()
	t.Cleanup(cancel)
	var servers *transports.Servers
	select {
	case servers = <-started:
	case err := <-ended:
		t.Fatal(err)
	}
	clients, closeClients, err := transports.Dial(servers.GRPCAddr, servers.ConnectAddr)
	if err != nil {
		t.Fatal(err)
	}
	table := transports.Table{Clients: clients, Asked: func() int { return fake.Requests(authtest.Introspection) }}
	table.Run(t.Context(), steps...)
	closeClients()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the service ended with %v", err)
	}
	if strings.Contains(said.String(), clientSecret) {
		t.Errorf("a secret was printed: %s", said.String())
	}
	var out bytes.Buffer
	if err := table.Print(&out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What both kinds of tokens have in common, by what the issuer makes.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, tokens := range []string{tokensOpaque, tokensJWT, tokensConfirmed} {
		t.Run(tokens, func(t *testing.T) {
			t.Parallel()
			fake := newIssuer(t)
			mint := func(options ...authtest.TokenOption) string {
				if tokens == tokensOpaque {
					return fake.MintOpaque(options...)
				}
				return fake.Mint(options...)
			}
			asked := func(n int) int { // where somebody is asked
				if tokens == tokensJWT {
					return 0
				}
				return n
			}
			write := authtest.Scopes("openid", writeScope)
			reader, writer := mint(authtest.WithoutClaim("scope")), mint(write)
			// An endpoint may say null for absent; in a JWT it is no scope claim.
			nullScope := transports.Step{Method: create, Credential: "null scope", Authorization: "Bearer " + mint(authtest.Claim("scope", nil)), Code: unauthenticated, Reason: invalid}
			if tokens == tokensOpaque {
				nullScope.Code, nullScope.Reason, nullScope.Questions = denied, scope, 1
			}
			serve(t, fake, environment(fake.URL(), tokens),
				transports.Step{Method: get, Credential: "no header", Code: unauthenticated, Reason: auth.ReasonCredentialsMissing},
				transports.Step{Method: ping, Credential: "no header", Code: ok},
				transports.Step{Method: get, Credential: "lower-case bearer", Authorization: "bearer " + reader, Code: ok, Questions: asked(1)},
				transports.Step{Method: get, Credential: "known", Authorization: "Bearer " + reader, Code: ok},
				transports.Step{Method: create, Credential: "no scope", Authorization: "Bearer " + reader, Code: denied, Reason: scope},
				transports.Step{Method: create, Credential: "with scope", Authorization: "Bearer " + writer, Code: ok, Questions: asked(1)},
				transports.Step{Method: remove, Credential: "with scope", Authorization: "Bearer " + writer, Code: ok, Questions: asked(2)},
				nullScope,
				transports.Step{Method: create, Credential: "another, longer scope", Authorization: "Bearer " + mint(authtest.Scopes(writeScope+":all")), Code: denied, Reason: scope, Questions: asked(1)},
				transports.Step{Method: get, Credential: "aud is a list", Authorization: "Bearer " + mint(authtest.Audience("gadgets", "widgets")), Code: ok, Questions: asked(1)},
				transports.Step{Method: get, Credential: "username is null", Authorization: "Bearer " + mint(authtest.Claim("username", nil)), Code: ok, Questions: asked(1)},
				transports.Step{Method: get, Credential: "ext", Authorization: "Bearer " + mint(authtest.Claim("ext", map[string]any{"suspended": false})), Code: ok, Questions: asked(1)},
				transports.Step{
					Method: get, Credential: "ext, suspended", Authorization: "Bearer " + mint(authtest.Claim("ext", map[string]any{"suspended": true})),
					Code: denied, Reason: notAllowed, Questions: asked(1),
				},
			)
		})
	}
}

// What only the issuer knows.
func TestRevoked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		tokens      string
		fresh, next connect.Code
		reason      auth.Reason
		asked       int
	}{
		{tokensOpaque, unauthenticated, unauthenticated, invalid, 1},
		{tokensConfirmed, unauthenticated, unauthenticated, invalid, 1},
		{tokensJWT, ok, ok, "", 0},
	} {
		t.Run(tc.tokens, func(t *testing.T) {
			t.Parallel()
			fake := newIssuer(t)
			token := fake.Mint(authtest.Scopes(writeScope))
			if tc.tokens == tokensOpaque {
				token = fake.MintOpaque(authtest.Scopes(writeScope))
			}
			token = "Bearer " + token
			serve(t, fake, environment(fake.URL(), tc.tokens),
				transports.Step{Method: create, Credential: "good", Authorization: token, Code: ok, Questions: tc.asked},
				transports.Step{Method: create, Credential: "revoked, known", Authorization: token, Code: ok, Do: func() { fake.Revoke(strings.TrimPrefix(token, "Bearer ")) }},
				transports.Step{Method: remove, Credential: "revoked, no cache", Authorization: token, Code: tc.fresh, Reason: tc.reason, Questions: 2 * tc.asked},
				transports.Step{Method: create, Credential: "revoked, found out", Authorization: token, Code: tc.next, Reason: tc.reason},
			)
		})
	}
}

// What the endpoint does, and what the caller gets: refused by the issuer,
// or nobody can tell.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault     authtest.Fault
		timeout   string // WIDGETS_TIMEOUT, if not the default
		options   []authtest.TokenOption
		code      connect.Code
		reason    auth.Reason
		questions int // by both transports; a failure is asked about again by the next call
	}{
		"good":             {code: ok, questions: 1},
		"401":              {fault: authtest.OAuthError(http.StatusUnauthorized, "invalid_client"), code: unavailable, reason: nobodyKnows, questions: 2},
		"403":              {fault: authtest.Status(http.StatusForbidden), code: unavailable, reason: nobodyKnows, questions: 2},
		"500":              {fault: authtest.Status(http.StatusInternalServerError), code: unavailable, reason: nobodyKnows, questions: 2},
		"timeout":          {fault: authtest.Hang(), timeout: "300ms", code: unavailable, reason: nobodyKnows, questions: 2},
		"web page":         {fault: authtest.Garbage("text/html", "<html>"), code: unavailable, reason: nobodyKnows, questions: 2},
		"refresh token":    {options: []authtest.TokenOption{authtest.Claim("token_use", "refresh_token")}, code: unauthenticated, reason: invalid, questions: 2},
		"another audience": {options: []authtest.TokenOption{authtest.Audience("gadgets")}, code: unauthenticated, reason: invalid, questions: 2},
		"another issuer":   {options: []authtest.TokenOption{authtest.Claim("iss", "https://other.test")}, code: unauthenticated, reason: invalid, questions: 2},
		"active is a text": {options: []authtest.TokenOption{authtest.Claim("active", "true")}, code: unauthenticated, reason: invalid, questions: 2},
		"inactive":         {options: []authtest.TokenOption{authtest.RawClaims(`{"active":false}`)}, code: unauthenticated, reason: invalid, questions: 1},
		"past its exp":     {options: []authtest.TokenOption{authtest.RawClaims(`{"active":true,"sub":"user-1","aud":"widgets","exp":1}`)}, code: unauthenticated, reason: auth.ReasonTokenExpired, questions: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newIssuer(t)
			fake.FailAlways(authtest.Introspection, tc.fault)
			start := time.Now()
			serve(t, fake, environment(fake.URL(), tokensOpaque, "WIDGETS_TIMEOUT", tc.timeout, "WIDGETS_ENDPOINT", fake.URL()+"/introspect"), transports.Step{
				Method: get, Credential: name, Authorization: "Bearer " + fake.MintOpaque(tc.options...),
				Code: tc.code, Reason: tc.reason, Questions: tc.questions,
			})
			if took := time.Since(start); tc.timeout != "" && took > 5*time.Second {
				t.Errorf("two calls took %s with WIDGETS_TIMEOUT at %s", took, tc.timeout)
			}
		})
	}
}

// A service that is not configured does not start, and says all that is missing.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const issuer = "https://as.test"
	for name, tc := range map[string]struct {
		getenv func(string) string
		says   []string
	}{
		"empty":               {func(string) string { return "" }, []string{"WIDGETS_ISSUER", "WIDGETS_AUDIENCE", "WIDGETS_CLIENT_ID", "WIDGETS_CLIENT_SECRET"}},
		"jwt, empty":          {environment("", tokensJWT), []string{"WIDGETS_ISSUER is not set"}},
		"other tokens":        {environment(issuer, "both"), []string{"WIDGETS_TOKENS is none of"}},
		"cache is no time":    {environment(issuer, tokensOpaque, "WIDGETS_CACHE", "10"), []string{"WIDGETS_CACHE is not a duration; write one such as 10s"}},
		"cache is negative":   {environment(issuer, tokensOpaque, "WIDGETS_CACHE", "-1s"), []string{"WIDGETS_CACHE is not a duration"}},
		"cache without asker": {environment(issuer, tokensJWT, "WIDGETS_CACHE", "10s"), []string{"have no effect on jwt"}},
		"timeout is no time":  {environment(issuer, tokensOpaque, "WIDGETS_TIMEOUT", "soon"), []string{"WIDGETS_TIMEOUT is not a duration"}},
		"http issuer":         {environment("http://as.test", tokensOpaque), []string{"use https"}},
		"http endpoint":       {environment(issuer, tokensOpaque, "WIDGETS_ENDPOINT", "http://as.test/introspect"), []string{"https"}},
		"no such address":     {environment(issuer, tokensOpaque, "WIDGETS_GRPC_ADDR", "127.0.0.1:99999"), []string{"99999"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := run(ctx, tc.getenv, &bytes.Buffer{}, func(*transports.Servers) { cancel() })
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), clientSecret) {
				t.Errorf("a secret is in: %v", err)
			}
		})
	}
}
