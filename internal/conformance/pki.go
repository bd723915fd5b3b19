// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority that one test trusts and that is thrown
// away with it.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

// keyPair is a certificate and its private key, as PEM files.
type keyPair struct {
	certFile, keyFile string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "bearerkit conformance CA"},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	a.cert, a.key = sign(t, template, nil)
	a.file = a.write(t, "ca.crt", "CERTIFICATE", a.cert.Raw)
	return a
}

// server issues the certificate of a server on loopback.
func (a *authority) server(t testing.TB) keyPair {
	t.Helper()
	return a.issue(t, "server", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// issue signs a certificate for a new key. The template says what it is for;
// serial number and times are filled in.
func (a *authority) issue(t testing.TB, name string, template *x509.Certificate) keyPair {
	t.Helper()
	cert, key := sign(t, template, a)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("conformance: encode the key of %s: %v", name, err)
	}
	return keyPair{
		certFile: a.write(t, name+".crt", "CERTIFICATE", cert.Raw),
		keyFile:  a.write(t, name+".key", "PRIVATE KEY", der),
	}
}

// writeJSON writes a file for the server beside the others.
func (a *authority) writeJSON(t testing.TB, name string, v any) string {
	t.Helper()
	document, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("conformance: %v", err)
	}
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatalf("conformance: %v", err)
	}
	return path
}

func (a *authority) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatalf("conformance: %v", err)
	}
	return path
}

// sign makes a key and a certificate for it, self-signed without an issuer.
func sign(t testing.TB, template *x509.Certificate, issuer *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("conformance: make a key: %v", err)
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	// Without a serial number in the template, CreateCertificate picks one.
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatalf("conformance: make a certificate: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("conformance: make a certificate: %v", err)
	}
	return cert, key
}
