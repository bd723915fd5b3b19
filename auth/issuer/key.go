// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// key is one verification key of an issuer.
type key struct {
	kid        string
	public     crypto.PublicKey
	algorithms []string // it may verify
	jwk        jwkset.JWK
}

// The JWS algorithms a key of each kind can verify (RFC 7518 section 3.1, RFC
// 8037 section 3.1; RFC 9864 has the fully specified name Ed25519).
var (
	rsaAlgorithms     = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	ed25519Algorithms = []string{"EdDSA", "Ed25519"}
)

// maxKeyIDSize bounds a kid. It is only ever a map key.
const maxKeyIDSize = 256

// parseKey reads one JWK (RFC 7517). It refuses what must not verify a token:
// keys for other uses, symmetric keys, private members, weak or malformed keys.
func parseKey(raw jsontext.Value) (*key, error) {
	object, err := strictjson.Parse(raw)
	if err != nil {
		return nil, err
	}
	kid, err := object.StringOr("kid", "")
	if err != nil {
		return nil, fmt.Errorf("kid: %w", err)
	}
	if len(kid) > maxKeyIDSize {
		return nil, fmt.Errorf("kid: more than %d bytes", maxKeyIDSize)
	}
	k := &key{kid: kid}
	if err := checkUse(object); err != nil {
		return k, err
	}
	// Whoever can read the set could sign with such a key.
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if object.Has(private) {
			return k, errors.New("holds a private or symmetric key; publish public keys only")
		}
	}
	if k.public, k.algorithms, err = parsePublicKey(object); err != nil {
		return k, err
	}
	if err := k.restrict(object); err != nil {
		return k, err
	}
	return k, k.convert()
}

// convert makes the form in which keyfunc takes the key. It names an algorithm
// only where the key has just one.
func (k *key) convert() (err error) {
	metadata := jwkset.JWKMetadataOptions{KID: k.kid, USE: jwkset.UseSig}
	if len(k.algorithms) == 1 {
		metadata.ALG = jwkset.ALG(k.algorithms[0])
	}
	k.jwk, err = jwkset.NewJWKFromKey(k.public, jwkset.JWKOptions{Metadata: metadata})
	return err
}

var errOtherUse = errors.New("use is not sig")

func checkUse(object strictjson.Object) error {
	if use, err := object.StringOr("use", "sig"); err != nil || use != "sig" {
		return errOtherUse
	}
	if !object.Has("key_ops") {
		return nil
	}
	operations, err := object.Strings("key_ops")
	if err != nil || !slices.Contains(operations, "verify") {
		return errors.New("key_ops lacks verify")
	}
	return nil
}

// restrict narrows the algorithms to the one the JWK names, if it names one.
func (k *key) restrict(object strictjson.Object) error {
	alg, err := object.String("alg")
	if errors.Is(err, strictjson.ErrAbsent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("alg: %w", err)
	}
	if !slices.Contains(k.algorithms, alg) {
		return errors.New("alg does not fit the key, or is not a signature algorithm known here")
	}
	// EdDSA and Ed25519 are two names of one algorithm for this key type.
	if _, ok := k.public.(ed25519.PublicKey); !ok {
		k.algorithms = []string{alg}
	}
	return nil
}

func parsePublicKey(object strictjson.Object) (crypto.PublicKey, []string, error) {
	kty, err := object.String("kty")
	if err != nil {
		return nil, nil, fmt.Errorf("kty: %w", err)
	}
	switch kty {
	case "RSA":
		public, err := parseRSA(object)
		return public, rsaAlgorithms, err
	case "EC":
		return parseEC(object)
	case "OKP":
		public, err := parseEd25519(object)
		return public, ed25519Algorithms, err
	default:
		return nil, nil, errors.New("kty is not RSA, EC or OKP")
	}
}

func parseRSA(object strictjson.Object) (*rsa.PublicKey, error) {
	n, err := octets(object, "n")
	if err != nil {
		return nil, err
	}
	e, err := octets(object, "e")
	if err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 {
		return nil, errExponent
	}
	public := &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
	return public, checkRSA(public)
}

var errExponent = errors.New("an RSA exponent that is even, below 3 or above 2^31-1")

// checkRSA refuses keys that are too weak, or too large: sizes are looked at
// before any arithmetic, because a verification with a huge modulus takes most
// of a second.
func checkRSA(public *rsa.PublicKey) error {
	switch bits := public.N.BitLen(); {
	case bits < 2048 || bits > 8192:
		return fmt.Errorf("an RSA modulus of %d bits; 2048 to 8192 are accepted", bits)
	case public.N.Bit(0) == 0:
		return errors.New("an even RSA modulus")
	case public.E < 3 || public.E > 1<<31-1 || public.E%2 == 0:
		return errExponent
	case isROCA(public.N):
		return errors.New("an RSA key of a device whose private keys can be computed (ROCA, CVE-2017-15361)")
	}
	return nil
}

// curveAlgorithms are the curves, by crv, and what keys on them may verify.
var curveAlgorithms = map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

func parseEC(object strictjson.Object) (*ecdsa.PublicKey, []string, error) {
	crv, err := object.String("crv")
	if err != nil {
		return nil, nil, fmt.Errorf("crv: %w", err)
	}
	var curve elliptic.Curve
	switch crv {
	case "P-256":
		curve = elliptic.P256()
	case "P-384":
		curve = elliptic.P384()
	case "P-521":
		curve = elliptic.P521()
	default:
		return nil, nil, errors.New("crv is not P-256, P-384 or P-521")
	}
	size := (curve.Params().BitSize + 7) / 8
	point := []byte{4} // uncompressed
	for _, name := range []string{"x", "y"} {
		coordinate, err := octets(object, name)
		if err != nil {
			return nil, nil, err
		}
		if len(coordinate) != size { // RFC 7518 section 6.2.1.2
			return nil, nil, fmt.Errorf("%s has %d bytes; the curve's coordinates have %d", name, len(coordinate), size)
		}
		point = append(point, coordinate...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, nil, errors.New("the point is not on the curve")
	}
	return public, []string{curveAlgorithms[crv]}, nil
}

func parseEd25519(object strictjson.Object) (ed25519.PublicKey, error) {
	if crv, err := object.String("crv"); err != nil || crv != "Ed25519" {
		return nil, errors.New("crv is not Ed25519")
	}
	x, err := octets(object, "x")
	if err != nil {
		return nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("x has %d bytes; an Ed25519 key has %d", len(x), ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(x), checkEd25519(x)
}

// octets returns a base64url member. Only the one canonical spelling is
// accepted (RFC 7515 section 2).
func octets(object strictjson.Object, name string) ([]byte, error) {
	s, err := object.String(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	// The decoder skips line breaks.
	if strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%s is not base64url", name)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%s is not base64url", name)
	}
	return b, nil
}
