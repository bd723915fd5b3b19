// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/jws"
)

func TestCheckAlgorithms(t *testing.T) {
	known := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
	if err := jws.CheckAlgorithms(known); err != nil {
		t.Error(err)
	}
	for name, says := range map[string]string{
		"HS256": "use an asymmetric one", "HS512": "use an asymmetric one",
		"none": `"none"; known are`, "": `""; known are`, "es256": `"es256"; known are`, "ES256K": `"ES256K"; known are`, "Ed448": `"Ed448"; known are`,
	} {
		if err := jws.CheckAlgorithms([]string{"ES256", name}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMethods(t *testing.T) {
	for configured, want := range map[string]string{
		"":              "ES256 Ed25519 EdDSA PS256 RS256",
		"ES384":         "ES384",
		"RS512 EdDSA":   "Ed25519 EdDSA RS512",
		"Ed25519":       "Ed25519 EdDSA",
		"EdDSA Ed25519": "Ed25519 EdDSA",
	} {
		methods := jws.Methods(strings.Fields(configured))
		if got := strings.Join(slices.Sorted(maps.Keys(methods)), " "); got != want {
			t.Errorf("%s: %s", configured, got)
		}
		for name, method := range methods {
			if alg := method.Alg(); alg != name && name != "Ed25519" {
				t.Errorf("%s: the method is %s", name, alg)
			}
		}
	}
}

// RFC 7518 section 3.5: the salt is as long as the hash.
func TestSaltLength(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const signed = "a.b"
	h256, h384, h512 := sha256.Sum256([]byte(signed)), sha512.Sum384([]byte(signed)), sha512.Sum512([]byte(signed))
	for name, of := range map[string]struct {
		hash   crypto.Hash
		digest []byte
	}{"PS256": {crypto.SHA256, h256[:]}, "PS384": {crypto.SHA384, h384[:]}, "PS512": {crypto.SHA512, h512[:]}} {
		method := jws.Methods([]string{name})[name]
		for salt, good := range map[int]bool{of.hash.Size(): true, 1: false, of.hash.Size() - 1: false, of.hash.Size() + 1: false, rsa.PSSSaltLengthAuto: false} {
			signature, err := rsa.SignPSS(rand.Reader, key, of.hash, of.digest, &rsa.PSSOptions{SaltLength: salt})
			if err != nil {
				t.Fatal(err)
			}
			if err := method.Verify(signed, signature, &key.PublicKey); (err == nil) != good {
				t.Errorf("%s with a salt of %d bytes: %v", name, salt, err)
			}
		}
	}
}
