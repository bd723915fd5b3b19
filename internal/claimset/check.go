// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package claimset

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// Require asks for claims that are there and not null, named as for
// [strictjson.Object.Find].
func Require(o strictjson.Object, names []string) error {
	for _, name := range names {
		if value, ok := o.Find(name); !ok || value.Kind() == jsontext.KindNull {
			return fmt.Errorf("%s is absent or null, and RequiredClaims has it", name)
		}
	}
	return nil
}

// CheckAudience asks for one of the accepted audiences (RFC 7519 section 4.1.3).
func CheckAudience(audiences, accepted []string) error {
	if !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(accepted, a) }) {
		return fmt.Errorf("aud names none of %q; request the token for this audience, or add the token's to Config.Audiences", accepted)
	}
	return nil
}

// Past returns a date that must not be after latest, which is now and the clock
// skew, or the zero time if it is absent.
func Past(o strictjson.Object, name string, latest time.Time) (time.Time, error) {
	date, err := o.OptionalDate(name)
	if err == nil && date.After(latest) {
		err = fmt.Errorf("%s is in the future; compare the clocks, and see that it is not in milliseconds", name)
	}
	return date, err
}

// CheckActor looks at the shape of act (RFC 8693 section 4.1) and makes nobody
// of it: the principal is the subject, whoever acts for it. A program that must
// know the actor reads it from the claims: the outermost act only, in which exp,
// nbf and aud mean nothing. What is nested there is history. may_act is for the
// issuer.
func CheckActor(o strictjson.Object) error {
	if act, ok := o.Get("act"); ok && act.Kind() != jsontext.KindBeginObject {
		return errors.New("act is not an object (RFC 8693 section 4.1)")
	}
	return nil
}

// maxDetails bounds authorization_details; who asks for consent asks for a few.
const maxDetails = 100

// CheckDetails looks at the shape of authorization_details (RFC 9396 sections
// 9.1 and 9.2). What an entry grants is known to those who know its type, so the
// list stays with the claims and no scope comes of it.
func CheckDetails(o strictjson.Object) error {
	entries, err := o.Array("authorization_details")
	if errors.Is(err, strictjson.ErrAbsent) {
		return nil
	}
	if err != nil || len(entries) > maxDetails {
		return fmt.Errorf("authorization_details is not a list of at most %d entries", maxDetails)
	}
	for _, entry := range entries {
		object, err := strictjson.Parse(entry)
		if err != nil || object.Text("type") == "" {
			return errors.New("an entry of authorization_details is not an object with a type (RFC 9396 section 2)")
		}
	}
	return nil
}
