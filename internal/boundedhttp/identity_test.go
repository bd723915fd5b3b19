// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"golang.org/x/net/http2"
)

// clientCertificate returns a self-signed certificate with a serial number.
func clientCertificate(t testing.TB, serial int64) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// mutualServer answers with protocol, serial number of the client's certificate,
// and the client's address, which tells connections apart.
type mutualServer struct {
	*httptest.Server

	handshakes atomic.Int64 // whole ones
	resumed    atomic.Int64
	entered    chan struct{} // has an element for each request to /hold
	release    chan struct{} // which ends with this

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newMutualServer(t *testing.T, h2 bool, version uint16) *mutualServer {
	t.Helper()
	s := &mutualServer{entered: make(chan struct{}, 100), release: make(chan struct{}), open: make(map[net.Conn]bool)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			s.entered <- struct{}{}
			select {
			case <-s.release:
			case <-r.Context().Done():
			}
		}
		fmt.Fprintf(w, "%s %d %s", r.Proto, r.TLS.PeerCertificates[0].SerialNumber, r.RemoteAddr)
	}))
	others := x509.NewCertPool()
	others.AddCert(func() *x509.Certificate {
		c, err := x509.ParseCertificate(clientCertificate(t, 99).Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return c
	}())
	s.TLS = &tls.Config{
		// It names an authority that issued none of the certificates.
		ClientAuth: tls.RequireAnyClientCert, ClientCAs: others, MinVersion: version, MaxVersion: version,
		VerifyConnection: func(c tls.ConnectionState) error {
			if c.DidResume {
				s.resumed.Add(1)
			} else {
				s.handshakes.Add(1)
			}
			return nil
		},
	}
	s.EnableHTTP2 = h2
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[c] = true; state == http.StateClosed {
			delete(s.open, c)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *mutualServer) roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

// opens waits for a number of open connections.
func (s *mutualServer) opens(t *testing.T, want int) {
	t.Helper()
	got := -1
	for until := time.Now().Add(5 * time.Second); got != want && time.Now().Before(until); time.Sleep(time.Millisecond) {
		s.mu.Lock()
		got = len(s.open)
		s.mu.Unlock()
	}
	if got != want {
		t.Errorf("%d connections are open, want %d", got, want)
	}
}

type seen struct{ proto, serial, address string }

func ask(ctx context.Context, c *boundedhttp.Client, url string, certificate *tls.Certificate) (seen, error) {
	answer, err := c.PostForm(ctx, boundedhttp.Form{URL: url, Limit: 256, Certificate: certificate})
	if err != nil {
		return seen{}, err
	}
	var s seen
	_, err = fmt.Sscan(string(answer.Body), &s.proto, &s.serial, &s.address)
	return s, err
}

func mustAsk(t *testing.T, c *boundedhttp.Client, url string, certificate *tls.Certificate) seen {
	t.Helper()
	s, err := ask(t.Context(), c, url, certificate)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// transports are the ways to a server that can carry a certificate.
var transports = map[string]func(roots *x509.CertPool) http.RoundTripper{
	"own": func(*x509.CertPool) http.RoundTripper { return nil },
	"plain": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	},
	"HTTP/2": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	},
	"HTTP/2 by protocols": func(roots *x509.CertPool) http.RoundTripper {
		p := new(http.Protocols)
		p.SetHTTP1(true)
		p.SetHTTP2(true)
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: p}
	},
	"HTTP/2 of another package": func(roots *x509.CertPool) http.RoundTripper {
		t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		if err := http2.ConfigureTransport(t); err != nil { //nolint:staticcheck // whoever still does it
			panic(err)
		}
		return t
	},
	"no HTTP/2": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	},
	"a dialer": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: new(net.Dialer).DialContext}
	},
	"a dialer of long ago": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Dial: net.Dial} //nolint:staticcheck // whoever still does it
	},
	"a session cache": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(0)}, ForceAttemptHTTP2: true}
	},
	"a proxy for others": func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }}
	},
}

// Requests go by connections of their own certificate, which is always sent, and
// those of others are closed.
func TestEachCertificateHasItsConnections(t *testing.T) {
	t.Parallel()
	for name, transport := range transports {
		for _, h2 := range []bool{false, true} {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				t.Run(fmt.Sprintf("%s, h2 %t, %s", name, h2, tls.VersionName(version)), func(t *testing.T) {
					t.Parallel()
					s := newMutualServer(t, h2, version)
					config := boundedhttp.Config{Transport: transport(s.roots())}
					if config.Transport == nil {
						config.RootCAs = s.roots()
					}
					c := boundedhttp.New(config)
					a, b := clientCertificate(t, 1), clientCertificate(t, 2)
					first, again := mustAsk(t, c, s.URL, a), mustAsk(t, c, s.URL, a)
					if first.serial != "1" || again != first {
						t.Errorf("first %v, then %v", first, again)
					}
					wantH2 := h2 && (name == "own" || strings.HasPrefix(name, "HTTP/2") || name == "a session cache")
					if (first.proto == "HTTP/2.0") != wantH2 {
						t.Errorf("protocol %s", first.proto)
					}
					other := mustAsk(t, c, s.URL, b)
					if other.serial != "2" || other.address == first.address {
						t.Errorf("first %v, with another certificate %v", first, other)
					}
					s.opens(t, 1)
					// The same certificate again is new connections too.
					if back := mustAsk(t, c, s.URL, a); back.serial != "1" || back.address == first.address {
						t.Errorf("first %v, at last %v", first, back)
					}
					if s.resumed.Load() != 0 || s.handshakes.Load() != 3 {
						t.Errorf("%d handshakes, and %d resumed, as what they were then", s.handshakes.Load(), s.resumed.Load())
					}
					c.Close()
					s.opens(t, 0)
					// Close lets go of connections, not of the client.
					mustAsk(t, c, s.URL, a)
					c.Close()
					s.opens(t, 0)
				})
			}
		}
	}
}

// A transport that was in use before has no part in requests with a certificate.
func TestCertificateOnAUsedTransport(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(*http.Transport) error{
		"of net/http":        func(t *http.Transport) error { t.ForceAttemptHTTP2 = true; return nil },
		"of another package": http2.ConfigureTransport, //nolint:staticcheck // whoever still does it
		"by itself":          func(t *http.Transport) error { t.TLSClientConfig = nil; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMutualServer(t, true, tls.VersionTLS13)
			s.TLS.ClientAuth = tls.RequestClientCert
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots()}}
			if err := configure(transport); err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if response, err := transport.RoundTrip(request); err == nil {
				_ = response.Body.Close()
			}
			if transport.TLSClientConfig.RootCAs == nil {
				transport.TLSClientConfig.RootCAs = s.roots()
			}
			c := boundedhttp.New(boundedhttp.Config{Transport: transport})
			defer c.Close()
			for _, serial := range []int64{1, 2, 3} {
				if got := mustAsk(t, c, s.URL, clientCertificate(t, serial)); got.serial != fmt.Sprint(serial) || got.proto != "HTTP/2.0" {
					t.Errorf("certificate %d: the server saw %v", serial, got)
				}
			}
		})
	}
}

// A request that began with a certificate ends with it, and then its connection is
// closed.
func TestRequestsUnderWayKeepTheirCertificate(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2 %t", h2), func(t *testing.T) {
			t.Parallel()
			s := newMutualServer(t, h2, tls.VersionTLS13)
			c := boundedhttp.New(boundedhttp.Config{RootCAs: s.roots()})
			defer c.Close()
			a, b := clientCertificate(t, 1), clientCertificate(t, 2)
			var done sync.WaitGroup
			for range 3 {
				done.Go(func() {
					if got, err := ask(t.Context(), c, s.URL+"/hold", a); err != nil || got.serial != "1" {
						t.Errorf("got %v, %v", got, err)
					}
				})
			}
			for range 3 {
				<-s.entered
			}
			mustAsk(t, c, s.URL, a) // by one more connection without HTTP/2, which is idle then
			if got := mustAsk(t, c, s.URL, b); got.serial != "2" {
				t.Errorf("got %v", got)
			}
			if h2 {
				s.opens(t, 2)
			} else {
				s.opens(t, 4)
			}
			close(s.release)
			done.Wait()
			s.opens(t, 1)
			if got := mustAsk(t, c, s.URL, b); got.serial != "2" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// The connection of a request that was given up on is closed as well, also by a
// transport that would keep it for ever.
func TestNothingIsLeftOfAGivenUpRequest(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2 %t", h2), func(t *testing.T) {
			t.Parallel()
			s := newMutualServer(t, h2, tls.VersionTLS13)
			c := boundedhttp.New(boundedhttp.Config{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots()}, ForceAttemptHTTP2: h2}})
			defer c.Close()
			for serial := range int64(20) {
				certificate := clientCertificate(t, serial+1)
				mustAsk(t, c, s.URL, certificate)
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					<-s.entered
					mustNotFail(ask(t.Context(), c, s.URL, clientCertificate(t, 100)))
					cancel()
				}()
				if _, err := ask(ctx, c, s.URL+"/hold", certificate); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			}
			s.opens(t, 1)
		})
	}
}

func mustNotFail(_ seen, err error) {
	if err != nil {
		panic(err)
	}
}

// However often the certificate is replaced, what is kept is what is in use.
func TestManyCertificates(t *testing.T) {
	t.Parallel()
	s := newMutualServer(t, true, tls.VersionTLS13)
	c := boundedhttp.New(boundedhttp.Config{RootCAs: s.roots()})
	one, other := clientCertificate(t, 1), clientCertificate(t, 2)
	mustAsk(t, c, s.URL, one)
	s.opens(t, 1)
	before := runtime.NumGoroutine()
	for n := range 1000 {
		certificate := *one
		if n%2 == 1 {
			certificate = *other
		}
		if got := mustAsk(t, c, s.URL, &certificate); got.serial != fmt.Sprint(1+n%2) {
			t.Fatalf("%d: %v", n, got)
		}
	}
	s.opens(t, 1)
	kept := 0
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if kept = boundedhttp.Identities(c); kept == 1 && runtime.NumGoroutine() < before+50 {
			break
		}
	}
	if kept != 1 {
		t.Errorf("%d certificates are kept", kept)
	}
	c.Close()
	if kept := boundedhttp.Identities(c); kept != 0 {
		t.Errorf("%d certificates are kept after Close", kept)
	}
}

// Callers with different certificates at once never get each other's connection.
func TestCertificatesAtOnce(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2 %t", h2), func(t *testing.T) {
			t.Parallel()
			s := newMutualServer(t, h2, tls.VersionTLS13)
			c := boundedhttp.New(boundedhttp.Config{RootCAs: s.roots()})
			var done sync.WaitGroup
			for serial := range int64(4) {
				certificate := clientCertificate(t, serial+1)
				for range 2 {
					done.Go(func() {
						for range 25 {
							got, err := ask(t.Context(), c, s.URL, certificate)
							if err != nil || got.serial != fmt.Sprint(serial+1) {
								t.Errorf("certificate %d: the server saw %v, %v", serial+1, got, err)
								return
							}
						}
					})
				}
			}
			done.Wait()
			c.Close()
			s.opens(t, 0)
		})
	}
}

// A connection that a request failed on is left behind, and the certificate not.
func TestCertificateAfterAFailure(t *testing.T) {
	t.Parallel()
	s := newMutualServer(t, true, tls.VersionTLS13)
	c := boundedhttp.New(boundedhttp.Config{RootCAs: s.roots()})
	defer c.Close()
	certificate := clientCertificate(t, 1)
	first := mustAsk(t, c, s.URL, certificate)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if _, err := ask(ctx, c, s.URL+"/hold", certificate); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := mustAsk(t, c, s.URL, certificate); got.serial != "1" || got.address == first.address {
		t.Errorf("before %v, after a failure %v", first, got)
	}
	mustAsk(t, c, s.URL, clientCertificate(t, 2))
	s.opens(t, 1)
}

// Where a certificate cannot be sent, nothing is.
func TestCertificateCannotBeSent(t *testing.T) {
	t.Parallel()
	s := newMutualServer(t, true, tls.VersionTLS13)
	var requests atomic.Int64
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer plain.Close()
	for name, tc := range map[string]struct {
		transport http.RoundTripper
		url       string
		says      string
	}{
		"a transport of one's own kind": {roundTripper(func(*http.Request) (*http.Response, error) { requests.Add(1); return nil, errors.New("asked") }), s.URL, "needs the default transport"},
		"dials TLS itself": {&http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			requests.Add(1)
			return nil, errors.New("asked")
		}}, s.URL, "needs the default transport"},
		"dials TLS as long ago":     {&http.Transport{DialTLS: func(string, string) (net.Conn, error) { requests.Add(1); return nil, errors.New("asked") }}, s.URL, "needs the default transport"}, //nolint:staticcheck // whoever still does it
		"a certificate of its own":  {&http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{*clientCertificate(t, 3)}}}, s.URL, "needs the default transport"},
		"chooses a certificate":     {&http.Transport{TLSClientConfig: &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, errors.New("asked") }}}, s.URL, "needs the default transport"},
		"plain HTTP":                {nil, plain.URL, "over plain HTTP"},
		"plain HTTP, own transport": {&http.Transport{}, plain.URL, "over plain HTTP"},
	} {
		c := boundedhttp.New(boundedhttp.Config{Transport: tc.transport})
		for range 2 {
			_, err := ask(t.Context(), c, tc.url, clientCertificate(t, 1))
			if !errors.Is(err, boundedhttp.ErrCertificate) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: got %v, want %q", name, err, tc.says)
			}
		}
		c.Close()
	}
	if n := requests.Load(); n != 0 || s.handshakes.Load() != 0 {
		t.Errorf("%d requests were sent, %d handshakes made", n, s.handshakes.Load())
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
