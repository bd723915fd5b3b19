// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/auth/issuer"
)

// hashes of the algorithms (RFC 7518 section 3.1, RFC 8037). Ed25519 takes the
// message itself.
var hashes = map[string]crypto.Hash{
	"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512,
	"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512,
	"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512,
	"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512,
	"EdDSA": 0, "Ed25519": 0,
}

// What secrets and keys can do, the preferred first.
var (
	secretAlgorithms  = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms     = []string{"PS256", "RS256", "PS384", "RS384", "PS512", "RS512"}
	ed25519Algorithms = []string{"Ed25519", "EdDSA"} // two names of one (RFC 9864)
	curveAlgorithms   = map[string][]string{"P-256": {"ES256"}, "P-384": {"ES384"}, "P-521": {"ES512"}}
)

// algorithmsOf returns what a key can do. One that is too weak can do nothing.
func algorithmsOf(public crypto.PublicKey) ([]string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil || k.E < 3 || k.E%2 == 0 {
			return nil, errors.New("an RSA key whose public part is none")
		}
		if bits := k.N.BitLen(); bits < 2048 || bits > 16384 {
			return nil, fmt.Errorf("an RSA key of %d bits; use one of 2048 at least (RFC 7518 section 3.3)", bits)
		}
		return rsaAlgorithms, nil
	case *ecdsa.PublicKey:
		if k == nil || k.Curve == nil {
			return nil, errors.New("an ECDSA key without a curve")
		}
		if list, ok := curveAlgorithms[k.Curve.Params().Name]; ok {
			return list, nil
		}
		return nil, fmt.Errorf("an ECDSA key on %s; use P-256, P-384 or P-521", k.Curve.Params().Name)
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return nil, errors.New("an Ed25519 key of another size")
		}
		return ed25519Algorithms, nil
	default:
		return nil, fmt.Errorf("a key of type %T; RSA, ECDSA and Ed25519 can sign", public)
	}
}

// secretAlgorithmsOf returns what a secret is long enough for (RFC 7518 section
// 3.2).
func secretAlgorithmsOf(secret string) ([]string, error) {
	long := slices.DeleteFunc(slices.Clone(secretAlgorithms), func(alg string) bool { return len(secret) < hashes[alg].Size() })
	if len(long) == 0 {
		return nil, fmt.Errorf("the secret has %d bytes and HS256 needs %d (RFC 7518 section 3.2); have the issuer make a longer one", len(secret), crypto.SHA256.Size())
	}
	return long, nil
}

var (
	// errNoCommon says that the issuer takes none of the algorithms that are had.
	errNoCommon = errors.New("no signing algorithm in common")
	errNoList   = errors.New("the issuer does not say which signing algorithms it takes")
)

// chooseAlgorithm returns the one of these algorithms that a request is signed
// with. Where several would do, the issuer says which it takes.
func chooseAlgorithm(ctx context.Context, r *Request, can []string) (string, error) {
	if len(can) == 1 {
		return can[0], nil
	}
	metadata, err := r.Metadata(ctx)
	if err != nil {
		return "", fmt.Errorf("which signing algorithm: %w", err)
	}
	name := listName(r.Name, algorithmsSuffix)
	takes, err := metadata.Strings(name)
	if errors.Is(err, issuer.ErrNotAnnounced) {
		if slices.Equal(can, ed25519Algorithms) {
			return "EdDSA", nil // the name that every server knows which knows the other
		}
		return "", misconfigured(fmt.Errorf("%w (%s); choose one of %s with KeyAlgorithm or AssertionAlgorithm", errNoList, name, strings.Join(can, ", ")))
	}
	if err != nil {
		return "", err
	}
	for _, alg := range can {
		if slices.Contains(takes, alg) {
			return alg, nil
		}
	}
	return "", misconfigured(fmt.Errorf("%w: %s has %s; here are %s", errNoCommon, name, quoteList(takes), strings.Join(can, ", ")))
}

const (
	methodsSuffix    = "_auth_methods_supported"
	algorithmsSuffix = "_auth_signing_alg_values_supported"
)

// listName returns the name of the list that is about an endpoint. Only three
// endpoints have lists of their own (RFC 8414 section 2); others go by the token
// endpoint's (RFC 8628 section 3.1, RFC 9126 section 5).
func listName(endpoint, suffix string) string {
	switch endpoint {
	case IntrospectionEndpoint, RevocationEndpoint:
		return endpoint + suffix
	default:
		return TokenEndpoint + suffix
	}
}

// quoteList is a list of the issuer's for an error. It is as long as they like.
func quoteList(list []string) string {
	const most, longest = 12, 40
	var b strings.Builder
	b.WriteByte('[')
	for n, s := range list {
		if n == most {
			fmt.Fprintf(&b, " and %d more", len(list)-most)
			break
		}
		if n > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.*q", longest, s)
	}
	b.WriteByte(']')
	return b.String()
}
