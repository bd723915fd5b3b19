// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Chain offers a credential to several verifiers in order. The first that does
// not answer [ErrNotHandled] decides, so that garbage under one issuer's name is
// never offered to the next. It is immutable and safe for concurrent use.
type Chain struct {
	verifiers   []Verifier
	description Description
}

// NewChain returns a Chain of at least one verifier. When together they accept
// tokens of more than one issuer, each must say which scopes its issuer may
// grant: otherwise the least trusted of them could grant every scope.
func NewChain(verifiers ...Verifier) (*Chain, error) {
	if len(verifiers) == 0 {
		return nil, errors.New("auth: a chain needs at least one verifier")
	}
	c := &Chain{verifiers: slices.Clone(verifiers), description: Description{LimitsScopes: true}}
	d := &c.description
	for i, v := range verifiers {
		if isNil(v) {
			return nil, fmt.Errorf("auth: verifier %d of the chain is nil; check the error of its constructor", i+1)
		}
		if _, ok := v.(*Cache); ok {
			return nil, fmt.Errorf("auth: verifier %d of the chain is a Cache, which nobody could invalidate or pass by there; put the Cache before the chain", i+1)
		}
		describer, ok := v.(Describer)
		if !ok {
			if len(verifiers) > 1 {
				return nil, fmt.Errorf("auth: verifier %d of the chain does not say whose tokens it accepts; give it a Describe method (auth.Describer)", i+1)
			}
			d.LimitsScopes = false
			continue
		}
		one := describer.Describe()
		d.Issuers = append(d.Issuers, one.Issuers...)
		d.Audiences = append(d.Audiences, one.Audiences...)
		d.LimitsScopes = d.LimitsScopes && one.LimitsScopes
		d.Asks = d.Asks || one.Asks
		d.Admits = either(d.Admits, one.Admits)
	}
	d.Issuers = unique(d.Issuers)
	d.Audiences = unique(d.Audiences)
	if (len(d.Issuers) > 1 || d.Admits != nil) && !d.LimitsScopes {
		return nil, fmt.Errorf("auth: the chain accepts tokens of several issuers (%q), and not every verifier says which scopes its issuer may grant; set it for each (jwtauth.Config.GrantableScopes)", d.Issuers)
	}
	return c, nil
}

// Verify offers c to the verifiers in order. If none handles it, the answer is
// the last one's, which says why it passed.
func (c *Chain) Verify(ctx context.Context, cred Credential) (*Claims, error) {
	var passed error
	for _, v := range c.verifiers {
		claims, err := v.Verify(ctx, cred)
		if err == nil || !errors.Is(err, ErrNotHandled) {
			return claims, err
		}
		passed = err
	}
	if passed == nil { // the zero Chain
		passed = NotHandled(CheckNotHandled, nil)
	}
	return nil, passed
}

// Describe returns what the verifiers accept together.
func (c *Chain) Describe() Description {
	d := c.description
	d.Issuers, d.Audiences = slices.Clone(d.Issuers), slices.Clone(d.Audiences)
	return d
}

// either reports what one of two functions does, of which each may be nil.
func either(a, b func(string) bool) func(string) bool {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(issuer string) bool { return a(issuer) || b(issuer) }
}

// isNil finds the nil pointer in an interface that a caller gets by ignoring a
// constructor's error.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Interface, reflect.Slice, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}

// unique returns the distinct elements of in, in order.
func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
