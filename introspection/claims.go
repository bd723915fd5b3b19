// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
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

// checkNonce refuses ID tokens, which have one if their client asked for it. They
// are JWTs, so that it matters only where those are asked about and no signature
// or profile has said what they are.
func (v *Verifier) checkNonce(o strictjson.Object, _ *auth.ClaimsData) *auth.Error {
	if v.tokens == OpaqueAndJWT && o.Has("nonce") {
		return auth.InvalidToken(CheckKind, errors.New("nonce marks an ID token"))
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
	if d.AuthTime, err = claimset.Past(o, "auth_time", time.Now().Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckAuthTime, err)
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
	if other := claimset.CheckAudience(list, v.audiences); err != nil || other != nil {
		return auth.InvalidToken(CheckAudience, cmp.Or(other, err))
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
	if err := claimset.Require(o, v.required); err != nil {
		return auth.InvalidToken(CheckRequired, err)
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

// readTimes comes last, so that "expired" always means that a newer token of the
// same kind would do. The issuer has judged exp by its own clock already, so that
// there is no skew to grant. Without exp the issuer is asked again soon.
func (v *Verifier) readTimes(o strictjson.Object, d *auth.ClaimsData) *auth.Error {
	now := time.Now()
	var err error
	if d.Expiry, err = o.OptionalDate("exp"); err != nil {
		return auth.InvalidToken(CheckExpiry, err)
	}
	if d.NotBefore, err = claimset.Past(o, "nbf", now.Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckNotBefore, err)
	}
	if d.IssuedAt, err = claimset.Past(o, "iat", now.Add(v.skew)); err != nil {
		return auth.InvalidToken(CheckIssuedAt, err)
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
