// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
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
	// Access says whether credentials are required.
	Access Access
	// AllScopes must all be granted.
	AllScopes []string
	// AnyScope names scopes of which one must be granted, besides AllScopes.
	AnyScope []string
	// Issuers, if any, are the only ones whose tokens are accepted. Values
	// compare exactly.
	Issuers []string
}

// required returns a smallest set of scopes that satisfies the rule, to be
// named in a challenge: a client that asks for it gets in.
func (r *Rule) required() []string {
	if len(r.AnyScope) == 0 {
		return r.AllScopes
	}
	return unique(append(append([]string(nil), r.AllScopes...), r.AnyScope[0]))
}

func (r *Rule) validate() error {
	if r.Access > AccessPublic {
		return fmt.Errorf("unknown %v; use AccessRequired, AccessOptional or AccessPublic", r.Access)
	}
	if r.Access != AccessRequired && len(r.AllScopes)+len(r.AnyScope) > 0 {
		// Optional access with a scope would refuse a caller with a token and
		// admit the same caller without one.
		return fmt.Errorf("%v access with scopes; a procedure that needs scopes needs AccessRequired", r.Access)
	}
	if r.Access == AccessPublic && len(r.Issuers) > 0 {
		return errors.New("public access with issuers; credentials are not read on a public procedure")
	}
	for _, scopes := range [][]string{r.AllScopes, r.AnyScope} {
		for _, s := range scopes {
			if !isScope(s) {
				return fmt.Errorf("%q is not a scope; name one scope per element (RFC 6749 section 3.3)", s)
			}
		}
	}
	for _, issuer := range r.Issuers {
		if issuer == "" {
			return errors.New("an empty issuer")
		}
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

// Rules are the rules by procedure, "/package.Service/Method". A procedure that
// is not in it is denied. Rules are a [GuardOption].
type Rules map[string]Rule

func (r Rules) applyGuard(g *guardConfig) error {
	for procedure, rule := range r {
		if !validProcedure(procedure) {
			return fmt.Errorf("auth: %q is not a procedure; write \"/package.Service/Method\", as the generated constants do", procedure)
		}
		if err := rule.validate(); err != nil {
			return fmt.Errorf("auth: rule for %s: %w", procedure, err)
		}
		if _, ok := g.rules[procedure]; ok {
			return fmt.Errorf("auth: two rules for %s; a procedure has one, so remove it from one of the sources", procedure)
		}
		g.rules[procedure] = rule.clone()
	}
	return nil
}

// RulesFrom is a [GuardOption] for a package that derives rules from something
// else. An error from load becomes the error of [NewGuard].
func RulesFrom(load func() (Rules, error)) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		rules, err := load()
		if err != nil {
			return err
		}
		return rules.applyGuard(g)
	})
}

func (r *Rule) clone() *Rule {
	return &Rule{
		Access:    r.Access,
		AllScopes: unique(r.AllScopes),
		AnyScope:  unique(r.AnyScope),
		Issuers:   unique(r.Issuers),
	}
}
