// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Principal says what kind of party a token stands for. A token that a client
// obtained for itself is a client, whatever its subject looks like (RFC 9068
// section 5, RFC 9700 section 4.15).
type Principal uint8

// The principals.
const (
	// PrincipalUnknown: the token does not tell.
	PrincipalUnknown Principal = iota
	// PrincipalUser: an end user, through a client.
	PrincipalUser
	// PrincipalClient: a client acting for itself.
	PrincipalClient
)

// String returns "user", "client" or "unknown".
func (p Principal) String() string {
	switch p {
	case PrincipalUser:
		return "user"
	case PrincipalClient:
		return "client"
	default:
		return "unknown"
	}
}

// ClaimsData is what a [Verifier] fills in to make [Claims]. Issuer and
// Deadline are required.
type ClaimsData struct {
	// Issuer is the party whose word the claims are, exactly as configured.
	Issuer string
	// Subject is unique within the issuer only.
	Subject string
	// ClientID is the OAuth client the token was issued to.
	ClientID string
	// Principal says whether the subject is a user or the client itself.
	Principal Principal
	// TokenID is the jti claim.
	TokenID string
	// SessionID is the sid claim.
	SessionID string
	// Tenant, User and Roles are what the verifier was configured to read from
	// the issuer's own claims; empty otherwise.
	Tenant, User string
	Roles        []string
	// ACR is the acr claim: how the user authenticated.
	ACR string
	// AuthTime is the auth_time claim: when the user authenticated; zero if
	// absent.
	AuthTime time.Time
	// KeyID names the key that signed the token, if any.
	KeyID string
	// Audiences are all audiences of the token.
	Audiences []string
	// Scopes are those the issuer granted, and was allowed to grant.
	Scopes []string
	// IssuedAt, NotBefore and Expiry are the token's own times; zero if absent.
	IssuedAt, NotBefore, Expiry time.Time
	// Deadline is the moment from which nothing may be decided on these claims:
	// for a JWT its expiry plus the configured clock skew.
	Deadline time.Time
	// FreshUntil is the moment from which the verifier has to be asked again. Until
	// then a [Cache] may keep the facts, but not beyond Deadline. Zero means that
	// they must not be kept.
	FreshUntil time.Time
	// StaleUntil, if it is after FreshUntil, is how long a [Cache] may go on using
	// the facts while the verifier cannot tell. Not beyond Deadline, and never for
	// a rule that asks for a fresh answer. Zero for not at all.
	StaleUntil time.Time
	// ConfirmedAt is when the issuer was asked about this very token; zero if it
	// was not.
	ConfirmedAt time.Time
	// Holds, if not nil, reports whether what the facts rest on is still there,
	// such as the signing key. It is asked on every call that finds them in a
	// cache, and must be quick and safe for concurrent use.
	Holds func() bool
	// Payload is the JSON object the claims came from. It is copied.
	Payload []byte
	// Unmarshal decodes Payload strictly for [ClaimsAs]. Required with Payload.
	Unmarshal func(data []byte, v any) error
	// Custom is what a [Decoder] made of Payload.
	Custom any
}

// Claims are the facts a verifier proved about a token. They are immutable,
// shared between calls, and never a decision: what a procedure requires is
// checked again on every call.
type Claims struct {
	data ClaimsData
}

// NewClaims returns Claims that hold their own copy of d. Without an issuer or
// a deadline there is nothing to rely on, and it returns an error.
func NewClaims(d ClaimsData) (*Claims, error) {
	switch {
	case d.Issuer == "":
		return nil, errors.New("auth: claims without an issuer; set ClaimsData.Issuer")
	case d.Deadline.IsZero():
		return nil, errors.New("auth: claims without a deadline; set ClaimsData.Deadline")
	case len(d.Payload) > 0 && d.Unmarshal == nil:
		return nil, errors.New("auth: a payload without a decoder; set ClaimsData.Unmarshal")
	}
	d.Audiences = slices.Clone(d.Audiences)
	d.Scopes = slices.Clone(d.Scopes)
	d.Roles = slices.Clone(d.Roles)
	d.Payload = slices.Clone(d.Payload)
	return &Claims{data: d}, nil
}

// Data returns a copy of what the claims were made of, for a verifier that adds to
// what another one proved.
func (c *Claims) Data() ClaimsData {
	d := c.data
	d.Roles, d.Audiences, d.Scopes, d.Payload = slices.Clone(d.Roles), slices.Clone(d.Audiences), slices.Clone(d.Scopes), slices.Clone(d.Payload)
	return d
}

// Issuer returns the issuer. Identity is issuer and subject together.
func (c *Claims) Issuer() string { return c.data.Issuer }

// Subject returns the subject, which is unique within its issuer only.
func (c *Claims) Subject() string { return c.data.Subject }

// ClientID returns the OAuth client the token was issued to.
func (c *Claims) ClientID() string { return c.data.ClientID }

// Principal says whether the subject is a user or the client itself.
func (c *Claims) Principal() Principal { return c.data.Principal }

// TokenID returns the jti claim, unique within the issuer; empty if absent.
func (c *Claims) TokenID() string { return c.data.TokenID }

// SessionID returns the sid claim; empty if absent.
func (c *Claims) SessionID() string { return c.data.SessionID }

// Tenant returns the tenant, if the verifier was configured to read one.
func (c *Claims) Tenant() string { return c.data.Tenant }

// User returns the issuer's name for the user, if the verifier was configured to
// read one. Unlike the subject it may change, or be given to somebody else.
func (c *Claims) User() string { return c.data.User }

// Roles returns a copy of the roles, if the verifier was configured to read
// them.
func (c *Claims) Roles() []string { return slices.Clone(c.data.Roles) }

// HasRole reports whether the token names this role. Roles compare exactly.
func (c *Claims) HasRole(role string) bool { return slices.Contains(c.data.Roles, role) }

// ACR returns the acr claim, which says how the user authenticated; empty if
// absent.
func (c *Claims) ACR() string { return c.data.ACR }

// AuthTime returns the auth_time claim, when the user authenticated; zero if
// absent.
func (c *Claims) AuthTime() time.Time { return c.data.AuthTime }

// KeyID returns the id of the key that signed the token; empty if there is none.
func (c *Claims) KeyID() string { return c.data.KeyID }

// Audiences returns a copy of the token's audiences.
func (c *Claims) Audiences() []string { return slices.Clone(c.data.Audiences) }

// HasAudience reports whether the token names this audience.
func (c *Claims) HasAudience(audience string) bool {
	return slices.Contains(c.data.Audiences, audience)
}

// Scopes returns a copy of the granted scopes.
func (c *Claims) Scopes() []string { return slices.Clone(c.data.Scopes) }

// HasScope reports whether this very scope was granted, whatever the Guard's
// [ScopeMatcher].
func (c *Claims) HasScope(scope string) bool { return slices.Contains(c.data.Scopes, scope) }

// IssuedAt returns the iat claim, zero if absent.
func (c *Claims) IssuedAt() time.Time { return c.data.IssuedAt }

// NotBefore returns the nbf claim, zero if absent.
func (c *Claims) NotBefore() time.Time { return c.data.NotBefore }

// Expiry returns the exp claim, zero if absent.
func (c *Claims) Expiry() time.Time { return c.data.Expiry }

// Deadline returns the moment from which nothing may be decided on these
// claims.
func (c *Claims) Deadline() time.Time { return c.data.Deadline }

// ConfirmedAt returns when the issuer was asked about this very token; zero if
// it was not, as for a token that was verified by its signature.
func (c *Claims) ConfirmedAt() time.Time { return c.data.ConfirmedAt }

// holds reports whether the facts can be used at that time without asking the
// verifier again.
func (c *Claims) holds(now time.Time) bool { return c.holdsUntil(c.data.FreshUntil, now) }

// holdsStale reports whether the facts can be used at that time if the verifier
// cannot tell.
func (c *Claims) holdsStale(now time.Time) bool {
	return !c.data.StaleUntil.IsZero() && c.holdsUntil(c.data.StaleUntil, now)
}

// holdsUntil reports whether the facts can be used now, if they can be until then.
func (c *Claims) holdsUntil(until, now time.Time) bool {
	if d := c.data.Deadline; until.IsZero() || d.Before(until) {
		until = d
	}
	return now.Before(until) && c.rests()
}

// rests reports whether what the facts rest on is still there.
func (c *Claims) rests() bool { return c.data.Holds == nil || c.data.Holds() }

// sameParty reports whether both are about the same caller, through the same
// client.
func (c *Claims) sameParty(other *Claims) bool {
	return c.data.Issuer == other.data.Issuer && c.data.Subject == other.data.Subject && c.data.ClientID == other.data.ClientID
}

// size is about how much memory the claims take, but for what a [Decoder] made of
// them.
func (c *Claims) size() int64 {
	d := &c.data
	size := int(unsafe.Sizeof(*c)) + len(d.Issuer) + len(d.Subject) + len(d.ClientID) + len(d.TokenID) + len(d.SessionID) +
		len(d.Tenant) + len(d.User) + len(d.ACR) + len(d.KeyID) + len(d.Payload)
	for _, list := range [][]string{d.Roles, d.Audiences, d.Scopes} {
		for _, s := range list {
			size += int(unsafe.Sizeof(s)) + len(s)
		}
	}
	return int64(size)
}

// String names issuer, subject and client.
func (c *Claims) String() string {
	if c == nil {
		return "no claims"
	}
	return fmt.Sprintf("issuer=%q subject=%q client=%q", c.data.Issuer, c.data.Subject, c.data.ClientID)
}

// Format writes the same text for every verb, also for Claims that are printed
// by value: the payload may hold personal data and does not belong into a log by
// accident.
func (c Claims) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }

// LogValue implements [slog.LogValuer].
func (c *Claims) LogValue() slog.Value {
	if c == nil {
		return slog.StringValue("none")
	}
	return slog.GroupValue(
		slog.String("issuer", c.data.Issuer),
		slog.String("subject", c.data.Subject),
		slog.String("client_id", c.data.ClientID),
		slog.String("principal", c.data.Principal.String()),
		slog.String("key_id", c.data.KeyID),
		slog.String("scopes", strings.Join(c.data.Scopes, " ")),
		slog.Time("deadline", c.data.Deadline),
	)
}
