// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command widgets is a guarded service as one would deploy it: widgets are
// readable for every authenticated caller, and writing needs write:widgets. It
// serves gRPC and Connect and is configured by its environment:
//
//	WIDGETS_ISSUER         the issuer's identifier, an https URL, exactly as its metadata have it (required)
//	WIDGETS_AUDIENCE       the name of this service in the aud of tokens (required)
//	WIDGETS_TOKENS         opaque (the default), jwt or confirmed
//	WIDGETS_CLIENT_ID      who asks the issuer about tokens (required, except for jwt)
//	WIDGETS_CLIENT_SECRET  the secret of that client (required, except for jwt)
//	WIDGETS_ENDPOINT       where to ask; the default is introspection_endpoint of the issuer's metadata
//	WIDGETS_CACHE          how long a revoked token may still read and create; the default is 10s
//	WIDGETS_TIMEOUT        how long to wait for the issuer; the default is 5s
//	WIDGETS_GRPC_ADDR      where to listen; the default is 127.0.0.1:8081
//	WIDGETS_CONNECT_ADDR   where to listen; the default is 127.0.0.1:8080
//
// The kinds of tokens:
//
//   - opaque: the issuer is asked, and its answer kept for WIDGETS_CACHE. Deleting
//     asks on every call, so that a revocation counts at once.
//   - jwt: the signature decides. Nobody is asked, so a token is good until it
//     expires, also for deleting.
//   - confirmed: JWTs that the issuer is asked about besides, as for opaque.
//
// The client of the issuer should be this service's own, allowed to introspect
// and nothing else: no administrator's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/examples/transports"
	"github.com/bearerkit/bearerkit/examples/widget"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Getenv, os.Stdout, func(*transports.Servers) {})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "widgets:", err)
		os.Exit(1)
	}
}

// run is main with everything it touches as an argument. It serves until ctx is
// done. started is told where.
func run(ctx context.Context, getenv func(string) string, out io.Writer, started func(*transports.Servers)) (err error) {
	s, err := readSettings(getenv)
	if err != nil {
		return err
	}
	iss, err := issuer.New(s.issuer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iss.Close()) }()
	verifier, closeVerifier, err := newVerifier(iss, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeVerifier()) }()
	guard, err := auth.NewGuard(verifier, rules(s), auth.WithObserver(auth.SlogObserver(nil)))
	if err != nil {
		return err
	}
	servers, err := transports.Serve(guard, &widget.Service{OnCall: checkExt}, s.grpcAddr, s.connectAddr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s tokens of %s; gRPC on %s, Connect on %s\n", s.tokens, s.issuer, servers.GRPCAddr, servers.ConnectAddr)
	started(servers)
	<-ctx.Done()
	return servers.Stop()
}
