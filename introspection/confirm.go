// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// Confirmer verifies JWTs by their signature and then asks their issuer whether
// they still hold. Both have to say so, of the same token: issuer, subject and
// client must be equal, an audience of this service be in both, scopes are those
// that both grant, and the shorter life counts. If the issuer cannot be asked, nobody can tell, however good the
// signature is. It is an [auth.Verifier], safe for concurrent use.
type Confirmer struct {
	tokens    *jwtauth.Verifier
	audiences []string // of tokens
	verifier  *Verifier
}

// NewConfirmer returns a Confirmer of two verifiers for one issuer. The tokens
// that the first does not handle, such as opaque ones, are not handled: v may
// stand next to it in a chain for those. Forged tokens are not asked about.
//
// Claims are those of the JWT. Custom claims are decoded from the JWT too, by the
// [Config.Custom] of v; its Claims, RequiredClaims, Tokens and Prefixes are not
// used.
func NewConfirmer(tokens *jwtauth.Verifier, v *Verifier) (*Confirmer, error) {
	if tokens == nil || v == nil {
		return nil, errors.New("introspection: NewConfirmer without a verifier; check the errors of jwtauth.New and introspection.New")
	}
	if issuers := tokens.Describe().Issuers; !slices.Equal(issuers, []string{v.issuer}) {
		return nil, fmt.Errorf("introspection: NewConfirmer with JWTs of %q and the endpoint of %q; an issuer can confirm its own tokens only", issuers, v.issuer)
	}
	audiences := tokens.Describe().Audiences
	if !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(v.audiences, a) }) {
		return nil, fmt.Errorf("introspection: NewConfirmer with JWTs for %q and answers for %q; both verifiers are of one service, give them an audience in common", audiences, v.audiences)
	}
	if v.stale > 0 {
		return nil, errors.New("introspection: NewConfirmer with Config.StaleOnError; the endpoint confirms each token or nobody can tell, remove it")
	}
	return &Confirmer{tokens: tokens, audiences: audiences, verifier: v}, nil
}

// Describe implements [auth.Describer].
func (c *Confirmer) Describe() auth.Description {
	d := c.tokens.Describe()
	d.LimitsScopes = d.LimitsScopes || c.verifier.limited
	d.Asks = true
	return d
}

// Verify verifies the token and asks about it. It returns an error matching
// [auth.ErrNotHandled] for what the verifier of JWTs does not handle.
func (c *Confirmer) Verify(ctx context.Context, cred auth.Credential) (*auth.Claims, error) {
	proved, err := c.tokens.Verify(ctx, cred)
	if err != nil {
		return nil, err
	}
	claims, refusal := c.confirm(ctx, cred.Token(), proved)
	if refusal != nil {
		return nil, refusal
	}
	return claims, nil
}

func (c *Confirmer) confirm(ctx context.Context, token string, proved *auth.Claims) (*auth.Claims, *auth.Error) {
	v := c.verifier
	a, err := v.question(ctx, token)
	if err != nil {
		return nil, err
	}
	said := a.data(v)
	for _, step := range []step{v.checkBinding, v.checkKind, v.checkIssuer, v.readIdentity, v.readAudience, v.readScope, v.readTimes} {
		if err := step(a.members, said); err != nil {
			return nil, err
		}
	}
	if err := agree(proved, said, c.audiences); err != nil {
		return nil, auth.InvalidToken(CheckAgreement, err)
	}
	return v.claims(token, both(proved, said))
}

// agree says in what the endpoint speaks of another token than the signature is
// of. It has been asked about this one, so an answer was mixed up on the way, or
// the issuer is at odds with itself.
func agree(proved *auth.Claims, said *auth.ClaimsData, audiences []string) error {
	common := func(a string) bool { return proved.HasAudience(a) && slices.Contains(said.Audiences, a) }
	switch {
	case len(said.Audiences) > 0 && !slices.ContainsFunc(audiences, common):
		return errors.New("the endpoint's aud has no audience of this service that the JWT has")
	case said.Subject != proved.Subject():
		return errors.New("the endpoint's sub is not the JWT's, or absent")
	case said.ClientID != proved.ClientID():
		return errors.New("the endpoint's client_id is not the JWT's client, or absent")
	case said.TokenID != "" && proved.TokenID() != "" && said.TokenID != proved.TokenID():
		return errors.New("the endpoint's jti is not the JWT's")
	}
	return nil
}

// both returns what both say: the JWT's claims, as far and as long as the endpoint
// agrees.
func both(proved *auth.Claims, said *auth.ClaimsData) *auth.ClaimsData {
	d := proved.Data()
	d.FreshUntil, d.ConfirmedAt = said.FreshUntil, said.ConfirmedAt
	d.Scopes = slices.DeleteFunc(d.Scopes, func(s string) bool { return !slices.Contains(said.Scopes, s) })
	if !said.Expiry.IsZero() {
		d.Expiry, d.Deadline = earlier(d.Expiry, said.Expiry), earlier(d.Deadline, said.Deadline)
	}
	return &d
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
