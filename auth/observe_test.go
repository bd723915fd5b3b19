// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

func TestSlogObserver(t *testing.T) {
	who := claims(t, auth.ClaimsData{Subject: "s\r\nFORGED", ClientID: "c", Scopes: []string{"a"}})
	for name, tc := range map[string]struct {
		event auth.Event
		level string
		has   []string
	}{
		"allowed": {auth.Event{Name: auth.EventAllowed, Procedure: "/a.B/C", Claims: who}, "DEBUG", []string{"procedure=/a.B/C", "claims.client_id=c"}},
		"refused": {
			auth.Event{Name: auth.EventRefused, Procedure: "/a.B/C", Error: auth.InvalidToken("jwt_aud", errors.New("aud names none"))},
			"INFO", []string{"refusal.reason=TOKEN_INVALID", "refusal.check=jwt_aud", `refusal.cause="aud names none"`},
		},
		"outage": {
			auth.Event{Name: auth.EventRefused, Error: auth.Unavailable("jwt_keys", 1e9, errors.New("dial"))},
			"WARN", []string{"refusal.retry_after=1s", "refusal.kind=unavailable"},
		},
		"fetched": {auth.Event{Name: auth.EventKeysFetched, Issuer: "https://i", Keys: 2}, "DEBUG", []string{"issuer=https://i", "keys=2"}},
		"dropped": {auth.Event{Name: auth.EventKeyDropped, KeyID: "k", Cause: errors.New("weak")}, "WARN", []string{"key_id=k", "cause=weak"}},
		"failed":  {auth.Event{Name: auth.EventKeysFailed, Cause: errors.New("HTTP status 500")}, "WARN", []string{`cause="HTTP status 500"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			o := auth.SlogObserver(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
			o.Observe(t.Context(), tc.event)
			for _, want := range append(tc.has, "level="+tc.level, "msg="+string(tc.event.Name)) {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %s in %s", want, b.String())
				}
			}
			if strings.Count(b.String(), "\n") != 1 {
				t.Errorf("a value broke the line: %q", b.String())
			}
		})
	}
}
