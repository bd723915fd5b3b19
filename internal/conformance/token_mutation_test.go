// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// mutator makes tokens that nobody thought of. Its choices depend on the seed
// alone; keys and times are those of the run. Names of rows tell what was made.
type mutator struct {
	*rand.Rand

	f      *tokenFixture
	values []string
	// known are members for either object, so that one finds its way into the
	// other too.
	known []string
}

func newMutator(f *tokenFixture, seed uint64) *mutator {
	return &mutator{
		Rand: rand.New(rand.NewPCG(seed, 9068)), f: f,
		values: append(oddValues(), quoted(f.as.URL()), quoted(tokenAudience), `"at+jwt"`, `"ES256"`, `"none"`, quoted(f.kids["RS256"])),
		known: []string{"alg", "typ", "kid", "crit", "b64", "jwk", "cty", "iss", "sub", "aud", "client_id", "iat", "exp", "nbf", "jti", "scope",
			"cnf", "sid", "acr", "auth_time", "act", "nonce"},
	}
}

// rows returns n tokens of each kind.
func (m *mutator) rows(n int) []tokenRow {
	var rows []tokenRow
	for i := range n {
		alg := m.pick(tokenAlgorithms)
		header, claims := m.f.header(alg), m.f.claims()
		sign := func(kind, header, claims string) {
			rows = append(rows, tokenRow{name: fmt.Sprintf("random %s %d %s %q %q", kind, i, alg, header, claims),
				token: m.f.as.Sign([]byte(header), []byte(claims), m.f.kids[alg])})
		}
		sign("header", m.object(header), claims.String())
		sign("claims", header.String(), m.object(claims))
		rows = append(rows, tokenRow{name: fmt.Sprintf("random text %d %s", i, alg), token: m.text(m.f.mint(alg))},
			tokenRow{name: fmt.Sprintf("random signature %d %s", i, alg), token: m.signature(m.f.mint(alg))})
	}
	return rows
}

// object changes members, and now and then the text they make.
func (m *mutator) object(o members) string {
	o = slices.Clone(o)
	for range 1 + m.IntN(2) {
		i := m.IntN(len(o))
		switch m.IntN(7) {
		case 0, 1:
			o[i].value = m.pick(m.values)
		case 2:
			if len(o) > 1 {
				o = slices.Delete(o, i, i+1)
			}
		case 3: // a name twice
			o = slices.Insert(o, m.IntN(len(o)+1), member{o[i].name, m.pick(m.values)})
		case 4: // a name twice, spelled otherwise
			o = slices.Insert(o, m.IntN(len(o)+1), member{m.respelled(o[i].name), o[i].value})
		case 5:
			o = o.and(quoted(m.pick(m.known)), m.pick(m.values))
		case 6:
			o[i].name = m.respelled(o[i].name)
		}
	}
	text := o.String()
	if m.IntN(5) == 0 {
		text = m.edited(text, "{}[]\":,\\ \t\n0123456789eE+-.aAzZuU\x00\x7f\xc3\xa9\xff")
	}
	return text
}

// respelled changes the case of a letter or escapes it.
func (m *mutator) respelled(name string) string {
	i := 1 + m.IntN(max(1, len(name)-2))
	if m.IntN(2) == 0 && i < len(name)-1 {
		return fmt.Sprintf(`%s\u%04x%s`, name[:i], name[i], name[i+1:])
	}
	return name[:i] + strings.ToUpper(name[i:])
}

// text changes the token's characters.
func (m *mutator) text(token string) string {
	for range 1 + m.IntN(2) {
		token = m.edited(token, "ABCXYZabcxyz0189-_.=+/~ \t,%")
	}
	return token
}

// edited inserts, deletes, replaces or doubles one byte.
func (m *mutator) edited(s, alphabet string) string {
	if s == "" {
		return s
	}
	i, c := m.IntN(len(s)), string(alphabet[m.IntN(len(alphabet))])
	switch m.IntN(5) {
	case 0:
		return s[:i] + c + s[i:]
	case 1:
		return s[:i] + s[i+1:]
	case 2:
		return s[:i] + s[i:i+1] + s[i:]
	case 3:
		return s + c
	default:
		return s[:i] + c + s[i+1:]
	}
}

// signature changes the bytes of the signature.
func (m *mutator) signature(token string) string {
	dot := strings.LastIndexByte(token, '.')
	b := signatureOf(token)
	switch i := m.IntN(len(b)); m.IntN(4) {
	case 0:
		b[i] ^= 1 << m.IntN(8)
	case 1:
		b = slices.Delete(b, i, i+1)
	case 2:
		b = slices.Insert(b, i, byte(m.IntN(256)))
	case 3:
		clear(b[i:])
	}
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(b)
}

func (m *mutator) pick(from []string) string { return from[m.IntN(len(from))] }
