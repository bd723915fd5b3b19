// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command hybrid guards a gRPC and a Connect server on loopback that take
// tokens of two issuers: JWTs of the company's own, and both JWTs and opaque
// tokens of a partner's. Each issuer may grant its own scopes and no others,
// whatever its tokens say. It makes the calls that matter on both transports and
// prints what happened. It needs nothing but Go:
//
//	go run ./examples/hybrid
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
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/examples/widget"
	"github.com/bearerkit/bearerkit/introspection"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, ceilings{company: []string{readScope, writeScope}, partner: []string{readScope, returnScope}})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hybrid:", err)
		os.Exit(1)
	}
}

const (
	audience = "widgets"

	// readScope may be granted by both, writeScope by the company and returnScope
	// by the partner only.
	readScope   = "widgets.read"
	writeScope  = "widgets.write"
	returnScope = "widgets.return"

	clientID, clientSecret = "widget-service", "only-for-this-example"
)

// ceilings are the scopes that each issuer may grant.
type ceilings struct{ company, partner []string }

// run is main with everything it touches as an argument.
func run(ctx context.Context, out io.Writer, c ceilings) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	company, err := authtest.NewIssuer(authtest.Config{Audience: audience})
	if err != nil {
		return err
	}
	defer func() { _ = company.Close() }()
	partner, err := authtest.NewIssuer(authtest.Config{Audience: audience, ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		return err
	}
	defer func() { _ = partner.Close() }()

	companyIssuer, err := issuer.New(company.URL())
	if err != nil {
		return err
	}
	defer func() { _ = companyIssuer.Close() }()
	partnerIssuer, err := issuer.New(partner.URL())
	if err != nil {
		return err
	}
	defer func() { _ = partnerIssuer.Close() }()

	partnerOpaque, err := introspection.New(partnerIssuer, introspection.Config{
		Audiences:       []string{audience},
		Auth:            clientauth.ClientSecretBasic(clientID, clientauth.SecretText(clientSecret)),
		GrantableScopes: c.partner,
		// Longer than the example runs, so that the number of questions is the same
		// on a slow machine.
		PositiveTTL: time.Minute,
		NegativeTTL: time.Minute,
		Retry:       introspection.Retry{Attempts: 1},
	})
	if err != nil {
		return err
	}
	defer func() { _ = partnerOpaque.Close() }()
	companyJWT, err := jwtauth.New(companyIssuer, jwtauth.Config{Audiences: []string{audience}, GrantableScopes: c.company})
	if err != nil {
		return err
	}
	partnerJWT, err := jwtauth.New(partnerIssuer, jwtauth.Config{Audiences: []string{audience}, GrantableScopes: c.partner})
	if err != nil {
		return err
	}
	// Each token is judged by one verifier: a JWT by the issuer that it names, and
	// whatever is not a JWT by the only issuer of such tokens. The order does not
	// matter. NewChain refuses an issuer without a ceiling.
	chain, err := auth.NewChain(companyJWT, partnerJWT, partnerOpaque)
	if err != nil {
		return err
	}
	guard, err := auth.NewGuard(chain, auth.Rules{
		transports.Service + transports.Get:    {AllScopes: []string{readScope}},
		transports.Service + transports.Create: {AllScopes: []string{writeScope}},
		transports.Service + transports.Delete: {AllScopes: []string{returnScope}},
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

	fmt.Fprintf(out, "company %s grants %q\npartner %s grants %q\n\n", company.URL(), c.company, partner.URL(), c.partner)
	table := transports.Table{Clients: clients, Asked: func() int { return partner.Requests(authtest.Introspection) }}
	table.Run(ctx, steps(company, partner)...)
	return table.Print(out)
}
