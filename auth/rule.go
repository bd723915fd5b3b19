// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Access says what a procedure asks of a caller's credentials.
type Access uint8

// The kinds of access. The zero value is the strict one.
const (
	// AccessRequired: a good token.
	AccessRequired Access = iota
	// AccessOptional: no credentials at all, or a good token. Bad credentials
	// are refused, and so is a token nobody can verify right now.
	AccessOptional
	// AccessPublic: credentials are not read; the procedure behaves the same
	// with good, bad or no credentials.
	AccessPublic
)

// String returns "required", "optional" or "public".
func (a Access) String() string {
	switch a {
	case AccessRequired:
		return "required"
	case AccessOptional:
		return "optional"
	case AccessPublic:
		return "public"
	default:
		return fmt.Sprintf("access(%d)", uint8(a))
	}
}

// Rule is what one procedure requires. The zero Rule requires a good token of
// any configured issuer.
type Rule struct {
	// Access says whether credentials are required. With AccessPublic nothing
	// else may be set, and with AccessOptional no scopes and no step-up.
	Access Access
	// AllScopes must all be granted.
	AllScopes []string
	// AnyScope names scopes of which one must be granted, besides AllScopes.
	AnyScope []string
	// ScopeGroups are groups of which each must have one scope granted, besides
	// the above.
	ScopeGroups [][]string
	// Issuers, if any, are the only ones whose tokens are accepted. Values
	// compare exactly.
	Issuers []string
	// Audiences, if any, are those of which the token must name one. They narrow
	// what the verifier accepts: each must be one of its audiences.
	Audiences []string
	// Principal is the kind of party the token must stand for; PrincipalUnknown
	// accepts any.
	Principal Principal
	// ACRValues are authentication context classes of which the token's acr must
	// be one (RFC 9470).
	ACRValues []string
	// MaxAge is how long ago the user may have authenticated at most, in whole
	// seconds (RFC 9470). Zero accepts any time.
	MaxAge time.Duration
	// Fresh has the issuer asked on every call, so that a revocation counts at
	// once. NewGuard refuses it for a verifier that never asks, and the Guard
	// refuses tokens that were verified without asking.
	Fresh bool
	// SenderConstrained demands a token bound to a key of the caller's. Nothing
	// enforces it yet, so NewGuard refuses it.
	SenderConstrained bool
	// Authorize, if set, decides after everything else. It is asked on every
	// call with the claims that were proved, nil for an anonymous caller of an
	// optional procedure. An [*Error] is the answer as it stands; any other error
	// denies the method, and its text stays in the log. It must be safe for
	// concurrent use and must not keep r.
	Authorize func(ctx context.Context, r *Request, claims *Claims) error

	preset bool // need not be for a procedure that is served
	// smallest is a smallest set of scopes that satisfies the rule, to be named in a
	// challenge: a client that asks for it gets in. A Guard's own rules have it.
	smallest []string
}

// scopeGroups are all groups of which each needs one scope.
func (r *Rule) scopeGroups() [][]string {
	if len(r.AnyScope) == 0 {
		return r.ScopeGroups
	}
	return append([][]string{r.AnyScope}, r.ScopeGroups...)
}

// scopes are all that the rule names.
func (r *Rule) scopes() []string {
	return unique(slices.Concat(append(r.scopeGroups(), r.AllScopes)...))
}

func (r *Rule) validate() error {
	if r.Access > AccessPublic {
		return fmt.Errorf("unknown %v; use AccessRequired, AccessOptional or AccessPublic", r.Access)
	}
	if err := r.validateAccess(); err != nil {
		return err
	}
	if r.Principal > PrincipalClient {
		return errors.New("unknown principal; use PrincipalUser or PrincipalClient")
	}
	if r.MaxAge < 0 || r.MaxAge%time.Second != 0 {
		return fmt.Errorf("max age %v; use whole seconds", r.MaxAge)
	}
	if r.SenderConstrained {
		return errors.New("sender_constrained, which nothing enforces yet; remove it")
	}
	for _, group := range r.scopeGroups() {
		if len(group) == 0 {
			return errors.New("an empty scope group, which no token could satisfy")
		}
	}
	for _, s := range r.scopes() {
		if !isScope(s) {
			return fmt.Errorf("%q is not a scope; name one scope per element (RFC 6749 section 3.3)", s)
		}
	}
	for _, acr := range r.ACRValues {
		if !isScope(acr) {
			return fmt.Errorf("%q is not an acr value; name one per element, without spaces", acr)
		}
	}
	if slices.Contains(r.Issuers, "") {
		return errors.New("an empty issuer")
	}
	if slices.Contains(r.Audiences, "") {
		return errors.New("an empty audience")
	}
	return nil
}

// validateAccess refuses requirements that the access contradicts.
func (r *Rule) validateAccess() error {
	if r.Access == AccessRequired {
		return nil
	}
	if len(r.scopes()) > 0 {
		// Optional access with a scope would refuse a caller with a token and
		// admit the same caller without one.
		return fmt.Errorf("%v access with scopes; a procedure that needs scopes needs AccessRequired", r.Access)
	}
	if len(r.ACRValues) > 0 || r.MaxAge != 0 || r.Principal != PrincipalUnknown {
		return fmt.Errorf("%v access with a step-up or a principal; that needs AccessRequired", r.Access)
	}
	if r.Access == AccessPublic && (len(r.Issuers)+len(r.Audiences) > 0 || r.Fresh || r.Authorize != nil) {
		return errors.New("public access with issuers, audiences, fresh or Authorize; credentials are not read on a public procedure")
	}
	return nil
}

// isScope reports whether s is a scope-token of RFC 6749 section 3.3, which is
// also what may stand in a challenge.
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// clone returns a copy that shares nothing with r, in which AnyScope is one of
// the groups: that saves putting them together on every call.
func (r *Rule) clone() *Rule {
	c := *r
	c.AllScopes, c.AnyScope, c.ScopeGroups = unique(r.AllScopes), nil, nil
	smallest := slices.Clone(c.AllScopes)
	for _, group := range r.scopeGroups() {
		c.ScopeGroups = append(c.ScopeGroups, unique(group))
		smallest = append(smallest, group[0])
	}
	c.smallest = slices.Clip(unique(smallest))
	c.Issuers, c.Audiences, c.ACRValues = unique(r.Issuers), unique(r.Audiences), unique(r.ACRValues)
	return &c
}
