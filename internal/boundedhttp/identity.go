// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// ErrCertificate is matched by errors about requests that cannot be sent with a
// certificate, however often they are made.
var ErrCertificate = errors.New("a client certificate cannot be sent")

var (
	errTransport = fmt.Errorf("%w: it needs the default transport, or a *http.Transport that dials TLS itself: leave out a DialTLSContext and a TLSClientConfig with certificates", ErrCertificate)
	errPlain     = fmt.Errorf("%w over plain HTTP; the endpoint must be https", ErrCertificate)
)

// identities keeps the connections of each client certificate apart: one that was
// opened with another certificate must not carry a request.
type identities struct {
	base *http.Transport // nil if it cannot carry a certificate

	mu      sync.Mutex
	current *identity   // the one in use; nil if none is
	list    []*identity // current, and those with requests under way
}

// identity is a certificate with its connections.
type identity struct {
	certificate *tls.Certificate
	transport   *renewing
	connections connections
	requests    int
}

// use returns the identity of a certificate, which is then the one in use: the
// connections of others are closed as soon as no request is on them.
func (s *identities) use(certificate *tls.Certificate) (*identity, error) {
	b := s.base
	if b == nil || b.DialTLSContext != nil || b.DialTLS != nil || b.TLSClientConfig != nil && (len(b.TLSClientConfig.Certificates) > 0 || b.TLSClientConfig.GetClientCertificate != nil) { //nolint:staticcheck // whoever sets DialTLS means it
		return nil, errTransport
	}
	s.mu.Lock()
	at := slices.IndexFunc(s.list, func(i *identity) bool { return i.certificate == certificate })
	if at < 0 {
		at = len(s.list)
		i := &identity{certificate: certificate}
		i.transport = &renewing{current: i.with(b)}
		s.list = append(s.list, i)
	}
	used := s.list[at]
	s.current = used
	used.requests++
	s.unlock()
	return used, nil
}

// leave says that a request has ended, with its body read or given up.
func (s *identities) leave(i *identity) {
	s.mu.Lock()
	i.requests--
	s.unlock()
}

// close lets go of connections once no request is on them.
func (s *identities) close() {
	s.mu.Lock()
	s.current = nil
	s.unlock()
}

// unlock lets go of what is not in use any more. To close a connection may take
// a moment, for which nobody else waits.
func (s *identities) unlock() {
	var idle, gone []*identity
	s.list = slices.DeleteFunc(s.list, func(i *identity) bool {
		if i == s.current {
			return false
		}
		idle = append(idle, i)
		if i.requests == 0 {
			gone = append(gone, i)
		}
		return i.requests == 0
	})
	s.mu.Unlock()
	for _, i := range idle {
		i.transport.get().CloseIdleConnections()
	}
	for _, i := range gone {
		// The transport does not count as idle what a request was just given up on,
		// nor what is still being opened.
		i.connections.close()
	}
}

// with returns a transport like base whose client certificate is this one, also if
// the server names authorities that did not issue it: it may be self-signed.
func (i *identity) with(base *http.Transport) *http.Transport {
	t := base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	certificate := i.certificate
	t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	if t.TLSClientConfig.ClientSessionCache != nil {
		// A resumed session is one of the certificate that began it.
		t.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if _, ok := base.TLSNextProto["h2"]; ok {
		// Installed there by whoever it was, it has the connections of base.
		t.TLSNextProto, t.ForceAttemptHTTP2 = nil, true
	}
	if t.IdleConnTimeout == 0 {
		// Connections of a certificate that is not in use any more end at last, also if
		// nobody asks again.
		t.IdleConnTimeout = idleTimeout
	}
	proxies := newTLSProxies(base.TLSClientConfig, t.TLSHandshakeTimeout, i.connections.through(dialer(base)))
	t.DialContext = proxies.dialContext
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme != "https" {
			return nil, errPlain
		}
		if base.Proxy == nil {
			return nil, nil
		}
		proxy, err := base.Proxy(r)
		if err != nil || proxy == nil || proxy.Scheme != "https" {
			return proxy, err
		}
		return proxies.plain(proxy), nil
	}
	return t
}

// idleTimeout is for how long a connection is kept on which nothing is asked.
const idleTimeout = 90 * time.Second
