// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/clientauth"
)

// abroad is a key that is not in this process, as far as anybody can see.
type abroad struct{ crypto.Signer }

// What counts once is sent once: a refresh token, a device code. Only what was surely
// not looked at is sent again, with a newer certificate.
func TestWhatCountsOnceIsSentOnce(t *testing.T) {
	t.Parallel()
	alert := func(serial string, _ net.Conn) error {
		if serial == "1" {
			return errors.New("revoked")
		}
		return nil
	}
	hangup := func(serial string, raw net.Conn) error {
		if serial == "1" {
			_ = raw.Close()
			return errGone
		}
		return nil
	}
	// spent reads the request, and the way back breaks.
	spent := func(_ http.ResponseWriter, serial string) bool {
		if serial != "1" {
			return false
		}
		panic(http.ErrAbortHandler)
	}
	refused := func(w http.ResponseWriter, serial string) bool {
		if serial == "1" {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		}
		return serial == "1"
	}
	all := []string{clientauth.IntrospectionEndpoint, clientauth.RevocationEndpoint, clientauth.TokenEndpoint, clientauth.DeviceAuthorizationEndpoint}
	for name, tc := range map[string]struct {
		refuse func(string, net.Conn) error
		reply  func(http.ResponseWriter, string) bool
		// again are the endpoints that are asked once more, by version of TLS. In 1.3 the
		// request may be under way when the server looks at the certificate.
		again map[uint16][]string
	}{
		"an alert":                 {refuse: alert, again: map[uint16][]string{tls.VersionTLS12: all, tls.VersionTLS13: all}},
		"an end in the handshake":  {refuse: hangup, again: map[uint16][]string{tls.VersionTLS12: all, tls.VersionTLS13: all[:2]}},
		"an end after the request": {reply: spent, again: map[uint16][]string{tls.VersionTLS12: all[:2], tls.VersionTLS13: all[:2]}},
		"an answer":                {reply: refused, again: map[uint16][]string{tls.VersionTLS12: all, tls.VersionTLS13: all}},
	} {
		for _, config := range []serverConfig{{false, tls.VersionTLS12}, {true, tls.VersionTLS12}, {false, tls.VersionTLS13}, {true, tls.VersionTLS13}} {
			for _, endpoint := range all {
				t.Run(fmt.Sprintf("%s, %s, h2 %t, %s", name, endpoint, config.h2, tls.VersionName(config.version)), func(t *testing.T) {
					t.Parallel()
					s := newTLSServer(t, config)
					s.refuse, s.reply = tc.refuse, tc.reply
					first, second := s.ca.Issue(t, clientauth.Leaf{Serial: 1}), s.ca.Issue(t, clientauth.Leaf{Serial: 2})
					i, err := clientauth.ParseIdentity(first.Cert, first.Key)
					if err != nil {
						t.Fatal(err)
					}
					e, err := clientauth.NewEndpoint(s.issuer(t), clientauth.EndpointConfig{Name: endpoint, URL: s.alias.URL + "/x", Auth: replacing{clientauth.TLSClientAuth(serviceID, i), func() error { return i.Rotate(second.Cert, second.Key) }}})
					if err != nil {
						t.Fatal(err)
					}
					defer e.Close()
					got, err := e.Post(t.Context(), url.Values{"token": {"once"}}, "application/json", 1)
					want := 0
					for _, name := range tc.again[config.version] {
						if name == endpoint {
							want = 1
						}
					}
					if name == "an end after the request" && config.h2 {
						want = 0 // HTTP/2 says that it was this request
					}
					// In TLS 1.3 it is chance whether headers are written when the alert comes, and
					// whether that is read before the connection is found broken.
					chance := config.version == tls.VersionTLS13 && tc.refuse != nil && endpoint != all[0] && endpoint != all[1]
					if n := s.seen("2"); n != want && !chance || n > 1 {
						t.Errorf("sent again %d times, want %d; %v %v", n, want, got, err)
					}
					if n := s.seen("1") + s.seen("2"); n > 1 && want == 0 {
						t.Errorf("read %d times", n)
					}
				})
			}
		}
	}
}

// replacing has another certificate when the first one is refused.
type replacing struct {
	clientauth.Authenticator

	replace func() error
}

func (r replacing) Refresh(context.Context) error { return r.replace() }

// A certificate that the issuer does not accept is as much this service's fault as a
// secret that it does not accept; a connection that ends is not.
func TestRefusedCertificateIsOurs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		refuse func(string, net.Conn) error
		ours   bool
	}{
		"bad certificate": {func(string, net.Conn) error { return errors.New("revoked") }, true},
		"an end":          {func(_ string, raw net.Conn) error { _ = raw.Close(); return errGone }, false},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			s := newTLSServer(t, serverConfig{version: version})
			s.refuse = tc.refuse
			pair := s.ca.Issue(t, clientauth.Leaf{Serial: 1})
			i, err := clientauth.ParseIdentity(pair.Cert, pair.Key)
			if err != nil {
				t.Fatal(err)
			}
			e, err := clientauth.NewEndpoint(s.issuer(t), clientauth.EndpointConfig{Name: clientauth.IntrospectionEndpoint, Auth: clientauth.TLSClientAuth(serviceID, i)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Post(t.Context(), url.Values{"token": {"t"}}, "application/json", 1)
			if failed, ok := errors.AsType[*clientauth.Error](err); !ok || failed.Ours != tc.ours || failed.Step != clientauth.StepSend {
				t.Errorf("%s, %s: %v", name, tls.VersionName(version), err)
			}
			e.Close()
		}
	}
}

// A key that is elsewhere signs handshakes, also one that hashes by itself.
func TestHandshakesOfAKeyElsewhere(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := newTLSServer(t, serverConfig{version: version})
		pair := s.ca.Issue(t, clientauth.Leaf{Serial: 1})
		key, _ := pair.TLS.PrivateKey.(crypto.Signer)
		for name, signer := range map[string]crypto.Signer{"digests": abroad{key}, "messages": &clientauth.Hashing{Signer: key}} {
			c := pair.TLS
			c.PrivateKey = signer
			i, err := clientauth.NewIdentity(c)
			if err != nil {
				t.Fatal(err)
			}
			e, err := clientauth.NewEndpoint(s.issuer(t), clientauth.EndpointConfig{Name: clientauth.IntrospectionEndpoint, Auth: clientauth.TLSClientAuth(serviceID, i)})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := e.Post(t.Context(), url.Values{"token": {"t"}}, "application/json", 1); err != nil || got.Status != http.StatusOK {
				t.Errorf("%s, %s: %v %v", name, tls.VersionName(version), got, err)
			}
			e.Close()
		}
	}
}

// An endpoint that does not speak HTTP is told the secret before anybody knows; what
// it says with it is in no error.
func TestErrorsQuoteNoAnswer(t *testing.T) {
	t.Parallel()
	const secret = "the-secret-of-this-service"
	for name, write := range map[string]string{
		"first line":     "%s\r\n\r\n",
		"status":         "HTTP/1.1 %s OK\r\n\r\n",
		"version":        "HTTP/%s 200 OK\r\n\r\n",
		"field":          "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"length":         "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"nothing but it": "%s",
	} {
		var told atomic.Int64
		mux := http.NewServeMux()
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/jwks", "introspection_endpoint": server.URL + "/e"})
		})
		mux.HandleFunc("/e", func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("client_secret") == secret {
				told.Add(1)
			}
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = io.WriteString(c, fmt.Sprintf(write, r.PostFormValue("client_secret")))
				_ = c.Close()
			}
		})
		iss, err := issuer.New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = iss.Close() })
		e, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{Name: clientauth.IntrospectionEndpoint, Auth: clientauth.ClientSecretPost("c", clientauth.SecretText(secret))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Post(t.Context(), url.Values{"token": {"t"}}, "application/json", 1)
		if err == nil || told.Load() != 1 {
			t.Errorf("%s: %v, told %d times", name, err, told.Load())
		}
		for ; err != nil; err = errors.Unwrap(err) {
			if text := fmt.Sprintf("%v %+v %v", err, err, slog.AnyValue(err)); strings.Contains(text, secret) {
				t.Errorf("%s: %s", name, text)
			}
		}
		e.Close()
	}
}
