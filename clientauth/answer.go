// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Answer is what an endpoint said, with whatever status. It does not print its body,
// in which there may be tokens.
type Answer struct {
	Status int
	// MediaType is that of the body in lower case, without parameters; empty if
	// there is none.
	MediaType string
	// Body may be cut if the status is not 200.
	Body []byte
	// RetryAfter is how long the endpoint asks to be left alone.
	RetryAfter time.Duration
	// SentAt is when the request was made.
	SentAt time.Time
}

// String has everything but what the endpoint wrote.
func (a Answer) String() string {
	media := a.MediaType
	if media == "" {
		media = "no media type"
	}
	return fmt.Sprintf("HTTP status %d, %.64q, %d bytes", a.Status, media, len(a.Body))
}

// Format writes the same text for every verb.
func (a Answer) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(a.String())) }

// LogValue implements [slog.LogValuer].
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

const mediaJSON = "application/json"

// errorCodes are those that may be named in a log (RFC 6749 section 5.2, RFC 7009
// section 2.2.1).
var errorCodes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_token_type", "access_denied", "server_error", "temporarily_unavailable"}

// ErrorCode returns the registered error code of an answer (RFC 6749 section 5.2);
// empty if there is none. Nothing else of the body is fit for a log.
func (a *Answer) ErrorCode() string {
	if a.MediaType != mediaJSON {
		return ""
	}
	o, err := strictjson.Parse(a.Body)
	if err != nil {
		return ""
	}
	code, err := o.StringOr("error", "")
	if err != nil || !slices.Contains(errorCodes, code) {
		return ""
	}
	return code
}

// IsClientRefusal reports whether an error code is about the client that asks,
// and not about what it asks.
func IsClientRefusal(code string) bool {
	return code == "invalid_client" || code == "unauthorized_client"
}
