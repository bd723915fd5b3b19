// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// readClaims checks the claims of a token whose signature is good. The expiry
// comes last among the checks, so that "expired" always means that a newer token
// of the same kind would do.
func (v *Verifier) readClaims(t *token, h header) (*auth.Claims, *auth.Error) {
	o := t.claims
	// A token bound to a client's key must not be accepted as a plain bearer
	// token (RFC 7800 section 3, RFC 8705 section 3, RFC 9449 section 7.1).
	if o.Has("cnf") {
		return nil, auth.InvalidToken(CheckBinding, errors.New("the token is bound to a key (cnf), which cannot be checked yet"))
	}
	if err := v.profile.checkKind(o); err != nil {
		return nil, err
	}
	d := auth.ClaimsData{
		Issuer:    v.issuer,
		KeyID:     h.kid,
		Payload:   t.payload,
		Unmarshal: strictjson.Unmarshal,
	}
	for _, step := range []func(strictjson.Object, *auth.ClaimsData) *auth.Error{
		v.readIdentity, v.readAudience, v.readScope, v.readMapped, v.readTimes,
	} {
		if err := step(o, &d); err != nil {
			return nil, err
		}
	}
	var err error
	if d.Custom, err = v.custom.Decode(t.payload, strictjson.Unmarshal); err != nil {
		return nil, auth.InvalidToken(CheckCustom, err)
	}
	claims, err := auth.NewClaims(d)
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
	if d.TokenID, err = o.StringOr("jti", ""); err != nil || o.Has("jti") && d.TokenID == "" {
		return auth.InvalidToken(CheckTokenID, errors.New("jti is empty or not a string"))
	}
	if d.SessionID, err = o.StringOr("sid", ""); err != nil {
		return auth.InvalidToken(CheckSession, fmt.Errorf("sid: %w", err))
	}
	if d.ACR, err = o.StringOr("acr", ""); err != nil {
		return auth.InvalidToken(CheckACR, fmt.Errorf("acr: %w", err))
	}
	if d.AuthTime, err = optionalDate(o, "auth_time"); err != nil {
		return auth.InvalidToken(CheckAuthTime, err)
	}
	// A client that got the token for itself is its subject (RFC 9068 section
	// 2.2).
	d.Principal = auth.PrincipalUser
	if d.Subject == d.ClientID {
		d.Principal = auth.PrincipalClient
	}
	return nil
}

func (v *Verifier) readAudience(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	var err error
	d.Audiences, err = o.Strings("aud")
	if !slices.ContainsFunc(d.Audiences, func(a string) bool { return slices.Contains(v.audiences, a) }) {
		return auth.InvalidToken(CheckAudience, because(err, fmt.Sprintf("aud names none of %q; request the token for this audience, or add the token's to Config.Audiences", v.audiences)))
	}
	return nil
}

func (v *Verifier) readTimes(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	now := time.Now()
	var err error
	if d.Expiry, err = o.NumericDate("exp"); err != nil {
		return auth.InvalidToken(CheckExpiry, fmt.Errorf("exp: %w", err))
	}
	if d.NotBefore, err = optionalDate(o, "nbf"); err != nil || d.NotBefore.After(now.Add(v.skew)) {
		return auth.InvalidToken(CheckNotBefore, because(err, "nbf is in the future; compare the clocks"))
	}
	if d.IssuedAt, err = optionalDate(o, "iat"); err != nil || d.IssuedAt.After(now.Add(v.skew)) {
		return auth.InvalidToken(CheckIssuedAt, because(err, "iat is in the future; compare the clocks"))
	}
	if !d.IssuedAt.Before(d.Expiry) {
		return auth.InvalidToken(CheckIssuedAt, errors.New("iat is not before exp"))
	}
	d.Deadline = d.Expiry.Add(v.skew)
	if !now.Before(d.Deadline) {
		return auth.ExpiredToken(CheckExpiry, errors.New("exp has passed"))
	}
	return nil
}

// optionalDate returns a date, or the zero time if it is absent.
func optionalDate(o strictjson.Object, name string) (time.Time, error) {
	date, err := o.NumericDate(name)
	if errors.Is(err, strictjson.ErrAbsent) {
		return time.Time{}, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return date, err
}

func because(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}
