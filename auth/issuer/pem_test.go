// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

func block(t *testing.T, kind string, headers map[string]string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: der}))
}

func TestParsePEM(t *testing.T) {
	public := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		return block(t, "PUBLIC KEY", nil, der, err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &p256.PublicKey, p256)
	if err != nil {
		t.Fatal(err)
	}
	short := &rsa.PublicKey{N: bits(1024), E: 3}
	identity := make(ed25519.PublicKey, 32)
	identity[0] = 1
	for name, tc := range map[string]struct {
		document string
		want     string // algorithms by key, or what the error says
	}{
		"RSA":             {public(&rsaKey.PublicKey), strings.Join(rsaAlgorithms, " ")},
		"RSA, PKCS#1":     {block(t, "RSA PUBLIC KEY", nil, x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), nil), strings.Join(rsaAlgorithms, " ")},
		"P-384":           {public(&p384.PublicKey), "ES384"},
		"Ed25519":         {public(edKey), "EdDSA Ed25519"},
		"certificate":     {block(t, "CERTIFICATE", nil, certificate, nil), "ES256"},
		"two":             {public(edKey) + "\n" + public(&p384.PublicKey), "EdDSA Ed25519, ES384"},
		"named":           {block(t, "PUBLIC KEY", map[string]string{"kid": "k1"}, must(x509.MarshalPKIXPublicKey(edKey)), nil), "k1: EdDSA Ed25519"},
		"long name":       {block(t, "PUBLIC KEY", map[string]string{"kid": strings.Repeat("k", 257)}, must(x509.MarshalPKIXPublicKey(edKey)), nil), "more than 256 bytes"},
		"text before":     {"a key:\n" + public(edKey), "EdDSA Ed25519"},
		"text after":      {public(edKey) + "that was it", "something else than PEM"},
		"private":         {public(edKey) + block(t, "PRIVATE KEY", nil, private, nil), "public keys and certificates are read"},
		"P-224":           {public(&p224.PublicKey), "curve is not"},
		"X25519":          {public(x25519.PublicKey()), "a key of type"},
		"short RSA":       {public(short), "1024 bits"},
		"Ed25519, weak":   {public(identity), "low-order"},
		"one of two weak": {public(identity) + public(edKey), "EdDSA Ed25519"},
		"garbage":         {block(t, "PUBLIC KEY", nil, []byte("x"), nil), "asn1"},
		"too many":        {public(edKey) + strings.Repeat(public(identity), 100), "more than 100 keys"},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(snapshot)
			err := s.read([]byte(tc.document), nil)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				var keys []string
				for _, k := range s.all {
					keys = append(keys, strings.TrimPrefix(k.kid+": "+strings.Join(k.algorithms, " "), ": "))
				}
				got = strings.Join(keys, ", ")
			}
			if got != tc.want && (err == nil || !strings.Contains(got, tc.want)) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func must(b []byte, _ error) []byte { return b }

// A modulus like those of the devices in question: the product of two numbers
// that are powers of 65537 modulo the product of the small primes. They need not
// be prime for that.
func TestROCA(t *testing.T) {
	primorial := big.NewInt(2)
	for _, p := range rocaPrimes {
		primorial.Mul(primorial, big.NewInt(p))
	}
	factor := func(power int64) *big.Int {
		k := new(big.Int).Lsh(big.NewInt(power), 1023-uint(primorial.BitLen()))
		f := new(big.Int).Exp(big.NewInt(65537), big.NewInt(power), primorial)
		return f.Add(f, k.Mul(k, primorial))
	}
	n := new(big.Int).Mul(factor(12345), factor(54321))
	if n.BitLen() < 2048 || !isROCA(n) {
		t.Fatalf("a modulus of %d bits is not recognized", n.BitLen())
	}
	if _, err := parseKey([]byte(rsaJWK(n, "AQAB", ""))); err == nil || !strings.Contains(err.Error(), "ROCA") {
		t.Errorf("got %v", err)
	}
	if isROCA(rsaKey.N) || isROCA(new(big.Int).Add(n, big.NewInt(2))) {
		t.Error("an ordinary modulus is taken for one")
	}
}

// Whatever is read as PEM holds keys that may be used, and nothing was skipped.
func FuzzParsePEM(f *testing.F) {
	good := "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	f.Add([]byte(good))
	f.Add([]byte("kid\n" + strings.Replace(good, "KEY-----\n", "KEY-----\nkid: a\n\n", 1) + good))
	f.Add([]byte(strings.Replace(good, "MCow", "!Cow", 1) + good))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := new(snapshot)
		if err := s.read(data, nil); err != nil || !strings.Contains(string(data), "-----BEGIN ") {
			return
		}
		if len(s.all) == 0 || len(s.all)+len(s.dropped) > strings.Count(string(data), "-----BEGIN ") {
			t.Fatalf("%d keys used, %d dropped, of %q", len(s.all), len(s.dropped), data)
		}
		for _, k := range s.all {
			if len(k.algorithms) == 0 || k.public == nil {
				t.Fatalf("a key for nothing in %q", data)
			}
		}
	})
}
