// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"context"
)

// mutual is authentication by the client's certificate in TLS. It is a [Refresher].
type mutual struct {
	*method

	identity *Identity
}

// Refresh implements [Refresher].
func (m *mutual) Refresh(ctx context.Context) error { return m.identity.refresh(ctx) }

// TLSClientAuth authenticates by a certificate that an authority issued, of which
// the issuer knows the subject (RFC 8705 section 2.1). Requests go to the aliases
// that the issuer's metadata name for that (section 5). Of an identity that is
// watched or provided, a newer certificate is looked for when the one in use is
// not accepted.
func TLSClientAuth(id string, i *Identity) Authenticator {
	return certified(MethodTLSClientAuth, id, i)
}

// SelfSignedTLSClientAuth authenticates by a certificate that the issuer knows
// itself, from the client's registration (RFC 8705 section 2.2). A new one has to
// be registered before it is used. Otherwise it is like [TLSClientAuth].
func SelfSignedTLSClientAuth(id string, i *Identity) Authenticator {
	return certified(MethodSelfSignedTLSClientAuth, id, i)
}

func certified(name Method, id string, i *Identity) Authenticator {
	m := &method{name: name, clientID: id, add: func(ctx context.Context, r *Request) error {
		c, err := i.wait(ctx)
		if err != nil {
			return err
		}
		r.SetForm("client_id", id) // RFC 8705 section 2
		r.SetCertificate(c)
		return nil
	}}
	if m.require(id != "", "a client id").require(i.there(), "a certificate, or an identity that one is provided for"); m.problem != "" {
		return m
	}
	return &mutual{m, i}
}

// TLSClientAuthFromPEM is [TLSClientAuth] with certificate and private key in PEM,
// in one document or several. They stay; for some that are replaced, keep the
// [Identity] that [ParseIdentity] or [LoadIdentity] returns.
func TLSClientAuthFromPEM(id string, documents ...[]byte) (Authenticator, error) {
	i, err := ParseCombinedIdentity(bytes.Join(documents, []byte("\n")))
	if err != nil {
		return nil, err
	}
	return checked(TLSClientAuth(id, i))
}

// SelfSignedTLSClientAuthFromPEM is [SelfSignedTLSClientAuth] with certificate and
// private key in PEM, in one document or several. They stay; see
// [TLSClientAuthFromPEM].
func SelfSignedTLSClientAuthFromPEM(id string, documents ...[]byte) (Authenticator, error) {
	i, err := ParseCombinedIdentity(bytes.Join(documents, []byte("\n")))
	if err != nil {
		return nil, err
	}
	return checked(SelfSignedTLSClientAuth(id, i))
}
