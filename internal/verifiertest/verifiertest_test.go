// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package verifiertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/verifiertest"
)

// answers is a verifier that knows one answer.
type answers struct{ err error }

func (a answers) Verify(context.Context, auth.Credential) (*auth.Claims, error) { return nil, a.err }

func TestResult(t *testing.T) {
	for name, tc := range map[string]struct {
		token  string
		answer error
		want   string
	}{
		"good":           {"token", nil, verifiertest.OK},
		"invalid":        {"token", auth.InvalidToken("c", nil), verifiertest.Invalid("c")},
		"wrapped":        {"token", fmt.Errorf("x: %w", auth.InvalidToken("c", nil)), verifiertest.Invalid("c")},
		"expired":        {"token", auth.ExpiredToken("c", nil), verifiertest.Expired("c")},
		"foreign":        {"token", auth.NotHandled("c", nil), verifiertest.Foreign("c")},
		"unavailable":    {"token", auth.Unavailable("c", 0, nil), verifiertest.Unavailable("c")},
		"no refusal":     {"token", context.Canceled, "*errors.errorString"},
		"no credentials": {"to ken", nil, verifiertest.Malformed("credential_syntax")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verifiertest.Verify(t.Context(), answers{tc.answer}, tc.token)
			if got := verifiertest.Result(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

const secret = "hunter2-hunter2"

// Errors that show the secret in one way.
type (
	textError   struct{}
	fieldError  struct{ shown string }
	jsonError   struct{}
	memberError struct{ Shown string }
	silentError struct{}
	hiddenError struct{ shown func() string }
)

func (textError) Error() string   { return secret }
func (fieldError) Error() string  { return "" }
func (jsonError) Error() string   { return "" }
func (memberError) Error() string { return "" }
func (silentError) Error() string { return secret }
func (hiddenError) Error() string { return "" }

func (jsonError) MarshalJSON() ([]byte, error)   { return []byte(`"` + secret + `"`), nil }
func (silentError) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (memberError) Format(fmt.State, rune)       {}
func (silentError) Format(fmt.State, rune)       {}

func TestLeak(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		leaks bool
	}{
		"none":                 {nil, false},
		"another text":         {errors.New("hunter2"), false},
		"the text":             {textError{}, true},
		"the text alone":       {silentError{}, true},
		"a field":              {fieldError{secret}, true},
		"JSON":                 {jsonError{}, true},
		"a member of JSON":     {memberError{secret}, true},
		"nowhere":              {hiddenError{func() string { return secret }}, false},
		"wrapped":              {auth.InvalidToken("c", textError{}), true},
		"one of several":       {errors.Join(errors.New("x"), auth.InvalidToken("c", fieldError{secret})), true},
		"too short to be sure": {errors.New("12345678"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if found := verifiertest.Leak(tc.err, secret, "12345678"); (found != "") != tc.leaks {
				t.Errorf("found %q", found)
			}
		})
	}
}

func TestCauses(t *testing.T) {
	err := fmt.Errorf("a: %w", errors.Join(errors.New("b"), auth.InvalidToken("c", errors.New("d"))))
	for _, text := range []string{"a: ", " < b < ", " < d"} {
		if got := verifiertest.Causes(err); !strings.Contains(got, text) {
			t.Errorf("%q lacks %q", got, text)
		}
	}
}

func TestObject(t *testing.T) {
	for document, members := range map[string]int{ // how many; -1: refused
		`{}`:                           0,
		` {"a":1,"b":[{"c":1}]} `:      2,
		`{"a":{"x":1},"b":{"x":1}}`:    2,
		`[]`:                           -1,
		`null`:                         -1,
		``:                             -1,
		`{"a":1`:                       -1,
		`{"a":1}{}`:                    -1,
		`{"a":1}x`:                     -1,
		`{"a":1,"a":1}`:                -1,
		`{"a":1,"A":1}`:                -1,
		`{"s":1,"` + "\u017f" + `":1}`: -1,
		`{"a":1,"\u0061":1}`:           -1,
		`{"x":[{"a":1,"a":1}]}`:        -1,
		"{\"a\":\"\xff\"}":             -1,
		`{"x":` + strings.Repeat("[", 39) + strings.Repeat("]", 39) + `}`: 1,
		`{"x":` + strings.Repeat("[", 41) + strings.Repeat("]", 41) + `}`: -1,
	} {
		got, err := verifiertest.Object([]byte(document))
		if (err != nil) != (members < 0) || err == nil && len(got) != members {
			t.Errorf("%s: %d members and %v, want %d", document, len(got), err, members)
		}
	}
}
