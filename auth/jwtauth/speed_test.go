// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

var speeds = []struct {
	algorithm string
	// allocs is how many allocations a verification makes beside those of the
	// signature alone.
	allocs float64
}{{"RS256", 19}, {"ES256", 30}, {"EdDSA", 17}}

// speedToken has fourteen claims, as real tokens have about that many.
func (f *fixture) speedToken() string {
	return f.mint(authtest.Subject("248289761001"), authtest.ClientID("s6BhdRkqt3"), authtest.Scopes("widgets.read", "widgets.write", "profile"),
		authtest.Claim("auth_time", time.Now().Add(-time.Minute).Unix()), authtest.Claim("sid", "08a5019c-17e1-4977-8f42-65a12843ea02"),
		authtest.Claim("email", "jane.doe@example.com"), authtest.Claim("name", "Jane Doe"),
		authtest.Claim("tenant", "5b11618e-4bb6-4c4e-8a4f-2f1b1d3c8d5a"), authtest.Claim("roles", []string{"editor", "reviewer"}))
}

// signatureAlone returns the check of a token's signature and nothing else, by the
// standard library.
func signatureAlone(t testing.TB, token string, key crypto.PublicKey) func() bool {
	t.Helper()
	end := strings.LastIndexByte(token, '.')
	signed := []byte(token[:end])
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		t.Fatal(err)
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return func() bool {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		encoded, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		if err != nil {
			t.Fatal(err)
		}
		return func() bool {
			digest := sha256.Sum256(signed)
			return ecdsa.VerifyASN1(key, digest[:], encoded)
		}
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(key, signed, signature) }
	default:
		t.Fatalf("no check for a %T", key)
		return nil
	}
}

// eachSpeed calls f with both checks of a token for every algorithm.
func eachSpeed(t testing.TB, f func(algorithm string, allocs float64, signature, verify func() bool)) {
	for _, s := range speeds {
		as := newFixture(t, s.algorithm)
		v := as.verifier(t, strict())
		token := as.speedToken()
		credential, err := auth.NewBearer(token)
		if err != nil {
			t.Fatal(err)
		}
		f(s.algorithm, s.allocs, signatureAlone(t, token, as.as.Key(as.as.KeyID()).Public()), func() bool {
			_, err := v.Verify(t.Context(), credential)
			return err == nil
		})
	}
}

// BenchmarkVerify is the check of a token that no cache knows, beside that of its
// signature alone. What matters is how many times as long it takes:
//
//	go test ./auth/jwtauth -run '^$' -bench Verify -cpu 1
func BenchmarkVerify(b *testing.B) {
	eachSpeed(b, func(algorithm string, _ float64, signature, verify func() bool) {
		for _, c := range []struct {
			name  string
			check func() bool
		}{{"signature alone", signature}, {"verify", verify}} {
			b.Run(algorithm+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !c.check() {
						b.Fatal("refused")
					}
				}
			})
		}
	})
}
