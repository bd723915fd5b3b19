// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Revocations know which tokens are not good any more although they verify. A
// [Guard] with some asks on every call and for every open stream.
//
// Tokens go by what they say, never by the bytes of a JWT, which whoever holds it
// can write in several ways. An opaque token goes by its digest.
type Revocations interface {
	// Revoked reports whether a token is revoked. It is asked on every call, so it
	// must be quick, do no I/O, and be safe for concurrent use. An error means that
	// nobody can tell.
	Revoked(claims *Claims, token Credential) (bool, error)
	// Watch has changed called soon after each change until stop is called. Calls
	// may be at the same time, and must not block.
	Watch(changed func()) (stop func())
}

// Revocation says which tokens of an issuer are revoked: those with the one of
// TokenID, SessionID, Subject, ClientID and KeyID that is set, or the opaque token
// with the digest Token. With none of them, it is all tokens of the issuer, and
// Before must be set.
type Revocation struct {
	// Issuer is required, but for Token.
	Issuer string
	// TokenID is the jti of a token.
	TokenID string
	// SessionID is the sid of tokens.
	SessionID string
	// Subject and ClientID are whose tokens are revoked.
	Subject, ClientID string
	// KeyID names the key that signed the tokens.
	KeyID string
	// Token is the digest of an opaque token.
	Token TokenDigest
	// Before limits the revocation to tokens that were issued then or earlier, and
	// to those that do not say when. Token times are in whole seconds, and so a
	// token of the same second is revoked too. They are the issuer's: if its clock is
	// ahead, add that. For Subject and ClientID the default
	// is the moment of the revocation: whoever logs in anew is let in. For the others
	// the default is no limit.
	Before time.Time
}

// TokenDigest is the SHA-256 digest of a token. The zero digest is none.
type TokenDigest [sha256.Size]byte

// DigestToken returns the digest of a token.
func DigestToken(c Credential) TokenDigest { return sha256.Sum256(c.bytes()) }

// ParseTokenDigest reads what String returns.
func ParseTokenDigest(s string) (TokenDigest, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		return TokenDigest{}, errors.New("auth: a token digest has 64 hexadecimal digits")
	}
	return TokenDigest(b), nil
}

// String returns the digest in hexadecimal.
func (d TokenDigest) String() string { return hex.EncodeToString(d[:]) }

// WithRevocations has the Guard refuse what is revoked, and end streams of it.
func WithRevocations(r Revocations) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if isNil(r) {
			return errors.New("auth: WithRevocations(nil); leave the option out if nothing is revoked here")
		}
		if g.revocations != nil {
			return errTwice("WithRevocations")
		}
		g.revocations = r
		return nil
	})
}

// checkRevoked asks whether a token is revoked.
func (g *Guard) checkRevoked(claims *Claims, token Credential) *Error {
	if g.revocations == nil {
		return nil
	}
	switch revoked, err := g.revocations.Revoked(claims, token); {
	case err != nil:
		return Unavailable(CheckRevoked, 0, fmt.Errorf("auth: whether the token is revoked: %w", err))
	case revoked:
		return InvalidToken(CheckRevoked, errors.New("auth: the token is revoked"))
	default:
		return nil
	}
}
