// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// maxSigning bounds how many calls of a signer are under way at once.
const maxSigning = 16

// signing is a key as it was at one time. It does not change.
type signing struct {
	signer     crypto.Signer
	public     crypto.PublicKey // the signer may be slow to say it again
	local      bool             // in this process, and so prompt
	algorithms []string
	pinned     bool // the algorithm was chosen, not what the key can do
	keyID      string
	keyIDFrom  keyIDSource
	thumbprint string // of the certificate, for x5t#S256
	named      bool   // the certificate was given apart from the key
	slots      chan struct{}
}

// sign returns the signature of a JWS (RFC 7518 section 3).
func (s *signing) sign(ctx context.Context, alg string, input []byte) ([]byte, error) {
	hash := hashes[alg]
	digest := input
	var options crypto.SignerOpts = hash
	if hash != 0 {
		h := hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	if strings.HasPrefix(alg, "PS") {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	var signature []byte
	var err error
	if s.local {
		signature, err = s.signer.Sign(rand.Reader, digest, options)
	} else {
		signature, err = s.remote(ctx, digest, options)
	}
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", alg, err)
	}
	if !s.local && !verify(s.public, alg, digest, signature) {
		return nil, fmt.Errorf("sign with %s: the signature is not one of the signer's public key; does the signer do this algorithm?", alg)
	}
	if public, ok := s.public.(*ecdsa.PublicKey); ok {
		return fixedWidth(public, signature)
	}
	return signature, nil
}

// remote calls a signer that may take its time, such as one of a KMS, and gives up
// on it when ctx ends.
func (s *signing) remote(ctx context.Context, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return within(ctx, s.slots, "the signer", func() ([]byte, error) { return s.signer.Sign(rand.Reader, digest, options) })
}

// verify reports whether a signature as crypto.Signer makes them is one.
func verify(public crypto.PublicKey, alg string, digest, signature []byte) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(alg, "PS") {
			return rsa.VerifyPSS(public, hashes[alg], digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, hashes[alg], digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(public, digest, signature)
	default:
		return false
	}
}

// fixedWidth turns an ECDSA signature in ASN.1 into r and s side by side, each as
// wide as the curve's order (RFC 7518 section 3.4).
func fixedWidth(public *ecdsa.PublicKey, signature []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	order := public.Curve.Params().N
	rest, err := asn1.Unmarshal(signature, &pair)
	if err != nil || len(rest) > 0 || pair.R.Sign() <= 0 || pair.S.Sign() <= 0 || pair.R.Cmp(order) >= 0 || pair.S.Cmp(order) >= 0 {
		return nil, errors.New("the signer's ECDSA signature is not ASN.1, as crypto.Signer has it")
	}
	width := (order.BitLen() + 7) / 8
	out := make([]byte, 2*width)
	pair.R.FillBytes(out[:width])
	pair.S.FillBytes(out[width:])
	return out, nil
}
