// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/bearerkit/bearerkit/internal/pemblock"
)

// parsePrivateKey reads one private key (PKCS #8, PKCS #1 or SEC 1) and the
// certificates that stand beside it, in their order. What is not understood is an
// error for all, since it is not what was meant. No error quotes the document.
func parsePrivateKey(document []byte) (crypto.Signer, []*x509.Certificate, error) {
	var key crypto.Signer
	var certificates []*x509.Certificate
	for block, err := range pemblock.All(document, maxSecretSize) {
		switch {
		case err != nil:
			return nil, nil, err
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("certificate %d cannot be read", len(certificates)+1)
			}
			certificates = append(certificates, c)
		case block.Type == "EC PARAMETERS": // openssl writes them before a SEC 1 key, which repeats them
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			if key != nil {
				return nil, nil, errors.New("more than one private key; keep the one that is meant")
			}
			if key, err = privateKey(block); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, errors.New("a PEM block that is neither a private key nor a certificate")
		}
	}
	if key == nil {
		return nil, nil, errors.New("no private key")
	}
	return key, certificates, nil
}

// privateKey reads a key by what is in the block: some tools label it wrongly. The
// parsers' errors are left out, as they are about the octets of the key.
func privateKey(block *pem.Block) (crypto.Signer, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errors.New("the private key is encrypted; decrypt it, such as with openssl pkey, and guard the file by its permissions")
	}
	if block.Type == "OPENSSH PRIVATE KEY" {
		return nil, errors.New("the private key has OpenSSH's own format; convert it to PKCS #8 with ssh-keygen -p -m PKCS8")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed = nil
		if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			parsed = k
		} else if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			parsed = k
		}
	}
	switch k := parsed.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	case nil:
		return nil, errors.New("the private key cannot be read; PKCS #8, PKCS #1 and SEC 1 are")
	default:
		return nil, errors.New("a private key that cannot sign; RSA, ECDSA and Ed25519 can")
	}
}
