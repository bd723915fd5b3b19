// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512
)

const rsaBits = 2048

// key is a private signing key. All but published, which Issuer.mu guards, is
// immutable.
type key struct {
	id        string
	algorithm string
	signer    crypto.Signer
	published bool
}

// newKey generates the nth key of an issuer. Its id tells in which order keys
// came, and differs from those of other issuers.
func newKey(n int, algorithm string) (*key, error) {
	return newNamedKey(fmt.Sprintf("key-%d-%s", n, strings.ToLower(rand.Text()[:8])), algorithm)
}

func newNamedKey(id, algorithm string) (*key, error) {
	var signer crypto.Signer
	var err error
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		signer, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case "ES256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		signer, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA", "Ed25519":
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("authtest: algorithm %q; use RS, PS or ES with 256, 384 or 512, EdDSA or Ed25519", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("authtest: generate a key for %s: %w", algorithm, err)
	}
	return &key{id: id, algorithm: algorithm, signer: signer, published: true}, nil
}

// sign returns the JWS signature of input (RFC 7518 section 3, RFC 8037 section
// 3.1).
func (k *key) sign(input []byte) []byte {
	signature, err := k.trySign(input)
	if err != nil {
		panic(fmt.Sprintf("authtest: sign with %s: %v", k.algorithm, err))
	}
	return signature
}

func (k *key) trySign(input []byte) ([]byte, error) {
	if private, ok := k.signer.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, input), nil
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[k.algorithm[2:]]
	h := hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch private := k.signer.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		return concat(r, s, (private.Curve.Params().BitSize+7)/8), nil
	case *rsa.PrivateKey:
		if k.algorithm[0] == 'P' {
			return rsa.SignPSS(rand.Reader, private, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, private, hash, digest)
	default:
		return nil, fmt.Errorf("unexpected key %T", private)
	}
}

// concat returns two numbers of size bytes each (RFC 7518 section 3.4).
func concat(r, s *big.Int, size int) []byte {
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out
}

// jwk returns the public key (RFC 7517 section 4, RFC 7518 section 6, RFC 8037
// section 2).
func (k *key) jwk() []byte {
	jwk := map[string]string{"kid": k.id, "use": "sig", "alg": k.algorithm}
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"] = encode(public.N.Bytes())
		jwk["e"] = encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			panic(fmt.Sprintf("authtest: encode a key: %v", err))
		}
		size := len(point) / 2
		jwk["kty"] = "EC"
		jwk["crv"] = public.Curve.Params().Name
		jwk["x"] = encode(point[1 : 1+size])
		jwk["y"] = encode(point[1+size:])
	case ed25519.PublicKey:
		jwk["kty"] = "OKP"
		jwk["crv"] = "Ed25519"
		jwk["x"] = encode(public)
	}
	return mustJSON(jwk)
}

// encode is the base64url of RFC 7515 section 2.
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
