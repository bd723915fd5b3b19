// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/bench/floor"
)

// The names of what the others are measured against.
const (
	FloorProbe = "floor probe"
	RawCheck   = "signature alone"
)

// Probe returns the floor probe, to which these tokens are known.
func Probe(tokens []string, deadline time.Time) *Instance {
	p := floor.New()
	for i, token := range tokens {
		p.Add(token, fmt.Sprint("user-", i), deadline)
	}
	return &Instance{Unary: p.Unary, Middleware: p.Middleware, Stop: func() {}}
}

// SignatureAlone returns the check of the signatures of these tokens, which are
// taken apart beforehand: the hash, if there is one, and the function of the
// standard library.
func SignatureAlone(tokens []string, key crypto.PublicKey) (*Instance, error) {
	checks := make(map[string]func() bool, len(tokens))
	for _, token := range tokens {
		check, err := signatureCheck(token, key)
		if err != nil {
			return nil, err
		}
		checks[token] = check
	}
	return &Instance{Verify: func(in *Input) error {
		if in.check == nil {
			in.check = checks[in.token]
		}
		if in.check == nil || !in.check() {
			return errRefused
		}
		return nil
	}, Stop: func() {}}, nil
}

func signatureCheck(token string, key crypto.PublicKey) (func() bool, error) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 {
		return nil, errors.New("not a JWT")
	}
	signed := []byte(token[:end])
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		return nil, err
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return func() bool {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}, nil
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		encoded, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		if err != nil {
			return nil, err
		}
		return func() bool {
			digest := sha256.Sum256(signed)
			return ecdsa.VerifyASN1(key, digest[:], encoded)
		}, nil
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(key, signed, signature) }, nil
	default:
		return nil, fmt.Errorf("no check for a %T", key)
	}
}

// All are the contestants that verify an issuer's tokens.
func All() []Contestant {
	var all []Contestant
	for _, some := range [][]Contestant{ours(), golangJWTs(), goOIDCs(), auth0s(), jwxs(), zitadels()} {
		all = append(all, some...)
	}
	return all
}

// ByName returns the contestant of that name.
func ByName(name string) (Contestant, error) {
	for _, c := range All() {
		if c.Name == name {
			return c, nil
		}
	}
	return Contestant{}, fmt.Errorf("no contestant %q", name)
}
