// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Check decides one call. On success it returns a context with the caller's
// claims, or with none for a public procedure and an anonymous caller of an
// optional one; on refusal it returns an [*Error]. Claims already in ctx are
// hidden either way.
func (g *Guard) Check(ctx context.Context, r *Request) (context.Context, error) {
	if g == nil {
		return nil, Unavailable(CheckGuard, 0, errors.New("auth: nil Guard; check the error of auth.NewGuard"))
	}
	var credential Credential
	claims, err := g.decideSafely(ctx, r, &credential)
	shadowed := err != nil && g.shadow.on()
	if g.observer != nil {
		event := Event{Name: EventAllowed, Procedure: r.Procedure, Claims: claims}
		switch {
		case shadowed:
			event.Name, event.Error = EventShadowed, err
		case err != nil:
			event.Name, event.Error = EventRefused, err
		}
		g.observer.Observe(ctx, event)
	}
	switch {
	case shadowed:
		return g.pass(ctx, r, claims, credential, err), nil
	case err != nil:
		return nil, err
	default:
		return g.decided(ctx, r, claims, credential), nil
	}
}

func (g *Guard) decided(ctx context.Context, r *Request, claims *Claims, credential Credential) context.Context {
	return &decision{Context: ctx, claims: claims, guard: g, procedure: r.Procedure, credential: credential}
}

// decideSafely turns a panic of the user's own code (a verifier, a rule's
// Authorize) into "cannot tell". Behind grpcauth.Registrar the decision comes
// before every interceptor, so nobody else could recover from it, and one bad
// call would end the process.
func (g *Guard) decideSafely(ctx context.Context, r *Request, credential *Credential) (claims *Claims, err *Error) {
	defer func() {
		if p := recover(); p != nil {
			claims, err = nil, panicked(p)
		}
	}()
	return g.decide(ctx, r, credential)
}

func panicked(p any) *Error {
	return Unavailable(CheckPanic, 0, fmt.Errorf("panic while deciding: %v\n%s", p, debug.Stack()))
}

// decide returns the claims next to a refusal too when they were proved, for
// the observer.
func (g *Guard) decide(ctx context.Context, r *Request, used *Credential) (*Claims, *Error) {
	rule := g.rules[r.Procedure]
	if rule != nil && rule.Access == AccessPublic {
		return nil, nil
	}
	var values []string
	if r.Carrier != nil {
		values = r.Carrier.Values(ctx, "authorization")
	}
	if rule != nil && rule.Access == AccessOptional && len(values) == 0 && !r.hasProof(ctx) {
		return nil, rule.authorize(ctx, r, nil)
	}
	presented, refusal := splitAuthorization(values)
	if refusal != nil {
		if refusal.Reason == ReasonCredentialsMissing && rule != nil {
			refusal.RequiredScopes = rule.smallest
		}
		return nil, refusal
	}
	fresh, arrived := rule != nil && rule.Fresh, time.Now()
	var key cacheKey
	if g.cache != nil {
		key = g.cache.key(presented)
		if !fresh {
			if claims := g.cache.known(key, arrived, nil); claims != nil {
				*used = presented
				if err := g.checkRevoked(claims, presented); err != nil {
					return claims, err
				}
				return claims, g.authorize(ctx, r, rule, claims)
			}
		}
	}
	credential, err := presented.checked() // which looks at its characters
	if err != nil {
		return nil, asError(ctx, err)
	}
	*used = credential
	claims, err := g.verify(ctx, key, credential, fresh)
	if err != nil {
		return nil, asError(ctx, err)
	}
	if claims == nil {
		return nil, asError(ctx, errors.New("auth: the verifier returned neither claims nor an error"))
	}
	if !time.Now().Before(claims.Deadline()) {
		return claims, ExpiredToken(CheckDeadline, nil)
	}
	if err := g.checkRevoked(claims, credential); err != nil {
		return claims, err
	}
	if fresh && claims.ConfirmedAt().Before(arrived) {
		return claims, &Error{Kind: KindPermissionDenied, Reason: ReasonMethodDenied, Check: CheckRuleFresh, Cause: errors.New("the rule asks for a fresh answer of the issuer, which is not asked about tokens of this kind")}
	}
	return claims, g.authorize(ctx, r, rule, claims)
}

// verify asks the verifier, in shadow mode with little patience.
func (g *Guard) verify(ctx context.Context, key cacheKey, c Credential, fresh bool) (*Claims, error) {
	if g.shadow.on() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, shadowPatience)
		defer cancel()
	}
	switch {
	case g.cache == nil:
		return g.verifier.Verify(ctx, c)
	case fresh:
		return g.cache.know(ctx, key, c, true, nil)
	default:
		return g.cache.find(ctx, key, c)
	}
}

// askFresh asks the verifier from now on.
func (g *Guard) askFresh(ctx context.Context, c Credential) (*Claims, error) {
	if g.cache == nil {
		return g.verifier.Verify(ctx, c)
	}
	return g.cache.fresh(ctx, c)
}
