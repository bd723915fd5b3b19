// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"crypto/rand"
	"time"
)

// Mint returns an access token as a JWT of RFC 9068: typ at+jwt, signed with the
// current key, with iss, sub "user-1", aud, client_id "client-1", iat, exp, jti
// and an empty scope. Options change any of it. The clock is [time.Now].
//
// The introspection endpoint knows the token, unless [Signature] forged it. It
// panics on a claim that JSON cannot hold and on an unknown key id.
func (i *Issuer) Mint(options ...TokenOption) string {
	t := newToken(options)
	k := i.signer(t.keyID)
	header := []byte(t.rawHeader)
	if !t.isRawHeader {
		header = t.marshal(map[string]any{"typ": "at+jwt", "alg": k.algorithm, "kid": k.id}, t.headerEdits)
	}
	payload := i.payload(t, nil)
	input := encode(header) + "." + encode(payload)
	if t.signature != nil {
		return input + "." + encode(t.signature([]byte(input)))
	}
	token := input + "." + encode(k.sign([]byte(input)))
	i.remember(token, &minted{payload: payload, raw: t.isRawClaims})
	return token
}

// MintOpaque returns a random token that means something to the introspection
// endpoint only, which answers with the claims of [Issuer.Mint] and active and
// token_type beside them. Options change any of it; those about the header, the
// key and the signature have no effect. With [RawClaims] the endpoint answers
// with exactly that text until the token is revoked, whatever it says.
func (i *Issuer) MintOpaque(options ...TokenOption) string {
	t := newToken(options)
	payload := i.payload(t, map[string]any{"active": true, "token_type": "Bearer"})
	token := rand.Text() + rand.Text()
	i.remember(token, &minted{payload: payload, opaque: true, raw: t.isRawClaims})
	return token
}

// Sign returns a compact JWS (RFC 7515 section 7.1) over exactly these bytes,
// whatever they say, signed as the key's algorithm asks. An empty key id means
// the current key. The introspection endpoint does not know the token. It panics
// on an unknown key id.
func (i *Issuer) Sign(header, payload []byte, keyID string) string {
	input := encode(header) + "." + encode(payload)
	return input + "." + encode(i.signer(keyID).sign([]byte(input)))
}

// payload returns the claims of t, with more of them for an opaque token.
func (i *Issuer) payload(t *token, more map[string]any) []byte {
	if t.isRawClaims {
		return []byte(t.rawClaims)
	}
	issuedAt, lifetime := t.issuedAt, i.config.TokenLifetime
	if issuedAt.IsZero() {
		issuedAt = time.Now()
	}
	if t.lifetime != nil {
		lifetime = *t.lifetime
	}
	claims := map[string]any{
		"iss":       i.URL(),
		"sub":       "user-1",
		"aud":       i.config.Audience,
		"client_id": "client-1",
		"iat":       issuedAt.Unix(),
		"exp":       issuedAt.Add(lifetime).Unix(),
		"jti":       rand.Text(),
		"scope":     "",
	}
	for name, value := range more {
		claims[name] = value
	}
	return t.marshal(claims, t.claimEdits)
}
