// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"slices"
	"strings"
)

// ScopeMatcher reports whether a granted scope covers a required one. It must
// cover at least the scope itself, and be safe for concurrent use.
type ScopeMatcher func(granted, required string) bool

// WithScopeMatcher replaces the exact comparison of scopes, in rules and in
// [RequireScopes], by m: [HierarchicalScopes], [WildcardScopes] or one of your
// own. Each is a way for a token to be granted more than it names; use the one
// that the issuer means.
func WithScopeMatcher(m ScopeMatcher) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		if m == nil {
			return errors.New("auth: WithScopeMatcher(nil); leave the option out for exact comparison")
		}
		if g.matcher != nil {
			return errTwice("WithScopeMatcher")
		}
		g.matcher = m
		return nil
	})
}

// HierarchicalScopes returns a matcher for which a scope covers those below it:
// with the separator ".", widgets covers widgets.read, and does not cover
// widgetsx.
func HierarchicalScopes(separator string) ScopeMatcher {
	return func(granted, required string) bool {
		return granted == required || separator != "" && strings.HasPrefix(required, granted+separator)
	}
}

// WildcardScopes returns a matcher for which a trailing "*" stands for whatever
// follows: with the separator ".", widgets.* covers widgets.read and
// widgets.read.all, and does not cover widgets. A scope that is "*" alone covers
// nothing but itself.
func WildcardScopes(separator string) ScopeMatcher {
	return func(granted, required string) bool {
		prefix, ok := strings.CutSuffix(granted, separator+"*")
		return granted == required || ok && separator != "" && prefix != "" && len(required) > len(prefix)+len(separator) && strings.HasPrefix(required, prefix+separator)
	}
}

// covered reports whether one of the granted scopes covers a required one. A nil
// matcher compares exactly.
func (m ScopeMatcher) covered(granted []string, required string) bool {
	if m == nil {
		return slices.Contains(granted, required)
	}
	return slices.ContainsFunc(granted, func(g string) bool { return m(g, required) })
}

// missing returns those of required that are not covered.
func (m ScopeMatcher) missing(granted, required []string) []string {
	var lacking []string
	for _, r := range required {
		if !m.covered(granted, r) {
			lacking = append(lacking, r)
		}
	}
	return lacking
}

// anyCovered reports whether one of required is covered.
func (m ScopeMatcher) anyCovered(granted, required []string) bool {
	return slices.ContainsFunc(required, func(r string) bool { return m.covered(granted, r) })
}
