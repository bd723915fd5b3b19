// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
	"github.com/golang-jwt/jwt/v5"
)

// quiet is for servers whose clients are meant to fail.
var quiet = log.New(io.Discard, "", 0)

const serviceID = "widget-service"

// tlsServer is an authorization server behind TLS with a private CA. Its endpoint
// is at two places: under its own name, for clients that sign, and under the alias
// for those with a certificate (RFC 8705 section 5).
type tlsServer struct {
	ca            *clientauth.Authority
	own, alias    *httptest.Server
	handshakes    atomic.Int64 // of the alias, good and bad
	wrongEndpoint atomic.Int64
	// refuse, if not nil, says why a certificate is not accepted, in the handshake.
	refuse func(serial string, raw net.Conn) error
	// reply, if not nil, writes another answer, and says that it did.
	reply func(w http.ResponseWriter, serial string) bool

	mu      sync.Mutex
	serials map[string]int // of certificates of requests that were answered
	latest  map[string]int // the highest number of a token, by certificate and by key
	opened  map[string]string
	open    map[string]bool // connections of the alias, by the client's address
	keys    map[string]crypto.PublicKey
	kids    map[string]int
	jtis    map[string]bool
}

type serverConfig struct {
	h2      bool
	version uint16
}

func newTLSServer(t *testing.T, c serverConfig) *tlsServer {
	t.Helper()
	s := &tlsServer{
		ca: clientauth.NewAuthority(t, "root", nil), serials: map[string]int{}, latest: map[string]int{}, opened: map[string]string{}, open: map[string]bool{},
		keys: map[string]crypto.PublicKey{}, kids: map[string]int{}, jtis: map[string]bool{},
	}
	certificate := s.ca.Issue(t, clientauth.Leaf{Server: true}).TLS
	handler := http.NewServeMux()
	s.own, s.alias = httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(http.HandlerFunc(s.mutual))
	handler.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"issuer": s.own.URL, "jwks_uri": s.own.URL + "/jwks",
			"introspection_endpoint":                                   s.own.URL + "/introspect",
			"introspection_endpoint_auth_methods_supported":            []string{"tls_client_auth", "private_key_jwt"},
			"introspection_endpoint_auth_signing_alg_values_supported": []string{"ES256"},
			"mtls_endpoint_aliases":                                    map[string]any{"introspection_endpoint": s.alias.URL + "/introspect"},
		})
	})
	handler.HandleFunc("/introspect", s.signed)
	s.own.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.own.EnableHTTP2 = c.h2
	s.alias.EnableHTTP2 = c.h2
	mutual := &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: s.ca.Pool(),
		MinVersion: c.version, MaxVersion: c.version, NextProtos: []string{"http/1.1"},
	}
	if c.h2 {
		mutual.NextProtos = []string{"h2", "http/1.1"}
	}
	s.alias.TLS = mutual.Clone()
	s.alias.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.handshakes.Add(1)
		config := mutual.Clone()
		config.VerifyConnection = func(state tls.ConnectionState) error {
			serial := state.PeerCertificates[0].SerialNumber.Text(16)
			if s.refuse != nil {
				if err := s.refuse(serial, hello.Conn); err != nil {
					return err
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.opened[hello.Conn.RemoteAddr().String()] = serial
			return nil
		}
		return config, nil
	}
	s.alias.Config.ConnState = func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[c.RemoteAddr().String()] = true; state == http.StateClosed {
			delete(s.open, c.RemoteAddr().String())
		}
	}
	s.alias.Config.ErrorLog, s.own.Config.ErrorLog = quiet, quiet
	s.own.StartTLS()
	t.Cleanup(s.own.Close)
	s.alias.StartTLS()
	t.Cleanup(s.alias.Close)
	return s
}

func answer(w http.ResponseWriter, status int, members map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(members)
}

func active(w http.ResponseWriter) {
	// Some requests are always under way.
	time.Sleep(10 * time.Millisecond)
	answer(w, http.StatusOK, map[string]any{"active": true, "aud": "widgets", "sub": "user", "exp": time.Now().Add(time.Hour).Unix(), "client_id": "app"})
}

// mutual is the endpoint for clients with a certificate.
func (s *tlsServer) mutual(w http.ResponseWriter, r *http.Request) {
	serial := r.TLS.PeerCertificates[0].SerialNumber.Text(16)
	s.mu.Lock()
	s.serials[serial]++
	s.number(serial, r)
	s.mu.Unlock()
	if s.reply != nil && s.reply(w, serial) {
		return
	}
	if r.PostFormValue("client_id") != serviceID || r.PostFormValue("token") == "" || r.Header.Get("Authorization") != "" {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	active(w)
}

// number notes which of many requests came with what.
func (s *tlsServer) number(with string, r *http.Request) {
	var n int
	if _, err := fmt.Sscanf(r.PostFormValue("token"), "token-%d", &n); err == nil {
		s.latest[with] = max(s.latest[with], n)
	}
}

// signed is the endpoint for clients with a key.
func (s *tlsServer) signed(w http.ResponseWriter, r *http.Request) {
	if len(s.keys) == 0 {
		s.wrongEndpoint.Add(1)
	}
	token, err := jwt.Parse(r.PostFormValue("client_assertion"), func(token *jwt.Token) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		kid, _ := token.Header["kid"].(string)
		key, ok := s.keys[kid]
		if !ok {
			return nil, errors.New("unknown key")
		}
		s.kids[kid]++
		s.number(kid, r)
		return key, nil
	}, jwt.WithIssuer(serviceID), jwt.WithSubject(serviceID), jwt.WithAudience(s.own.URL), jwt.WithExpirationRequired(), jwt.WithValidMethods([]string{"ES256"}))
	if err == nil {
		jti, _ := token.Claims.(jwt.MapClaims)["jti"].(string)
		s.mu.Lock()
		if s.jtis[jti] || jti == "" {
			err = errors.New("replayed")
		}
		s.jtis[jti] = true
		s.mu.Unlock()
	}
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	active(w)
}

// seen returns how many requests came with a certificate.
func (s *tlsServer) seen(serial string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serials[serial]
}

// openOf returns the number of open connections by the certificate they began with.
func (s *tlsServer) openOf() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := make(map[string]int)
	for address := range s.open {
		of[s.opened[address]]++
	}
	return of
}

// issuer returns the server as the library sees it, which trusts its CA only
// because it is told to.
func (s *tlsServer) issuer(t *testing.T) *issuer.Issuer {
	t.Helper()
	iss, err := issuer.New(s.own.URL, issuer.WithRootCAs(s.ca.PEM()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	return iss
}

// verifier asks the server about every token, once.
func (s *tlsServer) verifier(t *testing.T, a clientauth.Authenticator) *introspection.Verifier {
	t.Helper()
	v, err := introspection.New(s.issuer(t), introspection.Config{
		Audiences: []string{"widgets"}, Auth: a, PositiveTTL: introspection.NoTTL, NegativeTTL: introspection.NoTTL,
		Retry: introspection.Retry{Attempts: 1},
		// A slow machine must not be what fails.
		MaxInFlight: 2000, Timeout: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// load asks 200 times a second until it is stopped.
type load struct {
	done   sync.WaitGroup
	ctx    context.Context
	stop   context.CancelFunc
	asked  atomic.Int64
	failed atomic.Int64
	first  atomic.Pointer[error]
}

func newLoad(t *testing.T, v *introspection.Verifier) *load {
	t.Helper()
	l := new(load)
	l.ctx, l.stop = context.WithCancel(t.Context())
	l.done.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-l.ctx.Done():
				return
			}
			n := l.asked.Add(1)
			l.done.Go(func() {
				credential, err := auth.NewBearer(fmt.Sprintf("token-%d", n))
				if err == nil {
					_, err = v.Verify(context.WithoutCancel(l.ctx), credential)
				}
				if err != nil {
					l.failed.Add(1)
					l.first.CompareAndSwap(nil, &err)
				}
			})
		}
	})
	return l
}

// end stops the load; nobody has failed.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.done.Wait()
	if l.failed.Load() > 0 {
		t.Errorf("%d of %d failed, the first with: %v", l.failed.Load(), l.asked.Load(), *l.first.Load())
	}
	if l.asked.Load() < 30 { // a ticker leaves out what a busy machine is late for
		t.Errorf("only %d requests", l.asked.Load())
	}
	t.Logf("%d requests", l.asked.Load())
}

// watching is an Observer that can be waited for.
type watching chan auth.Event

func (w watching) Observe(_ context.Context, e auth.Event) { w <- e }

func (w watching) wait(t *testing.T, name auth.EventName) auth.Event {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e := <-w:
			if e.Name == name {
				return e
			}
		case <-deadline:
			t.Fatalf("no event %s", name)
		}
	}
}

// While 200 tokens a second are asked about, the files of the certificate break,
// are put in order with a new one, and nobody notices. Afterwards the server sees
// the new one only, and nothing is left of the old one.
func TestRotateCertificateUnderLoad(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2 %t", h2), func(t *testing.T) {
			s := newTLSServer(t, serverConfig{h2: h2, version: tls.VersionTLS13})
			dir := t.TempDir()
			certFile, keyFile := s.ca.Issue(t, clientauth.Leaf{Serial: 0xa1}).Write(t, dir)
			i, err := clientauth.LoadIdentity(certFile, keyFile)
			if err != nil {
				t.Fatal(err)
			}
			events := make(watching, 100)
			w, err := clientauth.WatchIdentity(i, certFile, keyFile, clientauth.WatchConfig{Observer: events})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			v := s.verifier(t, clientauth.TLSClientAuth(serviceID, i))
			l := newLoad(t, v)
			time.Sleep(300 * time.Millisecond)

			next := s.ca.Issue(t, clientauth.Leaf{Serial: 0xb2})
			for _, broken := range [][]byte{[]byte("garbage"), next.Cert} { // the second without its key
				if err := os.WriteFile(certFile, broken, 0o600); err != nil {
					t.Fatal(err)
				}
				events.wait(t, clientauth.EventRotationFailed)
			}
			if i.Serial() != "a1" || s.seen("b2") != 0 {
				t.Errorf("a broken file changed something: serial %s", i.Serial())
			}
			next.Write(t, dir)
			if e := events.wait(t, clientauth.EventRotated); e.KeyID != "b2" {
				t.Errorf("event %+v", e)
			}
			before := int(l.asked.Load()) // what was asked later is asked with the new one
			open := s.openOf()
			for until := time.Now().Add(20 * time.Second); (open["a1"] != 0 || open["b2"] == 0) && time.Now().Before(until); open = s.openOf() {
				time.Sleep(10 * time.Millisecond)
			}
			if open["a1"] != 0 || open["b2"] == 0 {
				t.Errorf("open connections by certificate: %v", open)
			}
			time.Sleep(300 * time.Millisecond)
			l.end(t)
			if s.seen("a1") == 0 || s.latest["a1"] > before || s.latest["b2"] <= before {
				t.Errorf("rotated after question %d, and the last one with the old certificate is %d, with the new one %d", before, s.latest["a1"], s.latest["b2"])
			}
			if s.wrongEndpoint.Load() != 0 {
				t.Error("the alias was not used")
			}
		})
	}
}

// The same for a signing key: registered first, then used.
func TestRotateSigningKeyUnderLoad(t *testing.T) {
	s := newTLSServer(t, serverConfig{h2: true, version: tls.VersionTLS13})
	first, second := s.ca.Issue(t, clientauth.Leaf{}), s.ca.Issue(t, clientauth.Leaf{})
	named := func(p clientauth.Pair, kid string) []byte {
		s.keys[kid] = p.TLS.PrivateKey.(crypto.Signer).Public()
		return []byte(strings.Replace(string(p.Key), "-----\n", "-----\nkid: "+kid+"\n\n", 1))
	}
	old, next := named(first, "first"), named(second, "second")
	file := filepath.Join(t.TempDir(), "key.pem")
	put := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(file+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	put(old)
	k, err := clientauth.LoadSigningKey(file)
	if err != nil {
		t.Fatal(err)
	}
	events := make(watching, 100)
	w, err := clientauth.WatchSigningKey(k, file, clientauth.WatchConfig{Observer: events})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	l := newLoad(t, s.verifier(t, clientauth.PrivateKeyJWT(serviceID, k)))
	time.Sleep(300 * time.Millisecond)
	put(next[:len(next)/2])
	events.wait(t, clientauth.EventRotationFailed)
	put(next)
	if e := events.wait(t, clientauth.EventRotated); e.KeyID != "second" {
		t.Errorf("event %+v", e)
	}
	before := int(l.asked.Load())
	time.Sleep(300 * time.Millisecond)
	l.end(t)
	if s.kids["first"] == 0 || s.latest["first"] > before || s.latest["second"] <= before {
		t.Errorf("rotated after question %d, and the last one with the old key is %d, with the new one %d", before, s.latest["first"], s.latest["second"])
	}
}

// counted counts the proofs that are asked of an Authenticator.
type counted struct {
	clientauth.Authenticator

	proofs, refreshes atomic.Int64
}

func (c *counted) Authenticate(ctx context.Context, r *clientauth.Request) error {
	c.proofs.Add(1)
	return c.Authenticator.Authenticate(ctx, r)
}

func (c *counted) Refresh(ctx context.Context) error {
	c.refreshes.Add(1)
	return c.Authenticator.(clientauth.Refresher).Refresh(ctx)
}

// errGone has a handshake end without an alert.
var errGone = errors.New("gone")

// When the certificate is not accepted any more, a newer one is fetched and the
// request made once more, with a proof of its own, and not a third time.
func TestRefreshAfterARefusal(t *testing.T) {
	t.Parallel()
	alert := func(serial string, _ net.Conn) error {
		if serial == "1" || serial == "bad" {
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
	status := func(code int, media string) func(http.ResponseWriter, string) bool {
		return func(w http.ResponseWriter, serial string) bool {
			if serial == "1" {
				w.Header().Set("Content-Type", media)
				w.WriteHeader(code)
				_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			}
			return serial == "1"
		}
	}
	for name, tc := range map[string]struct {
		refuse func(string, net.Conn) error
		reply  func(http.ResponseWriter, string) bool
		next   string // what is provided then: a serial number, an error, or nothing
		good   bool
		// handshakes after the refusal began, and requests that the endpoint saw in all.
		handshakes, requests int64
		proofs               int64
		failures             bool // reported
	}{
		"alert":                        {refuse: alert, next: "2", good: true, handshakes: 2, requests: 1, proofs: 2},
		"hang-up":                      {refuse: hangup, next: "2", good: true, handshakes: 2, requests: 1, proofs: 2},
		"status 401":                   {reply: status(401, "application/json"), next: "2", good: true, handshakes: 2, requests: 2, proofs: 2},
		"status 400, invalid_client":   {reply: status(400, "application/json"), next: "2", good: true, handshakes: 2, requests: 2, proofs: 2},
		"status 400 of a proxy":        {reply: status(400, "text/html"), next: "2", good: true, handshakes: 2, requests: 2, proofs: 2},
		"status 500":                   {reply: status(500, "application/json"), next: "2", handshakes: 1, requests: 1, proofs: 1},
		"the next is refused too":      {refuse: alert, next: "bad", handshakes: 2, requests: 0, proofs: 2},
		"nothing newer":                {refuse: alert, next: "1", handshakes: 1, requests: 0, proofs: 2},
		"the source fails":             {refuse: alert, next: "error", handshakes: 1, requests: 0, proofs: 2, failures: true},
		"the source hangs":             {refuse: alert, next: "hang", handshakes: 1, requests: 0, proofs: 2, failures: true},
		"the source has a broken pair": {refuse: alert, next: "mixed", handshakes: 1, requests: 0, proofs: 2, failures: true},
	} {
		for _, config := range []serverConfig{{false, tls.VersionTLS12}, {true, tls.VersionTLS12}, {false, tls.VersionTLS13}, {true, tls.VersionTLS13}} {
			t.Run(fmt.Sprintf("%s, h2 %t, %s", name, config.h2, tls.VersionName(config.version)), func(t *testing.T) {
				t.Parallel()
				s := newTLSServer(t, config)
				s.refuse, s.reply = tc.refuse, tc.reply
				pairs := map[string]clientauth.Pair{"1": s.ca.Issue(t, clientauth.Leaf{Serial: 1}), "2": s.ca.Issue(t, clientauth.Leaf{Serial: 2}), "bad": s.ca.Issue(t, clientauth.Leaf{Serial: 0xbad})}
				events := make(watching, 100)
				var fetches atomic.Int64
				release := make(chan struct{})
				defer close(release)
				i := new(clientauth.Identity)
				p, err := clientauth.Provide(i, func(context.Context) (*tls.Certificate, error) {
					next := "1"
					if fetches.Add(1) > 1 {
						next = tc.next
					}
					switch next {
					case "error":
						return nil, errors.New("sealed")
					case "hang":
						<-release
						return nil, errors.New("too late")
					case "mixed":
						return &tls.Certificate{Certificate: pairs["1"].TLS.Certificate, PrivateKey: pairs["2"].TLS.PrivateKey}, nil
					}
					certificate := pairs[next].TLS
					return &certificate, nil
				}, clientauth.ProvideConfig{Observer: events, Timeout: 3 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = p.Close() }()
				events.wait(t, clientauth.EventRotated)
				clientauth.EndCooldown(p)

				a := &counted{Authenticator: clientauth.TLSClientAuth(serviceID, i)}
				endpoint, err := clientauth.NewEndpoint(s.issuer(t), clientauth.EndpointConfig{Name: clientauth.IntrospectionEndpoint, Auth: a})
				if err != nil {
					t.Fatal(err)
				}
				defer endpoint.Close()
				began := time.Now()
				got, err := endpoint.Post(t.Context(), url.Values{"token": {"t"}}, "application/json", 1)
				took := time.Since(began)
				if good := err == nil && got.Status == http.StatusOK; good != tc.good {
					t.Errorf("got %+v, %v", got, err)
				}
				if n := s.handshakes.Load(); n != tc.handshakes {
					t.Errorf("%d handshakes, want %d", n, tc.handshakes)
				}
				if n := int64(s.seen("1") + s.seen("2") + s.seen("bad")); n != tc.requests {
					t.Errorf("%d requests were read, want %d", n, tc.requests)
				}
				if a.proofs.Load() != tc.proofs {
					t.Logf("got %+v, %v", got, err)
				}
				if a.proofs.Load() != tc.proofs || a.refreshes.Load() != tc.proofs-1 || fetches.Load() != tc.proofs {
					t.Errorf("%d proofs, %d refreshes, %d fetches; want %d proofs", a.proofs.Load(), a.refreshes.Load(), fetches.Load(), tc.proofs)
				}
				if tc.next == "hang" && (took < 1900*time.Millisecond || took > 2900*time.Millisecond) {
					t.Errorf("waited for %v", took)
				}
				if tc.failures {
					events.wait(t, clientauth.EventRotationFailed)
				}
			})
		}
	}
}

// A server whose certificate is not trusted is not asked, whatever the identity is,
// and a newer one changes nothing about that.
func TestRootsStayAfterARotation(t *testing.T) {
	t.Parallel()
	s := newTLSServer(t, serverConfig{true, tls.VersionTLS13})
	first, second := s.ca.Issue(t, clientauth.Leaf{Serial: 1}), s.ca.Issue(t, clientauth.Leaf{Serial: 2})
	for name, tc := range map[string]struct {
		options []issuer.Option
		good    bool
	}{
		"with the CA":    {[]issuer.Option{issuer.WithRootCAs(s.ca.PEM())}, true},
		"with another":   {[]issuer.Option{issuer.WithRootCAs(clientauth.NewAuthority(t, "other", nil).PEM())}, false},
		"without any CA": {nil, false},
	} {
		iss, err := issuer.New(s.own.URL, tc.options...)
		if err != nil {
			t.Fatal(err)
		}
		i, err := clientauth.ParseIdentity(first.Cert, first.Key)
		if err != nil {
			t.Fatal(err)
		}
		endpoint, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{
			Name: clientauth.IntrospectionEndpoint, URL: s.alias.URL, Auth: clientauth.TLSClientAuth(serviceID, i),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err := endpoint.Post(t.Context(), url.Values{"token": {"t"}}, "application/json", 1)
			if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); (err == nil) != tc.good || ok == tc.good {
				t.Errorf("%s: %v (%v)", name, err, unknown)
			}
			if err := i.Rotate(second.Cert, second.Key); err != nil {
				t.Fatal(err)
			}
		}
		endpoint.Close()
		_ = iss.Close()
	}
	if s.seen("1") != 1 || s.seen("2") != 1 {
		t.Errorf("requests by certificate: %v", s.serials)
	}
}
