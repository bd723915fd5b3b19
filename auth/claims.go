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
	// cache, and now and then while a stream is open, with the time of that from
	// [time.Now], and must be quick and safe for concurrent use.
	Holds func(now time.Time) bool
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
//
// Strings may be parts of the payload: one that is kept for longer than the call
// keeps all of it in memory, unless it is cloned.
type Claims struct {
	// What is read of a token in a cache comes first.
	deadline  time.Time
	freshness *freshness           // nil for until the deadline
	rest      func(time.Time) bool // nil if it rests on nothing
	scopes    []string

	issuer, subject, clientID, tokenID, sessionID, acr, keyID string

	audiences []string
	payload   string
	unmarshal func([]byte, any) error
	custom    any
	mapped    *mappedClaims // nil for none
	principal Principal
	own       uint32 // bytes of strings that are not in the payload

	issuedAt, notBefore, expiry, authTime instant
}

// mappedClaims are what a verifier was configured to read, which most are not.
type mappedClaims struct {
	tenant, user string
	roles        []string
}

// freshness is until when facts are used that may change before the deadline.
type freshness struct{ until, staleUntil, confirmedAt time.Time }

// instant is a time without what only clocks have, in two thirds of the space.
type instant struct {
	seconds     int64 // since 1970
	nanoseconds int32 // -1 for no time
}

var noInstant = instant{nanoseconds: -1}

func instantOf(t time.Time) instant {
	if t.IsZero() {
		return noInstant
	}
	return instant{t.Unix(), int32(t.Nanosecond())} //nolint:gosec // below a billion
}

func (i instant) time() time.Time {
	if i == noInstant {
		return time.Time{}
	}
	return time.Unix(i.seconds, int64(i.nanoseconds))
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
	c := &Claims{
		deadline: d.Deadline, rest: d.Holds, principal: d.Principal,
		// A verifier mostly has these in common for all its tokens.
		issuer: d.Issuer, keyID: d.KeyID, audiences: slices.Clone(d.Audiences),
		payload: string(d.Payload), unmarshal: d.Unmarshal, custom: d.Custom,
		issuedAt: instantOf(d.IssuedAt), notBefore: instantOf(d.NotBefore), expiry: instantOf(d.Expiry), authTime: instantOf(d.AuthTime),
	}
	c.subject, c.clientID, c.tokenID = c.part(d.Subject), c.part(d.ClientID), c.part(d.TokenID)
	c.sessionID, c.acr = c.part(d.SessionID), c.part(d.ACR)
	if c.scopes = grants.shared(d.Scopes); c.scopes == nil {
		c.scopes = c.parts(d.Scopes)
	}
	if d.Tenant != "" || d.User != "" || len(d.Roles) > 0 {
		c.mapped = &mappedClaims{tenant: c.part(d.Tenant), user: c.part(d.User), roles: c.parts(d.Roles)}
	}
	if !d.FreshUntil.Equal(d.Deadline) || !d.StaleUntil.IsZero() || !d.ConfirmedAt.IsZero() {
		c.freshness = &freshness{until: d.FreshUntil, staleUntil: d.StaleUntil, confirmedAt: d.ConfirmedAt}
	}
	return c, nil
}

// grants are scopes that tokens have in common.
var grants = newLists()

// part returns s, as a part of the payload if it is there: most strings are, and
// then take no memory of their own.
func (c *Claims) part(s string) string {
	if s == "" {
		return ""
	}
	i := strings.Index(c.payload, s)
	if i < 0 {
		c.own += uint32(len(s)) //nolint:gosec // of a token
		return s
	}
	return c.payload[i : i+len(s)]
}

// maxParts bounds how many strings of a list are looked for in the payload.
const maxParts = 64

// parts returns a copy of the list, of parts.
func (c *Claims) parts(list []string) []string {
	list = slices.Clone(list)
	for i, s := range list {
		if i < maxParts {
			list[i] = c.part(s)
		} else {
			c.own += uint32(len(s)) //nolint:gosec // of a token
		}
	}
	return list
}

// Data returns a copy of what the claims were made of, for a verifier that adds to
// what another one proved.
func (c *Claims) Data() ClaimsData {
	d := ClaimsData{
		Issuer: c.issuer, Subject: c.subject, ClientID: c.clientID, Principal: c.principal,
		TokenID: c.tokenID, SessionID: c.sessionID, Tenant: c.Tenant(), User: c.User(), Roles: c.Roles(),
		ACR: c.acr, AuthTime: c.AuthTime(), KeyID: c.keyID, Audiences: c.Audiences(), Scopes: c.Scopes(),
		IssuedAt: c.IssuedAt(), NotBefore: c.NotBefore(), Expiry: c.Expiry(),
		Deadline: c.deadline, FreshUntil: c.deadline, Holds: c.rest,
		Unmarshal: c.unmarshal, Custom: c.custom,
	}
	if c.payload != "" {
		d.Payload = []byte(c.payload)
	}
	if f := c.freshness; f != nil {
		d.FreshUntil, d.StaleUntil, d.ConfirmedAt = f.until, f.staleUntil, f.confirmedAt
	}
	return d
}

// Issuer returns the issuer. Identity is issuer and subject together.
func (c *Claims) Issuer() string { return c.issuer }

// Subject returns the subject, which is unique within its issuer only.
func (c *Claims) Subject() string { return c.subject }

// ClientID returns the OAuth client the token was issued to.
func (c *Claims) ClientID() string { return c.clientID }

// Principal says whether the subject is a user or the client itself.
func (c *Claims) Principal() Principal { return c.principal }

// TokenID returns the jti claim, unique within the issuer; empty if absent.
func (c *Claims) TokenID() string { return c.tokenID }

// SessionID returns the sid claim; empty if absent.
func (c *Claims) SessionID() string { return c.sessionID }

// Tenant returns the tenant, if the verifier was configured to read one.
func (c *Claims) Tenant() string {
	if c.mapped == nil {
		return ""
	}
	return c.mapped.tenant
}

// User returns the issuer's name for the user, if the verifier was configured to
// read one. Unlike the subject it may change, or be given to somebody else.
func (c *Claims) User() string {
	if c.mapped == nil {
		return ""
	}
	return c.mapped.user
}

// Roles returns a copy of the roles, if the verifier was configured to read
// them.
func (c *Claims) Roles() []string {
	if c.mapped == nil {
		return nil
	}
	return slices.Clone(c.mapped.roles)
}

// HasRole reports whether the token names this role. Roles compare exactly.
func (c *Claims) HasRole(role string) bool {
	return c.mapped != nil && slices.Contains(c.mapped.roles, role)
}

// ACR returns the acr claim, which says how the user authenticated; empty if
// absent.
func (c *Claims) ACR() string { return c.acr }

// AuthTime returns the auth_time claim, when the user authenticated; zero if
// absent.
func (c *Claims) AuthTime() time.Time { return c.authTime.time() }

// KeyID returns the id of the key that signed the token; empty if there is none.
func (c *Claims) KeyID() string { return c.keyID }

// Audiences returns a copy of the token's audiences.
func (c *Claims) Audiences() []string { return slices.Clone(c.audiences) }

// HasAudience reports whether the token names this audience.
func (c *Claims) HasAudience(audience string) bool { return slices.Contains(c.audiences, audience) }

// Scopes returns a copy of the granted scopes.
func (c *Claims) Scopes() []string { return slices.Clone(c.scopes) }

// HasScope reports whether this very scope was granted, whatever the Guard's
// [ScopeMatcher].
func (c *Claims) HasScope(scope string) bool { return slices.Contains(c.scopes, scope) }

// IssuedAt returns the iat claim, zero if absent.
func (c *Claims) IssuedAt() time.Time { return c.issuedAt.time() }

// NotBefore returns the nbf claim, zero if absent.
func (c *Claims) NotBefore() time.Time { return c.notBefore.time() }

// Expiry returns the exp claim, zero if absent.
func (c *Claims) Expiry() time.Time { return c.expiry.time() }

// Deadline returns the moment from which nothing may be decided on these
// claims.
func (c *Claims) Deadline() time.Time { return c.deadline }

// ConfirmedAt returns when the issuer was asked about this very token; zero if
// it was not, as for a token that was verified by its signature.
func (c *Claims) ConfirmedAt() time.Time {
	if c.freshness == nil {
		return time.Time{}
	}
	return c.freshness.confirmedAt
}

// kept reports whether the facts may be kept at all.
func (c *Claims) kept() bool { return c.freshness == nil || !c.freshness.until.IsZero() }

// holds reports whether the facts can be used at that time without asking the
// verifier again.
func (c *Claims) holds(now time.Time) bool {
	if f := c.freshness; f != nil && !f.until.IsZero() && !now.Before(f.until) {
		return false
	}
	return now.Before(c.deadline) && c.rests(now)
}

// holdsStale reports whether the facts can be used at that time if the verifier
// cannot tell.
func (c *Claims) holdsStale(now time.Time) bool {
	f := c.freshness
	return f != nil && now.Before(f.staleUntil) && now.Before(c.deadline) && c.rests(now)
}

// rests reports whether what the facts rest on is still there.
func (c *Claims) rests(now time.Time) bool { return c.rest == nil || c.rest(now) }

// sameParty reports whether both are about the same caller, through the same
// client.
func (c *Claims) sameParty(other *Claims) bool {
	return c.issuer == other.issuer && c.subject == other.subject && c.clientID == other.clientID
}

// size is about how much memory the claims take, but for what a [Decoder] made of
// them.
func (c *Claims) size() int {
	n := len(c.audiences) + len(c.scopes)
	size := int(unsafe.Sizeof(*c)) + len(c.payload) + int(c.own) + len(c.issuer) + len(c.keyID)
	for _, a := range c.audiences {
		size += len(a)
	}
	if c.mapped != nil {
		n += len(c.mapped.roles)
		size += int(unsafe.Sizeof(*c.mapped))
	}
	if c.freshness != nil {
		size += int(unsafe.Sizeof(*c.freshness))
	}
	return size + n*int(unsafe.Sizeof(""))
}

// String names issuer, subject and client.
func (c *Claims) String() string {
	if c == nil {
		return "no claims"
	}
	return fmt.Sprintf("issuer=%q subject=%q client=%q", c.issuer, c.subject, c.clientID)
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
		slog.String("issuer", c.issuer),
		slog.String("subject", c.subject),
		slog.String("client_id", c.clientID),
		slog.String("principal", c.principal.String()),
		slog.String("key_id", c.keyID),
		slog.String("scopes", strings.Join(c.scopes, " ")),
		slog.Time("deadline", c.deadline),
	)
}
