// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Key material for the tables. The keys are only ever parsed.
var (
	rsaKey, _   = rsa.GenerateKey(rand.Reader, 2048)
	p256, _     = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _     = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	edKey, _, _ = ed25519.GenerateKey(rand.Reader)
)

func rsaJWK(n *big.Int, e string, more string) string {
	return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":%q%s}`, b64(n.Bytes()), e, more)
}

func ecJWK(crv string, x, y []byte, more string) string {
	return fmt.Sprintf(`{"kty":"EC","kid":"k","crv":%q,"x":%q,"y":%q%s}`, crv, b64(x), b64(y), more)
}

func edJWK(x []byte, more string) string {
	return fmt.Sprintf(`{"kty":"OKP","kid":"k","crv":"Ed25519","x":%q%s}`, b64(x), more)
}

func bits(n int) *big.Int {
	// Odd, of exactly n bits.
	return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), uint(n-1)), big.NewInt(1))
}

func TestParseKey(t *testing.T) {
	x, y := coordinates(p256)
	x384, y384 := coordinates(p384)
	all := strings.Join(rsaAlgorithms, " ")
	for name, tc := range map[string]struct {
		jwk  string
		want string // algorithms, or what the error says
	}{
		"rsa":                        {rsaJWK(rsaKey.N, "AQAB", ""), all},
		"rsa for signatures":         {rsaJWK(rsaKey.N, "AQAB", `,"use":"sig","key_ops":["verify"],"ext":true`), all},
		"rsa for one algorithm":      {rsaJWK(rsaKey.N, "AQAB", `,"alg":"PS256"`), "PS256"},
		"rsa for another kind":       {rsaJWK(rsaKey.N, "AQAB", `,"alg":"ES256"`), "alg does not fit"},
		"rsa for HS256":              {rsaJWK(rsaKey.N, "AQAB", `,"alg":"HS256"`), "alg does not fit"},
		"rsa for encryption":         {rsaJWK(rsaKey.N, "AQAB", `,"use":"enc"`), "use is not sig"},
		"rsa with use null":          {rsaJWK(rsaKey.N, "AQAB", `,"use":null`), "use is not sig"},
		"rsa to encrypt":             {rsaJWK(rsaKey.N, "AQAB", `,"key_ops":["encrypt"]`), "key_ops"},
		"rsa with key_ops number":    {rsaJWK(rsaKey.N, "AQAB", `,"key_ops":1`), "key_ops"},
		"rsa private":                {rsaJWK(rsaKey.N, "AQAB", `,"d":"AQAB"`), "private"},
		"rsa private prime":          {rsaJWK(rsaKey.N, "AQAB", `,"p":"AQAB"`), "private"},
		"rsa 1024 bits":              {rsaJWK(bits(1024), "AQAB", ""), "1024 bits"},
		"rsa 2047 bits":              {rsaJWK(bits(2047), "AQAB", ""), "2047 bits"},
		"rsa 8192 bits":              {rsaJWK(bits(8192), "AQAB", ""), all},
		"rsa 8193 bits":              {rsaJWK(bits(8193), "AQAB", ""), "8193 bits"},
		"rsa 131072 bits":            {rsaJWK(bits(131072), "AQAB", ""), "131072 bits"},
		"rsa even modulus":           {rsaJWK(new(big.Int).Lsh(big.NewInt(1), 2047), "AQAB", ""), "even RSA modulus"},
		"rsa e=1":                    {rsaJWK(rsaKey.N, "AQ", ""), "exponent"},
		"rsa e=2":                    {rsaJWK(rsaKey.N, "Ag", ""), "exponent"},
		"rsa e=3":                    {rsaJWK(rsaKey.N, "Aw", ""), all},
		"rsa even e":                 {rsaJWK(rsaKey.N, b64([]byte{1, 0, 0}), ""), "exponent"},
		"rsa e=2^33+1":               {rsaJWK(rsaKey.N, b64([]byte{2, 0, 0, 0, 1}), ""), "exponent"},
		"rsa e=2^64+65537":           {rsaJWK(rsaKey.N, b64([]byte{1, 0, 0, 0, 0, 0, 1, 0, 1}), ""), "exponent"},
		"rsa without e":              {`{"kty":"RSA","n":"` + b64(rsaKey.N.Bytes()) + `"}`, "e: absent"},
		"rsa with n in another case": {`{"kty":"RSA","N":"` + b64(rsaKey.N.Bytes()) + `","e":"AQAB"}`, "n: absent"},
		"rsa with padding":           {rsaJWK(rsaKey.N, "AQAB==", ""), "e is not base64url"},
		"rsa with a line break":      {rsaJWK(rsaKey.N, "AQ\nAB", ""), "e is not base64url"},
		"ec":                         {ecJWK("P-256", x, y, ""), "ES256"},
		"ec 384":                     {ecJWK("P-384", x384, y384, ""), "ES384"},
		"ec on another curve":        {ecJWK("P-384", x, y, ""), "coordinates"},
		"ec off the curve":           {ecJWK("P-256", x, x, ""), "not on the curve"},
		"ec zero":                    {ecJWK("P-256", make([]byte, 32), make([]byte, 32), ""), "not on the curve"},
		"ec short":                   {ecJWK("P-256", x[1:], y, ""), "x has 31 bytes"},
		"ec long":                    {ecJWK("P-256", x, append([]byte{0}, y...), ""), "y has 33 bytes"},
		"ec wrong algorithm":         {ecJWK("P-256", x, y, `,"alg":"ES384"`), "alg does not fit"},
		"ec secp256k1":               {ecJWK("secp256k1", x, y, ""), "crv"},
		"ed25519":                    {edJWK(edKey, ""), "EdDSA Ed25519"},
		"ed25519 EdDSA":              {edJWK(edKey, `,"alg":"EdDSA"`), "EdDSA Ed25519"},
		"ed25519 RFC 9864":           {edJWK(edKey, `,"alg":"Ed25519"`), "EdDSA Ed25519"},
		"ed25519 short":              {edJWK(edKey[1:], ""), "x has 31 bytes"},
		"ed25519 of low order":       {edJWK(lowOrder[1], ""), "low-order"},
		"X25519":                     {`{"kty":"OKP","crv":"X25519","x":"` + b64(edKey) + `"}`, "crv"},
		"Ed448":                      {`{"kty":"OKP","crv":"Ed448","x":"` + b64(make([]byte, 57)) + `"}`, "crv"},
		"symmetric":                  {`{"kty":"oct","k":"c2VjcmV0"}`, "symmetric"},
		"symmetric without k":        {`{"kty":"oct"}`, "kty is not"},
		"unknown kind":               {`{"kty":"AKP","pub":"AQAB"}`, "kty is not"},
		"no kind":                    {`{}`, "kty: absent"},
		"kid is a number":            {`{"kty":"RSA","kid":5}`, "kid: "},
		"kid is long":                {`{"kty":"RSA","kid":"` + strings.Repeat("k", 257) + `"}`, "kid: more than"},
		"member twice":               {rsaJWK(rsaKey.N, "AQAB", `,"E":"Aw"`), "two members"},
		"not an object":              {`"key"`, "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := parseKey([]byte(tc.jwk))
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("got %v, want %q", err, tc.want)
				}
				return
			}
			if got := strings.Join(k.algorithms, " "); got != tc.want {
				t.Fatalf("verifies %q, want %q", got, tc.want)
			}
		})
	}
}

func coordinates(k *ecdsa.PrivateKey) (x, y []byte) {
	point, err := k.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	size := (len(point) - 1) / 2
	return point[1 : 1+size], point[1+size:]
}

// The weak points are found by what makes them weak: for some messages, a
// signature that took no private key verifies.
func TestWeakEd25519(t *testing.T) {
	if isWeakEd25519(edKey) {
		t.Fatal("an honest key counts as weak")
	}
	signature := make([]byte, ed25519.SignatureSize)
	signature[0] = 1 // R is the identity, S is zero
	for _, low := range lowOrder {
		for _, sign := range []byte{0, 0x80} {
			key := slices.Clone(low)
			key[31] |= sign
			forged := 0
			for i := range 64 {
				if ed25519.Verify(key, fmt.Append(nil, "message ", i), signature) {
					forged++
				}
			}
			t.Logf("%x: %d of 64 messages forged", key, forged)
			if forged == 0 && !slices.Contains([]string{
				// crypto/ed25519 does not decode these two: x is zero and has no
				// sign.
				"0100000000000000000000000000000000000000000000000000000000000080",
				"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
			}, hex.EncodeToString(key)) {
				t.Errorf("%x is listed and not weak", key)
			}
			if !isWeakEd25519(key) {
				t.Errorf("%x is accepted", key)
			}
		}
	}
	for i := range 19 { // y = p + i, which fits into 255 bits
		key := slices.Clone(fieldPrime)
		key[0] += byte(i)
		if !isWeakEd25519(key) {
			t.Errorf("p+%d is accepted", i)
		}
	}
}

func TestParseKeySet(t *testing.T) {
	x, y := coordinates(p256)
	good, other := ecJWK("P-256", x, y, ""), edJWK(edKey, "")
	many := strings.TrimSuffix(strings.Repeat(other+",", 101), ",")
	for name, tc := range map[string]struct {
		document string
		want     string // usable and dropped keys, or what the error says
	}{
		"one":                 {`{"keys":[` + good + `]}`, "1 used, 0 dropped"},
		"two of one kid":      {`{"keys":[` + good + `,` + other + `]}`, "2 used, 0 dropped"},
		"the same twice":      {`{"keys":[` + good + `,` + good + `]}`, "1 used, 0 dropped"},
		"one bad":             {`{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"},` + good + `,5]}`, "1 used, 2 dropped"},
		"unknown members":     {`{"keys":[` + good + `],"x":{"y":[1]}}`, "1 used, 0 dropped"},
		"none":                {`{"keys":[]}`, "none of the 0 keys"},
		"only bad":            {`{"keys":[{"kty":"oct","k":"AQ"}]}`, "none of the 1 keys is usable: holds a private or symmetric key"},
		"no keys":             {`{}`, "keys: absent"},
		"an error":            {`{"error":"server_error"}`, "keys: absent"},
		"keys is an object":   {`{"keys":{}}`, "keys: of the wrong"},
		"keys is null":        {`{"keys":null}`, "keys: of the wrong"},
		"keys twice":          {`{"keys":[` + good + `],"keys":[]}`, "two members"},
		"keys in two cases":   {`{"keys":[` + good + `],"KEYS":[]}`, "two members"},
		"keys in other case":  {`{"Keys":[` + good + `]}`, "keys: absent"},
		"an array":            {`[` + good + `]`, "not a JSON object"},
		"data after":          {`{"keys":[` + good + `]}{}`, "data after"},
		"one repeated member": {`{"keys":[{"kid":"a","kid":"b"},` + good + `]}`, "two members"},
		"too many":            {`{"keys":[` + many + `]}`, "101 keys"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parseKeySet([]byte(tc.document))
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = fmt.Sprintf("%d used, %d dropped", len(s.all), len(s.dropped))
			}
			if !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestFindKey(t *testing.T) {
	x, y := coordinates(p256)
	s, err := parseKeySet([]byte(`{"keys":[` + strings.Join([]string{
		ecJWK("P-256", x, y, ""), edJWK(edKey, ""), rsaJWK(rsaKey.N, "AQAB", ""), rsaJWK(rsaKey.N, "Aw", ""),
		strings.Replace(edJWK(edKey, ""), `"kid":"k"`, `"kid":"K"`, 1),
	}, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	s = s.without(nil)
	for _, tc := range []struct {
		kid, alg string
		want     string
	}{
		{"k", "ES256", "found"},
		{"k", "EdDSA", "found"},
		{"k", "Ed25519", "found"},
		{"k", "ES384", "none"},
		{"k", "RS256", "ambiguous"},
		{"", "ES256", "found"},
		{"", "EdDSA", "found"}, // one key under two names
		{"", "ES512", "none"},
		{"K", "ES256", "none"},
		{"K", "EdDSA", "found"},
		{"kk", "ES256", "none"},
	} {
		k, err := s.find(tc.kid, tc.alg)
		got := "none"
		if err != nil {
			got = "ambiguous"
		} else if k != nil {
			got = "found"
		}
		if got != tc.want {
			t.Errorf("%q %s: %s, want %s", tc.kid, tc.alg, got, tc.want)
		}
	}
}

func FuzzParseKeySet(f *testing.F) {
	x, y := coordinates(p256)
	f.Add([]byte(`{"keys":[` + ecJWK("P-256", x, y, `,"alg":"ES256"`) + `,` + edJWK(edKey, "") + `]}`))
	f.Add([]byte(`{"keys":[` + rsaJWK(rsaKey.N, "AQAB", `,"use":"sig"`) + `]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseKeySet(data)
		if err != nil {
			return
		}
		if len(s.all) == 0 {
			t.Fatal("a set without a usable key was accepted")
		}
		for _, k := range s.all {
			if k.public == nil || len(k.algorithms) == 0 || len(k.kid) > maxKeyIDSize {
				t.Fatalf("%q: unusable key %+v", data, k)
			}
			if key, ok := k.public.(*rsa.PublicKey); ok && (key.N.BitLen() < 2048 || key.E < 3) {
				t.Fatalf("%q: weak key", data)
			}
		}
	})
}
