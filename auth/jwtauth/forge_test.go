// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

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
		{"iss", asJSON(issuerURL)}, {"sub", `"user-1"`}, {"aud", asJSON(audience)}, {"client_id", `"client-1"`},
		{"iat", texts.expand("${now}")}, {"exp", texts.expand("${now 600}")}, {"jti", `"token-1"`}, {"scope", `"read"`},
	}
}

// members are those of the header and claims, and the key that signs them.
func (a *attack) members(p placeholders) (key string, header, claims pairs) {
	key = a.Key
	if key == "" {
		key = "es256"
	}
	return key, goodHeader(key).change(a.Header, a.HeaderRaw, a.HeaderWithout, p), goodClaims(p).change(a.Claims, a.ClaimsRaw, a.ClaimsWithout, p)
}

// forge makes the token of an attack.
func (a *attack) forge(t *testing.T, p placeholders) string {
	t.Helper()
	key, header, claims := a.members(p)
	if a.TokenSize == 0 {
		return a.sign(key, header, claims, p)
	}
	unpadded := len(a.sign(key, header.set("pad", `""`), claims.set("pad", `""`), p))
	near := (a.TokenSize - unpadded) * 3 / 4
	for n := near - 4; n < near+4; n++ {
		// A character in the header shifts what sizes are possible.
		for m := range 3 {
			token := a.sign(key, header.set("pad", asJSON(strings.Repeat("p", m))), claims.set("pad", asJSON(strings.Repeat("p", n))), p)
			if len(token) == a.TokenSize {
				return token
			}
		}
	}
	t.Fatalf("no padding gives a token of %d bytes", a.TokenSize)
	return ""
}

// forgery returns the header and claims of an attack, not signed yet.
func (a *attack) forgery(key string, header, claims pairs, p placeholders) forgery {
	text := func(whole *string, members pairs, name string) string {
		p.fixed(name, members.inner())
		if whole == nil {
			return "{" + members.inner() + "}"
		}
		return p.expand(*whole)
	}
	return forgery{key: key, header: text(a.HeaderText, header, "header"), claims: text(a.ClaimsText, claims, "claims")}
}

func (a *attack) sign(key string, header, claims pairs, p placeholders) string {
	f := a.forgery(key, header, claims, p)
	f.secret = p.expand(a.Secret)
	h, c, s := b64([]byte(f.header)), b64([]byte(f.claims)), b64(f.signature(a.Signature))
	token := h + "." + c + "." + s
	if a.Token == nil {
		return token
	}
	for name, value := range map[string]string{"H": h, "P": c, "S": s, "T": token} {
		p.fixed(name, value)
	}
	return p.expand(*a.Token)
}

// published are the keys of the fixture that its issuer publishes.
var published = []string{"rs256", "ps256", "es256", "es384", "eddsa"}

// keySet returns the issuer's key set.
func (a *attack) keySet(t *testing.T, p placeholders) string {
	t.Helper()
	if a.KeysText != nil {
		return p.expand(*a.KeysText)
	}
	var keys []string
	for _, key := range a.Keys {
		keys = append(keys, jwkText(t, key, p))
	}
	if a.Keys == nil {
		for _, name := range published {
			keys = append(keys, jwkOf(name))
		}
	}
	return `{"keys":[` + strings.Join(keys, ",") + `]}`
}

// jwkText returns a key as it is published. One with a member "key" is that key
// of the fixture with its other members changed, and those in "without" removed.
func jwkText(t *testing.T, key json.RawMessage, p placeholders) string {
	t.Helper()
	var members map[string]json.RawMessage
	if json.Unmarshal(key, &members) != nil || members["key"] == nil {
		return p.expand(string(key))
	}
	var base string
	var without []string
	if err := json.Unmarshal(members["key"], &base); err != nil {
		t.Fatal(err)
	}
	if members["without"] != nil {
		if err := json.Unmarshal(members["without"], &without); err != nil {
			t.Fatal(err)
		}
	}
	delete(members, "key")
	delete(members, "without")
	var own map[string]json.RawMessage
	if err := json.Unmarshal([]byte(jwkOf(base)), &own); err != nil {
		t.Fatal(err)
	}
	return "{" + pairs(nil).change(own, nil, nil, p).change(members, nil, without, p).inner() + "}"
}
