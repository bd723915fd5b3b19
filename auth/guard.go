// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Guard is a [Verifier] and the [Rules]: the one decision that both transports
// make. But for what it remembers of tokens it is immutable, and it is safe for
// concurrent use. A nil Guard refuses every call as unavailable.
type Guard struct {
	guardConfig

	verifier Verifier
	cache    *Cache // the verifier, if it is one
	open     openStreams
	prebuilt prebuilt
}

// GuardOption configures [NewGuard]: [Rules] and [RulesFrom], [WithObserver],
// [WithRealm], [WithVocabulary], [WithProtectedResource], [WithScopeMatcher],
// [WithCache], [WithoutCache], [WithRevocations], [WithStreams],
// [AllowStreamRenewal], [InsecureUnboundedStreams], [InsecureShadowUntil].
type GuardOption interface {
	applyGuard(*guardConfig) error
}

type guardConfig struct {
	rules      map[string]*Rule
	realm      string
	observer   Observer // nil to report nothing
	vocabulary []string // nil for any
	resource   *ProtectedResource
	shadow     *shadow      // nil to enforce
	matcher    ScopeMatcher // nil for exact comparison
	caching    *CacheConfig // nil for the defaults
	uncached   bool

	revocations Revocations // nil for none
	streams     *streamPolicy
	renewals    bool
}

type guardOptionFunc func(*guardConfig) error

func (f guardOptionFunc) applyGuard(g *guardConfig) error { return f(g) }

// errTwice refuses an option of which the last would silently win.
func errTwice(option string) error { return fmt.Errorf("auth: %s is given twice; remove one", option) }

// WithObserver has every decision reported to o. Without it nothing is
// reported.
func WithObserver(o Observer) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if isNil(o) {
			return errors.New("auth: WithObserver(nil); leave the option out to report nothing")
		}
		if g.observer != nil {
			return errTwice("WithObserver")
		}
		g.observer = o
		return nil
	})
}

// WithRealm sets the realm named in challenges (RFC 9110 section 11.5). The
// default is the verifier's first audience.
func WithRealm(realm string) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if realm == "" {
			return errors.New("auth: an empty realm; leave WithRealm out for the default")
		}
		if g.realm != "" {
			return errTwice("WithRealm")
		}
		g.realm = realm
		return nil
	})
}

// WithVocabulary names every scope there is. A rule with another one is an
// error of [NewGuard]: it is mostly a misspelled one, which no token will ever
// have.
func WithVocabulary(scopes ...string) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		g.vocabulary = append(slices.Clip(g.vocabulary), scopes...)
		if g.vocabulary == nil {
			g.vocabulary = []string{}
		}
		return nil
	})
}

// WithCache bounds what the Guard remembers of verified tokens. The default is
// [CacheConfig]'s.
func WithCache(c CacheConfig) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if g.caching != nil || g.uncached {
			return errTwice("WithCache or WithoutCache")
		}
		g.caching = &c
		return nil
	})
}

// WithoutCache has the verifier asked on every call.
func WithoutCache() GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if g.caching != nil || g.uncached {
			return errTwice("WithCache or WithoutCache")
		}
		g.uncached = true
		return nil
	})
}

// defaultRealm stands in challenges when the verifier names no audience: RFC
// 6750 section 3 asks for at least one parameter.
const defaultRealm = "bearerkit"

// NewGuard returns a Guard that verifies with v and decides by the rules given
// as options, of which there may be several sources. It returns an error for a
// nil verifier, for no rule at all, for two rules for one procedure, for a rule
// that contradicts itself, and for a rule that names an issuer the verifier
// does not accept.
func NewGuard(v Verifier, options ...GuardOption) (*Guard, error) {
	if isNil(v) {
		return nil, errors.New("auth: NewGuard without a verifier; check the error of the verifier's constructor")
	}
	g := &Guard{guardConfig: guardConfig{rules: make(map[string]*Rule)}, verifier: v}
	for _, o := range options {
		if o == nil {
			return nil, errors.New("auth: NewGuard with a nil option")
		}
		if err := o.applyGuard(&g.guardConfig); err != nil {
			return nil, err
		}
	}
	if len(g.rules) == 0 {
		return nil, errors.New("auth: NewGuard without a rule would deny every call; pass auth.Rules with at least one procedure")
	}
	if err := checkVocabulary(g.rules, g.vocabulary); err != nil {
		return nil, err
	}
	if _, ok := g.rules[StreamRenewalProcedure]; ok && !g.renewals {
		return nil, errors.New("auth: a rule for bearerkit.auth.v1.StreamRenewal does not let streams be renewed; use auth.AllowStreamRenewal in its place")
	}
	if err := checkFresh(g.rules, v); err != nil {
		return nil, err
	}
	if err := g.addCache(); err != nil {
		return nil, err
	}
	if g.streams == nil {
		g.streams = new(streamPolicy)
	}
	g.open.revocations = g.revocations
	if describer, ok := v.(Describer); ok {
		d := describer.Describe()
		if err := checkKnown(g.rules, d); err != nil {
			return nil, err
		}
		if g.realm == "" && len(d.Audiences) > 0 {
			g.realm = d.Audiences[0]
		}
	}
	if g.realm == "" {
		g.realm = defaultRealm
	}
	if !isQuotable(g.realm) {
		return nil, fmt.Errorf("auth: realm %q cannot stand in a header; set a printable ASCII one with auth.WithRealm", g.realm)
	}
	return g, nil
}

func checkVocabulary(rules map[string]*Rule, vocabulary []string) error {
	if vocabulary == nil {
		return nil
	}
	var faults []error
	for _, procedure := range slices.Sorted(maps.Keys(rules)) {
		for _, scope := range rules[procedure].scopes() {
			if !slices.Contains(vocabulary, scope) {
				faults = append(faults, fmt.Errorf("auth: the rule for %s names scope %q, which is not in the vocabulary; correct it or add it to auth.WithVocabulary", procedure, scope))
			}
		}
	}
	return errors.Join(faults...)
}

// checkFresh refuses rules that no verifier could satisfy which never asks the
// issuer.
func checkFresh(rules map[string]*Rule, v Verifier) error {
	d, ok := v.(Describer)
	if !ok || d.Describe().Asks {
		return nil // or nobody knows until a token comes
	}
	for procedure, rule := range rules {
		if rule.Fresh {
			return fmt.Errorf("auth: the rule for %s asks for a fresh answer of the issuer, and the verifier never asks it; remove fresh, or verify by introspection", procedure)
		}
	}
	return nil
}

// addCache puts the Guard's cache before its verifier.
func (g *Guard) addCache() error {
	if cache, ok := g.verifier.(*Cache); ok {
		if g.caching != nil || g.uncached {
			return errors.New("auth: WithCache or WithoutCache for a verifier that is a Cache; remove one of them")
		}
		g.cache = cache
		return nil
	}
	if g.uncached {
		return nil
	}
	if g.caching == nil {
		g.caching = new(CacheConfig)
	}
	cache, err := Cached(g.verifier, *g.caching)
	if err != nil {
		return err
	}
	g.verifier, g.cache = cache, cache
	return nil
}

// Invalidate forgets what is known of these tokens; see [Cache.Invalidate]. A
// Guard without a cache knows nothing.
func (g *Guard) Invalidate(s Selection) {
	if g != nil && g.cache != nil {
		g.cache.Invalidate(s)
	}
}

// InvalidateToken forgets what is known of one token.
func (g *Guard) InvalidateToken(c Credential) {
	if g != nil && g.cache != nil {
		g.cache.InvalidateToken(c)
	}
}

// checkKnown refuses rules that no token of the verifier could satisfy, which
// are mostly misspelled.
func checkKnown(rules map[string]*Rule, d Description) error {
	for procedure, rule := range rules {
		for _, issuer := range rule.Issuers {
			if !slices.Contains(d.Issuers, issuer) && (d.Admits == nil || !d.Admits(issuer)) {
				return fmt.Errorf("auth: rule for %s names issuer %q, and the verifier accepts %q; write it exactly as configured", procedure, issuer, d.Issuers)
			}
		}
		for _, audience := range rule.Audiences {
			if !slices.Contains(d.Audiences, audience) {
				return fmt.Errorf("auth: rule for %s names audience %q, and the verifier accepts %q; a rule can only narrow them", procedure, audience, d.Audiences)
			}
		}
	}
	return nil
}

// ReadsCredentials reports whether the answer to a procedure depends on the
// caller's credentials, so that a cache must not give it to somebody else.
func (g *Guard) ReadsCredentials(procedure string) bool {
	if g == nil {
		return true
	}
	rule := g.rules[procedure]
	return rule == nil || rule.Access != AccessPublic
}
