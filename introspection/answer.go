// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// answer is what the issuer says of a token (RFC 7662 section 2.2). Members that
// are null are left out: issuers write them for what they have no value of.
type answer struct {
	sent    time.Time // when it was asked
	members strictjson.Object
}

// open reads a reply as an answer.
func (v *Verifier) open(ctx context.Context, r *reply) (*answer, *auth.Error) {
	if v.signed != nil {
		return v.signed.open(ctx, r)
	}
	if r.media != mediaJSON {
		return nil, auth.Unavailable(CheckAnswer, tryAgain, errors.New("introspection: the answer is not application/json by its content type"))
	}
	return readAnswer(r.body, r.sent)
}

// readAnswer tells a document that is no answer, after which nobody knows
// anything, from one that says two things at a time, by which nothing can be
// accepted.
func readAnswer(document []byte, sent time.Time) (*answer, *auth.Error) {
	members, err := strictjson.Parse(document)
	if err != nil {
		value := jsontext.Value(document)
		if value.Kind() == jsontext.KindBeginObject && value.IsValid(jsontext.AllowDuplicateNames(true)) {
			return nil, auth.InvalidToken(CheckAmbiguous, fmt.Errorf("introspection: the answer: %w", err))
		}
		return nil, auth.Unavailable(CheckAnswer, tryAgain, fmt.Errorf("introspection: the answer: %w", err))
	}
	members = slices.DeleteFunc(members, func(m strictjson.Member) bool { return m.Value.Kind() == jsontext.KindNull })
	return &answer{sent: sent, members: members}, nil
}

// checkActive accepts nothing but the boolean true: a string "false" is true to
// some readers. Only the boolean false may be remembered.
func (a *answer) checkActive(remember time.Duration) *auth.Error {
	active, _ := a.members.Get("active")
	if active.Kind() == jsontext.KindTrue {
		return nil
	}
	err := auth.InvalidToken(CheckActive, errors.New("active is not the boolean true"))
	if a.definite() {
		err.Cause, err.FreshFor = errors.New("the issuer says that the token is not active: expired, revoked, or none of its own"), remember
	}
	return err
}

// definite reports whether the issuer says that the token is not active.
func (a *answer) definite() bool {
	active, _ := a.members.Get("active")
	return active.Kind() == jsontext.KindFalse
}

// data begins the claims.
func (a *answer) data(v *Verifier) *auth.ClaimsData {
	d := &auth.ClaimsData{
		Issuer: v.issuer,
		// What is revoked while the answer is on its way is not in it, so the time
		// counts from the question.
		ConfirmedAt: a.sent, FreshUntil: a.sent.Add(v.positive),
		Payload: a.payload(), Unmarshal: strictjson.Unmarshal,
	}
	if v.stale > 0 {
		d.StaleUntil = d.FreshUntil.Add(v.stale)
	}
	return d
}

// payload returns the members that are about the token as a JSON object.
func (a *answer) payload() []byte {
	object := []byte("{")
	for _, m := range a.members {
		if m.Name == "active" {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		object, _ = jsontext.AppendQuote(object, m.Name) // it was read as a name
		object = append(object, ':')
		object = append(object, m.Value...)
	}
	return append(object, '}')
}
