// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Kind is the class of a refusal. It alone decides the status code on both
// transports.
type Kind uint8

// The three answers, never blurred, and the two that belong to a caller who
// stopped waiting. The zero Kind is a programming error and is answered as an
// internal error.
const (
	// KindUnauthenticated: there is no credential, or it is not good.
	KindUnauthenticated Kind = iota + 1
	// KindPermissionDenied: the caller is known and may not do this.
	KindPermissionDenied
	// KindUnavailable: nobody can tell right now. Never the caller's fault.
	KindUnavailable
	// KindCanceled: the caller's own context was canceled meanwhile.
	KindCanceled
	// KindDeadlineExceeded: the caller's own deadline passed meanwhile.
	KindDeadlineExceeded
)

// String returns the kind in snake case, as Connect names its codes.
func (k Kind) String() string {
	switch k {
	case KindUnauthenticated:
		return "unauthenticated"
	case KindPermissionDenied:
		return "permission_denied"
	case KindUnavailable:
		return "unavailable"
	case KindCanceled:
		return "canceled"
	case KindDeadlineExceeded:
		return "deadline_exceeded"
	default:
		return "internal"
	}
}

// Reason is the stable word a caller's program may act on. There are few, so
// that a caller who is probing learns little; the exact check is in
// [Error.Check], which stays on the server.
type Reason string

// The public reasons.
const (
	ReasonCredentialsMissing   Reason = "CREDENTIALS_MISSING"
	ReasonCredentialsMalformed Reason = "CREDENTIALS_MALFORMED"
	ReasonTokenInvalid         Reason = "TOKEN_INVALID"
	ReasonTokenExpired         Reason = "TOKEN_EXPIRED"
	ReasonScopeInsufficient    Reason = "SCOPE_INSUFFICIENT"
	// ReasonAuthenticationInsufficient: a newer or stronger authentication of
	// the user is needed (RFC 9470).
	ReasonAuthenticationInsufficient Reason = "AUTHENTICATION_INSUFFICIENT"
	ReasonMethodDenied               Reason = "METHOD_DENIED"
	ReasonAuthorityUnavailable       Reason = "AUTHORITY_UNAVAILABLE"
)

// message is what the caller's human reads.
func (r Reason) message() string {
	switch r {
	case ReasonCredentialsMissing:
		return "this method requires a bearer token in the authorization header"
	case ReasonCredentialsMalformed:
		return "the authorization header must hold exactly one well-formed bearer token"
	case ReasonTokenInvalid:
		return "the access token is not valid here"
	case ReasonTokenExpired:
		return "the access token has expired"
	case ReasonScopeInsufficient:
		return "the access token lacks a scope this method requires"
	case ReasonAuthenticationInsufficient:
		return "this method requires a more recent or a stronger authentication"
	case ReasonMethodDenied:
		return "this method is not open to callers"
	case ReasonAuthorityUnavailable:
		return "the access token cannot be verified right now; try again"
	default:
		return ""
	}
}

// Check names the exact check that failed, for events and logs. It is not sent
// to callers: which of the many checks refused a forged token is nobody's
// business but the operator's. Verifiers define their own values.
type Check string

// The checks made by this package.
const (
	CheckCredentialAbsent Check = "credential_absent"
	CheckCredentialScheme Check = "credential_scheme"
	CheckCredentialCount  Check = "credential_count"
	CheckCredentialSize   Check = "credential_size"
	CheckCredentialSyntax Check = "credential_syntax"
	CheckNotHandled       Check = "not_handled"
	CheckVerifier         Check = "verifier"
	CheckDeadline         Check = "deadline"
	CheckRuleAbsent       Check = "rule_absent"
	CheckRuleIssuer       Check = "rule_issuer"
	CheckRuleAudience     Check = "rule_audience"
	CheckRulePrincipal    Check = "rule_principal"
	CheckRuleScopes       Check = "rule_scopes"
	CheckRuleACR          Check = "rule_acr"
	CheckRuleMaxAge       Check = "rule_max_age"
	CheckRuleFresh        Check = "rule_fresh"
	CheckRuleAuthorize    Check = "rule_authorize"
	CheckHandlerClaims    Check = "handler_claims"
	CheckHandlerScopes    Check = "handler_scopes"
	CheckRevoked          Check = "revoked"
	CheckStreamDeadline   Check = "stream_deadline"
	CheckStreamAge        Check = "stream_age"
	CheckStreamParty      Check = "stream_party"
	CheckGuard            Check = "guard"
	CheckContext          Check = "context"
	CheckUndecided        Check = "undecided"
	CheckPanic            Check = "panic"
)

// Error is why a call was refused. Kind and Reason, and what [Error.Error]
// says, may be shown to the caller; Check and Cause are for the log. A handler
// may return one, and the transport adapters give it the same status code,
// challenge and details as a refusal by the Guard. An Error is not changed
// after it was returned, so it may be shared.
type Error struct {
	// Kind decides the status code.
	Kind Kind
	// Reason is the public word for it.
	Reason Reason
	// Check is the exact check that failed. It is not sent to the caller.
	Check Check
	// RequiredScopes is a set of scopes that would satisfy the rule, for the
	// challenge (RFC 6750 section 3). MissingScopes are those of them that the
	// token lacks. Refusals may share them: do not change them.
	RequiredScopes, MissingScopes []string
	// ACRValues and MaxAge say which authentication would do, for the challenge
	// (RFC 9470 section 3).
	ACRValues []string
	MaxAge    time.Duration
	// RetryAfter is how long a caller refused with [KindUnavailable] should
	// wait. Zero means that nothing is known.
	RetryAfter time.Duration
	// FreshFor is how long the same token may be refused again without asking
	// the verifier, for a verifier that has to ask the issuer each time. Zero
	// means not at all.
	FreshFor time.Duration
	// Cause is what the log should know. It is not sent to the caller and must
	// not hold a token or a key.
	Cause error

	notHandled bool
}

// Error returns the public reason and its message. It is what a caller reads.
func (e *Error) Error() string {
	if e == nil {
		return Kind(0).String()
	}
	if e.Reason == "" {
		return e.Kind.String()
	}
	if m := e.Reason.message(); m != "" {
		return string(e.Reason) + ": " + m
	}
	return string(e.Reason)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Cause
}

// Is makes an [*Error] from [NotHandled] match [ErrNotHandled].
func (e *Error) Is(target error) bool { return e != nil && e.notHandled && target == ErrNotHandled }

// LogValue implements [slog.LogValuer] with everything the log should know.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.StringValue("none")
	}
	attrs := []slog.Attr{
		slog.String("kind", e.Kind.String()),
		slog.String("reason", string(e.Reason)),
		slog.String("check", string(e.Check)),
	}
	if len(e.MissingScopes) > 0 {
		attrs = append(attrs, slog.String("missing_scopes", strings.Join(e.MissingScopes, " ")))
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("cause", e.Cause.Error()))
	}
	return slog.GroupValue(attrs...)
}

// InvalidToken returns the refusal of a token that failed a check.
func InvalidToken(check Check, cause error) *Error {
	return &Error{Kind: KindUnauthenticated, Reason: ReasonTokenInvalid, Check: check, Cause: cause}
}

// ExpiredToken returns the refusal of a token that was good and is past its
// time.
func ExpiredToken(check Check, cause error) *Error {
	return &Error{Kind: KindUnauthenticated, Reason: ReasonTokenExpired, Check: check, Cause: cause}
}

// Unavailable returns the answer of a verifier that cannot tell. The caller is
// asked to try again after retryAfter; zero leaves that open.
func Unavailable(check Check, retryAfter time.Duration, cause error) *Error {
	return &Error{Kind: KindUnavailable, Reason: ReasonAuthorityUnavailable, Check: check, RetryAfter: retryAfter, Cause: cause}
}

// NotHandled returns what a verifier answers for a credential that is not its
// own, with the check that says so. It matches [ErrNotHandled]; when no other
// verifier claims the credential, the caller gets it as an invalid token.
func NotHandled(check Check, cause error) *Error {
	e := InvalidToken(check, cause)
	e.notHandled = true
	return e
}

// asError turns whatever a verifier returned into an *Error. What is not one is
// the verifier's own failure: nobody can tell.
func asError(ctx context.Context, err error) *Error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e == nil {
		if errors.Is(err, ErrNotHandled) {
			return NotHandled(CheckNotHandled, err)
		}
		e = Unavailable(CheckVerifier, 0, err)
	}
	// A caller who left gets its own answer, and not an outage it would report.
	if e.Kind == KindUnavailable && ctx.Err() != nil {
		kind := KindCanceled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = KindDeadlineExceeded
		}
		return &Error{Kind: kind, Check: CheckContext, Cause: e}
	}
	return e
}
