// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
)

// Authenticator proves to an endpoint of an issuer who is asking.
//
// Authenticate adds the proof to a request. It is called for every attempt, also
// for one that repeats another, so that nothing which counts once is sent twice,
// and a secret that was replaced meanwhile is the new one. An error means that
// nobody can tell; it must not hold a secret. Authenticate is safe for concurrent
// use.
type Authenticator interface {
	Authenticate(ctx context.Context, r *Request) error
}

// Refresher is an [Authenticator] that can get newer credentials when those it
// has were not accepted, by the endpoint or in the TLS handshake. The request is
// made once more after that, whatever Refresh returns, unless the proof would be
// the same. Refresh must be safe for concurrent use.
type Refresher interface {
	Refresh(ctx context.Context) error
}

// method is an Authenticator of this package. Secrets are held by functions, of
// which nothing that prints shows more than an address.
type method struct {
	name     Method
	clientID string
	problem  string // of the arguments
	add      func(ctx context.Context, r *Request) error
}

func (m *method) require(there bool, what string) *method {
	if !there && m.problem == "" {
		m.problem = string(m.name) + " without " + what + "; set it"
	}
	return m
}

// Authenticate implements [Authenticator].
func (m *method) Authenticate(ctx context.Context, r *Request) error {
	if err := m.check(); err != nil {
		return misconfigured(err)
	}
	return m.add(ctx, r)
}

// String names method and client.
func (m *method) String() string {
	if m == nil {
		return "no client authentication"
	}
	if m.clientID == "" {
		return string(m.name)
	}
	return fmt.Sprintf("%s client=%q", m.name, m.clientID)
}

// Format writes the same text for every verb.
func (m *method) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(m.String())) }

// LogValue implements [slog.LogValuer].
func (m *method) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (m *method) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Check returns an error for an Authenticator that can prove nothing to anybody,
// because it is nil or was made without what it needs. It says what to set.
func Check(a Authenticator) error {
	if a == nil || reflect.ValueOf(a).Kind() == reflect.Pointer && reflect.ValueOf(a).IsNil() {
		return errors.New("no client authentication; say how this service authenticates to the endpoint, or None()")
	}
	if c, ok := a.(checker); ok {
		return c.check()
	}
	return nil
}

// misconfiguration is an error that no other attempt mends.
type misconfiguration struct{ error }

func (m misconfiguration) Unwrap() error { return m.error }

// misconfigured marks the error of an Authenticator as one of this service's
// configuration, so that an operator is told.
func misconfigured(err error) error { return misconfiguration{err} }

func isMisconfigured(err error) bool {
	_, ok := errors.AsType[misconfiguration](err)
	return ok
}

// checker is an Authenticator that knows what it lacks.
type checker interface{ check() error }

func (m *method) check() error {
	if m.problem != "" {
		return errors.New(m.problem)
	}
	return nil
}
