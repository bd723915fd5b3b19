// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// checkBinding refuses a token bound to a client's key, which must not be accepted
// as a plain bearer token (RFC 8705 section 3.2, RFC 9449 section 6.2).
func (v *Verifier) checkBinding(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if o.Has("cnf") {
		return auth.InvalidToken(CheckBinding, errors.New("the token is bound to a key (cnf), which cannot be checked yet"))
	}
	return nil
}

// kinds are the members by which issuers say what a token is, and what they say of
// an access token, in lower case. RFC 7662 has the first; the second is of Hydra
// and others, the third of Keycloak.
var kinds = []struct {
	name   string
	values []string
}{
	{"token_type", []string{"bearer", "access_token"}},
	{"token_use", []string{"access_token", "access"}},
	{"typ", []string{"bearer", "at+jwt"}},
}

// foreign are members that no access token has, but ID tokens and events.
var foreign = []string{"at_hash", "c_hash", "s_hash", "events"}

// checkKind refuses what is active and not an access token: endpoints tell about
// refresh tokens, too.
func (v *Verifier) checkKind(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	for _, kind := range kinds {
		value, err := o.StringOr(kind.name, kind.values[0])
		if err != nil || !slices.Contains(kind.values, strings.ToLower(value)) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("%s marks another kind of token than a bearer token", kind.name))
		}
	}
	for _, name := range foreign {
		if o.Has(name) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("%s marks another kind of token than an access token", name))
		}
	}
	return nil
}

// checkKnownKind asks for something that a refresh token has not: a word about
// its kind, or an audience.
func (v *Verifier) checkKnownKind(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if v.allowUnknownKind || len(d.Audiences) > 0 {
		return nil
	}
	for _, kind := range kinds {
		if o.Has(kind.name) {
			return nil
		}
	}
	return auth.InvalidToken(CheckKind, errors.New("the answer has neither aud nor token_type: it may be about a refresh token; have the issuer say, or set Config.InsecureAllowUnknownKind"))
}

func (v *Verifier) checkIssuer(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if iss, err := o.StringOr("iss", v.issuer); err != nil || iss != v.issuer {
		return auth.InvalidToken(CheckIssuer, errors.New("iss is not the configured issuer; they compare exactly, trailing slash included"))
	}
	return nil
}

func (v *Verifier) readIdentity(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	for _, text := range []struct {
		name  string
		to    *string
		check auth.Check
	}{
		{"sub", &d.Subject, CheckSubject}, {"client_id", &d.ClientID, CheckClient}, {"jti", &d.TokenID, CheckTokenID},
		{"sid", &d.SessionID, CheckSession}, {"acr", &d.ACR, CheckACR},
	} {
		value, err := o.StringOr(text.name, "")
		if err != nil || o.Has(text.name) && value == "" {
			return auth.InvalidToken(text.check, fmt.Errorf("%s is empty or not a string", text.name))
		}
		*text.to = value
	}
	var err error
	if d.AuthTime, err = optionalDate(o, "auth_time"); err != nil || d.AuthTime.After(time.Now().Add(v.skew)) {
		return auth.InvalidToken(CheckAuthTime, because(err, "auth_time is in the future; is it in milliseconds?"))
	}
	if d.Subject == "" && v.missingIsClient {
		d.Subject = d.ClientID
	}
	d.Principal = principal(o, d)
	return nil
}

// checkSubject: identity is issuer and subject.
func (v *Verifier) checkSubject(_ strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if d.Subject == "" && !v.allowMissingSubject {
		return auth.InvalidToken(CheckSubject, errors.New("sub is absent; have the issuer name the subject, or see Config.MissingSubjectIsClient and InsecureAllowMissingSubject"))
	}
	return nil
}

// readAudience checks the audience if there is one.
func (v *Verifier) readAudience(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	list, err := o.Strings("aud")
	if errors.Is(err, strictjson.ErrAbsent) || err == nil && len(list) == 0 {
		return nil
	}
	d.Audiences = list
	if err != nil || !slices.ContainsFunc(list, func(a string) bool { return slices.Contains(v.audiences, a) }) {
		return auth.InvalidToken(CheckAudience, fmt.Errorf("aud names none of %q; request the token for this audience, or add the token's to Config.Audiences", v.audiences))
	}
	return nil
}

func (v *Verifier) checkAudience(_ strictjson.Object, d *auth.ClaimsData) *auth.Error {
	if len(d.Audiences) == 0 && !v.allowMissingAudience {
		return auth.InvalidToken(CheckAudience, errors.New("aud is absent: nothing says that the token is for this service; have the issuer name the audience, or see Config.InsecureAllowMissingAudience"))
	}
	return nil
}

func (v *Verifier) checkRequired(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	for _, name := range v.required {
		if value, ok := find(o, name); !ok || value.Kind() == jsontext.KindNull {
			return auth.InvalidToken(CheckRequired, fmt.Errorf("%s is absent or null, and RequiredClaims has it", name))
		}
	}
	return nil
}

// checkActor looks at the shape of act (RFC 8693 section 4.1) and makes nobody of
// it: the principal is the subject.
func checkActor(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if act, ok := o.Get("act"); ok && act.Kind() != jsontext.KindBeginObject {
		return auth.InvalidToken(CheckActor, errors.New("act is not an object (RFC 8693 section 4.1)"))
	}
	return nil
}

// maxDetails bounds authorization_details; who asks for consent asks for a few.
const maxDetails = 100

// checkDetails looks at the shape of authorization_details (RFC 9396 section 9.2).
// No scope comes of it.
func checkDetails(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	entries, err := o.Array("authorization_details")
	if errors.Is(err, strictjson.ErrAbsent) {
		return nil
	}
	for _, entry := range entries {
		object, parseErr := strictjson.Parse(entry)
		if text(object, "type") == "" || parseErr != nil {
			err = errors.New("an entry is not an object with a type")
		}
	}
	if err != nil || len(entries) > maxDetails {
		return auth.InvalidToken(CheckDetails, fmt.Errorf("authorization_details is not a list of at most %d objects with a type (RFC 9396 section 2)", maxDetails))
	}
	return nil
}

// readTimes comes last, so that "expired" always means that a newer token of the
// same kind would do. The issuer has judged exp by its own clock already, so that
// there is no skew to grant. Without exp the issuer is asked again soon.
func (v *Verifier) readTimes(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	now := time.Now()
	var err error
	if d.Expiry, err = optionalDate(o, "exp"); err != nil {
		return auth.InvalidToken(CheckExpiry, err)
	}
	if d.NotBefore, err = optionalDate(o, "nbf"); err != nil || d.NotBefore.After(now.Add(v.skew)) {
		return auth.InvalidToken(CheckNotBefore, because(err, "nbf is in the future; compare the clocks"))
	}
	if d.IssuedAt, err = optionalDate(o, "iat"); err != nil || d.IssuedAt.After(now.Add(v.skew)) {
		return auth.InvalidToken(CheckIssuedAt, because(err, "iat is in the future; compare the clocks"))
	}
	if d.Expiry.IsZero() {
		d.Deadline = now.Add(max(v.positive, time.Second))
		return nil
	}
	if !d.IssuedAt.Before(d.Expiry) {
		return auth.InvalidToken(CheckIssuedAt, errors.New("iat is not before exp"))
	}
	if d.Deadline = d.Expiry; !now.Before(d.Deadline) {
		return auth.ExpiredToken(CheckExpiry, errors.New("active, and exp has passed; compare the clocks"))
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

// text returns a member that is a string, and otherwise nothing.
func text(o strictjson.Object, name string) string {
	s, _ := o.StringOr(name, "")
	return s
}

func because(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}
