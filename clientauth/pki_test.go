// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority of one test, of either test package.
type Authority struct {
	Certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	above       *Authority
}

// Leaf says what a certificate is to be. The zero Leaf is a client's, for an hour,
// with an ECDSA key.
type Leaf struct {
	Serial       int64
	Key          crypto.Signer
	Before, Life time.Duration // from now
	SelfSigned   bool
	Server       bool
}

// Pair is a certificate with its key.
type Pair struct {
	Cert, Key []byte // PEM
	TLS       tls.Certificate
}

// NewAuthority returns a root, or an authority that above has issued.
func NewAuthority(t testing.TB, name string, above *Authority) *Authority {
	t.Helper()
	a := &Authority{key: newECDSA(t), above: above}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	parent, signer := template, a.key
	if above != nil {
		parent, signer = above.Certificate, above.key
	}
	a.Certificate = create(t, template, parent, a.key.Public(), signer)
	return a
}

// PEM returns the authority's certificate.
func (a *Authority) PEM() []byte { return pemOf("CERTIFICATE", a.Certificate.Raw) }

// Pool returns a pool with the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Certificate)
	return p
}

// Issue returns a new certificate.
func (a *Authority) Issue(t testing.TB, l Leaf) Pair {
	t.Helper()
	if l.Life == 0 {
		l.Life = time.Hour
	}
	if l.Serial == 0 {
		l.Serial = 2
	}
	key := l.Key
	if key == nil {
		key = newECDSA(t)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(l.Serial), Subject: pkix.Name{CommonName: "widgets"},
		NotBefore: time.Now().Add(l.Before).Truncate(time.Second), NotAfter: time.Now().Add(l.Life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if l.Server {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		template.DNSNames = []string{"localhost"}
	}
	parent, signer := a.Certificate, crypto.Signer(a.key)
	if l.SelfSigned {
		parent, signer = template, key
	}
	c := create(t, template, parent, key.Public(), signer)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Pair{
		Cert: pemOf("CERTIFICATE", c.Raw), Key: pemOf("PRIVATE KEY", der),
		TLS: tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key},
	}
}

// Write puts the pair into tls.crt and tls.key of a directory.
func (p Pair) Write(t testing.TB, dir string) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, content := range map[string][]byte{certFile: p.Cert, keyFile: p.Key} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func newECDSA(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func create(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
