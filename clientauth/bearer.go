// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"

	"github.com/bearerkit/bearerkit/auth"
)

// Bearer authenticates by an access token of this service itself (RFC 7662
// section 2.1). It is asked for at each use, and its source should keep what it
// has as long as it is good.
func Bearer(token Secret) Authenticator {
	m := &method{name: MethodBearer, add: func(ctx context.Context, r *Request) error {
		t, err := token.value(ctx)
		if err != nil {
			return err
		}
		if _, err := auth.NewBearer(t); err != nil {
			return errors.New("the token of this service is no bearer token (RFC 6750 section 2.1)")
		}
		r.SetHeader("Authorization", auth.SchemeBearer+" "+t)
		return nil
	}}
	return m.require(token.there(), "a token")
}

// None does not authenticate. RFC 7662 section 2.1 forbids introspection
// endpoints that answer anybody; it is for one that is guarded otherwise, by its
// network or by the certificate of the transport.
func None() Authenticator {
	return &method{name: MethodNone, add: func(context.Context, *Request) error { return nil }}
}

// PublicClient names this client and proves nothing, for endpoints that answer
// public clients (RFC 6749 section 2.1).
func PublicClient(id string) Authenticator {
	m := &method{name: MethodNone, clientID: id, add: func(_ context.Context, r *Request) error {
		r.SetForm("client_id", id)
		return nil
	}}
	return m.require(id != "", "a client id")
}
