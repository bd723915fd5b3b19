// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Challenges returns the values of the WWW-Authenticate header that belong to
// a refusal (RFC 6750 section 3, RFC 9110 section 11.6.1): one for everything
// a caller could mend with another token, none for the rest.
//
// The scope parameter names a set of scopes that satisfies the whole rule, not
// only those missing: a client that came back with the missing ones alone would
// be refused for the others.
func (g *Guard) Challenges(e *Error) []string {
	if g == nil || e == nil {
		return nil
	}
	var code string
	switch e.Reason {
	case ReasonCredentialsMissing:
	case ReasonCredentialsMalformed:
		code = "invalid_request"
	case ReasonTokenInvalid, ReasonTokenExpired:
		code = "invalid_token"
	case ReasonScopeInsufficient:
		code = "insufficient_scope"
	case ReasonAuthenticationInsufficient:
		code = "insufficient_user_authentication"
	default:
		return nil
	}
	var b strings.Builder
	b.Grow(256)
	b.WriteString("Bearer realm=")
	writeQuoted(&b, g.realm)
	if code != "" {
		b.WriteString(", error=")
		writeQuoted(&b, code)
		b.WriteString(", error_description=")
		writeQuoted(&b, e.Reason.message())
	}
	if listable(e.RequiredScopes) {
		b.WriteString(", scope=")
		writeQuoted(&b, strings.Join(e.RequiredScopes, " "))
	}
	if listable(e.ACRValues) {
		b.WriteString(", acr_values=")
		writeQuoted(&b, strings.Join(e.ACRValues, " "))
	}
	if e.MaxAge > 0 {
		b.WriteString(", max_age=")
		writeQuoted(&b, strconv.FormatInt(int64(e.MaxAge/time.Second), 10))
	}
	if g.resource != nil {
		b.WriteString(", resource_metadata=")
		writeQuoted(&b, g.resource.MetadataURL)
	}
	return []string{b.String()}
}

// listable reports whether there are values, and each can stand in a list that
// spaces separate (RFC 6750 section 3), which those of a handler need not.
func listable(values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !isScope(v) })
}

// isQuotable reports whether s can stand in a quoted-string as printable ASCII.
func isQuotable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// writeQuoted writes s as a quoted-string (RFC 9110 section 5.6.4).
func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
