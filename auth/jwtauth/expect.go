// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Expect is what one token must satisfy besides the configuration. The zero
// value asks for nothing more. Apart from Audiences, nothing in it can make a
// token acceptable that the configuration refuses.
type Expect struct {
	// Audiences, if not nil, take the place of [Config.Audiences]: the token must
	// name one of them, whether or not the configuration does.
	Audiences []string
	// Nonce, if not empty, must be the token's.
	Nonce string
	// MaxAge, if not zero, is how long ago the user may have authenticated at
	// most, by auth_time, which must be there. The clock skew is granted.
	MaxAge time.Duration
	// AuthorizedParty, if not empty, is the client the token must be issued to:
	// both in the claim that names the client in this profile, and in azp where
	// there is one.
	AuthorizedParty string
	// RequiredClaims, MaxLifetime and MaxTokenAge are as in [Config], and hold
	// besides those.
	RequiredClaims           []string
	MaxLifetime, MaxTokenAge time.Duration
}

// VerifyToken proves a token that did not come with a call, or that must satisfy
// more than the calls do. It accepts what [Verifier.Verify] accepts, an access
// token of the configured profile, and never an ID token: those are for
// [IDTokens].
//
// The error is an [*auth.Error], as from Verify, unless e is at fault: then no
// token was looked at.
func (v *Verifier) VerifyToken(ctx context.Context, raw string, e Expect) (*auth.Claims, error) {
	narrowed, err := v.expecting(e)
	if err != nil {
		return nil, fmt.Errorf("jwtauth: %w", err)
	}
	c, err := auth.NewBearer(raw)
	if err != nil {
		return nil, err
	}
	return narrowed.Verify(ctx, c)
}

// expecting returns a Verifier that asks for e as well.
func (v *Verifier) expecting(e Expect) (*Verifier, error) {
	if e.Audiences != nil && (len(e.Audiences) == 0 || slices.Contains(e.Audiences, "")) {
		return nil, errors.New("Expect.Audiences is empty or has an empty entry; leave it nil for those of the configuration")
	}
	if err := checkBounds("Expect", e.RequiredClaims, e.MaxAge, e.MaxLifetime, e.MaxTokenAge); err != nil {
		return nil, err
	}
	n := *v
	if e.Audiences != nil {
		n.audiences = e.Audiences
	}
	n.required = slices.Concat(v.required, e.RequiredClaims)
	n.maxLifetime, n.maxTokenAge = tighter(v.maxLifetime, e.MaxLifetime), tighter(v.maxTokenAge, e.MaxTokenAge)
	n.nonce, n.party, n.maxAge = e.Nonce, e.AuthorizedParty, e.MaxAge
	return &n, nil
}

// tighter returns the smaller of two bounds, of which zero is none.
func tighter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// checkExpectations checks what was asked for besides the profile.
func (v *Verifier) checkExpectations(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if err := claimset.Require(o, v.required); err != nil {
		return auth.InvalidToken(CheckRequired, err)
	}
	if v.nonce != "" && o.Text("nonce") != v.nonce {
		return auth.InvalidToken(CheckNonce, errors.New("nonce is absent or not the expected one; was the token asked for in this session?"))
	}
	if v.party != "" && (d.ClientID != v.party || o.Has("azp") && o.Text("azp") != v.party) {
		return auth.InvalidToken(CheckParty, errors.New("the token was issued to another client than expected"))
	}
	if v.maxAge == 0 {
		return nil
	}
	// An absent auth_time is the zero time, which is longer ago than anything.
	if d.AuthTime.Before(time.Now().Add(-v.maxAge).Add(-v.skew)) {
		return &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonAuthenticationInsufficient, Check: CheckMaxAge, MaxAge: v.maxAge,
			Cause: errors.New("auth_time is absent or longer ago than expected; have the user authenticate again")}
	}
	return nil
}
