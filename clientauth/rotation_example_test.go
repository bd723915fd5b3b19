// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/clientauth"
)

func ExampleWatchIdentity() {
	const certFile, keyFile = "/etc/widgets/tls/tls.crt", "/etc/widgets/tls/tls.key"
	identity, err := clientauth.LoadIdentity(certFile, keyFile)
	if err != nil {
		fmt.Println("no identity")
		return
	}
	watcher, err := clientauth.WatchIdentity(identity, certFile, keyFile, clientauth.WatchConfig{
		Observer: auth.SlogObserver(slog.Default()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = watcher.Close() }()
	service := clientauth.TLSClientAuth("widgets", identity)
	fmt.Println(service)
	// Output: no identity
}

func ExampleProvide() {
	identity := new(clientauth.Identity)
	provider, err := clientauth.Provide(identity, func(ctx context.Context) (*tls.Certificate, error) {
		return issue(ctx, "widgets")
	}, clientauth.ProvideConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = provider.Close() }()
	service := clientauth.TLSClientAuth("widgets", identity)
	fmt.Println(service)
	// Output: tls_client_auth client="widgets"
}

// issue is somebody's client of an authority.
func issue(ctx context.Context, _ string) (*tls.Certificate, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
