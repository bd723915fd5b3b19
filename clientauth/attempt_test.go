// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/golang-jwt/jwt/v5"
)

const (
	asURL = "https://as.test"
	// longSecret is good for HS512.
	longSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// metadata are members of the issuer's, beside those that every issuer has.
type metadata map[string]any

// fakeAS is an authorization server without sockets. It records what its endpoints
// are asked.
type fakeAS struct {
	url      string // default asURL
	metadata metadata
	// reply answers a request to an endpoint, counted from one.
	reply func(n int, form url.Values) (status int, body string)

	mu       sync.Mutex
	asked    []url.Values
	headers  []http.Header
	document int // how often the metadata were read
}

func (s *fakeAS) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{"active":false}`
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		all := metadata{"issuer": s.at()}
		for _, name := range []string{"introspection", "token", "revocation", "device_authorization"} {
			all[name+"_endpoint"] = s.at() + "/" + name
		}
		for name, value := range s.metadata {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		b, err := json.Marshal(all)
		if err != nil {
			return nil, err
		}
		body = string(b)
		s.mu.Lock()
		s.document++
		s.mu.Unlock()
	default:
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(b))
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.asked = append(s.asked, form)
		s.headers = append(s.headers, r.Header)
		n := len(s.asked)
		s.mu.Unlock()
		if s.reply != nil {
			status, body = s.reply(n, form)
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (s *fakeAS) at() string { return cmp.Or(s.url, asURL) }

func (s *fakeAS) issuer(t testing.TB) *issuer.Issuer {
	t.Helper()
	iss, err := issuer.New(s.at(), issuer.WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	return iss
}

func (s *fakeAS) endpoint(t testing.TB, name string, a Authenticator) *Endpoint {
	t.Helper()
	e, err := NewEndpoint(s.issuer(t), EndpointConfig{Name: name, Auth: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// attempt has a prepare a request to an endpoint of an issuer with these metadata.
func attempt(t testing.TB, a Authenticator, name string, m metadata) (*proof, error) {
	t.Helper()
	return attemptAt(t.Context(), a, name, (&fakeAS{metadata: m}).issuer(t))
}

func attemptAt(ctx context.Context, a Authenticator, name string, iss *issuer.Issuer) (*proof, error) {
	p := &proof{form: make(url.Values), header: make(http.Header)}
	return p, a.Authenticate(ctx, &Request{
		Issuer: iss.Identifier(), Name: name, Endpoint: iss.Identifier() + "/" + strings.TrimSuffix(name, "_endpoint"), Attempt: 1,
		setForm: p.setForm, setHeader: p.setHeader, setCertificate: p.setCertificate, setKey: p.setCredential, metadata: iss.Metadata,
	})
}

// readAssertion verifies the assertion of a proof by another implementation.
func readAssertion(t testing.TB, p *proof, key any) (header map[string]any, claims jwt.MapClaims) {
	t.Helper()
	if got := p.form.Get("client_assertion_type"); got != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Errorf("client_assertion_type %q", got)
	}
	token, err := jwt.NewParser(jwt.WithStrictDecoding()).Parse(p.form.Get("client_assertion"), func(*jwt.Token) (any, error) { return key, nil })
	if err != nil {
		t.Fatalf("%q: %v", p.form.Get("client_assertion"), err)
	}
	claims, _ = token.Claims.(jwt.MapClaims)
	return token.Header, claims
}

// Keys that tests share, by name.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	must := func(k crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return k
	}
	rsaKey := func(bits int) crypto.Signer { k, err := rsa.GenerateKey(rand.Reader, bits); return must(k, err) }
	ecKey := func(c elliptic.Curve) crypto.Signer { k, err := ecdsa.GenerateKey(c, rand.Reader); return must(k, err) }
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"rsa": rsaKey(2048), "rsa-2": rsaKey(2048), "rsa-small": rsaKey(1024),
		"p256": ecKey(elliptic.P256()), "p256-2": ecKey(elliptic.P256()), "p384": ecKey(elliptic.P384()), "p521": ecKey(elliptic.P521()), "p224": ecKey(elliptic.P224()),
		"ed25519": must(ed, err),
	}
})

func signingKey(t testing.TB, name string, options ...KeyOption) *SigningKey {
	t.Helper()
	k, err := NewSigningKey(testKeys()[name], options...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// block is a PEM block, with headers given as name and value.
func block(t testing.TB, kind string, der []byte, err error, headers ...string) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b := &pem.Block{Type: kind, Bytes: der, Headers: make(map[string]string)}
	for n := 0; n+1 < len(headers); n += 2 {
		b.Headers[headers[n]] = headers[n+1]
	}
	return string(pem.EncodeToMemory(b))
}

func pkcs8(t testing.TB, name string, headers ...string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(testKeys()[name])
	return block(t, "PRIVATE KEY", der, err, headers...)
}

func pkcs1(t testing.TB, name string) string {
	t.Helper()
	k, _ := testKeys()[name].(*rsa.PrivateKey)
	return block(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k), nil)
}

func sec1(t testing.TB, name string) string {
	t.Helper()
	k, _ := testKeys()[name].(*ecdsa.PrivateKey)
	der, err := x509.MarshalECPrivateKey(k)
	return block(t, "EC PRIVATE KEY", der, err)
}

// certificateOf returns a certificate for a key, by itself or by the key p384.
func certificateOf(t testing.TB, name string, selfSigned bool) (*x509.Certificate, string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client " + name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	parent, by := template, testKeys()[name]
	if !selfSigned {
		parent, by = &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "CA"}}, testKeys()["p384"]
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, testKeys()[name].Public(), by)
	text := block(t, "CERTIFICATE", der, err)
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, text
}

func identityFor(t testing.TB, name string, selfSigned bool) *Identity {
	t.Helper()
	c, _ := certificateOf(t, name, selfSigned)
	i, err := NewIdentity(tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: testKeys()[name]})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// elsewhere is a signer that is not in this process, as far as anybody can see.
type elsewhere struct {
	crypto.Signer
	sign func(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error)
}

func (e elsewhere) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if e.sign != nil {
		return e.sign(random, digest, options)
	}
	return e.Signer.Sign(random, digest, options)
}

// decode decodes a part of a JWT.
func decode(part string) string {
	b, _ := base64.RawURLEncoding.DecodeString(part)
	return string(b)
}

// quotes reports whether text holds a part of a PEM document's contents.
func quotes(text, document string) bool {
	for line := range strings.Lines(document) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-----") {
			continue
		}
		for n := 0; n+12 <= len(line); n++ {
			if strings.Contains(text, line[n:n+12]) {
				return true
			}
		}
	}
	for rest := []byte(document); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return false
		}
		for n := 0; n+8 <= len(b.Bytes); n++ {
			if bytes.Contains([]byte(text), b.Bytes[n:n+8]) {
				return true
			}
		}
	}
}
