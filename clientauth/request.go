// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/bearerkit/bearerkit/auth/issuer"
)

// Request is one attempt to ask an endpoint, before it is sent. It does not print
// what was set.
type Request struct {
	// Issuer is the issuer's identifier, which is the audience of an assertion.
	Issuer string
	// Name is the endpoint's in the metadata, such as introspection_endpoint.
	Name string
	// Endpoint is where the request goes, unless it is sent with a certificate and
	// the metadata name another for that (RFC 8705 section 5). To change it here
	// changes nothing.
	Endpoint string
	// Attempt counts from one.
	Attempt int

	// Functions, of which nothing that prints shows more than an address.
	setForm, setHeader func(name, value string)
	setCertificate     func(*tls.Certificate)
	setKey             func(credential any)
	metadata           func(ctx context.Context) (*issuer.Metadata, error)
}

// SetForm sets a parameter of the form. It cannot replace one that the request is
// about.
func (r *Request) SetForm(name, value string) { r.setForm(name, value) }

// SetHeader sets a header field.
func (r *Request) SetHeader(name, value string) { r.setHeader(name, value) }

// SetCertificate has the request sent over a connection on which this is the
// client's certificate. It must not change any more; a new one is a new pointer.
func (r *Request) SetCertificate(c *tls.Certificate) { r.setCertificate(c) }

// setCredential says what the proof was made with, for one that is never the same
// twice: it is the credential then that counts as newer or not. It is comparable.
func (r *Request) setCredential(credential any) { r.setKey(credential) }

// Metadata returns what the issuer says of itself. They are fetched if nobody did
// yet, within ctx.
func (r *Request) Metadata(ctx context.Context) (*issuer.Metadata, error) { return r.metadata(ctx) }

// proof is what an Authenticator adds to a request.
type proof struct {
	endpoint    string
	form        url.Values
	header      http.Header
	certificate *tls.Certificate
	credential  any // what an assertion is signed with; nil for other proofs
}

func (p *proof) setForm(name, value string)        { p.form.Set(name, value) }
func (p *proof) setHeader(name, value string)      { p.header.Set(name, value) }
func (p *proof) setCertificate(c *tls.Certificate) { p.certificate = c }
func (p *proof) setCredential(credential any)      { p.credential = credential }

// equal reports whether two proofs are made with the same credentials.
func (p *proof) equal(other *proof) bool {
	if p.credential != nil {
		return p.certificate == other.certificate && p.credential == other.credential
	}
	return p.certificate == other.certificate && other.credential == nil && maps.EqualFunc(p.form, other.form, slices.Equal) && maps.EqualFunc(p.header, other.header, slices.Equal)
}

// check refuses several proofs in one request (RFC 6749 section 2.3).
func (p *proof) check() error {
	var ways []string
	for way, there := range map[string]bool{
		"Authorization": p.header.Get("Authorization") != "", "client_secret": p.form.Has("client_secret"), "client_assertion": p.form.Has("client_assertion"),
	} {
		if there {
			ways = append(ways, way)
		}
	}
	if len(ways) > 1 {
		slices.Sort(ways)
		return fmt.Errorf("the request is authenticated in more than one way, %v; keep one (RFC 6749 section 2.3)", ways)
	}
	if p.certificate != nil && len(p.certificate.Certificate) == 0 {
		return errors.New("the client's certificate is empty; load one with its private key")
	}
	return nil
}
