// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

const (
	tokenAudience = "https://rs.test"
	tokenSkew     = 60 * time.Second
)

// tokenAlgorithms are those that both sides allow.
var tokenAlgorithms = []string{"RS256", "PS256", "ES256", "EdDSA", "Ed25519"}

// tokenRow is a token to ask both sides about. The names begin with the rows of
// the attack corpus.
type tokenRow struct {
	name, token string
	// good tokens are accepted by both.
	good bool
}

// tokenFixture is an issuer with a key for each algorithm, and a verifier.
type tokenFixture struct {
	as       *authtest.Issuer
	verifier *jwtauth.Verifier
	kids     map[string]string
}

func newTokenFixture(t *testing.T, c authtest.Config) *tokenFixture {
	t.Helper()
	c.Audience, c.Algorithm = tokenAudience, tokenAlgorithms[0]
	f := &tokenFixture{as: newTestIssuer(t, c), kids: make(map[string]string)}
	f.kids[c.Algorithm] = f.as.KeyID()
	for _, alg := range tokenAlgorithms[1:] {
		f.kids[alg] = f.as.AddKey(alg)
	}
	f.verifier = newTestVerifier(t, f.as, jwtauth.Config{Audiences: []string{tokenAudience}, ClockSkew: tokenSkew})
	return f
}

// newBareFixture is an issuer whose keys say neither alg nor use. It has one RSA
// key and one of each curve, and keys that no allowed algorithm can use.
func newBareFixture(t *testing.T) *tokenFixture {
	t.Helper()
	f := newTokenFixture(t, authtest.Config{})
	f.kids["ES384"] = f.as.AddKey("ES384")
	keys := []map[string]string{
		{"kid": "x25519", "kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"},
		{"kid": "ed448", "kty": "OKP", "crv": "Ed448", "x": "X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA"},
	}
	for _, alg := range []string{"RS256", "ES256", "ES384", "EdDSA"} {
		var key map[string]string
		if err := json.Unmarshal(f.as.PublicJWK(f.kids[alg]), &key); err != nil {
			t.Fatal(err)
		}
		delete(key, "alg")
		delete(key, "use")
		keys = append(keys, key)
	}
	set, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	f.as.SetJWKS(set)
	return f
}

// header is that of a good token.
func (f *tokenFixture) header(alg string) members {
	return members{{`"alg"`, quoted(alg)}, {`"typ"`, `"at+jwt"`}, {`"kid"`, quoted(f.kids[alg])}}
}

// claims are those of a good token.
func (f *tokenFixture) claims() members {
	now := time.Now().Unix()
	return members{
		{`"iss"`, quoted(f.as.URL())}, {`"sub"`, `"user-1"`}, {`"aud"`, quoted(tokenAudience)}, {`"client_id"`, `"client-1"`},
		{`"iat"`, fmt.Sprint(now)}, {`"exp"`, fmt.Sprint(now + 600)}, {`"jti"`, `"id-1"`}, {`"scope"`, `"read write"`},
	}
}

// mint mints with a key.
func (f *tokenFixture) mint(alg string, options ...authtest.TokenOption) string {
	return f.as.Mint(append([]authtest.TokenOption{authtest.SignedBy(f.kids[alg])}, options...)...)
}

// sign signs exactly these texts with the key for ES256.
func (f *tokenFixture) sign(header, claims fmt.Stringer) string {
	return f.as.Sign([]byte(header.String()), []byte(claims.String()), f.kids["ES256"])
}

// text is a header or claims that need not be an object.
type text string

func (t text) String() string { return string(t) }

// forged has another signature over exactly these texts.
func forged(header, claims fmt.Stringer, sign func(input []byte) []byte) string {
	input := encode(header.String()) + "." + encode(claims.String())
	return input + "." + encode(string(sign([]byte(input))))
}

func (f *tokenFixture) good() []tokenRow {
	var rows []tokenRow
	add := func(name, token string) { rows = append(rows, tokenRow{name: name, token: token, good: true}) }
	for _, alg := range tokenAlgorithms {
		add("good "+alg, f.mint(alg))
		add("good in raw form "+alg, f.as.Sign([]byte(f.header(alg).String()), []byte(f.claims().String()), f.kids[alg]))
		add("good with scopes "+alg, f.mint(alg, authtest.Scopes("read", "write")))
		add("good with nbf "+alg, f.mint(alg, authtest.Claim("nbf", time.Now().Unix()-10)))
		add("C6 good with [x,R] "+alg, f.mint(alg, authtest.Audience("x", tokenAudience)))
		add("C6 good with [R] "+alg, f.mint(alg, authtest.Claim("aud", []string{tokenAudience})))
		add("C6 good with [R,R] "+alg, f.mint(alg, authtest.Audience(tokenAudience, tokenAudience)))
		add("J15 good with application/at+jwt "+alg, f.mint(alg, authtest.Header("typ", "application/at+jwt")))
		add("J15 good with APPLICATION/AT+JWT "+alg, f.mint(alg, authtest.Header("typ", "APPLICATION/AT+JWT")))
		add("J15 good with at+JWT "+alg, f.mint(alg, authtest.Header("typ", "at+JWT")))
		if alg != "EdDSA" && alg != "Ed25519" {
			add("good without kid "+alg, f.mint(alg, authtest.WithoutHeader("kid")))
		}
	}
	header, claims := f.header("ES256"), f.claims()
	soon := time.Now().Unix() + 300
	add("C2 good with a fraction", f.sign(header, claims.with("exp", fmt.Sprintf("%d.5", soon))))
	add("C2 good with 1E10", f.sign(header, claims.with("exp", "1E10")))
	add("C4 good with an iat of ten years ago", f.mint("ES256", authtest.IssuedAt(time.Now().AddDate(-10, 0, 0)), authtest.Lifetime(11*365*24*time.Hour)))
	add("C5 good for a hundred years", f.mint("ES256", authtest.Lifetime(100*365*24*time.Hour)))
	add("good with white space", f.sign(text(" "+strings.ReplaceAll(header.String(), ":", " :\t")+"\n"), text("\r\n"+strings.ReplaceAll(claims.String(), `",`, "\" ,\n")+" ")))
	add("good with escaped names", f.sign(text(strings.Replace(header.String(), "alg", `\u0061lg`, 1)), text(strings.Replace(claims.String(), "sub", `\u0073\u0075b`, 1))))
	add("good with escaped values", f.sign(header, claims.with("sub", `"\u0075ser\/\ud83d\ude00\n"`)))
	add("good with text beyond ASCII", f.sign(header, claims.with("sub", `"ünïcødé 😀"`)))
	add("good with other members", f.sign(header.with("x", `[1,{"y":null}]`), claims.with("https://claims.test/x", `{"a":[1,2,{"b":"c"}]}`)))
	add("good with every optional claim", f.sign(header, claims.with("sid", `"s"`).with("acr", `"gold"`).with("auth_time", fmt.Sprint(soon-1000)).with("nonce", `"n"`).with("roles", `["a"]`)))
	add("good without scope", f.mint("ES256", authtest.WithoutClaim("scope")))
	add("C10 good with sub equal to client_id", f.mint("ES256", authtest.Subject("client-1")))
	add("C12 good with act", f.sign(header, claims.with("act", `{"sub":"admin","act":{"sub":"root","exp":1}}`)))
	add("C13 good with authorization_details", f.sign(header, claims.with("authorization_details", `[{"type":"x"}]`)))
	add("J10 good with x5t", f.mint("ES256", authtest.Header("x5t", "abc")))
	add("large but good", f.mint("ES256", authtest.Claim("x", strings.Repeat("x", 8<<10))))
	return rows
}

// headers are changes of the header, mostly below a good signature.
func (f *tokenFixture) headers() []tokenRow {
	var rows []tokenRow
	header, claims := f.header("ES256"), f.claims()
	kid := quoted(f.kids["ES256"])
	add := func(name string, h fmt.Stringer) { rows = append(rows, tokenRow{name: name, token: f.sign(h, claims)}) }
	for _, name := range []string{"alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "cty", "zip", "enc", "x"} {
		for _, value := range oddValues() {
			add(fmt.Sprintf("header %s is %s", name, brief(value)), header.with(name, value))
		}
		add("header without "+name, header.without(name))
	}
	for _, value := range []string{"none", "None", "NONE", "nOnE", "none ", "", "ES256 ", "es256", "ES256\x00", "HS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES384", "ES512", "ES521", "ES256K", "EdDSA", "Ed25519", "Ed448", "ML-DSA-44", "dir", "RSA1_5", "A256KW", "PBES2-HS256+A128KW", "ESP256"} {
		h := header.with("alg", quoted(value))
		add("J1 alg "+value, h)
		rows = append(rows, tokenRow{name: "J1 no signature " + value, token: forged(h, claims, func([]byte) []byte { return nil })})
	}
	rows = append(rows, tokenRow{name: "J1 alg array", token: f.sign(header.with("alg", `["ES256"]`), claims)})
	for _, alg := range tokenAlgorithms {
		for _, other := range tokenAlgorithms {
			if alg != other {
				rows = append(rows,
					tokenRow{name: fmt.Sprintf("J3 J4 the key of %s says %s", alg, other), token: f.mint(alg, authtest.Header("alg", other))},
					tokenRow{name: fmt.Sprintf("J3 J4 signed by %s, kid of %s", alg, other), token: f.mint(alg, authtest.Header("kid", f.kids[other]))})
			}
		}
	}
	for _, value := range []string{"../../dev/null", "/dev/null", "|sleep 10", "x' UNION SELECT '1';--", "*)(uid=*", f.kids["ES256"] + "\x00", " " + f.kids["ES256"], strings.ToUpper(f.kids["ES256"])} {
		add("J7 kid "+value, header.with("kid", asText(value)))
	}
	add("J7 long kid", header.with("kid", quoted(strings.Repeat("k", 257))))
	add("J7 kid of 1 MiB", header.with("kid", quoted(strings.Repeat("k", 1<<20))))

	// Both keys for Ed25519 fit here, as they fit either name of the algorithm.
	for _, alg := range []string{"EdDSA", "Ed25519"} {
		rows = append(rows, tokenRow{name: "J7 no kid where two keys fit, " + alg, token: f.mint(alg, authtest.WithoutHeader("kid"))})
	}

	attacker := strangerKey()
	embedded := header.with("jwk", fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%s,"x":%q,"y":%q}`, kid, attacker.x, attacker.y))
	rows = append(rows, tokenRow{name: "J8 key of an attacker in the header", token: forged(embedded, claims, attacker.sign)})
	add("J8 key in the header, signed by the real one", embedded)
	for _, name := range []string{"jku", "x5u"} {
		for _, value := range []string{"http://127.0.0.1:1/jwks", "file:///etc/passwd", "https://attacker.test/jwks", "http://169.254.169.254/", "https://as.test@evil.test/", f.as.URL() + "/jwks"} {
			add("J9 "+name+" "+value, header.with(name, quoted(value)))
		}
	}
	add("J10 x5c", header.with("x5c", `["MIIB"]`))
	for _, value := range []string{`["exp"]`, `["b64"]`, "[]", `["alg"]`, `["x","x"]`, `"b64"`, "[1]", "null", `["b64","exp"]`} {
		add("J11 crit "+value, header.with("crit", value))
		add("J12 b64 and crit "+value, header.with("crit", value).with("b64", "false"))
	}
	for _, value := range []string{"false", "true", `"false"`} {
		add("J12 b64 "+value, header.with("b64", value))
	}
	add("J13 alg twice, good last", header.first(`"alg"`, `"none"`))
	add("J13 alg twice, good first", header.and(`"alg"`, `"none"`))
	add("J13 alg twice, the same", header.and(`"alg"`, `"ES256"`))
	add("J13 alg escaped, good last", header.first(`"\u0061lg"`, `"none"`))
	add("J13 alg escaped, good first", header.and(`"\u0061lg"`, `"none"`))
	add("J13 ALG beside", header.and(`"ALG"`, `"none"`))
	add("J13 ALG alone", header.without("alg").and(`"ALG"`, `"ES256"`))
	add("J13 kid with U+212A beside", header.and("\"\u212aid\"", `"x"`))
	add("J13 repeated deep inside", header.and(`"x"`, `{"a":1,"a":2}`))
	good := header.String()
	for _, odd := range []string{"[]", "null", `"x"`, "{}", "", " ", "[" + good + "]", "\ufeff" + good, utf16(good), good + "x", good + "{}", good + "\x00", good + ",",
		strings.Replace(good, ",", "/**/,", 1), strings.TrimSuffix(good, "}") + ",}", strings.TrimSuffix(good, "}"), strings.ReplaceAll(good, `"`, "'"), good[1:]} {
		add("J14 header "+brief(odd), text(odd))
	}
	for _, depth := range []int{32, 33, 1000, 10001} {
		add(fmt.Sprintf("J14 depth %d", depth), header.with("x", strings.Repeat("[", depth-1)+strings.Repeat("]", depth-1)))
	}
	for _, value := range []string{"JWT", "jwt", "at+jwt;x=1", "at+jwt ", " at+jwt", "application/", "application/application/at+jwt", "x/at+jwt", "at+jw\u017f", "JWS", "JOSE",
		"logout+jwt", "secevent+jwt", "token-introspection+jwt", "dpop+jwt", "client-authentication+jwt", "statuslist+jwt", "oauth-authz-req+jwt", "rt+jwt"} {
		add("J15 J16 typ "+value, header.with("typ", asText(value)))
	}
	add("J18 cty", header.with("cty", `"JWT"`))
	rows = append(rows, tokenRow{name: "J18 nested", token: f.sign(header.with("cty", `"JWT"`), text(f.mint("ES256")))})
	rows = append(rows, tokenRow{name: "J17 ID token", token: f.sign(header.without("typ"), claims.without("client_id").without("scope").with("nonce", `"n"`))})
	return append(rows, f.confusions()...)
}

// confusions sign with a secret that everybody knows (J2).
func (f *tokenFixture) confusions() []tokenRow {
	var rows []tokenRow
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		public := f.as.Key(f.kids[alg]).Public()
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic(err)
		}
		encoded := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		secrets := map[string]string{
			"PEM": encoded, "PEM without the last line break": strings.TrimSuffix(encoded, "\n"), "PEM with a space in front": " " + encoded,
			"DER": string(der), "JWK": string(f.as.PublicJWK(f.kids[alg])), "nothing": "",
		}
		switch key := public.(type) {
		case *rsa.PublicKey:
			secrets["n"] = string(key.N.Bytes())
		case *ecdsa.PublicKey:
			point, err := key.Bytes()
			if err != nil {
				panic(err)
			}
			secrets["x and y"] = string(point[1:])
		case ed25519.PublicKey:
			secrets["x"] = string(key)
		}
		for name, secret := range secrets {
			rows = append(rows, tokenRow{name: fmt.Sprintf("J2 %s of the key for %s", name, alg), token: forged(f.header(alg).with("alg", `"HS256"`), f.claims(), func(input []byte) []byte {
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write(input)
				return mac.Sum(nil)
			})})
		}
	}
	return rows
}

// serializations are changes of the token as a whole.
func (f *tokenFixture) serializations() []tokenRow {
	var rows []tokenRow
	add := func(name, token string) { rows = append(rows, tokenRow{name: name, token: token}) }
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		token := f.mint(alg)
		parts := strings.Split(token, ".")
		join := func(parts ...string) string { return strings.Join(parts, ".") }
		add("S1 nothing "+alg, "")
		add("S1 one segment "+alg, strings.ReplaceAll(token, ".", ""))
		add("S1 two segments "+alg, join(parts[0], parts[1]))
		add("S1 no signature "+alg, join(parts[0], parts[1], ""))
		add("S1 four segments "+alg, token+".AAAA")
		add("S1 five segments "+alg, token+".AAAA.AAAA")
		add("S1 leading dot "+alg, "."+token)
		add("S1 trailing dot "+alg, token+".")
		add("S1 dots alone "+alg, "..")
		add("S2 flattened "+alg, fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]))
		add("S2 general "+alg, fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, parts[1], parts[0], parts[2]))
		add("S2 in a string "+alg, fmt.Sprintf(`{"a":%q}`, token))
		for n, name := range []string{"header", "claims", "signature"} {
			part := func(s string) string { return join(slices.Replace(slices.Clone(parts), n, n+1, s)...) }
			middle := len(parts[n]) / 2
			for _, c := range []string{"=", "==", "+", "/", "-", "_", " ", "\t", "\n", "\r\n", "?", "\x00", "\v", "\f", "A", "AA", "AAAA", "\u00e9", "%3D", "~", ","} {
				add(fmt.Sprintf("S3 %q behind the %s %s", c, name, alg), part(parts[n]+c))
				add(fmt.Sprintf("S3 %q before the %s %s", c, name, alg), part(c+parts[n]))
				add(fmt.Sprintf("S3 %q within the %s %s", c, name, alg), part(parts[n][:middle]+c+parts[n][middle:]))
			}
			add(fmt.Sprintf("S3 the %s in standard base64 %s", name, alg), part(strings.NewReplacer("-", "+", "_", "/").Replace(parts[n])))
			add(fmt.Sprintf("S4 the %s cut by one %s", name, alg), part(parts[n][:len(parts[n])-1]))
			add(fmt.Sprintf("S4 another %s %s", name, alg), part("AAAA"))
		}
		add("S3 white space around "+alg, " "+token+" ")
		add("S3 twice "+alg, token+" "+token)
		add("S3 with a comma "+alg, token+","+token)
	}
	// Every segment with bits to spare: those of the header and the claims are
	// below the signature.
	padded := func(m members) string {
		for len(m.String())%3 != 1 {
			m = append(m[:len(m):len(m)], member{`"x` + strings.Repeat("x", len(m)) + `"`, "1"})
			if len(m.String())%3 != 1 {
				m[len(m)-1].value += " "
			}
		}
		return m.String()
	}
	header, claims := encode(padded(f.header("ES256"))), encode(padded(f.claims()))
	sign := func(header, claims string) string {
		input := header + "." + claims
		return input + "." + encode(string(f.ecdsa().sign([]byte(input))))
	}
	rows = append(rows, tokenRow{name: "S4 bits to spare", token: sign(header, claims), good: true})
	add("S4 other bits behind the header", sign(otherBits(header), claims))
	add("S4 other bits behind the claims", sign(header, otherBits(claims)))
	add("S4 other bits behind the signature", otherBits(sign(header, claims)))
	for _, c := range []string{"=", "==", "\t", "+"} {
		add(fmt.Sprintf("S3 %q below the signature", c), sign(header+c, claims))
		add(fmt.Sprintf("S3 %q in the claims below the signature", c), sign(header, claims+c))
	}
	// In standard base64 below the signature, with characters that differ.
	odd := func(m members) string {
		return base64.RawStdEncoding.EncodeToString([]byte(m.with("x", `"ÿþ>?~ÿÿÿ"`).String()))
	}
	add("S3 standard base64 below the signature", sign(odd(f.header("ES256")), odd(f.claims())))

	add("S5 a million dots", strings.Repeat(".", 1_000_000))
	add("S5 a good token and a million dots", f.mint("ES256")+strings.Repeat(".", 1_000_000))
	add("S5 good but too large", f.mint("ES256", authtest.Claim("x", strings.Repeat("x", 16<<10))))
	jwe := func(header string) string { return encode(header) + ".AAAA.AAAA.AAAA.AAAA" }
	add("S6 JWE", jwe(`{"alg":"RSA-OAEP","enc":"A256GCM","typ":"at+jwt"}`))
	add("S6 JWE with zip", jwe(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`))
	add("S6 JWE with p2c", jwe(`{"alg":"PBES2-HS256+A128KW","p2c":2147483647,"enc":"A256GCM"}`))
	add("S6 JWE around alg none", encode(`{"alg":"dir","enc":"none"}`)+".."+encode(`{"alg":"none"}`)+"..")
	plain := f.claims().String()
	for _, odd := range []string{"", "null", "[" + plain + "]", asText(plain), "iss=x", strings.TrimSuffix(plain, "}"), plain + "{}", plain + "x", plain + "\x00", "\ufeff" + plain, utf16(plain),
		strings.TrimSuffix(plain, "}") + ",}", strings.ReplaceAll(plain, `"`, "'"), strings.Repeat("[", 5000), strings.Repeat("[", 1<<20), `{"x":` + strings.Repeat("[", 5000)} {
		add("S7 "+brief(odd), f.sign(f.header("ES256"), text(odd)))
	}
	return rows
}

// otherBits changes the bits that the last character has to spare.
func otherBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last^1])
}

// signatures are changes of the signature alone.
func (f *tokenFixture) signatures() []tokenRow {
	var rows []tokenRow
	add := func(name, alg string, sign func(input []byte) []byte) {
		rows = append(rows, tokenRow{name: name + " " + alg, token: forged(f.header(alg), f.claims(), sign)})
	}
	for _, alg := range tokenAlgorithms {
		other := f.mint(alg)
		add("K of another token", alg, func([]byte) []byte { return signatureOf(other) })
		add("K empty", alg, func([]byte) []byte { return nil })
		for _, size := range []int{1, 32, 63, 64, 65, 255, 256, 257} {
			add(fmt.Sprintf("K %d zeros", size), alg, func([]byte) []byte { return make([]byte, size) })
			add(fmt.Sprintf("K %d times 255", size), alg, func([]byte) []byte { return bytes.Repeat([]byte{0xff}, size) })
		}
		token := f.mint(alg)
		input, signature := token[:strings.LastIndexByte(token, '.')], signatureOf(token)
		changed := func(name string, b []byte) {
			rows = append(rows, tokenRow{name: "K " + name + " " + alg, token: input + "." + encode(string(b))})
		}
		for _, bit := range []int{0, 7, 8, len(signature) * 4, len(signature)*8 - 1} {
			flipped := slices.Clone(signature)
			flipped[bit/8] ^= 1 << (bit % 8)
			changed(fmt.Sprintf("bit %d", bit), flipped)
		}
		changed("cut", signature[:len(signature)-1])
		changed("cut in front", signature[1:])
		changed("zero in front", append([]byte{0}, signature...))
		changed("zero behind", append(slices.Clone(signature), 0))
		changed("halves exchanged", slices.Concat(signature[len(signature)/2:], signature[:len(signature)/2]))
	}

	ec := f.ecdsa()
	n := elliptic.P256().Params().N
	add("K1 DER", "ES256", func(in []byte) []byte {
		digest := sha256.Sum256(in)
		der, err := ecdsa.SignASN1(rand.Reader, ec.private, digest[:])
		if err != nil {
			panic(err)
		}
		return der
	})
	add("K1 r = n", "ES256", func(in []byte) []byte { s := ec.sign(in); return append(n.FillBytes(make([]byte, 32)), s[32:]...) })
	rows = append(rows, tokenRow{name: "K2 (r, n-s)", good: true, token: forged(f.header("ES256"), f.claims(), func(in []byte) []byte {
		s := ec.sign(in)
		new(big.Int).Sub(n, new(big.Int).SetBytes(s[32:])).FillBytes(s[32:])
		return s
	})})

	key := f.as.Key(f.kids["PS256"]).(*rsa.PrivateKey)
	for _, salt := range []int{1, 20, 31, 32, 33, 64, 222} {
		row := tokenRow{name: fmt.Sprintf("K3 PSS with a salt of %d bytes", salt), good: salt == 32}
		row.token = forged(f.header("PS256"), f.claims(), func(in []byte) []byte { return signPSS(key, crypto.SHA256, salt, in) })
		rows = append(rows, row)
	}
	add("J3 PKCS #1 v1.5 by the key for PS256, named RS256", "RS256", func(in []byte) []byte { return signPKCS1(key, crypto.SHA256, in) })
	for alg, kid := range map[string]string{"RS256": f.kids["PS256"], "PS256": f.kids["RS256"], "RS512": f.kids["RS256"]} {
		own := f.as.Key(kid).(*rsa.PrivateKey)
		header := f.header("RS256").with("alg", quoted(alg)).with("kid", quoted(kid))
		rows = append(rows, tokenRow{name: "J3 good cryptography, alg is not that of the key: " + alg, token: forged(header, f.claims(), func(in []byte) []byte {
			switch alg {
			case "PS256":
				return signPSS(own, crypto.SHA256, 32, in)
			case "RS512":
				return signPKCS1(own, crypto.SHA512, in)
			default:
				return signPKCS1(own, crypto.SHA256, in)
			}
		})})
	}
	private := f.as.Key(f.kids["EdDSA"]).(ed25519.PrivateKey)
	add("J5 Ed25519ph", "EdDSA", func(in []byte) []byte {
		digest := crypto.SHA512.New()
		digest.Write(in)
		s, err := private.Sign(nil, digest.Sum(nil), &ed25519.Options{Hash: crypto.SHA512})
		if err != nil {
			panic(err)
		}
		return s
	})
	add("J5 Ed25519ctx", "EdDSA", func(in []byte) []byte {
		s, err := private.Sign(nil, in, &ed25519.Options{Context: "x"})
		if err != nil {
			panic(err)
		}
		return s
	})
	return rows
}

// claimRows are changes of the claims below a good signature.
func (f *tokenFixture) claimRows() []tokenRow {
	var rows []tokenRow
	header, claims := f.header("ES256"), f.claims()
	add := func(name string, c fmt.Stringer) { rows = append(rows, tokenRow{name: name, token: f.sign(header, c)}) }
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "acr", "amr", "auth_time", "cnf", "act", "azp", "authorization_details", "x"} {
		for _, value := range oddValues() {
			add(fmt.Sprintf("claim %s is %s", name, brief(value)), claims.with(name, value))
		}
		add("claims without "+name, claims.without(name))
	}
	now := time.Now().Unix()
	// The edges are in TestTokenTimesAgainstOracle; here the clock runs.
	for _, offset := range []int64{-100_000, -3600, -300, 0, 30, 300, 3600, 100_000, 100_000_000} {
		for _, name := range []string{"exp", "nbf", "iat", "auth_time"} {
			add(fmt.Sprintf("C2 C3 C4 %s %+d s", name, offset), claims.with(name, fmt.Sprint(now+offset)))
			add(fmt.Sprintf("C2 C3 C4 %s %+d.5 s", name, offset), claims.with(name, fmt.Sprintf("%d.5", now+offset)))
		}
	}
	add("C4 iat after exp", claims.with("iat", fmt.Sprint(now+30)).with("exp", fmt.Sprint(now+20)))
	add("C4 iat equal to exp", claims.with("iat", fmt.Sprint(now+30)).with("exp", fmt.Sprint(now+30)))
	for _, value := range []any{tokenAudience + "/", tokenAudience + ".evil", strings.ToUpper(tokenAudience), "https%3A%2F%2Frs.test", "x " + tokenAudience, tokenAudience + " x",
		tokenAudience + "\x00", "https://rs.test:443", "http://rs.test", "https://r\u0455.test", "*", map[string]int{tokenAudience: 1}, []any{[]string{tokenAudience}},
		[]any{tokenAudience, 5}, []any{tokenAudience, nil}, []any{5, tokenAudience}, []any{tokenAudience, []string{}}} {
		add("C6 aud "+asText(value), claims.with("aud", asText(value)))
	}
	url := f.as.URL()
	for _, value := range []any{url + "/", strings.ToUpper(url), "https" + strings.TrimPrefix(url, "http"), " " + url, url + "\x00", url + "#", url + "?", strings.Replace(url, "127", "\uff11\uff12\uff17", 1),
		[]string{url}, map[string]int{url: 1}} {
		add("C7 iss "+asText(value), claims.with("iss", asText(value)))
	}
	for _, value := range []string{"read", "reader", "read\twrite", " read", "read  write", "read ", `"`, "\u00e9"} {
		add("C8 scope "+quoted(value), claims.with("scope", asText(value)))
	}
	for _, name := range []string{"scp", "scopes", "Scope", "\u017fcope", "SCOPE"} {
		add("C9 beside scope: "+name, claims.and(quoted(name), `"admin"`))
		add("C9 alone: "+name, claims.without("scope").and(quoted(name), `"admin"`))
	}
	for name, evil := range map[string]string{"iss": `"https://evil.test"`, "aud": `"https://evil.test"`, "sub": `"root"`, "exp": "4102444800", "client_id": `"root"`, "jti": `"other"`, "scope": `"admin"`, "nbf": "1"} {
		escaped := `"\u00` + fmt.Sprintf("%x", name[0]) + name[1:] + `"`
		folded := `"` + strings.ToUpper(name[:1]) + name[1:] + `"`
		add("C11 twice, good first: "+name, claims.and(quoted(name), evil))
		add("C11 twice, good last: "+name, claims.first(quoted(name), evil))
		add("C11 escaped, good first: "+name, claims.and(escaped, evil))
		add("C11 escaped, good last: "+name, claims.first(escaped, evil))
		add("C11 other case beside: "+name, claims.and(folded, evil))
	}
	add("C10 sub of 20 kB", claims.with("sub", quoted(strings.Repeat("s", 20_000))))
	add("C12 act 1000 deep", claims.with("act", strings.Repeat(`{"act":`, 1000)+"{}"+strings.Repeat("}", 1000)))
	for _, value := range []string{"{}", `{"jkt":1}`, `{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`, `{"jwk":{"kty":"EC"}}`, `{"jkt":"a","x5t#S256":"b"}`,
		`{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, `{"unknown":1}`, `"x"`, "[]", "false", "null"} {
		add("C14 cnf "+value, claims.with("cnf", value))
	}
	return rows
}

// bareRows are for keys that do not say what they are for.
func (f *tokenFixture) bareRows() []tokenRow {
	key := f.as.Key(f.kids["RS256"]).(*rsa.PrivateKey)
	named := func(alg, by string) members { return f.header(by).with("alg", quoted(alg)) }
	none := func([]byte) []byte { return make([]byte, 64) }
	rows := []tokenRow{
		{name: "J6 RS256", token: f.mint("RS256"), good: true},
		{name: "J6 ES256", token: f.mint("ES256"), good: true},
		{name: "J6 EdDSA", token: f.mint("EdDSA"), good: true},
		{name: "J6 EdDSA as Ed25519", token: f.mint("EdDSA", authtest.Header("alg", "Ed25519")), good: true},
		{name: "J6 PS256 by the same key as RS256", token: forged(named("PS256", "RS256"), f.claims(), func(in []byte) []byte { return signPSS(key, crypto.SHA256, 32, in) }), good: true},
		{name: "J6 without kid", token: f.mint("ES256", authtest.WithoutHeader("kid")), good: true},
		{name: "J3 RS256 named PS256", token: f.mint("RS256", authtest.Header("alg", "PS256"))},
		{name: "J3 RS512", token: forged(named("RS512", "RS256"), f.claims(), func(in []byte) []byte { return signPKCS1(key, crypto.SHA512, in) })},
		{name: "J4 the P-384 key named ES256", token: f.mint("ES384", authtest.Header("alg", "ES256"))},
		{name: "J4 the P-256 key named ES384", token: f.mint("ES256", authtest.Header("alg", "ES384"))},
		{name: "J4 ES384, which nobody allowed", token: f.mint("ES384")},
		{name: "J5 X25519", token: forged(named("EdDSA", "EdDSA").with("kid", `"x25519"`), f.claims(), none)},
		{name: "J5 Ed448", token: forged(named("EdDSA", "EdDSA").with("kid", `"ed448"`), f.claims(), none)},
		{name: "J5 Ed448 by name", token: forged(named("Ed448", "EdDSA").with("kid", `"ed448"`), f.claims(), none)},
		{name: "J4 the RSA key named ES256", token: f.mint("RS256", authtest.Header("alg", "ES256"))},
		{name: "J4 the P-256 key named RS256", token: f.mint("ES256", authtest.Header("alg", "RS256"))},
	}
	return append(rows, f.confusions()...)
}

func signatureOf(token string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		panic(err)
	}
	return b
}

// ecKey signs what it is given.
type ecKey struct {
	private *ecdsa.PrivateKey
	x, y    string
}

// ecdsa is the key for ES256.
func (f *tokenFixture) ecdsa() ecKey {
	return ecKey{private: f.as.Key(f.kids["ES256"]).(*ecdsa.PrivateKey)}
}

func (k ecKey) sign(input []byte) []byte {
	digest := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// strangerKey is not the issuer's.
func strangerKey() ecKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return ecKey{private, encode(string(point[1:33])), encode(string(point[33:]))}
}

func signPSS(key *rsa.PrivateKey, hash crypto.Hash, salt int, input []byte) []byte {
	h := hash.New()
	h.Write(input)
	s, err := rsa.SignPSS(rand.Reader, key, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
	if err != nil {
		panic(err)
	}
	return s
}

func signPKCS1(key *rsa.PrivateKey, hash crypto.Hash, input []byte) []byte {
	h := hash.New()
	h.Write(input)
	s, err := rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	if err != nil {
		panic(err)
	}
	return s
}

// utf16 is s in big-endian UTF-16 with a byte order mark.
func utf16(s string) string {
	b := []byte{0xfe, 0xff}
	for _, c := range []byte(s) {
		b = append(b, 0, c)
	}
	return string(b)
}

// brief keeps names readable.
func brief(s string) string {
	if len(s) > 60 {
		return fmt.Sprintf("%q... (%d bytes)", s[:60], len(s))
	}
	return fmt.Sprintf("%q", s)
}
