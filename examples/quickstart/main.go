// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command quickstart guards a gRPC and a Connect server on loopback, makes the
// calls that matter on both, and prints what happened. It needs nothing but Go:
//
//	go run ./examples/quickstart
//
// It exits with 1 if any outcome is not the expected one. With an issuer of
// your own, the token is read from standard input:
//
//	go run ./examples/quickstart -issuer https://issuer.example.com -audience widgets < token
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, func(*authtest.Issuer) {})
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// readScope and writeScope are what the rules in widget.proto ask for.
const (
	readScope  = "widgets.read"
	writeScope = "widgets.write"
)

// run is main with everything it touches as an argument. perturb may break the
// embedded issuer, for the test that a wrong outcome is noticed.
func run(ctx context.Context, args []string, stdin io.Reader, out io.Writer, perturb func(*authtest.Issuer)) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(out)
	identifier := flags.String("issuer", "", "`URL` of a real issuer; the access token is then read from standard input")
	audience := flags.String("audience", "", "audience of that token (required with -issuer)")
	profileName := flags.String("profile", jwtauth.RFC9068.String(), "`name` of the issuer's profile, such as Keycloak (docs/profiles.md)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w (see -help)", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	profile, err := jwtauth.ParseProfile(*profileName)
	if err != nil {
		return err
	}
	switch {
	case *identifier == "" && (*audience != "" || profile != jwtauth.RFC9068):
		return errors.New("-audience and -profile belong to a real issuer; add -issuer URL")
	case *identifier == "":
		return runEmbedded(ctx, out, perturb)
	case *audience == "":
		return errors.New("-issuer needs -audience: the name of this service in the token's aud")
	default:
		return runReal(ctx, stdin, out, *identifier, jwtauth.Config{Audiences: []string{*audience}, Profile: profile})
	}
}

// runEmbedded uses an issuer within the process, so that it can have any token
// it likes.
func runEmbedded(ctx context.Context, out io.Writer, perturb func(*authtest.Issuer)) error {
	const audience = "widgets"
	fake, err := authtest.NewIssuer(authtest.Config{Audience: audience})
	if err != nil {
		return err
	}
	defer func() { _ = fake.Close() }()
	perturb(fake)
	cases := embeddedCases(fake)
	return compare(ctx, out, fake.URL(), jwtauth.Config{Audiences: []string{audience}},
		// The rules stand beside the methods, in examples/widget/v1/widget.proto.
		protorules.From(widgetv1.File_widget_v1_widget_proto), cases)
}

// runReal asks for a good token only: which scopes a real token has is between
// its holder and its issuer.
func runReal(ctx context.Context, stdin io.Reader, out io.Writer, identifier string, config jwtauth.Config) error {
	raw, err := io.ReadAll(io.LimitReader(stdin, 1<<20))
	if err != nil {
		return err
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return errors.New("no token on standard input; pipe one in")
	}
	return compare(ctx, out, identifier, config, auth.Rules{
		transports.Service + transports.Get:   {},
		transports.Service + transports.Watch: {},
		transports.Service + transports.Ping:  {Access: auth.AccessPublic},
	}, realCases(token))
}

// compare makes every call of cases on both transports and prints what came of
// it. What it takes to put a server behind a Guard is in transports.Serve.
func compare(ctx context.Context, out io.Writer, identifier string, config jwtauth.Config, rules auth.GuardOption, cases []testCase) (err error) {
	iss, err := issuer.New(identifier)
	if err != nil {
		return err
	}
	defer func() { _ = iss.Close() }()
	tokens, err := jwtauth.New(iss, config)
	if err != nil {
		return err
	}
	var refusals checks
	guard, err := auth.NewGuard(tokens, rules, auth.WithObserver(&refusals))
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

	fmt.Fprintf(out, "issuer %s, audience %s\n\n", identifier, strings.Join(config.Audiences, ", "))
	var rows []row
	for _, c := range clients {
		for _, tc := range cases {
			refusals.reset()
			o := c.Call(ctx, tc.method, tc.authorization)
			rows = append(rows, row{transport: c.Name, testCase: tc, Outcome: o, check: refusals.last()})
		}
	}
	return printRows(out, rows)
}
