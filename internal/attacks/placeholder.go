// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// placeholders are what ${name arguments} stands for in the texts of one case.
type placeholders struct {
	texts map[string]func(arguments string) string
	// signed are the good signatures made so far: some algorithms sign the same
	// twice in two ways, and what is derived from a token has to be derived from
	// this one.
	signed map[string][]byte
}

func newPlaceholders() placeholders {
	now := time.Now().Unix() // for all texts
	texts := map[string]func(string) string{
		"now": func(offset string) string {
			at := float64(now)
			if offset != "" {
				at += float(offset)
			}
			return strconv.FormatFloat(at, 'f', -1, 64)
		},
		"repeat": func(s string) string {
			n, text, _ := strings.Cut(s, " ")
			return strings.Repeat(text, number10(n))
		},
		"cut": func(s string) string {
			bounds, text, _ := strings.Cut(s, " ")
			from, to, _ := strings.Cut(bounds, ":")
			if to != "" {
				text = text[:number10(to)]
			}
			if from != "" {
				text = text[number10(from):]
			}
			return text
		},
		"hex":   func(s string) string { return string(unhex(s)) },
		"b64":   func(s string) string { return b64([]byte(s)) },
		"std":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"spare": SpareBits,
		"upper": strings.ToUpper,
		"lower": strings.ToLower,
		"utf16": func(s string) string {
			var wide []byte
			for _, u := range utf16.Encode([]rune(s)) {
				wide = append(wide, byte(u), byte(u>>8))
			}
			return string(wide)
		},
		"trim": func(s string) string { return strings.TrimSuffix(s, "\n") },
		"crlf": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"odd":  func(bits string) string { return power(bits, 1) },
		"even": func(bits string) string { return power(bits, 0) },
		"jwk":  jwkOf,
		"der":  func(name string) string { return string(der(name)) },
		"pem": func(name string) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der(name)}))
		},
		"pkcs1": func(name string) string { return string(x509.MarshalPKCS1PublicKey(publicOf(name).(*rsa.PublicKey))) },
		"n":     func(name string) string { return string(publicOf(name).(*rsa.PublicKey).N.Bytes()) },
		"x": func(name string) string {
			if key, ok := publicOf(name).(ed25519.PublicKey); ok {
				return string(key)
			}
			x, _ := coordinates(name)
			return string(x)
		},
		"y": func(name string) string {
			_, y := coordinates(name)
			return string(y)
		},
	}
	p := placeholders{texts, make(map[string][]byte)}
	texts["good"] = func(string) string { return p.good(defaultKey) }
	return p
}

// clone is for a token within a token, whose parts are others.
func (p placeholders) clone() placeholders {
	return placeholders{maps.Clone(p.texts), p.signed}
}

// fixed has a placeholder stand for a text.
func (p placeholders) fixed(name, text string) { p.texts[name] = func(string) string { return text } }

// expand puts texts in place of placeholders, the inner ones first.
func (p placeholders) expand(s string) string {
	before, rest, found := strings.Cut(s, "${")
	if !found {
		return s
	}
	end := 0
	for depth := 1; ; end++ {
		if end == len(rest) {
			mistake("a placeholder does not end: ${" + rest)
		}
		switch rest[end] {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	name, arguments, _ := strings.Cut(p.expand(rest[:end]), " ")
	f, ok := p.texts[name]
	if !ok {
		mistake("no placeholder " + name)
	}
	return before + f(arguments) + p.expand(rest[end+1:])
}

func number10(s string) int { return int(float(s)) }

func float(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		mistake(err)
	}
	return f
}

func unhex(s string) []byte { return must(hex.DecodeString(s)) }

// power is 2^(bits-1) + more.
func power(bits string, more int64) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(number10(bits)-1))
	return string(n.Add(n, big.NewInt(more)).Bytes())
}

func der(name string) []byte { return must(x509.MarshalPKIXPublicKey(publicOf(name))) }

func coordinates(name string) (x, y []byte) {
	point := must(publicOf(name).(*ecdsa.PublicKey).Bytes())
	half := len(point) / 2
	return point[1 : 1+half], point[1+half:]
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// SpareBits sets the lowest bit that the last character of a segment has and the
// bytes it stands for have not. Both spellings decode to the same bytes.
func SpareBits(segment string) string {
	if len(segment)%4 == 0 {
		mistake("the segment has no spare bits; pad what it encodes")
	}
	end := len(segment) - 1
	return segment[:end] + string(alphabet[strings.IndexByte(alphabet, segment[end])^1])
}
