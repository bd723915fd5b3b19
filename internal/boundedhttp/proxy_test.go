// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// The certificate is for the endpoint, and not for a proxy on the way there, whatever
// the proxy asks for.
func TestProxySeesNoCertificate(t *testing.T) {
	t.Parallel()
	for _, secured := range []bool{false, true} {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("TLS %t, h2 %t", secured, h2), func(t *testing.T) {
				t.Parallel()
				s := newMutualServer(t, h2, tls.VersionTLS13)
				var asked, certificates, authorized atomic.Int64
				proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					if r.TLS != nil {
						certificates.Add(int64(len(r.TLS.PeerCertificates)))
					}
					if r.Header.Get("Proxy-Authorization") != "" {
						authorized.Add(1)
					}
					tunnel(w, r)
				}))
				proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
				if secured {
					proxy.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
					proxy.StartTLS()
				} else {
					proxy.Start()
				}
				t.Cleanup(proxy.Close)
				at, err := url.Parse(proxy.URL)
				if err != nil {
					t.Fatal(err)
				}
				at.User = url.UserPassword("user", "password")
				roots := s.roots()
				if secured {
					roots.AddCert(proxy.Certificate())
				}
				c := boundedhttp.New(boundedhttp.Config{Transport: &http.Transport{
					Proxy: http.ProxyURL(at), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second,
				}})
				if got := mustAsk(t, c, s.URL, clientCertificate(t, 1)); got.serial != "1" || (got.proto == "HTTP/2.0") != h2 {
					t.Errorf("the endpoint saw %v", got)
				}
				if asked.Load() != 1 || authorized.Load() != 1 || certificates.Load() != 0 {
					t.Errorf("the proxy was asked %d times, %d with its password, and saw %d certificates", asked.Load(), authorized.Load(), certificates.Load())
				}
				c.Close()
				s.opens(t, 0)
			})
		}
	}
}

// A proxy that cannot prove its name is told nothing.
func TestProxyMustBeKnown(t *testing.T) {
	t.Parallel()
	s := newMutualServer(t, false, tls.VersionTLS13)
	var asked atomic.Int64
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
	proxy.StartTLS()
	defer proxy.Close()
	_, port, err := net.SplitHostPort(proxy.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	roots := s.roots()
	roots.AddCert(proxy.Certificate())
	c := boundedhttp.New(boundedhttp.Config{Transport: &http.Transport{
		// The certificate of the proxy is for 127.0.0.1 and example.com.
		Proxy: http.ProxyURL(&url.URL{Scheme: "https", Host: "localhost:" + port}), TLSClientConfig: &tls.Config{RootCAs: roots},
	}})
	if got, err := ask(t.Context(), c, s.URL, clientCertificate(t, 1)); err == nil || asked.Load() != 0 {
		t.Errorf("%v, %v; the proxy was asked %d times", got, err, asked.Load())
	}
}

// tunnel does what CONNECT asks for.
func tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, "unreachable", http.StatusBadGateway)
		return
	}
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = to.Close()
		return
	}
	_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(to, buffered)
		_ = to.Close()
	}()
	go func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}()
}

// Connections of a certificate end at last, also on a transport that keeps its own
// for ever.
func TestIdleConnectionsEnd(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{0: 90 * time.Second, time.Second: time.Second, time.Hour: time.Hour} {
		if got := boundedhttp.IdleTimeout(&http.Transport{IdleConnTimeout: given}); got != want {
			t.Errorf("%v became %v, want %v", given, got, want)
		}
	}
}
