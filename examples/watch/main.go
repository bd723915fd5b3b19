// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command watch has clients watch widgets over gRPC and Connect for longer than
// their tokens live. One on each transport presents fresh tokens while its stream is
// open, and one does not: the stream of the latter ends with its token, and that of
// the former when its subject is revoked. It needs nothing but Go:
//
//	go run ./examples/watch
//
// It exits with 1 if a stream ends otherwise.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/examples/transports"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, true)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "watch:", err)
		os.Exit(1)
	}
}

const (
	audience  = "widgets"
	readScope = "widgets.read"

	// life is of a token: minutes at an issuer, and seconds here.
	life = 4 * time.Second
	// renewals are how many a stream goes through before its subject is revoked.
	renewals = 2
)

// run is main with everything it touches as an argument. Without renewal the server
// does not offer any.
func run(ctx context.Context, out io.Writer, renewal bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	fake, err := authtest.NewIssuer(authtest.Config{Audience: audience, TokenLifetime: life})
	if err != nil {
		return err
	}
	defer func() { _ = fake.Close() }()
	iss, err := issuer.New(fake.URL())
	if err != nil {
		return err
	}
	defer func() { _ = iss.Close() }()
	tokens, err := jwtauth.New(iss, jwtauth.Config{Audiences: []string{audience}, ClockSkew: jwtauth.NoClockSkew})
	if err != nil {
		return err
	}

	revocations, err := auth.NewRevocationList(auth.RevocationListConfig{MaxTokenLife: time.Hour})
	if err != nil {
		return err
	}
	// Whoever was renewed often enough is revoked: every token of theirs that was
	// issued until now, whichever the stream goes by.
	report := newReport(out, func(r *report, subject string) {
		r.say(subject, "is revoked")
		if err := revocations.Revoke(auth.Revocation{Issuer: fake.URL(), Subject: subject}); err != nil {
			r.fault(err)
		}
	})
	options := []auth.GuardOption{
		auth.Rules{transports.Service + transports.Watch: {AllScopes: []string{readScope}}},
		auth.WithRevocations(revocations),
		auth.WithObserver(report),
	}
	if renewal {
		options = append(options, auth.AllowStreamRenewal())
	}
	guard, err := auth.NewGuard(tokens, options...)
	if err != nil {
		return err
	}
	servers, err := serve(guard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.stop()) }()

	fmt.Fprintf(out, "issuer %s, tokens live for %s\n\n", fake.URL(), life)
	var group sync.WaitGroup
	for _, w := range []watcher{
		{name: "grpc, without renewal", watch: watchGRPC(servers.grpcAddr), want: auth.ReasonTokenExpired},
		{name: "connect, without renewal", watch: watchConnect(servers.connectURL), want: auth.ReasonTokenExpired},
		{name: "grpc", watch: watchGRPC(servers.grpcAddr), renews: true, want: auth.ReasonTokenInvalid},
		{name: "connect", watch: watchConnect(servers.connectURL), renews: true, want: auth.ReasonTokenInvalid},
	} {
		group.Go(func() {
			reason, err := w.run(ctx, fake, report)
			report.ended(w, reason, err)
		})
	}
	group.Wait()
	return report.verdict()
}
