// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
)

// ClientAuth proves to an endpoint of the issuer who is asking.
//
// Authenticate adds the proof to a request. It is called for every attempt, also
// for one that repeats another, so that nothing which counts once is sent twice,
// and a secret that was replaced meanwhile is the new one. An error means that
// nobody can tell; it must not hold a secret. Authenticate is safe for concurrent
// use.
type ClientAuth interface {
	Authenticate(ctx context.Context, r *Request) error
}

// Request is one attempt to ask an endpoint, before it is sent. It does not print
// what was set.
type Request struct {
	// Issuer is the issuer's identifier, which is the audience of an assertion.
	Issuer string
	// Name is the endpoint's in the metadata: introspection_endpoint.
	Name string
	// Endpoint is where the request goes. A ClientAuth by certificate replaces it
	// by the one for such clients (RFC 8705 section 5) if there are Metadata.
	Endpoint string
	// Metadata are the issuer's; nil if the endpoint was configured, and the
	// metadata are not asked.
	Metadata *issuer.Metadata
	// Transport, if set, sends this request in place of the verifier's own, for
	// instance with a client certificate.
	Transport http.RoundTripper
	// Attempt counts from one.
	Attempt int

	// Functions, of which nothing that prints shows more than an address.
	setForm, setHeader func(name, value string)
}

// proof is what a ClientAuth adds to a request.
type proof struct {
	request *Request
	form    url.Values
	header  http.Header
}

// SetForm sets a parameter of the form. It cannot replace the token.
func (r *Request) SetForm(name, value string) { r.setForm(name, value) }

// SetHeader sets a header field.
func (r *Request) SetHeader(name, value string) { r.setHeader(name, value) }

func (p *proof) setForm(name, value string)   { p.form.Set(name, value) }
func (p *proof) setHeader(name, value string) { p.header.Set(name, value) }

// check refuses several proofs in one request (RFC 6749 section 2.3).
func (p *proof) check() error {
	n := 0
	for _, there := range []bool{p.header.Get("Authorization") != "", p.form.Has("client_secret"), p.form.Has("client_assertion")} {
		if there {
			n++
		}
	}
	if n > 1 {
		return errors.New("the ClientAuth authenticates in more than one way; keep one (RFC 6749 section 2.3)")
	}
	return nil
}

func (p *proof) equal(other *proof) bool {
	return maps.EqualFunc(p.form, other.form, slices.Equal) && maps.EqualFunc(p.header, other.header, slices.Equal)
}

// Secret returns a secret of this service: each time the one that is good now.
type Secret func(ctx context.Context) (string, error)

// method is a ClientAuth of this package. Secrets are held by functions, of which
// nothing that prints shows more than an address.
type method struct {
	name     string
	clientID string
	problem  string // of the arguments
	add      func(ctx context.Context, r *Request) error
}

// ClientSecretBasic authenticates by HTTP Basic, with id and secret encoded as
// RFC 6749 section 2.3.1 has it.
func ClientSecretBasic(id, secret string) ClientAuth { return secretBasic(id, fixed(secret)) }

// ClientSecretBasicFrom is [ClientSecretBasic] with a secret that changes.
func ClientSecretBasicFrom(id string, secret Secret) ClientAuth { return secretBasic(id, secret) }

// ClientSecretPost authenticates by client_id and client_secret in the form. RFC
// 6749 section 2.3.1 advises [ClientSecretBasic] where the issuer takes it.
func ClientSecretPost(id, secret string) ClientAuth { return secretPost(id, fixed(secret)) }

// ClientSecretPostFrom is [ClientSecretPost] with a secret that changes.
func ClientSecretPostFrom(id string, secret Secret) ClientAuth { return secretPost(id, secret) }

// Bearer authenticates by an access token of this service itself (RFC 7662
// section 2.1).
func Bearer(token string) ClientAuth { return bearer(fixed(token)) }

// BearerFrom is [Bearer] with a token that changes. It is asked for every time
// and should keep what it has as long as it is good.
func BearerFrom(token Secret) ClientAuth { return bearer(token) }

func secretBasic(id string, secret Secret) *method {
	m := &method{name: "client_secret_basic", clientID: id, add: func(ctx context.Context, r *Request) error {
		s, err := secret.get(ctx)
		if err != nil {
			return err
		}
		pair := url.QueryEscape(id) + ":" + url.QueryEscape(s)
		r.SetHeader("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		return nil
	}}
	return m.require(id != "", "a client id").require(secret != nil, "a secret")
}

func secretPost(id string, secret Secret) *method {
	m := &method{name: "client_secret_post", clientID: id, add: func(ctx context.Context, r *Request) error {
		s, err := secret.get(ctx)
		if err != nil {
			return err
		}
		r.SetForm("client_id", id)
		r.SetForm("client_secret", s)
		return nil
	}}
	return m.require(id != "", "a client id").require(secret != nil, "a secret")
}

func bearer(token Secret) *method {
	m := &method{name: "bearer", add: func(ctx context.Context, r *Request) error {
		t, err := token.get(ctx)
		if err != nil {
			return err
		}
		if _, err := auth.NewBearer(t); err != nil {
			return errors.New("the token of this service is no bearer token (RFC 6750 section 2.1)")
		}
		r.SetHeader("Authorization", auth.SchemeBearer+" "+t)
		return nil
	}}
	return m.require(token != nil, "a token")
}

// None does not authenticate. RFC 7662 section 2.1 forbids endpoints that answer
// anybody; it is for one that is guarded otherwise, by its network or by the
// certificate of [Config.Transport].
func None() ClientAuth {
	return &method{name: "none", add: func(context.Context, *Request) error { return nil }}
}

// fixed returns a secret that stays; none if it is empty.
func fixed(secret string) Secret {
	if secret == "" {
		return nil
	}
	return func(context.Context) (string, error) { return secret, nil }
}

func (s Secret) get(ctx context.Context) (string, error) {
	secret, err := s(ctx)
	if err == nil && secret == "" {
		err = errors.New("the secret of this service is empty")
	}
	return secret, err
}

func (m *method) require(there bool, what string) *method {
	if !there && m.problem == "" {
		m.problem = what
	}
	return m
}

// Authenticate implements [ClientAuth].
func (m *method) Authenticate(ctx context.Context, r *Request) error { return m.add(ctx, r) }

// String names method and client.
func (m *method) String() string {
	if m == nil {
		return "no client authentication"
	}
	if m.clientID == "" {
		return m.name
	}
	return fmt.Sprintf("%s client=%q", m.name, m.clientID)
}

// Format writes the same text for every verb.
func (m *method) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(m.String())) }

// LogValue implements [slog.LogValuer].
func (m *method) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (m *method) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// checkAuth refuses what can prove nothing to anybody.
func checkAuth(a ClientAuth) error {
	if a == nil || reflect.ValueOf(a).Kind() == reflect.Pointer && reflect.ValueOf(a).IsNil() {
		return errors.New("Config.Auth is nil; say how this service authenticates to the endpoint, or None()")
	}
	if m, ok := a.(*method); ok && m.problem != "" {
		return fmt.Errorf("Config.Auth: %s without %s; set it", m.name, m.problem)
	}
	return nil
}
