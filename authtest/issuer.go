// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	defaultURL       = "https://issuer.test"
	defaultAlgorithm = "ES256"
	defaultAudience  = "api"
	defaultLifetime  = 10 * time.Minute
)

// Config describes an [Issuer]. The zero Config is an issuer on a free loopback
// port that signs with ES256.
type Config struct {
	// InMemory runs the issuer without sockets: it is reached through
	// [Issuer.Transport] only. It then works inside a testing/synctest bubble,
	// as long as it is created in that bubble.
	InMemory bool
	// URL is the issuer identifier of an in-memory issuer, without a trailing
	// slash. It may have a path. The default is "https://issuer.test". An issuer
	// on a port names itself, and does not accept it.
	URL string
	// Algorithm is that of the first signing key, as in the alg header (RFC 7518
	// section 3.1, RFC 8037): RS256, RS384, RS512, PS256, PS384, PS512, ES256,
	// ES384, ES512, EdDSA, or Ed25519 (RFC 9864). The default is ES256.
	Algorithm string
	// Audience is the aud claim of tokens that are minted without another. The
	// default is "api".
	Audience string
	// TokenLifetime is how long those tokens live. The default is 10 minutes.
	TokenLifetime time.Duration
	// ClientID and ClientSecret are what a caller of the introspection endpoint
	// must present, by HTTP Basic or in the form (RFC 6749 section 2.3.1).
	// Without them anybody may ask.
	ClientID, ClientSecret string
}

// Issuer is a fake OAuth authorization server. It is safe for concurrent use.
type Issuer struct {
	config   Config
	url      *url.URL
	shutdown context.Context // done once the issuer is closed
	stop     context.CancelFunc
	serving  sync.WaitGroup
	server   *http.Server // nil in memory
	tcp      *http.Transport

	mu        sync.Mutex
	closed    bool
	keys      []*key
	current   *key
	jwks      []byte // exact document to serve, if not nil
	metadata  map[string]metadataValue
	minted    map[string]*minted
	revoked   map[string]bool
	endpoints map[Endpoint]*endpoint
}

// NewIssuer starts an issuer. It returns an error for a Config that contradicts
// itself and when it cannot listen. The caller must call [Issuer.Close].
func NewIssuer(c Config) (*Issuer, error) {
	if c.URL != "" && !c.InMemory {
		return nil, errors.New("authtest: Config.URL without InMemory; an issuer on a port takes its URL from the port")
	}
	if (c.ClientID == "") != (c.ClientSecret == "") {
		return nil, errors.New("authtest: a ClientID without a ClientSecret, or the reverse; set both or neither")
	}
	if c.TokenLifetime < 0 {
		return nil, errors.New("authtest: a negative TokenLifetime; mint expired tokens with authtest.Lifetime instead")
	}
	if c.Algorithm == "" {
		c.Algorithm = defaultAlgorithm
	}
	if c.Audience == "" {
		c.Audience = defaultAudience
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = defaultLifetime
	}
	if c.URL == "" {
		c.URL = defaultURL
	}
	u, err := parseIssuer(c.URL)
	if err != nil {
		return nil, err
	}
	first, err := newKey(1, c.Algorithm)
	if err != nil {
		return nil, err
	}
	i := &Issuer{
		config:    c,
		url:       u,
		keys:      []*key{first},
		current:   first,
		metadata:  make(map[string]metadataValue),
		minted:    make(map[string]*minted),
		revoked:   make(map[string]bool),
		endpoints: make(map[Endpoint]*endpoint),
	}
	for _, e := range []Endpoint{Discovery, JWKS, Introspection} {
		i.endpoints[e] = &endpoint{header: make(http.Header)}
	}
	i.shutdown, i.stop = context.WithCancel(context.Background())
	if c.InMemory {
		return i, nil
	}
	if err := i.listen(); err != nil {
		i.stop()
		return nil, err
	}
	return i, nil
}

func parseIssuer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("authtest: Config.URL: %w", err)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		strings.ContainsAny(s, "?#") || strings.HasSuffix(s, "/") {
		return nil, fmt.Errorf("authtest: Config.URL %q is not an issuer; write scheme, host and perhaps a path, without a slash at the end (RFC 8414 section 2)", s)
	}
	return u, nil
}

func (i *Issuer) listen() error {
	var config net.ListenConfig
	listener, err := config.Listen(i.shutdown, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("authtest: %w", err)
	}
	i.url = &url.URL{Scheme: "http", Host: listener.Addr().String()}
	i.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !i.begin() {
				panic(http.ErrAbortHandler)
			}
			defer i.serving.Done()
			i.serve(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	// A client repeats a request by itself when the connection it reused turns
	// out to be dead, and so would hide a fault and spoil the count. On fresh
	// connections it does not.
	i.server.SetKeepAlivesEnabled(false)
	i.tcp = &http.Transport{DisableKeepAlives: true}
	i.serving.Go(func() { _ = i.server.Serve(listener) })
	return nil
}

// begin counts a request in progress, unless the issuer is closed. The caller
// owes i.serving a Done.
func (i *Issuer) begin() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return false
	}
	i.serving.Add(1)
	return true
}

// Close stops the issuer, ends requests in progress and waits until none is
// left. Calling it again does nothing. It always returns nil or the error of
// closing the listener.
func (i *Issuer) Close() error {
	i.mu.Lock()
	again := i.closed
	i.closed = true
	i.mu.Unlock()
	i.stop()
	var err error
	if i.server != nil && !again {
		err = i.server.Close()
		i.tcp.CloseIdleConnections()
	}
	i.serving.Wait()
	return err
}

// URL returns the issuer identifier, without a trailing slash.
func (i *Issuer) URL() string { return i.url.String() }

// Transport returns the way to reach the issuer. For an issuer on a port any
// other HTTP client does as well.
//
// In memory it knows one host only, the issuer's, and fails for others as if
// they did not exist. A request ends with its context. A response that is
// neither read to its end nor closed holds a goroutine until then, which a
// testing/synctest bubble reports: the client under test forgot a Close.
func (i *Issuer) Transport() http.RoundTripper {
	if i.tcp != nil {
		return i.tcp
	}
	return memoryTransport{i}
}

// Handler returns the issuer as a handler, for another server such as one with
// TLS. It should be mounted at the root of the host that Config.URL names. A
// request served this way ends with its own context or with [Issuer.Close],
// which does not wait for it.
func (i *Issuer) Handler() http.Handler { return http.HandlerFunc(i.serve) }
