// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

// server is an authorization server behind TLS: a fake one, at an address for
// everybody and at another for clients with a certificate (RFC 8705 section 5).
type server struct {
	fake    *authtest.Issuer
	alias   string
	servers []*http.Server
	serving sync.WaitGroup

	mu   sync.Mutex
	last string
}

func serve(ctx context.Context, ca *authority) (*server, error) {
	certificate, err := ca.server()
	if err != nil {
		return nil, err
	}
	public, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mutual, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, public.Close())
	}
	s := &server{alias: "https://" + mutual.Addr().String() + "/introspect"}
	s.fake, err = authtest.NewIssuer(authtest.Config{InMemory: true, URL: "https://" + public.Addr().String(), Audience: audience})
	if err != nil {
		return nil, errors.Join(err, public.Close(), mutual.Close())
	}
	s.fake.SetMetadata("mtls_endpoint_aliases", map[string]string{"introspection_endpoint": s.alias})

	s.start(public, &tls.Config{Certificates: []tls.Certificate{certificate}}, http.HandlerFunc(s.metadata))
	s.start(mutual, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.pool(),
	}, http.HandlerFunc(s.introspect))
	return s, nil
}

func (s *server) start(l net.Listener, config *tls.Config, handler http.Handler) {
	server := &http.Server{Handler: handler, TLSConfig: config, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	s.servers = append(s.servers, server)
	s.serving.Go(func() { _ = server.ServeTLS(l, "", "") })
}

// metadata is all that there is without a certificate.
func (s *server) metadata(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		http.Error(w, "show a certificate, at the alias", http.StatusForbidden)
		return
	}
	s.fake.Handler().ServeHTTP(w, r)
}

func (s *server) introspect(w http.ResponseWriter, r *http.Request) {
	certificate := r.TLS.PeerCertificates[0]
	s.mu.Lock()
	s.last = fmt.Sprintf("certificate %x of %s", certificate.SerialNumber, certificate.Subject.CommonName)
	s.mu.Unlock()
	s.fake.Handler().ServeHTTP(w, r)
}

// asked says who asked last.
func (s *server) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *server) stop() (err error) {
	for _, server := range s.servers {
		err = errors.Join(err, server.Close())
	}
	s.serving.Wait()
	return errors.Join(err, s.fake.Close())
}
