// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// garbage is a signature of the right size for ES256.
func garbage([]byte) []byte { return make([]byte, 64) }

func none([]byte) []byte { return nil }

// rawHeader signs with the current key under a header as it stands, in which
// KID is replaced by that key's id.
func rawHeader(header string) func(*fixture) string {
	return func(f *fixture) string {
		return f.mint(authtest.RawHeader(strings.ReplaceAll(header, "KID", f.as.KeyID())))
	}
}

func TestHeaderCorpus(t *testing.T) {
	f := newFixture(t, "ES256")
	const alg, own, crit, typ, head = jwtauth.CheckAlgorithm, jwtauth.CheckOwnKey, jwtauth.CheckCritical, jwtauth.CheckType, jwtauth.CheckHeader
	rows := []row{{"control: a good token", with(), ok}}
	for _, value := range []any{"none", "None", "NONE", "nOnE", "none ", "", nil, 5, []string{"RS256"}, "es256", "ES256 ", "RS256\x00"} {
		name := "J1 alg " + asJSON(value)
		rows = append(rows,
			row{name, with(authtest.Header("alg", value)), invalid(alg)},
			row{name + ", no signature", with(authtest.Header("alg", value), authtest.Signature(none)), invalid(alg)})
	}
	rows = append(rows,
		row{"J1 alg missing", with(authtest.WithoutHeader("alg")), invalid(alg)},
		row{"J1 alg missing, no signature", with(authtest.WithoutHeader("alg"), authtest.Signature(none)), invalid(alg)},
		row{"J1 good alg, no signature", with(authtest.Signature(none)), invalid(jwtauth.CheckSignature)},
		row{"J4 ES256K", with(authtest.Header("alg", "ES256K")), invalid(alg)},
		row{"J4 ES521", with(authtest.Header("alg", "ES521")), invalid(alg)},
		row{"J4 ES384 not allowed", with(authtest.Header("alg", "ES384")), invalid(alg)},
		row{"J7 kid empty", with(authtest.Header("kid", "")), invalid(head)},
		row{"J7 kid 5", with(authtest.Header("kid", 5)), invalid(head)},
		row{"J7 kid null", with(authtest.Header("kid", nil)), invalid(head)},
		row{"J7 kid array", with(authtest.Header("kid", []string{"a"})), invalid(head)},
		row{"J7 kid of 257 bytes", with(authtest.Header("kid", strings.Repeat("k", 257))), invalid(head)},
		row{"J7 kid of 1 MiB", with(authtest.Header("kid", strings.Repeat("k", 1<<20))), malformed(auth.CheckCredentialSize)},
	)
	for _, kid := range []string{"../../dev/null", "/dev/null", "|sleep 10", "x' UNION SELECT '1';--", "*)(uid=*", "\x00", strings.Repeat("k", 256), "a\"\r\nX: 1"} {
		rows = append(rows, row{fmt.Sprintf("J7 kid %.40q", kid), with(authtest.Header("kid", kid)), invalid(jwtauth.CheckKey)})
	}
	evil, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, _ := evil.PublicKey.Bytes()
	jwk := map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:]), "kid": f.as.KeyID()}
	byEvil := authtest.Signature(func(input []byte) []byte {
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, evil, digest[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	})
	rows = append(rows,
		row{"J8 embedded jwk of the attacker", with(authtest.Header("jwk", jwk), byEvil), invalid(own)},
		row{"J8 embedded jwk without kid", with(authtest.Header("jwk", jwk), authtest.WithoutHeader("kid"), byEvil), invalid(own)},
		row{"J8 embedded jwk of the issuer itself", func(f *fixture) string {
			return f.mint(authtest.Header("jwk", f.as.PublicJWK(f.as.KeyID())))
		}, invalid(own)},
		row{"J8 jwk null", with(authtest.Header("jwk", nil)), invalid(own)},
		row{"J8 the attacker's key alone", with(byEvil), invalid(jwtauth.CheckSignature)},
		row{"J10 x5c self-signed with x5t of the real certificate", with(authtest.Header("x5c", []string{"MIIB"}), authtest.Header("x5t", "dGhlLXJlYWwtb25l"), byEvil), invalid(own)},
		row{"J10 x5t alone is a hint, not a key", with(authtest.Header("x5t", "dGhlLXJlYWwtb25l"), authtest.Header("x5t#S256", "x")), ok},
		row{"J10 x5t and the attacker's signature", with(authtest.Header("x5t", "dGhlLXJlYWwtb25l"), byEvil), invalid(jwtauth.CheckSignature)},
	)
	for _, name := range []string{"jku", "x5u"} {
		for _, url := range []any{"http://as.test/jwks", "file:///etc/passwd", "https://evil.test/jwks", "http://169.254.169.254/latest",
			"https://as.test@evil.test/jwks", "https://as.test.evil.test/jwks", issuerURL + "/jwks", "", nil, 5} {
			rows = append(rows, row{fmt.Sprintf("J9 %s %s", name, asJSON(url)), with(authtest.Header(name, url), byEvil), invalid(own)})
		}
	}
	for _, value := range []any{[]string{"exp"}, []string{"b64"}, []string{}, []string{"alg"}, []string{"x", "x"}, "b64", []int{1}, nil, []string{"absent"}} {
		rows = append(rows, row{"J11 crit " + asJSON(value), with(authtest.Header("crit", value)), invalid(crit)})
	}
	rows = append(rows,
		row{"J11 crit with the extension it names", with(authtest.Header("crit", []string{"x"}), authtest.Header("x", 1)), invalid(crit)},
		row{"J12 b64 false without crit", with(authtest.Header("b64", false)), invalid(crit)},
		row{"J12 b64 false with crit", with(authtest.Header("b64", false), authtest.Header("crit", []string{"b64"})), invalid(crit)},
		row{"J12 b64 as text", with(authtest.Header("b64", "false")), invalid(crit)},
		row{"J12 b64 true", with(authtest.Header("b64", true)), invalid(crit)},
		row{"J13 alg twice, good last", rawHeader(`{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J13 alg twice, good first", rawHeader(`{"alg":"ES256","alg":"none","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J13 alg twice, the same", rawHeader(`{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J13 alg escaped", rawHeader(`{"alg":"ES256","\u0061lg":"none","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J13 ALG beside alg", rawHeader(`{"alg":"ES256","ALG":"none","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J13 ALG alone", rawHeader(`{"ALG":"ES256","typ":"at+jwt","kid":"KID"}`), invalid(alg)},
		row{"J13 kid with U+212A beside kid", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID","` + "\u212a" + `id":"x"}`), invalid(head)},
		row{"J13 duplicate deep in the header", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID","x":{"a":1,"a":2}}`), invalid(head)},
		row{"J14 header []", with(authtest.RawHeader(`[]`)), invalid(head)},
		row{"J14 header null", with(authtest.RawHeader(`null`)), invalid(head)},
		row{"J14 header string", with(authtest.RawHeader(`"x"`)), invalid(head)},
		row{"J14 header {}", with(authtest.RawHeader(`{}`)), invalid(alg)},
		row{"J14 header empty", text(func(token string) string { return token[strings.IndexByte(token, '.'):] }), foreign(jwtauth.CheckShape)},
		row{"J14 header of one space", with(authtest.RawHeader(` `)), invalid(head)},
		row{"J14 byte order mark", rawHeader("\ufeff" + `{"alg":"ES256","typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J14 UTF-16", func(f *fixture) string {
			var wide []byte
			for _, u := range utf16.Encode([]rune(`{"alg":"ES256","typ":"at+jwt","kid":"` + f.as.KeyID() + `"}`)) {
				wide = append(wide, byte(u), byte(u>>8))
			}
			return f.mint(authtest.RawHeader(string(wide)))
		}, invalid(head)},
		row{"J14 trailing bytes", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID"}x`), invalid(head)},
		row{"J14 trailing object", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID"}{"alg":"none"}`), invalid(head)},
		row{"J14 trailing NUL", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID"}` + "\x00"), invalid(head)},
		row{"J14 comment", rawHeader(`{"alg":"ES256"/**/,"typ":"at+jwt","kid":"KID"}`), invalid(head)},
		row{"J14 trailing comma", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID",}`), invalid(head)},
		row{"J14 single quotes", rawHeader(`{'alg':'ES256','typ':'at+jwt','kid':'KID'}`), invalid(head)},
		row{"J14 invalid UTF-8 in a value", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID","x":"` + "\xff" + `"}`), invalid(head)},
		row{"J14 lone surrogate in a value", rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"KID","x":"\ud800"}`), invalid(head)},
		row{"J14 32 deep", rawHeader(nested(32)), ok},
		row{"J14 33 deep", rawHeader(nested(33)), invalid(head)},
		row{"J14 5,000 deep", rawHeader(nested(5000)), invalid(head)},
		row{"J14 10,001 deep", rawHeader(nested(10001)), malformed(auth.CheckCredentialSize)},
		row{"J15 typ absent", with(authtest.WithoutHeader("typ")), invalid(typ)},
		row{"J15 JWT", with(authtest.Header("typ", "JWT")), invalid(typ)},
		row{"J15 at+JWT", with(authtest.Header("typ", "at+JWT")), ok},
		row{"J15 application/at+jwt", with(authtest.Header("typ", "application/at+jwt")), ok},
		row{"J15 APPLICATION/AT+JWT", with(authtest.Header("typ", "APPLICATION/AT+JWT")), ok},
		row{"J15 at+jwt with a parameter", with(authtest.Header("typ", "at+jwt;x=1")), invalid(typ)},
		row{"J15 at+jwt and a space", with(authtest.Header("typ", "at+jwt ")), invalid(typ)},
		row{"J15 a number", with(authtest.Header("typ", 1)), invalid(typ)},
		row{"J15 null", with(authtest.Header("typ", nil)), invalid(typ)},
		row{"J15 array", with(authtest.Header("typ", []string{"at+jwt"})), invalid(typ)},
		row{"J15 empty", with(authtest.Header("typ", "")), invalid(typ)},
		row{"J15 application/ alone", with(authtest.Header("typ", "application/")), invalid(typ)},
		row{"J15 application/ twice", with(authtest.Header("typ", "application/application/at+jwt")), invalid(typ)},
		row{"J15 another media type", with(authtest.Header("typ", "text/at+jwt")), invalid(typ)},
		row{"J18 cty JWT", with(authtest.Header("cty", "JWT")), invalid(head)},
		row{"J18 a JWS within a JWS", func(f *fixture) string {
			return f.mint(authtest.Header("cty", "JWT"), authtest.RawClaims(f.mint()))
		}, invalid(jwtauth.CheckClaims)},
		row{"S6 zip", with(authtest.Header("zip", "DEF")), invalid(head)},
		row{"S6 alg dir in three segments", with(authtest.Header("alg", "dir"), authtest.Header("enc", "A256GCM")), invalid(head)},
		row{"S6 RSA1_5 in three segments", with(authtest.Header("alg", "RSA1_5")), invalid(alg)},
		row{"S6 PBES2 with p2c 2^31-1", with(authtest.Header("alg", "PBES2-HS256+A128KW"), authtest.Header("p2c", 1<<31-1)), invalid(alg)},
	)
	for name, typ := range map[string]string{
		"logout token": "logout+jwt", "security event": "secevent+jwt", "introspection response": "token-introspection+jwt",
		"DPoP proof": "dpop+jwt", "client assertion": "client-authentication+jwt", "status list": "statuslist+jwt",
		"refresh token": "rt+jwt", "JARM response": "oauth-authz-resp+jwt", "userinfo": "JWT", "ID token": "JWT", "request object": "oauth-authz-req+jwt",
	} {
		rows = append(rows, row{"J16 " + name, with(authtest.Header("typ", typ)), invalid(jwtauth.CheckType)})
	}
	f.run(t, strict(), rows)
}

// nested is a header with objects and arrays this deep.
func nested(depth int) string {
	return `{"alg":"ES256","typ":"at+jwt","kid":"KID","x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
}

// J2: a public key is no shared secret, however it is spelled.
func TestPublicKeyAsSecret(t *testing.T) {
	f := newFixture(t, "RS256")
	ids := map[string]string{"RSA": f.as.KeyID(), "EC": f.as.AddKey("ES256"), "Ed25519": f.as.AddKey("EdDSA")}
	hashes := map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512}
	var rows []row
	for kind, id := range ids {
		public := f.as.Key(id).Public()
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		secrets := map[string]string{
			"PEM with final newline":    block,
			"PEM without final newline": strings.TrimSuffix(block, "\n"),
			"PEM with leading space":    " " + block,
			"PEM with CRLF":             strings.ReplaceAll(block, "\n", "\r\n"),
			"DER":                       string(der),
			"JWK JSON":                  string(f.as.PublicJWK(id)),
			"nothing":                   "",
		}
		switch key := public.(type) {
		case *rsa.PublicKey:
			secrets["raw n"] = string(key.N.Bytes())
			secrets["PKCS1 DER"] = string(x509.MarshalPKCS1PublicKey(key))
		case *ecdsa.PublicKey:
			point, _ := key.Bytes()
			secrets["x and y"] = string(point[1:])
		case ed25519.PublicKey:
			secrets["raw x"] = string(key)
		}
		for spelling, secret := range secrets {
			for alg, hash := range hashes {
				sign := authtest.Signature(func(input []byte) []byte {
					mac := hmac.New(hash.New, []byte(secret))
					mac.Write(input)
					return mac.Sum(nil)
				})
				rows = append(rows, row{
					fmt.Sprintf("J2 %s %s %s", alg, kind, spelling),
					with(authtest.SignedBy(id), authtest.Header("alg", alg), sign), invalid(jwtauth.CheckAlgorithm),
				})
			}
		}
	}
	f.run(t, strict(), rows)

	// J6: the same when the key does not say what it is for.
	var jwk = strings.Replace(string(f.as.PublicJWK(ids["RSA"])), `"alg":"RS256",`, "", 1)
	if strings.Contains(jwk, "alg") {
		t.Fatal("alg is still there")
	}
	f.as.SetJWKS([]byte(`{"keys":[` + jwk + `]}`))
	n := f.as.Key(ids["RSA"]).Public().(*rsa.PublicKey).N.Bytes()
	f.run(t, strict(), []row{
		{"J6 control: RS256 by a key without alg", with(), ok},
		{"J6 HS256 under a key without alg", with(authtest.Header("alg", "HS256"), authtest.Signature(func(input []byte) []byte {
			mac := hmac.New(sha256.New, n)
			mac.Write(input)
			return mac.Sum(nil)
		})), invalid(jwtauth.CheckAlgorithm)},
	})
}

// J3, J4, J5: the algorithm must be the key's own.
func TestAlgorithmOfAnotherKey(t *testing.T) {
	f := newFixture(t, "RS256")
	rsaKey := f.as.Key(f.as.KeyID()).(*rsa.PrivateKey)
	p256, p384, ed := f.as.AddKey("ES256"), f.as.AddKey("ES384"), f.as.AddKey("EdDSA")
	pss := func(hash crypto.Hash) authtest.TokenOption {
		return authtest.Signature(func(input []byte) []byte {
			s, err := rsa.SignPSS(rand.Reader, rsaKey, hash, digest(hash, input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			if err != nil {
				panic(err)
			}
			return s
		})
	}
	pkcs1 := func(hash crypto.Hash) authtest.TokenOption {
		return authtest.Signature(func(input []byte) []byte {
			s, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, hash, digest(hash, input))
			if err != nil {
				panic(err)
			}
			return s
		})
	}
	alg := func(name string) authtest.TokenOption { return authtest.Header("alg", name) }
	rows := []row{
		{"control: RS256", with(), ok},
		{"J3 PS256 by the RS256 key", with(alg("PS256"), pss(crypto.SHA256)), invalid(jwtauth.CheckKey)},
		{"J3 RS512 by the RS256 key", with(alg("RS512"), pkcs1(crypto.SHA512)), invalid(jwtauth.CheckKey)},
		{"J3 RS256 in name, PSS in fact", with(pss(crypto.SHA256)), invalid(jwtauth.CheckSignature)},
		{"J3 RS256 in name, SHA-512 in fact", with(pkcs1(crypto.SHA512)), invalid(jwtauth.CheckSignature)},
		{"J4 ES256 by the P-384 key", with(authtest.SignedBy(p384), alg("ES256")), invalid(jwtauth.CheckKey)},
		{"J4 ES384 by the P-256 key", with(authtest.SignedBy(p256), alg("ES384")), invalid(jwtauth.CheckKey)},
		{"J4 ES256 in name, by the RSA key", with(alg("ES256")), invalid(jwtauth.CheckKey)},
		{"J5 EdDSA by the P-256 key", with(authtest.SignedBy(p256), alg("EdDSA")), invalid(jwtauth.CheckKey)},
		{"J5 control: EdDSA", with(authtest.SignedBy(ed)), ok},
		{"J5 Ed25519ph", with(authtest.SignedBy(ed), authtest.Signature(func(input []byte) []byte {
			sum := sha512.Sum512(input)
			s, err := f.as.Key(ed).Sign(nil, sum[:], &ed25519.Options{Hash: crypto.SHA512})
			if err != nil {
				panic(err)
			}
			return s
		})), invalid(jwtauth.CheckSignature)},
		{"J5 Ed25519ctx", with(authtest.SignedBy(ed), authtest.Signature(func(input []byte) []byte {
			s, err := f.as.Key(ed).Sign(nil, input, &ed25519.Options{Context: "context"})
			if err != nil {
				panic(err)
			}
			return s
		})), invalid(jwtauth.CheckSignature)},
		{"J5 Ed448", with(authtest.SignedBy(ed), alg("Ed448")), invalid(jwtauth.CheckAlgorithm)},
	}
	c := strict()
	c.Algorithms = []string{"RS256", "PS256", "RS512", "ES256", "ES384", "EdDSA"}
	f.run(t, c, rows)

	// Keys of curves that cannot sign are not keys here.
	good := string(f.as.PublicJWK(f.as.KeyID()))
	for crv, size := range map[string]int{"X25519": 32, "X448": 56, "Ed448": 57} {
		f.as.SetJWKS(fmt.Appendf(nil, `{"keys":[%s,{"kty":"OKP","crv":%q,"kid":%q,"x":%q}]}`, good, crv, ed, b64(make([]byte, size))))
		f.run(t, strict(), []row{{"J5 EdDSA with a key of " + crv, with(authtest.SignedBy(ed)), invalid(jwtauth.CheckKey)}})
	}

	// Without alg, an RSA key is for whatever RSA algorithm is allowed.
	f.as.SetJWKS([]byte(`{"keys":[` + strings.Replace(good, `"alg":"RS256",`, "", 1) + `]}`))
	f.run(t, strict(), []row{
		{"J3 RS256 by a key without alg", with(), ok},
		{"J3 PS256 by a key without alg", with(alg("PS256"), pss(crypto.SHA256)), ok},
		{"J3 RS512 by a key without alg, not allowed", with(alg("RS512"), pkcs1(crypto.SHA512)), invalid(jwtauth.CheckAlgorithm)},
	})
}

func digest(hash crypto.Hash, input []byte) []byte {
	h := hash.New()
	h.Write(input)
	return h.Sum(nil)
}
