// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command opaque guards a gRPC and a Connect server on loopback whose callers
// have opaque tokens, which mean something to their issuer only. It makes the
// calls that matter on both and prints what happened, and how often the issuer
// was asked. It needs nothing but Go:
//
//	go run ./examples/opaque
//
// It exits with 1 if any outcome is not the expected one.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/examples/widget"
	"github.com/bearerkit/bearerkit/introspection"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, bound, func(*authtest.Issuer) {})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "opaque:", err)
		os.Exit(1)
	}
}

const (
	audience   = "widgets"
	readScope  = "widgets.read"
	writeScope = "widgets.write"

	clientID, clientSecret = "widget-service", "only-for-this-example"

	// bound is how long a revoked token may still be accepted, except where a
	// rule is fresh. It leaves a slow machine time for the calls in between.
	bound = 4 * time.Second
)

// run is main with everything it touches as an argument. perturb may break the
// embedded issuer, for the test that a wrong outcome is noticed.
func run(ctx context.Context, out io.Writer, bound time.Duration, perturb func(*authtest.Issuer)) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	fake, err := authtest.NewIssuer(authtest.Config{Audience: audience, ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		return err
	}
	defer func() { _ = fake.Close() }()
	perturb(fake)

	iss, err := issuer.New(fake.URL())
	if err != nil {
		return err
	}
	defer func() { _ = iss.Close() }()
	tokens, err := introspection.New(iss, introspection.Config{
		Audiences:   []string{audience},
		Auth:        clientauth.ClientSecretBasic(clientID, clientauth.SecretText(clientSecret)),
		PositiveTTL: bound,
		// Longer than the example runs, so that its last column is the same on a
		// slow machine.
		NegativeTTL: time.Minute,
		// One attempt, so that the table shows one question where one is asked.
		Retry: introspection.Retry{Attempts: 1},
	})
	if err != nil {
		return err
	}
	defer func() { _ = tokens.Close() }()
	guard, err := auth.NewGuard(tokens, auth.Rules{
		transports.Service + transports.Get:    {AllScopes: []string{readScope}},
		transports.Service + transports.Create: {AllScopes: []string{writeScope}},
		// The issuer is asked on every call.
		transports.Service + transports.Delete: {AllScopes: []string{readScope}, Fresh: true},
		transports.Service + transports.Ping:   {Access: auth.AccessPublic},
	})
	if err != nil {
		return err
	}

	servers, err := transports.Serve(guard, &widget.Service{}, transports.Free, transports.Free)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Stop()) }()
	clients, closeClients, err := transports.Dial(servers.GRPCAddr, servers.ConnectAddr)
	if err != nil {
		return err
	}
	defer closeClients()

	fmt.Fprintf(out, "issuer %s, audience %s, answers are kept for %s\n\n", fake.URL(), audience, bound)
	table := transports.Table{Clients: clients, Asked: func() int { return fake.Requests(authtest.Introspection) }}
	table.Run(ctx, steps(fake, bound)...)
	return table.Print(out)
}
