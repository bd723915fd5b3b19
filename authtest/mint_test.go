// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return b
}

func split(t *testing.T, token string) (header, payload, signature []byte) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts in %q", len(parts), token)
	}
	return decode(t, parts[0]), decode(t, parts[1]), decode(t, parts[2])
}

func headerOf(t *testing.T, token string) map[string]any {
	t.Helper()
	header, _, _ := split(t, token)
	return object(t, string(header))
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	_, payload, _ := split(t, token)
	return object(t, string(payload))
}

// verifies checks a token with a published key and the standard library only.
func verifies(t *testing.T, token string, jwk map[string]any) bool {
	t.Helper()
	input := []byte(token[:strings.LastIndexByte(token, '.')])
	_, _, signature := split(t, token)
	number := func(name string) *big.Int {
		text, _ := jwk[name].(string)
		return new(big.Int).SetBytes(decode(t, text))
	}
	alg, _ := jwk["alg"].(string)
	var hash crypto.Hash
	switch {
	case strings.HasSuffix(alg, "256"):
		hash = crypto.SHA256
	case strings.HasSuffix(alg, "384"):
		hash = crypto.SHA384
	case strings.HasSuffix(alg, "512"):
		hash = crypto.SHA512
	}
	digest := func() []byte {
		h := hash.New()
		h.Write(input)
		return h.Sum(nil)
	}
	switch jwk["kty"] {
	case "OKP":
		return jwk["crv"] == "Ed25519" && ed25519.Verify(number("x").FillBytes(make([]byte, 32)), input, signature)
	case "RSA":
		key := &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
		if strings.HasPrefix(alg, "PS") {
			return rsa.VerifyPSS(key, hash, digest(), signature, &rsa.PSSOptions{SaltLength: hash.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(key, hash, digest(), signature) == nil
	case "EC":
		curve := map[any]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[jwk["crv"]]
		size := (curve.Params().BitSize + 7) / 8
		x, _ := jwk["x"].(string)
		y, _ := jwk["y"].(string)
		if len(decode(t, x)) != size || len(decode(t, y)) != size || len(signature) != 2*size {
			t.Errorf("coordinates or signature of another size than %d", size)
			return false
		}
		key, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, decode(t, x)...), decode(t, y)...))
		if err != nil {
			t.Fatal(err)
		}
		return ecdsa.Verify(key, digest(), new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	default:
		t.Errorf("key type %v", jwk["kty"])
		return false
	}
}

var members = map[string][]string{
	"RSA": {"kty", "kid", "use", "alg", "n", "e"},
	"EC":  {"kty", "kid", "use", "alg", "crv", "x", "y"},
	"OKP": {"kty", "kid", "use", "alg", "crv", "x"},
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			i := start(t, authtest.Config{InMemory: true, Algorithm: alg})
			jwk := object(t, string(i.PublicJWK(i.KeyID())))
			if jwk["alg"] != alg || jwk["use"] != "sig" || jwk["kid"] != i.KeyID() {
				t.Errorf("key %v", jwk)
			}
			kty, _ := jwk["kty"].(string)
			if len(jwk) != len(members[kty]) {
				t.Errorf("members of %v, want %v", jwk, members[kty])
			}
			// Small numbers come up once in 256 signatures, so try some.
			for range 20 {
				token := i.Mint()
				if !verifies(t, token, jwk) {
					t.Fatalf("%s does not verify with %v", token, jwk)
				}
				if verifies(t, token[:20]+"A"+token[20:], jwk) {
					t.Fatal("a changed token verifies")
				}
			}
			if header := headerOf(t, i.Mint()); !reflect.DeepEqual(header, map[string]any{"alg": alg, "typ": "at+jwt", "kid": i.KeyID()}) {
				t.Errorf("header %v", header)
			}
		})
	}
}

func TestMintDefaults(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true, Audience: "widgets", TokenLifetime: time.Minute})
	before := time.Now().Unix()
	one, two := claimsOf(t, i.Mint()), claimsOf(t, i.Mint())
	iat, _ := one["iat"].(float64)
	if int64(iat) < before || int64(iat) > time.Now().Unix() || one["exp"] != iat+60 {
		t.Errorf("times of %v", one)
	}
	if jti, _ := one["jti"].(string); len(jti) < 16 || one["jti"] == two["jti"] {
		t.Errorf("jti %v and %v", one["jti"], two["jti"])
	}
	for name, want := range map[string]string{
		"iss": "https://issuer.test", "sub": "user-1", "aud": "widgets", "client_id": "client-1", "scope": "",
	} {
		if one[name] != want {
			t.Errorf("%s = %v, want %q", name, one[name], want)
		}
	}
	if len(one) != 8 {
		t.Errorf("claims %v", one)
	}
}

func TestMintOptions(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	at := time.Unix(1_000_000, 0)
	for name, c := range map[string]struct {
		options []authtest.TokenOption
		claim   string
		want    any // nil: absent
	}{
		"subject":             {[]authtest.TokenOption{authtest.Subject("u")}, "sub", "u"},
		"client":              {[]authtest.TokenOption{authtest.ClientID("c")}, "client_id", "c"},
		"one audience":        {[]authtest.TokenOption{authtest.Audience("a")}, "aud", "a"},
		"audiences":           {[]authtest.TokenOption{authtest.Audience("a", "b")}, "aud", []any{"a", "b"}},
		"no audience":         {[]authtest.TokenOption{authtest.Audience()}, "aud", []any{}},
		"scopes":              {[]authtest.TokenOption{authtest.Scopes("a", "b")}, "scope", "a b"},
		"issued at":           {[]authtest.TokenOption{authtest.IssuedAt(at)}, "iat", 1e6},
		"issued at and exp":   {[]authtest.TokenOption{authtest.IssuedAt(at)}, "exp", 1e6 + 600},
		"lifetime":            {[]authtest.TokenOption{authtest.Lifetime(-time.Minute), authtest.IssuedAt(at)}, "exp", 1e6 - 60},
		"no lifetime":         {[]authtest.TokenOption{authtest.Lifetime(0), authtest.IssuedAt(at)}, "exp", 1e6},
		"claim":               {[]authtest.TokenOption{authtest.Claim("x", []int{1})}, "x", []any{1.0}},
		"claim over default":  {[]authtest.TokenOption{authtest.Claim("exp", "soon"), authtest.Lifetime(time.Hour)}, "exp", "soon"},
		"last claim":          {[]authtest.TokenOption{authtest.Claim("sub", 1), authtest.Subject("u")}, "sub", "u"},
		"without":             {[]authtest.TokenOption{authtest.WithoutClaim("exp"), authtest.Lifetime(time.Hour)}, "exp", nil},
		"without, then again": {[]authtest.TokenOption{authtest.WithoutClaim("sub"), authtest.Subject("u")}, "sub", "u"},
	} {
		got := claimsOf(t, i.Mint(c.options...))
		if !reflect.DeepEqual(got[c.claim], c.want) {
			t.Errorf("%s: %s = %#v, want %#v", name, c.claim, got[c.claim], c.want)
		}
		if _, ok := got[c.claim]; ok != (c.want != nil) {
			t.Errorf("%s: presence of %s is %v", name, c.claim, ok)
		}
	}
	if v, ok := claimsOf(t, i.Mint(authtest.Claim("nbf", nil)))["nbf"]; v != nil || !ok {
		t.Errorf("null claim: %v, present %v", v, ok)
	}
	mustPanic(t, "JSON", func() { i.Mint(authtest.Claim("x", make(chan int))) })
	mustPanic(t, "never had a key", func() { i.Mint(authtest.SignedBy("nobody")) })
}

func TestMintHeader(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	token := i.Mint(authtest.Header("typ", "JWT"), authtest.Header("crit", []string{"x"}), authtest.WithoutHeader("kid"))
	if got := headerOf(t, token); !reflect.DeepEqual(got, map[string]any{"alg": "ES256", "typ": "JWT", "crit": []any{"x"}}) {
		t.Errorf("header %v", got)
	}
	// The alg header may lie; the signature is the key's.
	lying := i.Mint(authtest.Header("alg", "none"))
	if headerOf(t, lying)["alg"] != "none" || !verifies(t, lying, object(t, string(i.PublicJWK(i.KeyID())))) {
		t.Errorf("token %s", lying)
	}
}

func TestMintRaw(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	jwk := object(t, string(i.PublicJWK(i.KeyID())))
	const rawHeader, rawClaims = `{"alg":"ES256", "alg":"none"}`, `{"sub":"a","sub":"b"} `
	token := i.Mint(authtest.RawHeader(rawHeader), authtest.RawClaims(rawClaims), authtest.Subject("c"), authtest.Header("x", 1))
	header, payload, _ := split(t, token)
	if string(header) != rawHeader || string(payload) != rawClaims || !verifies(t, token, jwk) {
		t.Errorf("token %s", token)
	}
	header, payload, _ = split(t, i.Mint(authtest.RawHeader(""), authtest.RawClaims("")))
	if len(header) != 0 || len(payload) != 0 {
		t.Errorf("header %q, payload %q", header, payload)
	}
	token = i.Sign([]byte(`h`), []byte(`p`), "")
	header, payload, _ = split(t, token)
	if string(header) != "h" || string(payload) != "p" || !verifies(t, token, jwk) {
		t.Errorf("token %s", token)
	}
	mustPanic(t, "never had a key", func() { i.Sign(nil, nil, "nobody") })
}

func TestMintSignature(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	var input string
	token := i.Mint(authtest.Signature(func(b []byte) []byte {
		input = string(b)
		return []byte("forged")
	}))
	if _, _, signature := split(t, token); string(signature) != "forged" || !strings.HasPrefix(token, input+".") {
		t.Errorf("token %s, input %s", token, input)
	}
	if introspect(t, i, token)["active"] != false {
		t.Error("the issuer knows a forged token")
	}
	if token := i.Mint(authtest.Signature(func([]byte) []byte { return nil })); !strings.HasSuffix(token, ".") {
		t.Errorf("token %s", token)
	}
}
