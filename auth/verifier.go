// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
)

// ErrNotHandled says that a credential is not of a kind the verifier
// understands, or not of its issuer. Use [NotHandled] to say why as well.
var ErrNotHandled = errors.New("auth: credential not handled by this verifier")

// Verifier proves what a credential says.
//
// Verify returns the claims it proved, or an error wrapping [ErrNotHandled] if
// the credential is not the verifier's to judge: then a [Chain] moves on. Any
// other error is final. It should be an [*Error]: [InvalidToken] or
// [ExpiredToken] for a credential that is bad, [Unavailable] if the verifier
// cannot tell. An error of another type counts as Unavailable.
//
// No error may hold a byte of the credential. Verify is safe for concurrent
// use, and returns soon after ctx is done.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (*Claims, error)
}

// VerifierFunc makes a function a [Verifier].
type VerifierFunc func(ctx context.Context, c Credential) (*Claims, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, c Credential) (*Claims, error) { return f(ctx, c) }

// Describer is implemented by a verifier that can say what it accepts before
// any token arrives. A [Guard] takes its realm from it and checks its rules
// against it.
type Describer interface {
	Describe() Description
}

// Description is what a verifier accepts.
type Description struct {
	// Issuers are the issuers whose tokens it may accept.
	Issuers []string
	// Admits, if not nil, reports whether tokens of an issuer that is not among
	// Issuers may be accepted too, for a verifier whose issuers are not all known
	// at start.
	Admits func(issuer string) bool
	// Audiences are those of which a token must name one.
	Audiences []string
	// Asks reports whether the issuer itself is asked about tokens. Answers are
	// then shared between calls at the same time, and rules may demand a fresh
	// one.
	Asks bool
	// LimitsScopes reports whether it was told which scopes its issuers may
	// grant.
	LimitsScopes bool
}
