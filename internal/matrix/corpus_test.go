// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// Differences between the transports that several rows share.
var (
	// A field value of HTTP/1.1 is what is between white space (RFC 9112 section
	// 5.1); HTTP/2 forbids such white space, and what comes with it is read as
	// it is.
	trimmed = map[string]string{"http1": OK}
	// No field value may hold a control character (RFC 9110 section 5.5): 400,
	// RST_STREAM or GOAWAY.
	forbidden = map[string]string{"http1": transport, "http2": transport, "grpc-go": transport}
	// To grpc-go a query is part of the method's name, which is unknown then.
	noQuery = map[string]string{"grpc-go": transport}
	// With GET there is no content type, so that nothing is wrong with it.
	getHasNoBody = map[string]string{"GET": NC}
)

func TestHeaderCorpus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	size := func(n int) string { return "Bearer " + strings.Repeat("Canary0", n/7+1)[:n] }
	query := func(header func(*fixture) matrix.Call) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			c := header(f)
			c.Query = "access_token=" + f.mint()
			return c
		}
	}
	body := func(contentType string) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			return matrix.Call{ContentType: contentType, Body: []byte("access_token=" + f.mint())}
		}
	}
	f.runSampled(t, []row{
		{"control: a good token", value("Bearer TOKEN"), OK, nil},

		{"H1 no header", fields(), NC, nil},
		{"H1 empty", value(""), NC, nil},
		{"H2 Bearer", value("Bearer"), IR, nil},
		{"H2 Bearer, space", value("Bearer "), IR, nil},
		{"H2 Bearer, two spaces", value("Bearer  "), IR, nil},
		{"H3 bearer", value("bearer TOKEN"), OK, nil},
		{"H3 BEARER, three spaces", value("BEARER   TOKEN"), OK, nil},
		{"H3 bEaReR, two spaces", value("bEaReR  TOKEN"), OK, nil},
		{"H3 the field's name in upper case", fields("AUTHORIZATION", "Bearer TOKEN"), OK, nil},
		{"H4 tab", value("Bearer\tTOKEN"), IR, nil},
		{"H4 U+00A0", value("Bearer\u00a0TOKEN"), IR, nil},
		{"H4 space, then U+00A0", value("Bearer \u00a0TOKEN"), IR, nil},
		{"H4 U+2003", value("Bearer\u2003TOKEN"), IR, nil},
		{"H4 U+200B behind", value("Bearer TOKEN\u200b"), IR, nil},
		{"H4 byte order mark in front", value("\ufeffBearer TOKEN"), IR, nil},
		{"H4 invalid UTF-8 behind", value("Bearer TOKEN\xff"), IR, nil},
		{"H4 space in front", value(" Bearer TOKEN"), IR, trimmed},
		{"H4 space behind", value("Bearer TOKEN "), IR, trimmed},
		{"H4 tab behind", value("Bearer TOKEN\t"), IR, trimmed},
		{"H4 NUL", value("Bearer TOKEN\x00"), IR, forbidden},
		{"H4 DEL", value("Bearer TOKEN\x7f"), IR, forbidden},
		{"H4 vertical tab", value("Bearer\vTOKEN"), IR, forbidden},
		{"H5 no space", value("BearerTOKEN"), NC, nil},
		{"H5 colon", value("Bearer:TOKEN"), NC, nil},
		{"H5 quoted", value(`"Bearer TOKEN"`), NC, nil},
		{"H5 percent-encoded space", value("Bearer%20TOKEN"), NC, nil},
		{"H5 Basic", value("Basic Y2FuYXJ5OmNhbmFyeQ=="), NC, nil},
		{"H5 the token alone", value("TOKEN"), NC, nil},
		{"H6 twice the same", fields("authorization", "Bearer TOKEN", "authorization", "Bearer TOKEN"), IR, nil},
		{"H6 good first", fields("authorization", "Bearer TOKEN", "authorization", "Bearer canary-canary-canary"), IR, nil},
		{"H6 good last", fields("authorization", "Bearer canary-canary-canary", "authorization", "Bearer TOKEN"), IR, nil},
		{"H6 differing", fields("authorization", "Bearer canary-canary-canary1", "authorization", "Bearer canary-canary-canary2"), IR, nil},
		{"H6 empty first", fields("authorization", "", "authorization", "Bearer TOKEN"), IR, nil},
		{"H6 empty last", fields("authorization", "Bearer TOKEN", "authorization", ""), IR, nil},
		{"H6 Basic first", fields("authorization", "Basic Y2FuYXJ5OmNhbmFyeQ==", "authorization", "Bearer TOKEN"), IR, nil},
		{"H6 names that differ in case", fields("Authorization", "Bearer TOKEN", "aUTHORIZATION", "Bearer TOKEN"), IR, nil},
		{"H7 two in one value", value("Bearer TOKEN, Bearer canary-canary-canary"), IR, nil},
		{"H7 Basic and Bearer in one value", value("Basic Y2FuYXJ5OmNhbmFyeQ==, Bearer TOKEN"), IR, nil},
		{"H7 comma behind", value("Bearer TOKEN,"), IR, nil},
		{"H7 comma in front", value(",Bearer TOKEN"), IR, nil},
		{"H8 parameter", value(`Bearer TOKEN realm="canary-canary-canary"`), IR, nil},
		{"H8 two tokens", value("Bearer TOKEN TOKEN"), IR, nil},
		{"H8 parameter alone", value(`Bearer realm="canary-canary-canary"`), IR, nil},
		{"H9 Bearer and DPoP", fields("authorization", "Bearer TOKEN", "authorization", "DPoP TOKEN", "dpop", "TOKEN"), IR, nil},
		{"H9 DPoP and Bearer", fields("authorization", "DPoP TOKEN", "authorization", "Bearer TOKEN"), IR, nil},
		{"H9 Bearer beside a proof, DPoP is off", fields("authorization", "Bearer TOKEN", "dpop", "canary-canary-canary"), OK, nil},
		{"H10 DPoP", fields("authorization", "DPoP TOKEN", "dpop", "TOKEN"), NC, nil},
		{"H11 padding alone", value("Bearer ===="), IR, nil},
		{"H11 padding within", value("Bearer a=b"), IR, nil},
		{"H11 padding behind", value("Bearer a="), IT, nil},
		{"H11 not a JWT", value("Bearer canary-canary-canary"), IT, nil},
		{"H12 16 KiB", value(size(auth.MaxTokenSize)), IT, nil},
		{"H12 16 KiB + 1", value(size(auth.MaxTokenSize + 1)), IR, nil},
		// net/http takes 1 MiB of header, with some slack for the other fields, and
		// answers 431 above; grpc-go takes 16 MiB.
		{"H12 1 MiB", value(size(1 << 20)), IR, map[string]string{"http1": IR + "|" + transport, "http2": transport, "http2 GET": IR + "|" + transport}},
		{"H12 2 MiB", value(size(2 << 20)), IR, map[string]string{"http1": transport, "http2": transport}},
		{"H13 authorization-bin", func(f *fixture) matrix.Call {
			return matrix.Call{Header: []matrix.Field{{Name: "authorization-bin", Value: base64.StdEncoding.EncodeToString([]byte("Bearer " + f.mint()))}}}
		}, NC, nil},
		{"H13 x-forwarded-authorization", fields("x-forwarded-authorization", "Bearer TOKEN"), NC, nil},
		{"H13 proxy-authorization", fields("proxy-authorization", "Bearer TOKEN"), NC, nil},
		{"H13 x-authorization", fields("x-authorization", "Bearer TOKEN"), NC, nil},
		{"H13 grpc-authorization", fields("grpcgateway-authorization", "Bearer TOKEN"), NC, nil},
		{"H13 authorization with underscores", fields("authorization_", "Bearer TOKEN"), NC, nil},
		{"H13 cookie", fields("cookie", "authorization=Bearer TOKEN; access_token=TOKEN"), NC, nil},
		{"H14 query alone", query(fields()), NC, noQuery},
		{"H14 query and a good header", query(value("Bearer TOKEN")), OK, noQuery},
		{"H14 query and a bad header", query(value("Bearer canary-canary-canary")), IT, noQuery},
		{"H17 text/plain", body("text/plain"), transport, getHasNoBody},
		{"H17 a form", body("application/x-www-form-urlencoded"), transport, getHasNoBody},
		// net/textproto joins a folded line to the one before with one space (RFC
		// 9112 section 5.2 allows that), so that the guard never sees the fold.
		{"H18 folded line before the token", value("Bearer\r\n TOKEN"), IR, map[string]string{"http1": OK, "http2": transport, "grpc-go": transport}},
		{"H18 folded line within the token", value("Bearer can\r\n TOKEN"), IR, map[string]string{"http1": IR, "http2": transport, "grpc-go": transport}},
		{"H18 line feed", value("Bearer TOKEN\nx: y"), IR, map[string]string{"http1": OK, "http2": transport, "grpc-go": transport}}, // two fields in HTTP/1.1
		{"H18 carriage return", value("Bearer TOKEN\rx"), IR, forbidden},
	})
}

// H13: what comes behind the message is too late.
func TestTrailers(t *testing.T) {
	t.Parallel()
	trailer := func(header ...matrix.Field) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			return matrix.Call{Header: header, Trailer: []matrix.Field{{Name: "authorization", Value: "Bearer " + f.mint()}}}
		}
	}
	// grpc-go takes a second header block for a breach of protocol, and closes
	// the connection unless the refusal was faster. So does net/http where that
	// field is announced as a trailer, which it may not be.
	newFixture(t).run(t, []row{
		{"H13 in the trailer", trailer(), NC, map[string]string{"grpc-go": NC + "|" + transport}},
		{"H13 in the trailer, behind an announcement", trailer(matrix.Field{Name: "trailer", Value: "authorization"}), NC + "|" + transport, nil},
	})
}

// A sample of the corpus of package jwtauth, to see that what it refuses is
// refused everywhere.
func TestTokenCorpus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rsaID := f.as.AddKey("RS256")
	// Old enough that a key which is not there is the token's fault.
	old := []authtest.TokenOption{authtest.IssuedAt(time.Now().Add(-time.Minute))}
	alg := func(name any) authtest.TokenOption { return authtest.Header("alg", name) }
	unsigned := authtest.Signature(func([]byte) []byte { return nil })
	der, err := x509.MarshalPKIXPublicKey(f.as.Key(f.as.KeyID()).Public())
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	hs256 := func(secret string) func(*fixture) matrix.Call {
		return minted(alg("HS256"), authtest.Signature(func(input []byte) []byte {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(input)
			return mac.Sum(nil)
		}))
	}
	pss := authtest.Signature(func(input []byte) []byte {
		digest := sha256.Sum256(input)
		s, err := rsa.SignPSS(rand.Reader, f.as.Key(rsaID).(*rsa.PrivateKey), crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
		if err != nil {
			panic(err)
		}
		return s
	})
	segments := func(edit func(p []string) []string) func(*fixture) matrix.Call {
		return edited(func(token string) string { return strings.Join(edit(strings.Split(token, ".")), ".") })
	}
	expired := func(ago time.Duration) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			return minted(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Claim("exp", time.Now().Add(-ago).Unix()))(f)
		}
	}
	rows := []row{
		{"control: RS256", minted(authtest.SignedBy(rsaID)), OK, nil},
		{"J1 alg missing", minted(authtest.WithoutHeader("alg"), unsigned), IT, nil},
		{"J2 PEM", hs256(block), IT, nil},
		{"J2 PEM without final newline", hs256(strings.TrimSuffix(block, "\n")), IT, nil},
		{"J2 PEM with leading space", hs256(" " + block), IT, nil},
		{"J2 DER", hs256(string(der)), IT, nil},
		{"J2 JWK JSON", hs256(string(f.as.PublicJWK(f.as.KeyID()))), IT, nil},
		{"J3 PS256 by the RS256 key", minted(append(old, authtest.SignedBy(rsaID), alg("PS256"), pss)...), IT, nil},
		{"J3 RS512 by the RS256 key", minted(authtest.SignedBy(rsaID), alg("RS512")), IT, nil},
		{"J3 RS256 in name, PSS in fact", minted(authtest.SignedBy(rsaID), pss), IT, nil},
		{"J8 embedded jwk", minted(authtest.Header("jwk", f.as.PublicJWK(rsaID))), IT, nil},
		{"J14 header []", minted(authtest.RawHeader(`[]`)), IT, nil},
		{"J14 header null", minted(authtest.RawHeader(`null`)), IT, nil},
		{"J14 header {}", minted(authtest.RawHeader(`{}`)), IT, nil},
		{"J14 5,000 deep", minted(authtest.RawHeader(strings.Repeat("[", 5000))), IT, nil},
		{"S1 one segment", segments(func(p []string) []string { return p[:1] }), IT, nil},
		{"S1 two segments", segments(func(p []string) []string { return p[:2] }), IT, nil},
		{"S1 four segments", segments(func(p []string) []string { return append(p, "AAAA") }), IT, nil},
		{"S1 five segments", segments(func(p []string) []string { return append(p, "AAAA", "AAAA") }), IT, nil},
		{"S1 leading dot", edited(func(s string) string { return "." + s }), IT, nil},
		{"S1 trailing dot", edited(func(s string) string { return s + "." }), IT, nil},
		{"S2 flattened JSON", segments(func(p []string) []string {
			return []string{`{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`}
		}), IR, nil},
		{"S2 a compact JWS within a string", edited(func(s string) string { return `{"a":"` + s + `"}` }), IR, nil},
		{"S3 padding", edited(func(s string) string { return s + "==" }), IT, nil},
		{"S3 padding within", segments(func(p []string) []string { return []string{p[0] + "=", p[1], p[2]} }), IR, nil},
		{"S3 plus", edited(func(s string) string { return s + "+" }), IT, nil},
		{"S3 slash", edited(func(s string) string { return s + "/" }), IT, nil},
		{"S3 question mark", segments(func(p []string) []string { return []string{p[0] + "?", p[1], p[2]} }), IR, nil},
		{"S4 trailing bits in the signature", edited(func(s string) string {
			// 64 bytes leave four bits of the last character without meaning.
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])^1])
		}), IT, nil},
		{"S5 as many dots as fit", edited(func(string) string { return strings.Repeat(".", auth.MaxTokenSize) }), IT, nil},
		{"S5 more dots than fit", edited(func(string) string { return strings.Repeat(".", auth.MaxTokenSize+1) }), IR, nil},
		{"C1 exp absent", minted(authtest.WithoutClaim("exp")), IT, nil},
		{"C1 exp null", minted(authtest.Claim("exp", nil)), IT, nil},
		{"C1 exp as a string", minted(authtest.Claim("exp", "4102444800")), IT, nil},
		{"C2 expired, within the skew", expired(skew / 2), OK, nil},
		{"C2 expired", expired(skew + time.Second), EX, nil},
		{"C6 [x,R]", minted(authtest.Audience("x", audience)), OK, nil},
		{"C6 absent", minted(authtest.WithoutClaim("aud")), IT, nil},
		{"C6 []", minted(authtest.Audience()), IT, nil},
		{"C6 R/", minted(authtest.Audience(audience + "/")), IT, nil},
		{"C6 R.evil", minted(authtest.Audience(audience + ".evil")), IT, nil},
		{"C7 I/", minted(authtest.Claim("iss", issuerURL+"/")), IT, nil},
		{"C7 upper-case host", minted(authtest.Claim("iss", "https://AS.test")), IT, nil},
		{"C7 homoglyph", minted(authtest.Claim("iss", "https://\u0430s.test")), IT, nil},
		{"C7 [I]", minted(authtest.Claim("iss", []string{issuerURL})), IT, nil},
		{"C14 cnf", minted(authtest.Claim("cnf", map[string]string{"jkt": "x"})), IT, nil},
	}
	for _, name := range []string{"none", "None", "NONE", "nOnE", "none ", ""} {
		rows = append(rows,
			row{"J1 alg " + name, minted(alg(name)), IT, nil},
			row{"J1 alg " + name + ", no signature", minted(alg(name), unsigned), IT, nil})
	}
	for _, value := range []any{nil, 5, []string{"RS256"}} {
		rows = append(rows, row{"J1 alg of another type", minted(alg(value)), IT, nil})
	}
	f.runSampled(t, rows)
}
