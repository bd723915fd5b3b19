// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// contextKey is the one key of this package.
type contextKey struct{}

// NewContext returns a context in which [FromContext] finds claims. Nil claims
// hide those of ctx. The adapters call it; a handler's test does so through
// authtest.WithClaims.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, claims)
}

// FromContext returns the claims of the call that ctx belongs to. The boolean
// is false on a public procedure, for an anonymous caller of an optional one,
// and where no Guard decided.
func FromContext(ctx context.Context) (*Claims, bool) {
	claims, _ := ctx.Value(contextKey{}).(*Claims)
	return claims, claims != nil
}
