// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// authorize applies the rule of the procedure to proved claims. Nothing it
// finds is remembered.
func (g *Guard) authorize(ctx context.Context, r *Request, rule *Rule, claims *Claims) *Error {
	if rule == nil {
		return denied(CheckRuleAbsent, errors.New("no rule names this procedure; add one to the Guard's rules"))
	}
	if len(rule.Issuers) > 0 && !slices.Contains(rule.Issuers, claims.Issuer()) {
		return denied(CheckRuleIssuer, fmt.Errorf("the rule accepts tokens of %q only", rule.Issuers))
	}
	if len(rule.Audiences) > 0 && !slices.ContainsFunc(rule.Audiences, claims.HasAudience) {
		return InvalidToken(CheckRuleAudience, fmt.Errorf("the rule accepts tokens for %q only", rule.Audiences))
	}
	if rule.Principal != PrincipalUnknown && rule.Principal != claims.Principal() {
		return denied(CheckRulePrincipal, fmt.Errorf("the rule accepts a %v, and the token stands for a %v", rule.Principal, claims.Principal()))
	}
	if err := rule.checkScopes(g.matcher, claims); err != nil {
		return err
	}
	if err := rule.checkStepUp(claims); err != nil {
		return err
	}
	return rule.authorize(ctx, r, claims)
}

func (r *Rule) checkScopes(match ScopeMatcher, claims *Claims) *Error {
	granted := claims.scopes
	missing := match.missing(granted, r.AllScopes)
	for _, group := range r.scopeGroups() {
		if !match.anyCovered(granted, group) {
			missing = append(missing, group[0])
		}
	}
	if len(missing) > 0 {
		return insufficientScope(CheckRuleScopes, r.smallest, unique(missing))
	}
	return nil
}

// checkStepUp asks how and when the user authenticated (RFC 9470 section 3). A
// token that does not tell has to be replaced like one that tells too little.
func (r *Rule) checkStepUp(claims *Claims) *Error {
	if len(r.ACRValues) > 0 && !slices.Contains(r.ACRValues, claims.ACR()) {
		return r.stepUp(CheckRuleACR, errors.New("the token's acr is not one of the rule's"))
	}
	// An absent auth_time is the zero time, which is longer ago than anything.
	if r.MaxAge > 0 && time.Since(claims.AuthTime()) > r.MaxAge {
		return r.stepUp(CheckRuleMaxAge, errors.New("the token's auth_time is absent or older than the rule allows"))
	}
	return nil
}

func (r *Rule) stepUp(check Check, cause error) *Error {
	return &Error{Kind: KindUnauthenticated, Reason: ReasonAuthenticationInsufficient, Check: check,
		RequiredScopes: r.smallest, ACRValues: slices.Clone(r.ACRValues), MaxAge: r.MaxAge, Cause: cause}
}

// authorize asks the rule's own function, if it has one.
func (r *Rule) authorize(ctx context.Context, request *Request, claims *Claims) *Error {
	if r.Authorize == nil {
		return nil
	}
	// The function gets a copy, so that the request need not outlive the call on
	// the way without one.
	own := *request
	err := r.Authorize(ctx, &own, claims)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return denied(CheckRuleAuthorize, err)
}

func denied(check Check, cause error) *Error {
	return &Error{Kind: KindPermissionDenied, Reason: ReasonMethodDenied, Check: check, Cause: cause}
}

func insufficientScope(check Check, required, missing []string) *Error {
	return &Error{Kind: KindPermissionDenied, Reason: ReasonScopeInsufficient, Check: check,
		RequiredScopes: required, MissingScopes: missing,
		Cause: fmt.Errorf("the token lacks %q", strings.Join(missing, " "))}
}
