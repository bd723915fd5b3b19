// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command mtls-introspection asks an authorization server about tokens, and proves
// by a client certificate who asks. The certificate's files are replaced while the
// program runs: by broken ones, which change nothing, and by new ones, with which
// the next question is asked. It needs nothing but Go:
//
//	go run ./examples/mtls-introspection
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
	"path/filepath"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, func(*server) {})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mtls-introspection:", err)
		os.Exit(1)
	}
}

const (
	audience = "widgets"
	clientID = "widget-service"
)

// run is main with everything it touches as an argument. perturb may break the
// authorization server, for the test that a wrong outcome is noticed.
func run(ctx context.Context, out io.Writer, perturb func(*server)) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	as, err := serve(ctx, ca)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, as.stop()) }()
	perturb(as)

	// What a deployment does: put a certificate where the service finds it.
	dir, err := os.MkdirTemp("", "mtls-introspection")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := ca.write(certFile, keyFile, 0x1001); err != nil {
		return err
	}

	// What the service does.
	identity, err := clientauth.LoadIdentity(certFile, keyFile)
	if err != nil {
		return err
	}
	events := make(chan auth.Event, 100)
	watcher, err := clientauth.WatchIdentity(identity, certFile, keyFile, clientauth.WatchConfig{
		Observer: auth.ObserverFunc(func(_ context.Context, e auth.Event) { events <- e }),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watcher.Close()) }()
	iss, err := issuer.New(as.fake.URL(), issuer.WithRootCAs(ca.pem()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iss.Close()) }()
	tokens, err := introspection.New(iss, introspection.Config{
		Audiences:   []string{audience},
		Auth:        clientauth.TLSClientAuth(clientID, identity),
		PositiveTTL: introspection.NoTTL, // so that each call is a question
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tokens.Close()) }()

	fmt.Fprintf(out, "issuer %s\nclient certificates are taken at %s\n\n", as.fake.URL(), as.alias)
	ask := func(serial string) error {
		credential, err := auth.NewBearer(as.fake.MintOpaque(authtest.Subject("alice")))
		if err != nil {
			return err
		}
		claims, err := tokens.Verify(ctx, credential)
		if err != nil {
			return fmt.Errorf("ask with certificate %s: %w", serial, err)
		}
		fmt.Fprintf(out, "token of %s: active, says the issuer to %s\n", claims.Subject(), as.asked())
		if want := "certificate " + serial + " of " + clientID; as.asked() != want {
			return fmt.Errorf("the issuer was asked by %s, and not by %s", as.asked(), want)
		}
		return nil
	}
	// event waits for an event. Others may come before it, if the watcher looked
	// while one file was new and the other old.
	event := func(want auth.EventName) error {
		for {
			select {
			case e := <-events:
				if e.Name == want {
					fmt.Fprintf(out, "%s: certificate %s is in use\n", e.Name, identity.Serial())
					return nil
				}
			case <-ctx.Done():
				return fmt.Errorf("no event %s", want)
			}
		}
	}

	if err := ask("1001"); err != nil {
		return err
	}
	if err := os.WriteFile(certFile, []byte("half a certifica"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(event(clientauth.EventRotationFailed), ask("1001")); err != nil {
		return err
	}
	if err := ca.write(certFile, keyFile, 0x1002); err != nil {
		return err
	}
	return errors.Join(event(clientauth.EventRotated), ask("1002"))
}
