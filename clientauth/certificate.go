// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/internal/pemblock"
)

const (
	// notBeforeLeeway is how far the clock of who issues certificates may be ahead:
	// a certificate is often used within a second of its making.
	notBeforeLeeway = 30 * time.Second
	// maxChain bounds the certificates that are sent in every handshake.
	maxChain = 10
)

// parseCertificate reads a certificate with its chain from one document and its key
// from another, which may be the same.
func parseCertificate(certPEM, keyPEM []byte) (*tls.Certificate, error) {
	chain, err := parseChain(certPEM)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	key, _, err := parsePrivateKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	return checkCertificate(tls.Certificate{Certificate: chain, PrivateKey: key})
}

// parseChain reads the certificates of a PEM document. A private key beside them is
// left to who looks for one.
func parseChain(document []byte) (chain [][]byte, err error) {
	for block, err := range pemblock.All(document, maxSecretSize) {
		switch {
		case err != nil:
			return nil, err
		case block.Type == "CERTIFICATE":
			chain = append(chain, block.Bytes)
		case block.Type == "EC PARAMETERS" || strings.HasSuffix(block.Type, "PRIVATE KEY"):
		default:
			return nil, errors.New("a PEM block that is neither a certificate nor a private key")
		}
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}

// checkCertificate returns a copy of a certificate that can be used now.
func checkCertificate(c tls.Certificate) (*tls.Certificate, error) {
	key, ok := c.PrivateKey.(crypto.Signer)
	switch {
	case len(c.Certificate) == 0:
		return nil, errors.New("no certificate")
	case len(c.Certificate) > maxChain:
		return nil, fmt.Errorf("more than %d certificates", maxChain)
	case !ok || reflect.ValueOf(key).Kind() == reflect.Pointer && reflect.ValueOf(key).IsNil():
		return nil, errors.New("no private key that can sign")
	}
	public := key.Public()
	c.PrivateKey = bounded(key, public)
	chain := make([]*x509.Certificate, len(c.Certificate))
	c.Certificate = slices.Clone(c.Certificate)
	for n, der := range c.Certificate {
		c.Certificate[n] = bytes.Clone(der)
		var err error
		if chain[n], err = x509.ParseCertificate(c.Certificate[n]); err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read", n+1)
		}
	}
	if at := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return equalKeys(c.PublicKey, public) }); at < 0 {
		return nil, errors.New("the private key is of another certificate")
	} else if at > 0 {
		return nil, fmt.Errorf("the private key is of certificate %d; put that one first, and each before the one that issued it", at+1)
	}
	for n := 1; n < len(chain); n++ {
		if !slices.ContainsFunc(chain[:n], func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, chain[n].RawSubject) }) {
			return nil, fmt.Errorf("certificate %d issued none of those before it; put each before the one that issued it, and leave others out", n+1)
		}
	}
	leaf, now := chain[0], time.Now()
	if now.After(leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate has expired, at %s; renew it", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if now.Add(notBeforeLeeway).Before(leaf.NotBefore) {
		return nil, fmt.Errorf("the certificate is not valid before %s; is the clock right?", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	c.Leaf = leaf
	return &c, nil
}

// sameCertificate reports whether nothing is gained by b in the place of a. The key
// is the same if the certificate is, but a signer that is elsewhere may be another
// session with it.
func sameCertificate(a, b *tls.Certificate) bool {
	switch b.PrivateKey.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
	default:
		return false
	}
}
