// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/bearerkit/bearerkit/internal/pemblock"
)

// parsePEM reads public keys: blocks of type PUBLIC KEY (RFC 7468 section 13),
// RSA PUBLIC KEY, or CERTIFICATE. A header "kid: name" in a block is the key's
// name; without one it fits tokens that have no kid. What is no public key, such
// as a private one, is an error for all: such a file is not what was meant.
func parsePEM(document []byte) (*snapshot, error) {
	s, keys := new(snapshot), 0
	for block, err := range pemblock.All(document, maxKeySetSize) {
		if err != nil {
			return nil, err
		}
		if keys++; keys > maxKeys {
			return nil, fmt.Errorf("more than %d keys", maxKeys)
		}
		public, err := publicKey(block)
		if err != nil {
			return nil, err
		}
		s.add(keyOf(block.Headers["kid"], public))
	}
	return s, s.check()
}

func publicKey(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	default:
		return nil, fmt.Errorf("a PEM block of type %q; public keys and certificates are read", block.Type)
	}
}

// keyOf checks a key like one of a JWK Set.
func keyOf(kid string, public crypto.PublicKey) (*key, error) {
	k := &key{kid: kid, public: public}
	if len(kid) > maxKeyIDSize {
		return nil, fmt.Errorf("kid: more than %d bytes", maxKeyIDSize)
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(public); err != nil {
			return k, err
		}
		k.algorithms = rsaAlgorithms
	case *ecdsa.PublicKey:
		alg, ok := curveAlgorithms[public.Curve.Params().Name]
		if !ok {
			return k, errors.New("the curve is not P-256, P-384 or P-521")
		}
		k.algorithms = []string{alg}
	case ed25519.PublicKey:
		if err := checkEd25519(public); err != nil {
			return k, err
		}
		k.algorithms = ed25519Algorithms
	default:
		return k, fmt.Errorf("a key of type %T", public)
	}
	return k, k.convert()
}
