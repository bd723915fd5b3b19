// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// signed forges with another encoding of a signature.
func signed(sign func(input []byte) []byte) func(*fixture) string {
	return with(authtest.Signature(sign))
}

func TestECDSASignatures(t *testing.T) {
	f := newFixture(t, "ES256")
	key := f.as.Key(f.as.KeyID()).(*ecdsa.PrivateKey)
	n := elliptic.P256().Params().N
	pair := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	sign := func(input []byte) (r, s *big.Int) {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest(crypto.SHA256, input))
		if err != nil {
			panic(err)
		}
		return r, s
	}
	fixed := func(r, s *big.Int) func(*fixture) string {
		return signed(func([]byte) []byte { return pair(r, s) })
	}
	zero, one := new(big.Int), big.NewInt(1)
	all := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	bad := invalid(jwtauth.CheckSignature)
	f.run(t, strict(), []row{
		{"K1 control: r and s", signed(func(in []byte) []byte { return pair(sign(in)) }), ok},
		{"K1 (0,0)", fixed(zero, zero), bad},
		{"K1 (0,1)", fixed(zero, one), bad},
		{"K1 (1,0)", fixed(one, zero), bad},
		{"K1 (1,1)", fixed(one, one), bad},
		{"K1 (n,n)", fixed(n, n), bad},
		{"K1 (2^256-1,2^256-1)", fixed(all, all), bad},
		{"K1 r = n", signed(func(in []byte) []byte { _, s := sign(in); return pair(n, s) }), bad},
		{"K1 s = n", signed(func(in []byte) []byte { r, _ := sign(in); return pair(r, n) }), bad},
		{"K1 r and s exchanged", signed(func(in []byte) []byte { r, s := sign(in); return pair(s, r) }), bad},
		{"K1 DER", signed(func(in []byte) []byte {
			der, err := ecdsa.SignASN1(rand.Reader, key, digest(crypto.SHA256, in))
			if err != nil {
				panic(err)
			}
			return der
		}), bad},
		{"K1 DER of (0,0)", signed(func([]byte) []byte {
			der, _ := asn1.Marshal(struct{ R, S *big.Int }{zero, zero})
			return der
		}), bad},
		{"K1 63 octets", signed(func(in []byte) []byte { return pair(sign(in))[:63] }), bad},
		{"K1 65 octets, zero in front", signed(func(in []byte) []byte { return append([]byte{0}, pair(sign(in))...) }), bad},
		{"K1 65 octets, zero behind", signed(func(in []byte) []byte { return append(pair(sign(in)), 0) }), bad},
		{"K1 leading zeros before both", signed(func(in []byte) []byte {
			r, s := sign(in)
			return append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...)
		}), bad},
		{"K1 empty", signed(none), bad},
		{"K1 of another payload", signed(func(in []byte) []byte { return pair(sign(append(in, '.'))) }), bad},
		// Good cryptography, which is why nothing may be keyed by a token's bytes.
		{"K2 (r, n-s)", signed(func(in []byte) []byte { r, s := sign(in); return pair(r, new(big.Int).Sub(n, s)) }), ok},
	})
}

func TestRSASignatures(t *testing.T) {
	for _, alg := range []string{"PS256", "RS256"} {
		f := newFixture(t, alg)
		key := f.as.Key(f.as.KeyID()).(*rsa.PrivateKey)
		sign := func(in []byte) []byte {
			var s []byte
			var err error
			if alg == "RS256" {
				s, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest(crypto.SHA256, in))
			} else {
				s, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest(crypto.SHA256, in), &rsa.PSSOptions{SaltLength: 32})
			}
			if err != nil {
				panic(err)
			}
			return s
		}
		bad := invalid(jwtauth.CheckSignature)
		rows := []row{
			{"control: " + alg, signed(sign), ok},
			{"K3 short", signed(func(in []byte) []byte { return sign(in)[1:] }), bad},
			{"K3 long, zero in front", signed(func(in []byte) []byte { return append([]byte{0}, sign(in)...) }), bad},
			{"K3 long, zero behind", signed(func(in []byte) []byte { return append(sign(in), 0) }), bad},
			{"K3 s + n", signed(func(in []byte) []byte {
				s := new(big.Int).SetBytes(sign(in))
				return s.Add(s, key.N).Bytes()
			}), bad},
			{"K3 s = n", signed(func([]byte) []byte { return key.N.Bytes() }), bad},
			{"K3 s = 0", signed(func([]byte) []byte { return make([]byte, 256) }), bad},
			{"K3 s = 1", signed(func([]byte) []byte { return big.NewInt(1).FillBytes(make([]byte, 256)) }), bad},
			{"K3 empty", signed(none), bad},
		}
		if alg == "PS256" {
			for _, salt := range []int{0, 1, 20, 31, 32, 33, 64, 222} { // 222 is the most that fits
				want := bad
				if salt == 32 { // RFC 7518 section 3.5
					want = ok
				}
				// Zero would ask crypto/rsa for the longest salt.
				options := &rsa.PSSOptions{SaltLength: salt}
				if salt == 0 {
					rows = append(rows, row{"K3 salt of 0 bytes", signed(func(in []byte) []byte { return noSalt(key, in) }), bad})
					continue
				}
				rows = append(rows, row{fmt.Sprintf("K3 salt of %d bytes", salt), signed(func(in []byte) []byte {
					s, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest(crypto.SHA256, in), options)
					if err != nil {
						panic(err)
					}
					return s
				}), want})
			}
		} else {
			for name, encode := range paddings {
				rows = append(rows, row{"K3 " + name, signed(func(in []byte) []byte {
					m := new(big.Int).SetBytes(encode(digest(crypto.SHA256, in)))
					return m.Exp(m, key.D, key.N).FillBytes(make([]byte, 256))
				}), map[bool]string{true: ok, false: bad}[name == "control: the one padding"]})
			}
		}
		f.run(t, strict(), rows)
	}
}

// sha256Prefix is the DER of DigestInfo for SHA-256 (RFC 8017 section 9.2).
var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// paddings are ways to pad a digest to 256 bytes, by PKCS #1 v1.5 or nearly so.
var paddings = map[string]func(digest []byte) []byte{
	"control: the one padding": func(d []byte) []byte { return pad(256-3-19-32, sha256Prefix, d) },
	"garbage behind the digest": func(d []byte) []byte {
		return pad(8, sha256Prefix, d, bytes.Repeat([]byte{0xaa}, 256-3-8-19-32))
	},
	"no NULL in the algorithm": func(d []byte) []byte {
		short := slices.Concat([]byte{0x30, 0x2f, 0x30, 0x0b}, sha256Prefix[4:15], []byte{0x04, 0x20})
		return pad(256-3-len(short)-32, short, d)
	},
	"BER long length": func(d []byte) []byte {
		long := slices.Concat([]byte{0x30, 0x81, 0x31}, sha256Prefix[2:])
		return pad(256-3-len(long)-32, long, d)
	},
	"no DigestInfo": func(d []byte) []byte { return pad(256-3-32, d) },
	"block type 2": func(d []byte) []byte {
		m := pad(256-3-19-32, sha256Prefix, d)
		m[1] = 2
		return m
	},
}

// pad is 0x00 0x01 0xff... 0x00 and the rest.
func pad(ff int, rest ...[]byte) []byte {
	return slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, ff), []byte{0}, slices.Concat(rest...))
}

// noSalt makes a PSS signature without salt (RFC 8017 section 9.1.1), which
// crypto/rsa has no option for.
func noSalt(key *rsa.PrivateKey, input []byte) []byte {
	const size = 256
	h := digest(crypto.SHA256, slices.Concat(make([]byte, 8), digest(crypto.SHA256, input)))
	db := make([]byte, size-32-1)
	db[len(db)-1] = 1
	for n := range db {
		counter := byte(n / 32)
		db[n] ^= digest(crypto.SHA256, slices.Concat(h, []byte{0, 0, 0, counter}))[n%32]
	}
	db[0] &= 0x7f
	m := new(big.Int).SetBytes(slices.Concat(db, h, []byte{0xbc}))
	s := m.Exp(m, key.D, key.N).FillBytes(make([]byte, size))
	// The forgery itself must be right, or it proves nothing.
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest(crypto.SHA256, input), s, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}); err != nil {
		panic(err)
	}
	return s
}

func TestEd25519Signatures(t *testing.T) {
	f := newFixture(t, "EdDSA")
	key := f.as.Key(f.as.KeyID()).(ed25519.PrivateKey)
	sign := func(in []byte) []byte { return ed25519.Sign(key, in) }
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	bad := invalid(jwtauth.CheckSignature)
	identity := append([]byte{1}, make([]byte, 31)...)
	forged := append(slices.Clone(identity), make([]byte, 32)...)
	if !ed25519.Verify(identity, []byte("anything"), forged) {
		t.Fatal("the forgery under the identity key does not work, so it proves nothing")
	}
	f.run(t, strict(), []row{
		{"control: EdDSA", signed(sign), ok},
		{"K5 S + L", signed(func(in []byte) []byte {
			s := sign(in)
			little := slices.Clone(s[32:])
			slices.Reverse(little)
			sum := new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
			slices.Reverse(sum)
			return append(s[:32], sum...)
		}), bad},
		{"K5 R identity, S 0", signed(func([]byte) []byte { return forged }), bad},
		{"K5 63 bytes", signed(func(in []byte) []byte { return sign(in)[:63] }), bad},
		{"K5 65 bytes", signed(func(in []byte) []byte { return append(sign(in), 0) }), bad},
		{"K5 empty", signed(none), bad},
	})
	// A key for which anybody can sign is no key, even if the issuer names it.
	for name, x := range map[string][]byte{
		"identity":               identity,
		"identity, sign bit set": append(append([]byte{1}, make([]byte, 30)...), 0x80),
		"identity, y = p + 1":    append(append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f),
		"order 4":                make([]byte, 32),
	} {
		weak := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"weak","x":%q}`, b64(x))
		f.as.SetJWKS(fmt.Appendf(nil, `{"keys":[%s,%s]}`, weak, f.as.PublicJWK(f.as.KeyID())))
		f.run(t, strict(), []row{
			{"K5 forged under the weak key " + name, with(authtest.Header("kid", "weak"), authtest.Signature(func([]byte) []byte { return forged })), invalid(jwtauth.CheckKey)},
			{"K5 the good key beside " + name, signed(sign), ok},
		})
	}
}

// keySet publishes these JWKs.
func (f *fixture) keySet(jwks ...string) {
	f.as.SetJWKS([]byte(`{"keys":[` + strings.Join(jwks, ",") + `]}`))
}

// change replaces a member of a JWK; an empty value removes it.
func change(jwk []byte, name, value string) string {
	edited := fmt.Sprintf("%q:%s,", name, value)
	if value == "" {
		edited = ""
	}
	rest := string(jwk)
	if i := strings.Index(rest, `"`+name+`":`); i >= 0 {
		end := i + strings.IndexAny(rest[i:], ",}")
		rest = strings.TrimSuffix(rest[:i], ",") + strings.TrimPrefix(rest[end:], map[bool]string{true: ",", false: ""}[strings.HasSuffix(rest[:i], "{")])
	}
	return "{" + edited + rest[1:]
}

func TestKeySetCorpus(t *testing.T) {
	f := newFixture(t, "ES256")
	a := f.as.KeyID()
	b, ed := f.as.AddKey("ES256"), f.as.AddKey("EdDSA")
	jwkA, jwkB, jwkEd := f.as.PublicJWK(a), f.as.PublicJWK(b), f.as.PublicJWK(ed)
	as := func(jwk []byte, kid string) string { return change(jwk, "kid", fmt.Sprintf("%q", kid)) }
	by := func(id, kid string) func(*fixture) string {
		return with(authtest.SignedBy(id), authtest.Header("kid", kid))
	}
	withoutKid := func(id string) func(*fixture) string {
		return with(authtest.SignedBy(id), authtest.WithoutHeader("kid"))
	}
	noKey := invalid(jwtauth.CheckKey)
	for _, tc := range []struct {
		keys []string
		rows []row
	}{
		{[]string{as(jwkA, "k"), as(jwkA, "k")}, []row{
			{"K8 the same key twice", by(a, "k"), ok},
			{"K8 the same key twice, no kid", withoutKid(a), ok},
		}},
		{[]string{as(jwkA, "k"), as(jwkB, "k")}, []row{
			{"K8 different keys, by the first", by(a, "k"), noKey},
			{"K8 different keys, by the second", by(b, "k"), noKey},
		}},
		{[]string{as(jwkA, "k"), as(jwkEd, "k")}, []row{
			{"K8 different kty, EC", by(a, "k"), ok},
			{"K8 different kty, OKP", by(ed, "k"), ok},
			{"K8 different kty, by another key", by(b, "k"), invalid(jwtauth.CheckSignature)},
		}},
		{[]string{change([]byte(as(jwkB, "k")), "use", `"enc"`), as(jwkA, "k")}, []row{
			{"K8 sig and enc, by sig", by(a, "k"), ok},
			{"K8 sig and enc, by enc", by(b, "k"), invalid(jwtauth.CheckSignature)},
		}},
		{[]string{string(jwkA), change(jwkB, "use", `"enc"`)}, []row{{"K9 use enc", by(b, b), noKey}, {"K9 control: the key beside it", by(a, a), ok}}},
		{[]string{string(jwkA), change(jwkB, "use", `"SIG"`)}, []row{{"K9 use SIG", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "use", `5`)}, []row{{"K9 use 5", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "use", ``)}, []row{{"K9 no use", by(b, b), ok}}},
		{[]string{string(jwkA), change(jwkB, "key_ops", `["encrypt"]`)}, []row{{"K9 key_ops encrypt", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "key_ops", `[]`)}, []row{{"K9 key_ops empty", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "key_ops", `["verify"]`)}, []row{{"K9 key_ops verify", by(b, b), ok}}},
		{[]string{string(jwkA), change(jwkB, "alg", `"ES384"`)}, []row{{"K9 alg of another curve", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "alg", `"RS256"`)}, []row{{"K9 alg of another kty", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "alg", `"ECDH-ES"`)}, []row{{"K9 alg for encryption", by(b, b), noKey}}},
		{[]string{string(jwkA), change(jwkB, "alg", ``)}, []row{{"K9 no alg", by(b, b), ok}}},
		{[]string{change(jwkA, "kid", ``)}, []row{
			{"A-56 the only key has no kid, nor has the token", withoutKid(a), ok},
			{"A-56 the only key has no kid, the token has one", by(a, a), noKey},
		}},
		{[]string{string(jwkA)}, []row{{"A-56 no kid, one key", withoutKid(a), ok}, {"A-56 no kid, one key, by another", withoutKid(b), invalid(jwtauth.CheckSignature)}}},
		{[]string{string(jwkA), string(jwkB)}, []row{{"A-56 no kid, two keys fit", withoutKid(a), noKey}}},
		{[]string{string(jwkA), string(jwkEd)}, []row{
			{"A-56 no kid, one key of this kty", withoutKid(a), ok},
			{"A-56 no kid, one key of that kty", withoutKid(ed), ok},
		}},
		{[]string{string(jwkEd)}, []row{{"A-56 no kid, no key fits", withoutKid(a), noKey}}},
		{[]string{as(jwkA, "k")}, []row{
			{"A-56 kid in upper case", by(a, "K"), noKey},
			{"A-56 kid with U+212A", by(a, "\u212a"), noKey},
			{"A-56 kid with a space", by(a, "k "), noKey},
		}},
	} {
		f.keySet(tc.keys...)
		f.run(t, strict(), tc.rows)
	}
}

// K19: a key is good for its own issuer only.
func TestKeyOfAnotherIssuer(t *testing.T) {
	f := newFixture(t, "ES256")
	const otherURL = "https://as2.test"
	other, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: otherURL, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	header := func(kid string) []byte { return fmt.Appendf(nil, `{"alg":"ES256","typ":"at+jwt","kid":%q}`, kid) }
	// Signed by I2 in the name of I, and the other way round.
	asI := func(kid string) func(*fixture) string {
		return func(*fixture) string { return other.Sign(header(kid), []byte(claimsJSON(nil)), "") }
	}
	asI2 := func(f *fixture) string {
		return f.as.Sign(header(other.KeyID()), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
	}
	honestI2 := func(*fixture) string {
		return other.Sign(header(other.KeyID()), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
	}
	f.run(t, strict(), []row{
		{"K19 key of I2 under its own kid", asI(other.KeyID()), invalid(jwtauth.CheckKey)},
		{"K19 key of I2 under the kid of I", asI(f.as.KeyID()), invalid(jwtauth.CheckSignature)},
		{"K19 honest token of I2", honestI2, foreign(jwtauth.CheckIssuer)},
	})

	// Both issuers trusted, and one kid in both key sets.
	iss2, err := issuer.New(otherURL, issuer.WithTransport(other.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss2.Close() })
	c := strict()
	c.GrantableScopes = []string{"read"}
	second, err := jwtauth.New(iss2, c)
	if err != nil {
		t.Fatal(err)
	}
	both, err := auth.NewChain(f.verifier(t, c), second)
	if err != nil {
		t.Fatal(err)
	}
	f.keySet(change(f.as.PublicJWK(f.as.KeyID()), "kid", `"shared"`))
	other.SetJWKS([]byte(`{"keys":[` + change(other.PublicJWK(other.KeyID()), "kid", `"shared"`) + `]}`))
	for _, r := range []row{
		{"K19 chain: honest token of I", func(f *fixture) string { return f.as.Sign(header("shared"), []byte(claimsJSON(nil)), "") }, ok},
		{"K19 chain: honest token of I2", func(*fixture) string {
			return other.Sign(header("shared"), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
		}, ok},
		{"K19 chain: I2 in the name of I", asI("shared"), invalid(jwtauth.CheckSignature)},
		{"K19 chain: I in the name of I2", func(f *fixture) string {
			return f.as.Sign(header("shared"), []byte(claimsJSON(map[string]any{"iss": otherURL})), "")
		}, invalid(jwtauth.CheckSignature)},
		{"K19 chain: unknown kid in the name of I2", asI2, invalid(jwtauth.CheckKey)},
	} {
		t.Run(r.name, func(t *testing.T) {
			claims, err := verify(t.Context(), both, r.forge(f))
			if got := result(err); got != r.want {
				t.Errorf("got %s (%s), want %s", got, causes(err), r.want)
			}
			if err == nil && claims.Issuer() != issuerURL && claims.Issuer() != otherURL {
				t.Errorf("issuer %s", claims.Issuer())
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	all := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
	byDefault := []string{"RS256", "PS256", "ES256", "EdDSA", "Ed25519"}
	twins := []string{"EdDSA", "Ed25519"} // two names of one algorithm
	f := newFixture(t, all[0])
	ids := map[string]string{all[0]: f.as.KeyID()}
	for _, alg := range all[1:] {
		ids[alg] = f.as.AddKey(alg)
	}
	config := func(algorithms ...string) jwtauth.Config {
		c := strict()
		c.Algorithms = algorithms
		return c
	}
	for _, alg := range all {
		token := with(authtest.SignedBy(ids[alg]))
		want := map[bool]string{true: ok, false: invalid(jwtauth.CheckAlgorithm)}
		f.run(t, config(alg), []row{{alg + " allowed alone", token, ok}})
		f.run(t, config(), []row{{alg + " by default", token, want[slices.Contains(byDefault, alg)]}})
		others := slices.DeleteFunc(slices.Clone(all), func(a string) bool {
			return a == alg || slices.Contains(twins, alg) && slices.Contains(twins, a)
		})
		f.run(t, config(others...), []row{{alg + " not allowed", token, invalid(jwtauth.CheckAlgorithm)}})
		if !slices.Contains(twins, alg) {
			continue
		}
		for _, name := range twins {
			f.run(t, config(alg), []row{{alg + " allowed, header " + name, with(authtest.SignedBy(ids[alg]), authtest.Header("alg", name)), ok}})
		}
	}
}
