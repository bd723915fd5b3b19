// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

const (
	defaultPositiveTTL = 10 * time.Second
	maxPositiveTTL     = time.Hour
	defaultNegativeTTL = 3 * time.Second
	maxNegativeTTL     = time.Minute
	maxStaleOnError    = time.Hour
	defaultTimeout     = 5 * time.Second
	maxTimeout         = 30 * time.Second
	defaultMaxInFlight = 64
	defaultClockSkew   = 30 * time.Second
	maxClockSkew       = 300 * time.Second

	// NoTTL as [Config.PositiveTTL] or [Config.NegativeTTL] keeps no answers.
	NoTTL time.Duration = -1
	// NoClockSkew as [Config.ClockSkew] compares times exactly.
	NoClockSkew time.Duration = -1
	// NoHint as [Config.TokenTypeHint] sends none.
	NoHint = "-"
)

// Config says how an issuer is asked about tokens, and which of those that it
// calls active are accepted. Audiences and Auth are required.
type Config struct {
	// Audiences are the names of this service. The answer about a token must have
	// one of them in aud; they compare exactly. Required.
	Audiences []string
	// Auth proves to the endpoint who asks. Required; [clientauth.None] where the
	// endpoint answers anybody.
	Auth clientauth.Authenticator
	// Endpoint is where to ask. Default: introspection_endpoint of the issuer's
	// metadata, read when it is first needed. It must be https, or http on a
	// loopback host.
	Endpoint string
	// Transport is how the endpoint is reached, for instance through a proxy. The
	// default goes as the issuer's options say: with its CAs, its addresses, or
	// its transport. Redirects are not followed either way.
	Transport http.RoundTripper

	// Tokens says about which tokens the endpoint is asked. Default [Opaque].
	Tokens Tokens
	// Prefixes, if there are any, are what the issuer's tokens begin with: others
	// are left to the next verifier of a chain, and not shown to this issuer. Needed
	// where two issuers give out opaque tokens.
	Prefixes []string
	// TokenTypeHint is the parameter token_type_hint. Default "access_token";
	// [NoHint] for none.
	TokenTypeHint string

	// PositiveTTL is how long after the question an answer that a token is good
	// may be kept, by the cache of package auth. It ends with the token's exp at
	// the latest. Default 10 seconds, at most an hour; [NoTTL] to ask each time.
	// A token without exp is asked about again after that long in any case.
	PositiveTTL time.Duration
	// NegativeTTL is how long a token may be refused without asking again once the
	// issuer said that it is not active. Default 3 seconds, at most a minute;
	// [NoTTL] to ask each time.
	NegativeTTL time.Duration

	// StaleOnError is for how long after PositiveTTL such an answer may still be
	// used while the endpoint cannot be asked, or has not answered for a second.
	// Not beyond the token's exp, not without an exp, and never for a rule that asks
	// for a fresh answer.
	// A token that is revoked during an outage is accepted for as long. Default:
	// not at all; at most an hour.
	StaleOnError time.Duration

	// Timeout bounds one verification with all its attempts, and with the wait for
	// the keys of a signed answer. Default 5 seconds, at most 30. The caller's
	// deadline holds as well.
	Timeout time.Duration
	// MaxInFlight bounds the questions under way. One more is answered
	// "unavailable" at once. A quarter of them is for tokens that were good before.
	// Default 64.
	MaxInFlight int
	// Retry and Breaker say what becomes of a question that got no answer.
	Retry   Retry
	Breaker Breaker

	// ClockSkew is how far the issuer's clock may differ from this machine's. It
	// counts for nbf and iat, never for exp. Default 30 seconds, at most 300;
	// [NoClockSkew] for none.
	ClockSkew time.Duration
	// GrantableScopes, if not nil, are the only scopes this issuer may grant;
	// others are ignored. Required where tokens of several issuers are accepted.
	GrantableScopes []string
	// Claims says where the issuer puts what no standard places. Default: scopes
	// in scope, as a string; the user in username, if it is there.
	Claims jwtauth.ClaimNames
	// RequiredClaims must be there and not null: names or JSON pointers, as in
	// Claims. For instance iss, which RFC 7662 leaves optional.
	RequiredClaims []string
	// Custom decodes and validates the user's own claims once per answer:
	// auth.Decode[T](). Read them back with auth.ClaimsAs[T].
	Custom auth.Decoder

	// Signed, if it has a ClientID, demands answers that the issuer signed (RFC
	// 9701).
	Signed Signed
	// Observer is told of the events of this package. Default: nobody is.
	Observer auth.Observer

	// InsecureAllowMissingAudience accepts answers that name no audience at all.
	// Then every token of the issuer for any other service opens this one. It is
	// for issuers that give tokens to one service only, or where scopes say which
	// service is meant.
	InsecureAllowMissingAudience bool
	// MissingSubjectIsClient takes an answer without sub for one about a token that
	// its client got for itself, and the client for the subject. It is for issuers
	// that leave sub out for such tokens and for no others: with another, a user's
	// token would pass for the client's.
	MissingSubjectIsClient bool
	// InsecureAllowMissingSubject accepts answers without sub. All such callers
	// are one and the same to whoever goes by the subject.
	InsecureAllowMissingSubject bool
	// InsecureAllowUnknownKind accepts answers with neither aud nor token_type,
	// token_use or typ. It may be a refresh token, which then opens what an access
	// token opens, for longer.
	InsecureAllowUnknownKind bool
}

// Retry says how often an endpoint is asked again that did not answer, or
// answered 429, 502, 503 or 504. It never takes longer than the caller's
// deadline and [Config.Timeout].
type Retry struct {
	// Attempts are those in all. Default 3; 1 never tries again.
	Attempts int
	// MinBackoff and MaxBackoff bound the wait before the next one, which doubles
	// from one to the next, less up to a half of it. Defaults 100 milliseconds and
	// 1 second. A Retry-After of the endpoint comes on top.
	MinBackoff, MaxBackoff time.Duration
}

// Breaker says when an endpoint that fails is left alone. Meanwhile callers are
// answered "unavailable" at once, with the time to come back. Tokens that were
// good before and others have one each, and a Retry-After holds for those of the
// kind that got it: what fails only for made-up tokens does not keep good ones out.
type Breaker struct {
	// Failures in a row open it. Default 5. For tokens that were not good before,
	// nobody must have been answered meanwhile, and for as long as
	// [Config.Timeout]: what fails may be about the one token.
	Failures int
	// MinOpen and MaxOpen bound how long it stays open, which doubles each time
	// that the one question asked then fails too. Defaults 1 and 30 seconds. A
	// longer Retry-After of the endpoint is cut to MaxOpen. For tokens that were not
	// good before it is MinOpen each time.
	MinOpen, MaxOpen time.Duration
}

// New returns a Verifier for tokens of iss. It does no I/O. The error says which
// setting to change. Call Close when the verifier is no longer needed.
func New(iss *issuer.Issuer, c Config) (*Verifier, error) {
	if iss == nil {
		return nil, errors.New("introspection: no issuer; check the error of issuer.New")
	}
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	v := &Verifier{
		issuer:    iss.Identifier(),
		audiences: slices.Clone(c.Audiences),
		tokens:    c.Tokens,
		prefixes:  slices.Clone(c.Prefixes),
		skew:      c.ClockSkew,
		positive:  max(0, c.PositiveTTL),
		stale:     c.StaleOnError,
		negative:  max(0, c.NegativeTTL),
		grantable: slices.Clone(c.GrantableScopes),
		limited:   c.GrantableScopes != nil,
		names:     newNames(c.Claims),
		required:  slices.Clone(c.RequiredClaims),
		custom:    c.Custom,

		missingIsClient:      c.MissingSubjectIsClient,
		allowMissingAudience: c.InsecureAllowMissingAudience,
		allowMissingSubject:  c.InsecureAllowMissingSubject,
		allowUnknownKind:     c.InsecureAllowUnknownKind,
	}
	v.alarms = &alarms{observer: c.Observer, issuer: v.issuer}
	v.known = newRegulars()
	endpoint, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{
		Name: clientauth.IntrospectionEndpoint, URL: c.Endpoint, Auth: c.Auth, Transport: c.Transport, Connections: c.MaxInFlight, MaxAnswerSize: maxAnswerSize,
	})
	if err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	v.asker = &asker{
		endpoint: endpoint,
		accept:   mediaJSON,
		timeout:  c.Timeout,
		retry:    c.Retry,
		gate:     newGate(c.MaxInFlight, c.Breaker, c.Timeout, v.alarms),
		alarms:   v.alarms,
		read:     v.open,
	}
	if c.TokenTypeHint != "" {
		v.asker.hint = []string{c.TokenTypeHint}
	}
	if c.Signed.ClientID != "" {
		v.signed = newSigned(iss, c.Signed, c.ClockSkew)
		v.asker.accept = mediaJWT
	}
	return v, nil
}

// complete checks the configuration and fills in the defaults.
func (c *Config) complete() error {
	if len(c.Audiences) == 0 {
		return errors.New("Config.Audiences is empty; set the audience that names this service, or a token for any other service would be accepted")
	}
	for name, list := range map[string][]string{
		"Config.Audiences": c.Audiences, "Config.Prefixes": c.Prefixes, "Config.RequiredClaims": c.RequiredClaims,
		"Config.Claims.Scopes": c.Claims.Scopes, "Config.Claims.Roles": c.Claims.Roles,
	} {
		if slices.Contains(list, "") {
			return fmt.Errorf("%s has an empty entry; remove it", name)
		}
	}
	if err := clientauth.Check(c.Auth); err != nil {
		return fmt.Errorf("Config.Auth: %w", err)
	}
	if c.Endpoint != "" {
		if _, err := boundedhttp.ParseURL(c.Endpoint); err != nil {
			return fmt.Errorf("Config.Endpoint: %w", err)
		}
	}
	if c.Tokens > OpaqueAndJWT {
		return fmt.Errorf("unknown Config.Tokens %d; use Opaque or OpaqueAndJWT", c.Tokens)
	}
	switch c.TokenTypeHint {
	case "":
		c.TokenTypeHint = "access_token"
	case NoHint:
		c.TokenTypeHint = ""
	}
	if err := c.Signed.validate(); err != nil {
		return err
	}
	return errors.Join(c.completeBounds(), c.Retry.complete(), c.Breaker.complete())
}

func (c *Config) completeBounds() error {
	for _, d := range []struct {
		name     string
		value    *time.Duration
		or, most time.Duration
		none     bool // -1 is none
		why      string
	}{
		{"Config.PositiveTTL", &c.PositiveTTL, defaultPositiveTTL, maxPositiveTTL, true, "a revoked token would be accepted for as long"},
		{"Config.NegativeTTL", &c.NegativeTTL, defaultNegativeTTL, maxNegativeTTL, true, "a token would be refused for as long after it became active"},
		{"Config.StaleOnError", &c.StaleOnError, 0, maxStaleOnError, false, "a token revoked during an outage would be accepted for as long"},
		{"Config.Timeout", &c.Timeout, defaultTimeout, maxTimeout, false, "callers would wait for as long"},
		{"Config.ClockSkew", &c.ClockSkew, defaultClockSkew, maxClockSkew, true, "mend the clock instead"},
	} {
		if *d.value == 0 {
			*d.value = d.or
		}
		if *d.value > d.most {
			return fmt.Errorf("%s %v is above %v; %s", d.name, *d.value, d.most, d.why)
		}
		if *d.value < 0 && !(d.none && *d.value == -1) {
			return fmt.Errorf("%s is negative; leave it zero for the default of %v", d.name, d.or)
		}
	}
	if c.StaleOnError > 0 && c.PositiveTTL == NoTTL {
		return errors.New("Config.StaleOnError with PositiveTTL NoTTL, which keeps no answers; remove one of them")
	}
	c.ClockSkew = max(0, c.ClockSkew)
	if c.MaxInFlight < 0 {
		return fmt.Errorf("Config.MaxInFlight is negative; leave it zero for the default of %d", defaultMaxInFlight)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	return nil
}

func (r *Retry) complete() error {
	if r.Attempts < 0 || r.MinBackoff < 0 || r.MaxBackoff < 0 {
		return errors.New("Config.Retry has a negative bound; leave it zero for the default")
	}
	if r.Attempts == 0 {
		r.Attempts = 3
	}
	return completeRange("Config.Retry.MinBackoff", &r.MinBackoff, 100*time.Millisecond, "MaxBackoff", &r.MaxBackoff, time.Second)
}

func (b *Breaker) complete() error {
	if b.Failures < 0 || b.MinOpen < 0 || b.MaxOpen < 0 {
		return errors.New("Config.Breaker has a negative bound; leave it zero for the default")
	}
	if b.Failures == 0 {
		b.Failures = 5
	}
	return completeRange("Config.Breaker.MinOpen", &b.MinOpen, time.Second, "MaxOpen", &b.MaxOpen, 30*time.Second)
}

// completeRange fills in the ends of a range that are zero, so that one end alone
// can be set.
func completeRange(leastName string, least *time.Duration, leastOr time.Duration, mostName string, most *time.Duration, mostOr time.Duration) error {
	given := *least
	if *least == 0 {
		*least = leastOr
		if *most > 0 {
			*least = min(leastOr, *most)
		}
	}
	if *most == 0 {
		*most = max(mostOr, given)
	}
	if *most < *least {
		return fmt.Errorf("%s %v is above %s %v; lower it", leastName, *least, mostName, *most)
	}
	return nil
}

// Tokens says about which tokens an endpoint is asked. The shape of a token
// decides, before anything is asked, and what one verifier refuses is not offered
// to another.
type Tokens uint8

const (
	// Opaque leaves every token that has the shape of a JWT to the next verifier
	// of a chain, such as one of package jwtauth. The default.
	Opaque Tokens = iota
	// OpaqueAndJWT asks about JWTs as well, except those that name another issuer,
	// or whose claims cannot be read to tell. Their signatures are not checked; see
	// [NewConfirmer] for both.
	OpaqueAndJWT
)

// String returns the constant's name.
func (t Tokens) String() string {
	switch t {
	case Opaque:
		return "Opaque"
	case OpaqueAndJWT:
		return "OpaqueAndJWT"
	default:
		return fmt.Sprintf("Tokens(%d)", uint8(t))
	}
}

// hasPrefix reports whether a token may be one of an issuer whose tokens begin so.
func hasPrefix(token string, prefixes []string) bool {
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(token, p) })
}
