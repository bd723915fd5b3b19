// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// readClaims checks the claims of a token whose signature is good. The expiry
// comes last among the checks, so that "expired" always means that a newer token
// of the same kind would do.
func (v *Verifier) readClaims(t *token, h *knownHeader, key crypto.PublicKey) (*auth.Claims, *auth.Error) {
	o := t.claims
	// A token bound to a client's key must not be accepted as a plain bearer
	// token (RFC 7800 section 3, RFC 8705 section 3, RFC 9449 section 7.1).
	if o.Has("cnf") {
		return nil, auth.InvalidToken(CheckBinding, errors.New("the token is bound to a key (cnf), which cannot be checked yet"))
	}
	if err := v.profile.checkKind(o); err != nil {
		return nil, err
	}
	d := &t.data
	d.Issuer, d.KeyID, d.Payload, d.Unmarshal = v.issuer, h.kid, t.payload, strictjson.Unmarshal
	for _, step := range []func(strictjson.Object, *auth.ClaimsData) *auth.Error{
		v.readIdentity,
		func(o strictjson.Object, d *auth.ClaimsData) *auth.Error { return v.profile.checkMore(o, h.header, d) },
		v.readAudience, v.checkExpectations, v.readScope, v.readMapped, checkActor, checkDetails, v.readTimes,
	} {
		if err := step(o, d); err != nil {
			return nil, err
		}
	}
	// Nothing that a signature proves changes until the deadline, as long as its
	// key is there.
	d.FreshUntil, d.Holds = d.Deadline, h.holds(v.keys, key)
	if !v.custom.IsZero() {
		// A user's type may keep what it is decoded from, and t is used again.
		d.Payload = slices.Clone(t.payload)
	}
	var err error
	if d.Custom, err = v.custom.Decode(d.Payload, strictjson.Unmarshal); err != nil {
		return nil, auth.InvalidToken(CheckCustom, err)
	}
	claims, err := auth.NewClaims(*d)
	if err != nil {
		return nil, auth.InvalidToken(CheckClaims, err)
	}
	return claims, nil
}

func (v *Verifier) readIdentity(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	if d.Subject, err = o.String("sub"); err != nil || d.Subject == "" {
		return auth.InvalidToken(CheckSubject, errors.New("sub is absent, empty or not a string"))
	}
	if d.ClientID, err = v.profile.clientID(o); err != nil {
		return auth.InvalidToken(CheckClient, fmt.Errorf("%s: %w", strings.Join(v.profile.client, " or "), err))
	}
	if d.TokenID, err = o.StringOr("jti", ""); err != nil || d.TokenID == "" && o.Has("jti") {
		return auth.InvalidToken(CheckTokenID, errors.New("jti is empty or not a string"))
	}
	if d.SessionID, err = o.StringOr("sid", ""); err != nil {
		return auth.InvalidToken(CheckSession, fmt.Errorf("sid: %w", err))
	}
	if d.ACR, err = o.StringOr("acr", ""); err != nil {
		return auth.InvalidToken(CheckACR, fmt.Errorf("acr: %w", err))
	}
	if d.AuthTime, err = claimset.Past(o, "auth_time", time.Now().Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckAuthTime, err)
	}
	d.Principal = v.profile.principal(o, d)
	return nil
}

func (v *Verifier) readAudience(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	d.Audiences, err = o.Strings("aud", v.audiences...)
	if v.profile.clientIsAudience && errors.Is(err, strictjson.ErrAbsent) {
		d.Audiences, err = []string{d.ClientID}, errors.New("aud is absent, and client_id is not one of the audiences: with this profile, list the app clients that may call")
	}
	if other := claimset.CheckAudience(d.Audiences, v.audiences); other != nil {
		return auth.InvalidToken(CheckAudience, cmp.Or(err, other))
	}
	if v.profile.party {
		return v.checkAuthorizedParty(o, d)
	}
	return nil
}

// readTimes compares with the wall clock, as the issuer wrote by one. While this
// machine's is set wrong, tokens live longer or shorter by as much, and nothing
// in a token can tell.
func (v *Verifier) readTimes(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	now := time.Now()
	var err error
	if d.Expiry, err = o.NumericDate("exp"); err != nil {
		return auth.InvalidToken(CheckExpiry, fmt.Errorf("exp: %w", err))
	}
	if d.NotBefore, err = claimset.Past(o, "nbf", now.Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckNotBefore, err)
	}
	if d.IssuedAt, err = claimset.Past(o, "iat", now.Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckIssuedAt, err)
	}
	if !d.IssuedAt.Before(d.Expiry) {
		return auth.InvalidToken(CheckIssuedAt, errors.New("iat is not before exp"))
	}
	if max(v.maxLifetime, v.maxTokenAge) > 0 && d.IssuedAt.IsZero() {
		return auth.InvalidToken(CheckIssuedAt, errors.New("iat is absent, and MaxLifetime and MaxTokenAge count from it"))
	}
	// Both times are of one clock, so that there is no skew between them.
	if v.maxLifetime > 0 && d.Expiry.Sub(d.IssuedAt) > v.maxLifetime {
		return auth.InvalidToken(CheckLifetime, fmt.Errorf("exp is more than %v after iat; have the issuer give shorter tokens", v.maxLifetime))
	}
	d.Deadline = d.Expiry.Add(v.skew)
	check, cause := CheckExpiry, "exp has passed"
	if due := d.IssuedAt.Add(v.maxTokenAge).Add(v.skew); v.maxTokenAge > 0 && due.Before(d.Deadline) {
		d.Deadline, check, cause = due, CheckTokenAge, "iat is longer ago than MaxTokenAge allows"
	}
	if !now.Before(d.Deadline) {
		return auth.ExpiredToken(check, errors.New(cause))
	}
	return nil
}

func checkActor(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if err := claimset.CheckActor(o); err != nil {
		return auth.InvalidToken(CheckActor, err)
	}
	return nil
}

func checkDetails(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if err := claimset.CheckDetails(o); err != nil {
		return auth.InvalidToken(CheckDetails, err)
	}
	return nil
}
