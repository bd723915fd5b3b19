// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/jws"
)

const (
	defaultClockSkew = 30 * time.Second
	maxClockSkew     = 300 * time.Second
	// NoClockSkew as [Config.ClockSkew] compares times exactly.
	NoClockSkew time.Duration = -1
)

// Config says which tokens of an issuer are accepted. Audiences is required.
type Config struct {
	// Audiences are the names of this service. A token must name one of them in
	// aud; they compare exactly. Required.
	Audiences []string
	// Profile says how the issuer marks access tokens. Default [RFC9068].
	Profile Profile
	// Algorithms that tokens may be signed with. Default RS256, PS256, ES256,
	// EdDSA and Ed25519 (the last two are one algorithm). Others that can be
	// allowed: RS384, RS512, PS384, PS512, ES384, ES512. Nothing that the issuer
	// announces adds to them.
	Algorithms []string
	// ClockSkew is how far the issuer's clock may differ from this machine's.
	// Default 30 seconds, at most 300; [NoClockSkew] for none.
	ClockSkew time.Duration
	// GrantableScopes, if not nil, are the only scopes this issuer may grant;
	// others in its tokens are ignored. Required where tokens of several
	// issuers are accepted.
	GrantableScopes []string
	// Claims says where the issuer puts what no standard places. Default: where
	// the profile says; for RFC9068 and Legacy scopes in scope, nothing else.
	Claims ClaimNames
	// MaxLifetime, if not zero, is how long after iat exp may be: a token that
	// would live longer is refused, and so is one without iat.
	MaxLifetime time.Duration
	// MaxTokenAge, if not zero, is how long after iat a token is accepted,
	// whatever its exp. One without iat is refused. The claims' deadline keeps to
	// it.
	MaxTokenAge time.Duration
	// RequiredClaims must be there and not null: names or JSON pointers, as in
	// ClaimNames.
	RequiredClaims []string
	// Custom decodes and validates the user's own claims once per token:
	// auth.Decode[T](). Read them back with auth.ClaimsAs[T].
	Custom auth.Decoder
}

// New returns a Verifier for tokens of iss. It does no I/O. The error says
// which setting to change.
func New(iss *issuer.Issuer, c Config) (*Verifier, error) {
	return newVerifier(iss, c, profiles[c.Profile])
}

func newVerifier(iss *issuer.Issuer, c Config, p profile) (*Verifier, error) {
	if iss == nil {
		return nil, errors.New("jwtauth: no issuer; check the error of issuer.New")
	}
	if err := c.validate(&p); err != nil {
		return nil, fmt.Errorf("jwtauth: %w", err)
	}
	if c.Claims.Roles != nil {
		p.grants = nil
	}
	v := &Verifier{
		issuer:      iss.Identifier(),
		keys:        iss,
		audiences:   slices.Clone(c.Audiences),
		profile:     p,
		algorithms:  make(map[string]allowed),
		known:       new(knownHeaders),
		skew:        c.ClockSkew,
		grantable:   slices.Clone(c.GrantableScopes),
		limited:     c.GrantableScopes != nil,
		custom:      c.Custom,
		names:       c.Claims.or(p.claims).clone(),
		demands:     c.Claims,
		required:    slices.Clone(c.RequiredClaims),
		maxLifetime: c.MaxLifetime,
		maxTokenAge: c.MaxTokenAge,
	}
	if c.ClockSkew == 0 {
		v.skew = defaultClockSkew
	}
	v.skew = max(0, v.skew) // NoClockSkew is below
	for name, method := range jws.Methods(c.Algorithms) {
		keys, err := keyfunc.New(keyfunc.Options{Storage: iss.Storage(name)})
		if err != nil {
			return nil, fmt.Errorf("jwtauth: %w", err)
		}
		v.algorithms[name] = allowed{method: method, keys: keys}
	}
	return v, nil
}

func (c *Config) validate(p *profile) error {
	if len(c.Audiences) == 0 {
		return errors.New("Config.Audiences is empty; set the audience that names this service, or a token for any other service would be accepted")
	}
	for _, a := range c.Audiences {
		if a == "" {
			return errors.New("Config.Audiences has an empty entry; remove it or set the audience")
		}
		if p.audience == nil {
			continue
		}
		if err := p.audience(a); err != nil {
			return fmt.Errorf("Config.Audiences: %q %w", a, err)
		}
	}
	if _, ok := profiles[c.Profile]; !ok {
		all := profileNames(func(*profile) bool { return true })
		return fmt.Errorf("unknown Config.Profile %v; use one of %s", c.Profile, strings.Join(all, ", "))
	}
	if err := c.Claims.validate(); err != nil {
		return fmt.Errorf("Config.Claims: %w", err)
	}
	if err := checkBounds("Config", c.RequiredClaims, c.MaxLifetime, c.MaxTokenAge); err != nil {
		return err
	}
	if err := jws.CheckAlgorithms(c.Algorithms); err != nil {
		return fmt.Errorf("Config.Algorithms: %w", err)
	}
	if c.ClockSkew > maxClockSkew {
		return fmt.Errorf("Config.ClockSkew %v is above %v; mend the clock instead", c.ClockSkew, maxClockSkew)
	}
	if c.ClockSkew < 0 && c.ClockSkew != NoClockSkew {
		return errors.New("Config.ClockSkew is negative; use NoClockSkew for none")
	}
	return nil
}

// checkBounds refuses what no token could satisfy.
func checkBounds(where string, required []string, bounds ...time.Duration) error {
	if slices.Contains(required, "") {
		return fmt.Errorf("%s.RequiredClaims has an empty name; remove it", where)
	}
	if slices.ContainsFunc(bounds, func(d time.Duration) bool { return d < 0 }) {
		return fmt.Errorf("%s has a negative duration; use zero for no bound", where)
	}
	return nil
}
