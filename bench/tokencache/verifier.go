// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package tokencache

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// Verifier says of every token that it is good, unless it begins with Bad, and
// costs next to nothing besides making the claims.
type Verifier struct {
	// Lifetime is how long tokens are good from when they are verified.
	Lifetime time.Duration
	// Calls counts the tokens that were verified.
	Calls atomic.Int64
}

// Bad begins a token that is refused.
const Bad = 'X'

// refusalKept is how long a refusal may be kept.
const refusalKept = time.Minute

// Verify implements [auth.Verifier].
func (v *Verifier) Verify(_ context.Context, c auth.Credential) (*auth.Claims, error) {
	v.Calls.Add(1)
	if c.Token()[0] == Bad {
		refusal := auth.InvalidToken("made_up", nil)
		refusal.FreshFor = refusalKept
		return nil, refusal
	}
	return Claims(v.Lifetime)
}

// Claims returns what a verifier of JWTs makes of a token of usual size, with
// memory of its own. Of these bytes, PayloadSize are the user's own.
func Claims(lifetime time.Duration) (*auth.Claims, error) {
	now := time.Now()
	own := func(s string) string { return string([]byte(s)) }
	return auth.NewClaims(auth.ClaimsData{
		Issuer:     issuer,
		Subject:    own("248289761001-100000"),
		ClientID:   own("s6BhdRkqt3"),
		TokenID:    own("b2f1c0de9a8b4f7e8d6c5b4a39281706"),
		SessionID:  own("08a5019c-17e1-4977-8f42-65a12843ea02"),
		KeyID:      "key-1",
		Audiences:  []string{audience},
		Scopes:     []string{own("widgets.read"), own("widgets.write"), own("profile")},
		AuthTime:   now,
		IssuedAt:   now,
		NotBefore:  now,
		Expiry:     now.Add(lifetime),
		Deadline:   now.Add(lifetime),
		FreshUntil: now.Add(lifetime),
		Holds:      holds,
		Payload:    []byte(payload),
		Unmarshal:  func([]byte, any) error { return nil },
	})
}

// What all tokens of a verifier have in common.
const (
	issuer   = "https://issuer.example.com"
	audience = "https://widgets.example.com"
)

func holds(time.Time) bool { return true }

// payload is the claims of a token as JSON.
const payload = `{"iss":"https://issuer.example.com","sub":"248289761001-100000","aud":["https://widgets.example.com"],"exp":4102444800,` +
	`"nbf":1700000000,"iat":1700000000,"auth_time":1700000000,"jti":"b2f1c0de9a8b4f7e8d6c5b4a39281706","client_id":"s6BhdRkqt3",` +
	`"sid":"08a5019c-17e1-4977-8f42-65a12843ea02","scope":"widgets.read widgets.write profile","email":"jane.doe@example.com",` +
	`"email_verified":true,"name":"Jane Doe","preferred_username":"jane.doe","locale":"en-GB"}`

// PayloadSize is its size.
const PayloadSize = len(payload)
