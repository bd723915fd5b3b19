// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// contextKey is the one key of this package.
type contextKey struct{}

// decision is a context that carries what a Guard decided. It is a context
// itself, rather than a value in one, to cost a single allocation for each call.
type decision struct {
	context.Context

	claims     *Claims
	guard      *Guard
	procedure  string
	credential Credential // that the claims are of
}

// Value implements [context.Context].
func (d *decision) Value(key any) any {
	if key == (contextKey{}) {
		return d
	}
	return d.Context.Value(key)
}

// NewContext returns a context in which [FromContext] finds claims. Nil claims
// hide those of ctx. The adapters call it; a handler's test does so through
// authtest.WithClaims.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return &decision{Context: ctx, claims: claims}
}

// FromContext returns the claims of the call that ctx belongs to. The boolean
// is false on a public procedure, for an anonymous caller of an optional one,
// and where no Guard decided.
func FromContext(ctx context.Context) (*Claims, bool) {
	d, ok := ctx.Value(contextKey{}).(*decision)
	if !ok {
		return nil, false
	}
	return d.claims, d.claims != nil
}

// matcher returns how the Guard that decided the call compares scopes.
func matcher(ctx context.Context) ScopeMatcher {
	if d, ok := ctx.Value(contextKey{}).(*decision); ok && d.guard != nil {
		return d.guard.matcher
	}
	return nil
}

// Decided reports whether ctx comes from g's own Check of this procedure, so
// that a second hook of the same call need not decide again.
func (g *Guard) Decided(ctx context.Context, procedure string) bool {
	d, ok := ctx.Value(contextKey{}).(*decision)
	return ok && g != nil && d.guard == g && d.procedure == procedure
}
