// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
)

// HasScopes reports whether the call carries claims that were granted all of
// these scopes.
func HasScopes(ctx context.Context, scopes ...string) bool {
	claims, ok := FromContext(ctx)
	return ok && len(matcher(ctx).missing(claims.scopes, scopes)) == 0
}

// RequireScopes returns nil if the call carries claims that were granted all of
// these scopes, and otherwise the [*Error] to return from the handler: the
// adapters answer it like a refusal by the rule, with the scopes in the
// challenge. It is for what depends on the message; what does not belongs into
// the rule.
func RequireScopes(ctx context.Context, scopes ...string) error {
	claims, ok := FromContext(ctx)
	if !ok {
		return noClaims(scopes)
	}
	if missing := matcher(ctx).missing(claims.scopes, scopes); len(missing) > 0 {
		return insufficientScope(CheckHandlerScopes, slices.Clone(scopes), missing)
	}
	return nil
}

// RequireAnyScope is [RequireScopes] for callers that need only one of these
// scopes. The challenge names the first. Without any scope it asks for claims
// alone.
func RequireAnyScope(ctx context.Context, scopes ...string) error {
	first := scopes[:min(1, len(scopes))]
	claims, ok := FromContext(ctx)
	if !ok {
		return noClaims(first)
	}
	if len(scopes) > 0 && !matcher(ctx).anyCovered(claims.scopes, scopes) {
		return insufficientScope(CheckHandlerScopes, slices.Clone(first), slices.Clone(first))
	}
	return nil
}

func noClaims(scopes []string) *Error {
	e := missing(CheckHandlerClaims)
	e.RequiredScopes = slices.Clone(scopes)
	return e
}
