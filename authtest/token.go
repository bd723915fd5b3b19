// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"strings"
	"time"
)

// TokenOption changes what [Issuer.Mint] and [Issuer.MintOpaque] make. Options
// about the same claim or header parameter apply in order, so the last one
// counts.
type TokenOption interface {
	applyToken(*token)
}

type tokenOptionFunc func(*token)

func (f tokenOptionFunc) applyToken(t *token) { f(t) }

// token is a token in the making. Edits wait until the defaults are known: the
// default of exp depends on two options, and an edit of exp must outlast both.
type token struct {
	issuedAt    time.Time
	lifetime    *time.Duration
	keyID       string
	headerEdits []edit
	claimEdits  []edit
	rawHeader   string
	rawClaims   string
	isRawHeader bool
	isRawClaims bool
	signature   func([]byte) []byte
}

// edit sets or removes one member.
type edit struct {
	name   string
	value  any
	remove bool
}

func newToken(options []TokenOption) *token {
	t := &token{}
	for _, o := range options {
		o.applyToken(t)
	}
	return t
}

func (t *token) marshal(members map[string]any, edits []edit) []byte {
	for _, e := range edits {
		if e.remove {
			delete(members, e.name)
			continue
		}
		members[e.name] = e.value
	}
	return mustJSON(members)
}

// Claim sets a claim to any value that JSON can hold; nil is null.
func Claim(name string, value any) TokenOption {
	return tokenOptionFunc(func(t *token) {
		t.claimEdits = append(t.claimEdits, edit{name: name, value: value})
	})
}

// WithoutClaim leaves a claim out.
func WithoutClaim(name string) TokenOption {
	return tokenOptionFunc(func(t *token) {
		t.claimEdits = append(t.claimEdits, edit{name: name, remove: true})
	})
}

// Subject sets the sub claim.
func Subject(subject string) TokenOption { return Claim("sub", subject) }

// ClientID sets the client_id claim.
func ClientID(id string) TokenOption { return Claim("client_id", id) }

// Audience sets the aud claim: one audience is a string, any other number an
// array (RFC 7519 section 4.1.3).
func Audience(audiences ...string) TokenOption {
	if len(audiences) == 1 {
		return Claim("aud", audiences[0])
	}
	return Claim("aud", append([]string{}, audiences...))
}

// Scopes sets the scope claim, joined by spaces (RFC 8693 section 4.2).
func Scopes(scopes ...string) TokenOption { return Claim("scope", strings.Join(scopes, " ")) }

// IssuedAt sets the iat claim, in whole seconds, and exp with it. The default is
// now.
func IssuedAt(at time.Time) TokenOption {
	return tokenOptionFunc(func(t *token) { t.issuedAt = at })
}

// Lifetime sets the exp claim to that long after the token is issued, rounded
// down to whole seconds. A negative lifetime makes an expired token. The default
// is Config.TokenLifetime.
func Lifetime(d time.Duration) TokenOption {
	return tokenOptionFunc(func(t *token) { t.lifetime = &d })
}

// RawClaims signs exactly this text instead of claims, be it JSON or not. No
// other option about claims has an effect.
func RawClaims(text string) TokenOption {
	return tokenOptionFunc(func(t *token) { t.rawClaims, t.isRawClaims = text, true })
}

// Header sets a header parameter to any value that JSON can hold; nil is null.
// The token is signed as its key asks, whatever alg says.
func Header(name string, value any) TokenOption {
	return tokenOptionFunc(func(t *token) {
		t.headerEdits = append(t.headerEdits, edit{name: name, value: value})
	})
}

// WithoutHeader leaves a header parameter out.
func WithoutHeader(name string) TokenOption {
	return tokenOptionFunc(func(t *token) {
		t.headerEdits = append(t.headerEdits, edit{name: name, remove: true})
	})
}

// RawHeader signs exactly this text instead of a header, be it JSON or not. No
// other option about the header has an effect.
func RawHeader(text string) TokenOption {
	return tokenOptionFunc(func(t *token) { t.rawHeader, t.isRawHeader = text, true })
}

// SignedBy signs with this key, also one that is withdrawn, and names it in the
// header.
func SignedBy(keyID string) TokenOption {
	return tokenOptionFunc(func(t *token) { t.keyID = keyID })
}

// Signature puts the result of sign in place of the signature. The argument is
// the signing input of RFC 7515 section 5.1: header, dot, payload. A nil result
// leaves the signature empty.
func Signature(sign func(signingInput []byte) []byte) TokenOption {
	return tokenOptionFunc(func(t *token) { t.signature = sign })
}
