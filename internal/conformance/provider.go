// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A client of the server that may use the client_credentials grant for the
// scopes read and write, and authenticates with client_secret_basic. Others are
// in oidcprovider/server.mjs.
const (
	ClientID     = "rs-basic"
	ClientSecret = "sekret-0123456789-0123456789-abcdef"
)

const (
	requestTimeout = 10 * time.Second
	maxReply       = 1 << 20
)

// Options say how the server differs from the default one.
type Options struct {
	// TLS makes the server's HTTPS origin the issuer, with a certificate of
	// [Provider.CA]. Otherwise the issuer is an http origin.
	TLS bool
	// AccessTokenTTL is the lifetime of access tokens in whole seconds; ten
	// minutes if zero.
	AccessTokenTTL time.Duration
	// Clients are registered beside those in oidcprovider/server.mjs, by the names
	// of OpenID Connect Dynamic Client Registration.
	Clients []map[string]any
	// Metadata are members that the server says of itself too.
	Metadata map[string]any
}

// Provider is a running authorization server. It is safe for concurrent use.
type Provider struct {
	t       testing.TB
	issuer  string
	control string
	ca      *authority
	client  *http.Client
	server  *process
}

// Start starts an authorization server that ends with the test. It has state of
// its own, and new keys under the ids rsa-1, ec-1 and ed-1.
//
// Without Node.js or the server's packages the test is skipped, or fails if
// BEARERKIT_CONFORMANCE=1 is in the environment.
func Start(t testing.TB, o Options) *Provider {
	t.Helper()
	if o.AccessTokenTTL < 0 || o.AccessTokenTTL%time.Second != 0 {
		t.Fatalf("conformance: AccessTokenTTL is %v; give whole seconds", o.AccessTokenTTL)
	}
	install := findInstallation(t)
	p := &Provider{t: t, ca: newAuthority(t)}
	pair := p.ca.server(t)
	// Every variable is set, so that none comes from the environment.
	env := map[string]string{
		"TLS_CERT":   pair.certFile,
		"TLS_KEY":    pair.keyFile,
		"TLS_CA":     p.ca.file,
		"ISSUER_TLS": "",
		"AT_TTL":     "",
		"CLIENTS":    "",

		"MORE_CLIENTS": "",
		"METADATA":     "",
	}
	if o.Clients != nil {
		env["MORE_CLIENTS"] = p.ca.writeJSON(t, "clients.json", o.Clients)
	}
	if o.Metadata != nil {
		env["METADATA"] = p.ca.writeJSON(t, "metadata.json", o.Metadata)
	}
	if o.TLS {
		env["ISSUER_TLS"] = "1"
	}
	if o.AccessTokenTTL > 0 {
		env["AT_TTL"] = fmt.Sprint(int64(o.AccessTokenTTL / time.Second))
	}
	p.server = startProcess(t, install, env)
	ready := p.server.waitReady(t)
	p.issuer, p.control = ready.Issuer, ready.Control
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: p.CA(), MinVersion: tls.VersionTLS12},
		// Less than the server's own, which could otherwise close a connection
		// just as a request is written to it.
		IdleConnTimeout: 30 * time.Second,
	}
	t.Cleanup(transport.CloseIdleConnections)
	p.client = &http.Client{Transport: transport, Timeout: requestTimeout}
	return p
}

// Issuer returns the issuer identifier.
func (p *Provider) Issuer() string { return p.issuer }

// CA returns a new pool with the authority that signed the server's
// certificate.
func (p *Provider) CA() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.ca.cert)
	return pool
}

// CAFile returns the path of a PEM file with the certificate of [Provider.CA].
func (p *Provider) CAFile() string { return p.ca.file }

// HTTPClient returns a client that trusts [Provider.CA] and nothing else. All
// calls return the same one.
func (p *Provider) HTTPClient() *http.Client { return p.client }

// TokenRequest asks for an access token with the client_credentials grant.
type TokenRequest struct {
	// ClientID and ClientSecret are sent with HTTP Basic authentication. If
	// ClientID is empty, they are the constants of this package.
	ClientID, ClientSecret string
	// Resource becomes the token's audience, and its name decides about the
	// form of the token: opaque if it contains "opaque", otherwise a JWT signed
	// with EdDSA if it contains "eddsa", with ES256 if it contains "es256",
	// and with RS256 if neither. It must be an absolute URI, such as
	// "urn:api:es256". Without a resource the token is opaque and has no
	// audience.
	Resource string
	// Scope is a space-separated list of "read" and "write"; it may be empty.
	// The server drops scopes it does not know without an error.
	Scope string
}

// Token obtains an access token from the token endpoint.
func (p *Provider) Token(ctx context.Context, r TokenRequest) (string, error) {
	if r.ClientID == "" {
		r.ClientID, r.ClientSecret = ClientID, ClientSecret
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if r.Resource != "" {
		form.Set("resource", r.Resource)
	}
	if r.Scope != "" {
		form.Set("scope", r.Scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("conformance: token request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// RFC 6749 section 2.3.1 encodes both before Basic does.
	req.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(r.ClientSecret))
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	if err := p.do(req, &reply); err != nil {
		return "", fmt.Errorf("conformance: token request: %w", err)
	}
	if reply.AccessToken == "" {
		return "", errors.New("conformance: token request: the reply holds no access_token")
	}
	return reply.AccessToken, nil
}

// Revoke has the server forget an access or refresh token of a client (RFC
// 7009), and with it every token of the same grant. A client may revoke its own
// tokens only. Without a client it is that of the constants.
func (p *Provider) Revoke(ctx context.Context, token string, r TokenRequest) error {
	if r.ClientID == "" {
		r.ClientID, r.ClientSecret = ClientID, ClientSecret
	}
	form := url.Values{"token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.issuer+"/token/revocation", strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("conformance: revocation request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(r.ClientSecret))
	if err := p.do(req, nil); err != nil {
		return fmt.Errorf("conformance: revocation request: %w", err)
	}
	return nil
}

// AddKey adds a new signing key at the end: it is published, but does not sign
// while there is another one for its algorithm. The algorithm is RS256, ES256
// or EdDSA. A failure fails the test that started the server.
func (p *Provider) AddKey(kid, alg string) {
	p.t.Helper()
	p.call(http.MethodPost, "/keys/add", url.Values{"kid": {kid}, "alg": {alg}}, nil)
}

// FirstKey moves a key to the front, so that it signs from now on. A failure
// fails the test that started the server.
func (p *Provider) FirstKey(kid string) {
	p.t.Helper()
	p.call(http.MethodPost, "/keys/first", url.Values{"kid": {kid}}, nil)
}

// RemoveKey removes a key. A failure fails the test that started the server.
func (p *Provider) RemoveKey(kid string) {
	p.t.Helper()
	p.call(http.MethodPost, "/keys/remove", url.Values{"kid": {kid}}, nil)
}

// Stats are the requests that the server has received since it started,
// whatever it answered.
type Stats struct {
	// JWKS counts requests for the keys.
	JWKS int `json:"jwks"`
	// Discovery counts requests for the metadata, at the path of OpenID Connect
	// or of RFC 8414.
	Discovery int `json:"discovery"`
	// Introspection counts questions about tokens.
	Introspection int `json:"introspection"`
}

// Stats returns the counts so far. A failure fails the test that started the
// server.
func (p *Provider) Stats() Stats {
	p.t.Helper()
	var s Stats
	p.call(http.MethodGet, "/stats", nil, &s)
	return s
}

// call asks the control listener. It reports a failure with Errorf, which any
// goroutine may do.
func (p *Provider) call(method, path string, query url.Values, reply any) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.control+path+"?"+query.Encode(), nil)
	if err == nil {
		err = p.do(req, reply)
	}
	if err != nil {
		p.t.Errorf("conformance: %s: %v", path, err)
	}
}

// do sends a request and decodes the JSON reply, unless reply is nil.
func (p *Provider) do(req *http.Request, reply any) error {
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, body)
	}
	if reply == nil {
		return nil
	}
	return json.Unmarshal(body, reply)
}
