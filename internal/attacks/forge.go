// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Made is a case that was forged.
type Made struct {
	Case *Case
	// KeySet is the issuer's.
	KeySet string
	// Goods are good tokens, of which the issuer's keys may not be those that the
	// first is signed by. The attack is what somebody may make of one: with the
	// claims, the jti and the signature of a good token as far as the case does not
	// say otherwise.
	Goods []string
	// Token is the attack, unless it is one of header fields.
	Token string
	// Fields are the header fields that are sent: the token as a bearer token, or
	// what the case has instead.
	Fields [][2]string

	// answers are what the issuer says of tokens that it is asked about.
	answers map[string]string
}

// Make forges the case at the current time.
func (c *Case) Make() (m *Made, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, c.cannotBeMade(r)
		}
	}()
	p := newPlaceholders()
	m = &Made{Case: c, KeySet: c.keySet(p), answers: make(map[string]string)}
	if c.Opaque {
		m.makeOpaque(p)
	} else {
		m.makeJWT(p)
	}
	m.Fields = Bearer(m.Token)
	if c.Fields != nil {
		m.Token, m.Fields = "", c.fields(m.Goods[0], p)
	}
	return m, nil
}

// FieldsWith returns the header fields of the case around another good token.
func (c *Case) FieldsWith(token string) (fields [][2]string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = c.cannotBeMade(r)
		}
	}()
	return c.fields(token, newPlaceholders()), nil
}

func (c *Case) fields(token string, p placeholders) [][2]string {
	p.fixed("T", token)
	fields := [][2]string{}
	for _, field := range c.Fields {
		fields = append(fields, [2]string{field[0], p.expand(field[1])})
	}
	return fields
}

func (c *Case) cannotBeMade(why any) error {
	return fmt.Errorf("%s cannot be made as it is written: %v", c, why)
}

// Answer is what the issuer says of a token, if it knows it.
func (m *Made) Answer(token string) (said string, known bool) {
	said, known = m.answers[token]
	return said, known
}

// Bearer is the header of a call with this token.
func Bearer(token string) [][2]string { return [][2]string{{"authorization", "Bearer " + token}} }

// Texts are the header and the claims of a JWT before they are signed.
func (c *Case) Texts() (header, claims string) {
	p := newPlaceholders()
	f := c.forgery(c.members(p))
	return f.header, f.claims
}

// defaultKey signs where nothing else is said.
const defaultKey = "es256"

func (m *Made) makeJWT(p placeholders) {
	key, header, claims, _ := m.Case.members(p)
	answer := m.Case.answer(claims, p)
	m.Token = m.Case.forge(key, header, claims, p)
	m.answers[m.Token] = answer
	for _, by := range []string{key, defaultKey} {
		if _, ok := ringAlgorithms[by]; ok {
			good := p.good(by)
			m.Goods = append(m.Goods, good)
			if good == m.Token && m.Case.answered() {
				mistake("the issuer cannot say two things of one token; give it a jti of its own")
			}
			m.answers[good] = "{" + active(goodClaims(p)).inner() + "}"
		}
	}
}

// makeOpaque makes a token that means something to its issuer only. The issuer
// does not know one that was made of a good one.
func (m *Made) makeOpaque(p placeholders) {
	opaque := func(said string) string {
		token := rand.Text() + rand.Text()
		m.answers[token] = said
		return token
	}
	good := opaque("{" + active(goodClaims(p)).inner() + "}")
	m.Goods = []string{good}
	if m.Case.Token != nil {
		p.fixed("T", good)
		m.Token = p.expand(*m.Case.Token)
		return
	}
	claims := active(goodClaims(p)).change(m.Case.Claims, m.Case.ClaimsRaw, m.Case.ClaimsWithout, p)
	p.fixed("claims", claims.inner())
	said := "{" + claims.inner() + "}"
	if m.Case.ClaimsText != nil {
		said = p.expand(*m.Case.ClaimsText)
	}
	m.Token = opaque(said)
}

// active are claims as an issuer says them of a good token (RFC 7662 section 2.2).
func active(claims pairs) pairs {
	return append(pairs{{"active", "true"}, {"token_type", `"Bearer"`}}, claims...)
}

// answer is what the issuer says of a JWT: its claims, unless the case says
// otherwise.
func (c *Case) answer(claims pairs, p placeholders) string {
	return "{" + active(slices.Clone(claims)).change(c.Answer, c.AnswerRaw, c.AnswerWithout, p).inner() + "}"
}

// pairs are the members of a JSON object as texts, in their order: what is wrong
// with a token may be how it is spelled.
type pairs [][2]string

func (p pairs) set(name, value string) pairs {
	for n := range p {
		if p[n][0] == name {
			p[n][1] = value
			return p
		}
	}
	return append(p, [2]string{name, value})
}

// change sets and removes members; the values may have placeholders.
func (p pairs) change(values map[string]json.RawMessage, raw map[string]string, without []string, texts placeholders) pairs {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p = p.set(name, texts.expand(string(values[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		p = p.set(name, texts.expand(raw[name]))
	}
	return slices.DeleteFunc(p, func(member [2]string) bool { return slices.Contains(without, member[0]) })
}

// inner is the object without its braces.
func (p pairs) inner() string {
	members := make([]string, len(p))
	for n := range p {
		members[n] = asJSON(p[n][0]) + ":" + p[n][1]
	}
	return strings.Join(members, ",")
}

// goodHeader and goodClaims are those of a token that is accepted.
func goodHeader(key string) pairs {
	return pairs{{"alg", asJSON(algorithmOf(key))}, {"typ", `"at+jwt"`}, {"kid", asJSON(key)}}
}

func goodClaims(texts placeholders) pairs {
	return pairs{
		{"iss", asJSON(Issuer)}, {"sub", `"user-1"`}, {"aud", asJSON(Audience)}, {"client_id", `"client-1"`},
		{"iat", texts.expand("${now}")}, {"exp", texts.expand("${now 600}")}, {"jti", `"token-1"`}, {"scope", `"read"`},
	}
}

// good is a token that is accepted, if the issuer has this key.
func (p placeholders) good(key string) string {
	inner := p.clone()
	return new(Case).sign(key, goodHeader(key), goodClaims(inner), inner)
}

// members are those of the header and claims, and the key that signs them.
func (c *Case) members(p placeholders) (key string, header, claims pairs, texts placeholders) {
	key = c.Key
	if key == "" {
		key = defaultKey
	}
	return key, goodHeader(key).change(c.Header, c.HeaderRaw, c.HeaderWithout, p), goodClaims(p).change(c.Claims, c.ClaimsRaw, c.ClaimsWithout, p), p
}

// forge makes the token of an attack.
func (c *Case) forge(key string, header, claims pairs, p placeholders) string {
	if c.TokenSize == 0 {
		return c.sign(key, header, claims, p)
	}
	unpadded := len(c.sign(key, header.set("pad", `""`), claims.set("pad", `""`), p))
	near := (c.TokenSize - unpadded) * 3 / 4
	for n := near - 4; n < near+4; n++ {
		// A character in the header shifts what sizes are possible.
		for m := range 3 {
			token := c.sign(key, header.set("pad", asJSON(strings.Repeat("p", m))), claims.set("pad", asJSON(strings.Repeat("p", n))), p)
			if len(token) == c.TokenSize {
				return token
			}
		}
	}
	mistake("no padding gives a token of ", c.TokenSize, " bytes")
	return ""
}

// forgery returns the header and claims of an attack, not signed yet.
func (c *Case) forgery(key string, header, claims pairs, p placeholders) forgery {
	text := func(whole *string, members pairs, name string) string {
		p.fixed(name, members.inner())
		if whole == nil {
			return "{" + members.inner() + "}"
		}
		return p.expand(*whole)
	}
	return forgery{key: key, header: text(c.HeaderText, header, "header"), claims: text(c.ClaimsText, claims, "claims"), signed: p.signed}
}

func (c *Case) sign(key string, header, claims pairs, p placeholders) string {
	f := c.forgery(key, header, claims, p)
	f.secret = p.expand(c.Secret)
	h, b, s := b64([]byte(f.header)), b64([]byte(f.claims)), b64(f.signature(c.Signature))
	token := h + "." + b + "." + s
	if c.Token == nil {
		return token
	}
	for name, value := range map[string]string{"H": h, "P": b, "S": s, "T": token} {
		p.fixed(name, value)
	}
	return p.expand(*c.Token)
}

// published are the keys of the fixture that its issuer publishes.
var published = []string{"rs256", "ps256", "es256", "es384", "eddsa"}

// keySet returns the issuer's key set.
func (c *Case) keySet(p placeholders) string {
	if c.KeysText != nil {
		return p.expand(*c.KeysText)
	}
	var keys []string
	for _, key := range c.Keys {
		keys = append(keys, jwkText(key, p))
	}
	if c.Keys == nil {
		for _, name := range published {
			keys = append(keys, jwkOf(name))
		}
	}
	return `{"keys":[` + strings.Join(keys, ",") + `]}`
}

// jwkText returns a key as it is published. One with a member "key" is that key
// of the fixture with its other members changed, and those in "without" removed.
func jwkText(key json.RawMessage, p placeholders) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(key, &members) != nil || members["key"] == nil {
		return p.expand(string(key))
	}
	var base string
	var without []string
	decode(members["key"], &base)
	if members["without"] != nil {
		decode(members["without"], &without)
	}
	delete(members, "key")
	delete(members, "without")
	var own map[string]json.RawMessage
	decode(json.RawMessage(jwkOf(base)), &own)
	return "{" + pairs(nil).change(own, nil, nil, p).change(members, nil, without, p).inner() + "}"
}

func decode(value json.RawMessage, into any) {
	if err := json.Unmarshal(value, into); err != nil {
		mistake(err)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func asJSON(v any) string { return string(must(json.Marshal(v))) }
