// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"sync"
)

// ErrCertificate says that a request cannot be sent with a certificate.
var ErrCertificate = errors.New("a client certificate needs the default transport, or a *http.Transport that dials TLS itself: leave out a DialTLSContext and a TLSClientConfig with certificates")

// identities keeps the connections of each client certificate apart: one that was
// opened with another certificate must not carry a request.
type identities struct {
	base *http.Transport // nil if it cannot carry a certificate

	mu   sync.Mutex
	list []*identity // the one in use first, and those with requests under way
}

// identity is a certificate with its connections.
type identity struct {
	certificate *tls.Certificate
	transport   *renewing
	requests    int
}

// use returns the identity of a certificate, which is then the one in use: the
// connections of others are closed as soon as no request is on them.
func (s *identities) use(certificate *tls.Certificate) (*identity, error) {
	b := s.base
	if b == nil || b.DialTLSContext != nil || b.DialTLS != nil || b.TLSClientConfig != nil && (len(b.TLSClientConfig.Certificates) > 0 || b.TLSClientConfig.GetClientCertificate != nil) { //nolint:staticcheck // whoever sets DialTLS means it
		return nil, ErrCertificate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.list, func(i *identity) bool { return i.certificate == certificate })
	var found *identity
	if at < 0 {
		found = &identity{certificate: certificate, transport: &renewing{current: with(b, certificate)}}
	} else {
		found = s.list[at]
		s.list = slices.Delete(s.list, at, at+1)
	}
	s.list = slices.Insert(s.list, 0, found)
	found.requests++
	s.retire()
	return found, nil
}

// leave says that a request has ended, with its body read or given up.
func (s *identities) leave(i *identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.requests--
	s.retire()
}

// retire lets go of what is not in use any more.
func (s *identities) retire() {
	for n, i := range s.list {
		if n > 0 {
			i.transport.get().CloseIdleConnections()
		}
	}
	current := s.list[0]
	s.list = slices.DeleteFunc(s.list, func(i *identity) bool { return i != current && i.requests == 0 })
}

func (s *identities) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.list {
		i.transport.get().CloseIdleConnections()
	}
}

// with returns a transport like base whose client certificate is this one, also if
// the server names authorities that did not issue it: it may be self-signed.
func with(base *http.Transport, certificate *tls.Certificate) *http.Transport {
	t := base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	return t
}
