// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// spareBits sets the lowest bit that the last character of a segment has and
// the bytes it stands for have not. Both spellings decode to the same bytes.
func spareBits(token string, segment int) string {
	parts := strings.Split(token, ".")
	s := parts[segment]
	if len(s)%4 == 0 {
		panic("the segment has no spare bits")
	}
	last := strings.IndexByte(alphabet, s[len(s)-1])
	parts[segment] = s[:len(s)-1] + string(alphabet[last^1])
	return strings.Join(parts, ".")
}

// ragged mints a token whose segments all have spare bits.
func ragged(f *fixture) string {
	for n := range 9 {
		token := f.mint(authtest.Header("pad", strings.Repeat("p", n/3)), authtest.Claim("pad", strings.Repeat("p", n%3)))
		parts := strings.Split(token, ".")
		if len(parts[0])%4 != 0 && len(parts[1])%4 != 0 && len(parts[2])%4 != 0 {
			return token
		}
	}
	panic("no padding made the segments ragged")
}

// segment changes one segment of a good token.
func segment(n int, edit func(string) string) func(*fixture) string {
	return text(func(token string) string {
		parts := strings.Split(token, ".")
		parts[n] = edit(parts[n])
		return strings.Join(parts, ".")
	})
}

func insert(what string) func(string) string {
	return func(s string) string { return s[:5] + what + s[5:] }
}

func TestSerializationCorpus(t *testing.T) {
	f := newFixture(t, "ES256")
	const shape, syntax, size = jwtauth.CheckShape, auth.CheckCredentialSyntax, auth.CheckCredentialSize
	rows := []row{
		{"S1 no segment", func(*fixture) string { return "" }, malformed(syntax)},
		{"S1 one segment", text(func(s string) string { return strings.ReplaceAll(s, ".", "") }), foreign(shape)},
		{"S1 two segments", text(func(s string) string { return s[:strings.LastIndexByte(s, '.')] }), foreign(shape)},
		{"S1 four segments", text(func(s string) string { return s + ".AAAA" }), foreign(shape)},
		{"S1 five segments", text(func(s string) string { return s + ".AAAA.AAAA" }), foreign(shape)},
		{"S1 leading dot", text(func(s string) string { return "." + s }), foreign(shape)},
		{"S1 trailing dot", text(func(s string) string { return s + "." }), foreign(shape)},
		{"S1 two dots together", text(func(s string) string { return strings.Replace(s, ".", "..", 1) }), foreign(shape)},
		{"S1 dots alone", func(*fixture) string { return ".." }, foreign(shape)},
		{"S2 flattened JSON", text(func(s string) string {
			p := strings.Split(s, ".")
			return asJSON(map[string]string{"protected": p[0], "payload": p[1], "signature": p[2]})
		}), malformed(syntax)},
		{"S2 general JSON", text(func(s string) string {
			p := strings.Split(s, ".")
			return asJSON(map[string]any{"payload": p[1], "signatures": []any{map[string]string{"protected": p[0], "signature": p[2]}}})
		}), malformed(syntax)},
		{"S2 a compact JWS within a JSON string", text(func(s string) string { return `{"a":"` + s + `"}` }), malformed(syntax)},
		{"S2 JSON in base64url as the one segment", text(func(s string) string { return b64([]byte(`{"payload":"` + s + `"}`)) }), foreign(shape)},
		{"S3 padding after the token", text(func(s string) string { return s + "==" }), foreign(shape)},
		{"S3 padding within", segment(0, func(s string) string { return s + "=" }), malformed(syntax)},
		{"S3 percent-encoded padding", segment(0, func(s string) string { return s + "%3D" }), malformed(syntax)},
	}
	for n, name := range []string{"header", "claims", "signature"} {
		for _, c := range []string{"+", "/", "~"} {
			rows = append(rows, row{"S3 " + c + " in the " + name, segment(n, insert(c)), foreign(shape)})
		}
		for _, c := range []string{" ", "\n", "\r\n", "\t", "?", "\x00", "\u00a0"} {
			rows = append(rows, row{"S3 " + asJSON(c) + " in the " + name, segment(n, insert(c)), malformed(syntax)})
		}
	}
	bits := func(n int) func(*fixture) string {
		return func(f *fixture) string { return spareBits(ragged(f), n) }
	}
	rows = append(rows,
		row{"S4 control: ragged segments", ragged, ok},
		row{"S4 trailing bits in the header", bits(0), invalid(jwtauth.CheckHeader)},
		row{"S4 trailing bits in the claims", bits(1), invalid(jwtauth.CheckClaims)},
		row{"S4 trailing bits in the signature", bits(2), invalid(jwtauth.CheckSignature)},
		row{"S4 one character more", segment(2, func(s string) string { return s + "A" }), invalid(jwtauth.CheckSignature)},
		row{"S4 a lone character", segment(2, func(string) string { return "A" }), invalid(jwtauth.CheckSignature)},
		row{"S5 as many dots as fit", func(*fixture) string { return strings.Repeat(".", auth.MaxTokenSize) }, foreign(shape)},
		row{"S5 as many short segments as fit", func(*fixture) string { return strings.Repeat("a.", auth.MaxTokenSize/2) }, foreign(shape)},
		row{"S5 10^6 dots", func(*fixture) string { return strings.Repeat(".", 1e6) }, malformed(size)},
		row{"S5 5*10^7 dots", func(*fixture) string { return strings.Repeat(".", 5e7) }, malformed(size)},
		row{"S6 JWE", func(f *fixture) string {
			return b64([]byte(`{"alg":"dir","enc":"A256GCM","zip":"DEF","p2c":2147483647}`)) + "..AAAA." + b64([]byte(f.mint())) + ".AAAA"
		}, foreign(shape)},
		row{"S6 JWE around alg none", func(*fixture) string {
			return b64([]byte(`{"alg":"RSA1_5","enc":"A256GCM","cty":"JWT"}`)) + ".AAAA.AAAA." + b64([]byte(b64([]byte(`{"alg":"none"}`))+"."+b64([]byte(`{}`))+".")) + ".AAAA"
		}, foreign(shape)},
		row{"S7 claims empty", segment(1, func(string) string { return "" }), foreign(shape)},
		row{"S7 claims null", with(authtest.RawClaims("null")), invalid(jwtauth.CheckClaims)},
		row{"S7 claims array", with(authtest.RawClaims("[" + claimsJSON(nil) + "]")), invalid(jwtauth.CheckClaims)},
		row{"S7 claims string", with(authtest.RawClaims(asJSON(claimsJSON(nil)))), invalid(jwtauth.CheckClaims)},
		row{"S7 claims not JSON", with(authtest.RawClaims("iss=" + issuerURL)), invalid(jwtauth.CheckClaims)},
		row{"S7 claims cut short", with(authtest.RawClaims(strings.TrimSuffix(claimsJSON(nil), "}"))), invalid(jwtauth.CheckClaims)},
		row{"S7 claims with more behind", with(authtest.RawClaims(claimsJSON(nil) + "{}")), invalid(jwtauth.CheckClaims)},
		row{"S7 claims with white space around", with(authtest.RawClaims(" \n" + claimsJSON(nil) + "\t\r\n")), ok},
		row{"S7 byte order mark", with(authtest.RawClaims("\ufeff" + claimsJSON(nil))), invalid(jwtauth.CheckClaims)},
		row{"S7 invalid UTF-8", with(raw("x", "\"\xff\"")), invalid(jwtauth.CheckClaims)},
		row{"S7 lone surrogate", with(raw("x", `"\ud800"`)), invalid(jwtauth.CheckClaims)},
		row{"S7 5,000 deep", with(raw("x", strings.Repeat("[", 5000)+strings.Repeat("]", 5000))), invalid(jwtauth.CheckClaims)},
		row{"S7 5,000 deep and not closed", with(raw("x", strings.Repeat("[", 5000))), invalid(jwtauth.CheckClaims)},
		row{"S7 1 MB of nesting", with(raw("x", strings.Repeat("[", 1<<20))), malformed(size)},
		row{"size: 16 KiB exactly", sized(auth.MaxTokenSize), ok},
		row{"size: one byte more", sized(auth.MaxTokenSize + 1), malformed(size)},
	)
	f.run(t, strict(), rows)
}

// sized mints a good token of exactly this many bytes.
func sized(size int) func(*fixture) string {
	return func(f *fixture) string {
		mint := func(claims, header int) string {
			return f.mint(authtest.Claim("pad", strings.Repeat("p", claims)), authtest.Header("pad", strings.Repeat("p", header)))
		}
		near := (size - len(mint(0, 0))) * 3 / 4
		for claims := near - 4; claims < near+4; claims++ {
			// A character in the header shifts what lengths are possible.
			for header := range 3 {
				if token := mint(claims, header); len(token) == size {
					return token
				}
			}
		}
		panic("no padding gives that size")
	}
}
