// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

// canary is searched for in everything a credential may be printed with.
const canary = "c4n4ry.t0ken_~+/"

func TestCredentialNeverPrints(t *testing.T) {
	c, err := auth.NewBearer(canary)
	if err != nil {
		t.Fatal(err)
	}
	type exported struct{ C auth.Credential }
	type hidden struct{ c auth.Credential }
	type deep struct {
		m map[string]hidden
		p *hidden
		e error
	}
	values := []any{
		c, &c, exported{c}, &exported{c}, hidden{c}, &hidden{c}, []auth.Credential{c}, []hidden{{c}},
		deep{m: map[string]hidden{"k": {c}}, p: &hidden{c}, e: fmt.Errorf("wrapped: %v", c)},
		struct{ any }{c}, struct{ v any }{hidden{c}},
	}
	for _, v := range values {
		var b bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&b, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("json", "v", v)
		if encoded, err := json.Marshal(v); err == nil {
			b.Write(encoded)
		}
		for _, spelling := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), canary[:6], fmt.Sprintf("%d", []byte(canary))} {
			if strings.Contains(b.String(), spelling) {
				t.Errorf("%T prints its token as %q:\n%s", v, spelling, b.String())
			}
		}
	}
	if c.Token() != canary || c.Scheme() != "Bearer" || c.String() != "Bearer [redacted]" {
		t.Errorf("got token %q, scheme %q, text %q", c.Token(), c.Scheme(), c)
	}
}

func TestNewBearer(t *testing.T) {
	for name, tc := range map[string]struct {
		token string
		check auth.Check
	}{
		"good":        {"abc.DEF-_~+/1==", ""},
		"empty":       {"", auth.CheckCredentialSyntax},
		"padding":     {"===", auth.CheckCredentialSyntax},
		"space":       {"a b", auth.CheckCredentialSyntax},
		"line break":  {"a\r\nb", auth.CheckCredentialSyntax},
		"inner pad":   {"a=b", auth.CheckCredentialSyntax},
		"largest":     {strings.Repeat("a", auth.MaxTokenSize), ""},
		"over a byte": {strings.Repeat("a", auth.MaxTokenSize+1), auth.CheckCredentialSize},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := auth.NewBearer(tc.token)
			if tc.check == "" {
				if err != nil || c.Token() != tc.token {
					t.Fatalf("got %v, %v", c, err)
				}
				return
			}
			e, ok := errors.AsType[*auth.Error](err)
			if !ok || e.Check != tc.check || e.Reason != auth.ReasonCredentialsMalformed || !c.IsZero() {
				t.Fatalf("got %v, %#v; want check %s", c, err, tc.check)
			}
		})
	}
}

// The whole corpus of headers runs over the transports in internal/matrix.
func TestParseAuthorization(t *testing.T) {
	for value, want := range map[string]string{
		"Bearer t":             "t",
		"bEaReR  t==":          "t==",
		"Digest t":             "CREDENTIALS_MISSING credential_scheme", // as long as Bearer
		"Basic dTpw":           "CREDENTIALS_MISSING credential_scheme",
		"DPoP t":               "CREDENTIALS_MISSING credential_scheme",
		"Bearert":              "CREDENTIALS_MISSING credential_scheme",
		"":                     "CREDENTIALS_MISSING credential_absent",
		"Bearer":               "CREDENTIALS_MALFORMED credential_syntax",
		"Bearer\tt":            "CREDENTIALS_MALFORMED credential_syntax",
		" Bearer t":            "CREDENTIALS_MALFORMED credential_syntax",
		"Bearer a,b":           "CREDENTIALS_MALFORMED credential_count",
		"Bearer ,":             "CREDENTIALS_MALFORMED credential_count",
		"Bearer t, Bearer t":   "CREDENTIALS_MALFORMED credential_count",
		"Basic dTpw, Bearer t": "CREDENTIALS_MALFORMED credential_count",
	} {
		c, err := auth.ParseAuthorization([]string{value})
		got := c.Token()
		if e, ok := errors.AsType[*auth.Error](err); ok {
			got = string(e.Reason) + " " + string(e.Check)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, s := range []string{"", "Bearer", "Bearer t", "bearer  t==", "Basic dTpw", "Bearer a, Bearer b", "Bearer\tt", "Bearer t\u200b", "DPoP t", " Bearer t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c, err := auth.ParseAuthorization([]string{value})
		if err != nil {
			e, ok := errors.AsType[*auth.Error](err)
			if !ok || e.Kind != auth.KindUnauthenticated || !c.IsZero() {
				t.Fatalf("%q: %#v, %v", value, err, c)
			}
			return
		}
		// What was accepted is nothing but the scheme, spaces and the token.
		scheme, rest, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "bearer") || strings.TrimLeft(rest, " ") != c.Token() {
			t.Fatalf("%q was read as %q", value, c.Token())
		}
		if strings.ContainsAny(c.Token(), " ,\t\r\n\"\\\x00") || len(c.Token()) > auth.MaxTokenSize {
			t.Fatalf("%q holds the token %q", value, c.Token())
		}
	})
}
