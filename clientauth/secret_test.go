// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A file that is being written is what it was, for a minute. A function is asked.
func TestSecretFileIsKept(t *testing.T) {
	for name, broken := range map[string]func(path string) error{
		"missing":    os.Remove,
		"empty":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"a break":    func(path string) error { return os.WriteFile(path, []byte("\n"), 0o600) },
		"too large":  func(path string) error { return os.WriteFile(path, make([]byte, maxSecretSize+1), 0o600) },
		"no regular": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "first")
			synctest.Test(t, func(t *testing.T) {
				s := SecretFile(path)
				is := func(want string) {
					t.Helper()
					if got, err := s.value(t.Context()); got != want || (err == nil) != (want != "") {
						t.Errorf("%q %v, want %q", got, err, want)
					}
				}
				is("first")
				time.Sleep(time.Hour)
				is("first") // read now
				if err := broken(path); err != nil {
					t.Fatal(err)
				}
				is("first")
				time.Sleep(keepSecret - time.Nanosecond)
				is("first")
				time.Sleep(time.Nanosecond)
				if _, err := s.value(t.Context()); err == nil {
					t.Error("a secret that is gone is used for ever")
				}
				_ = os.Remove(path)
				if err := os.WriteFile(path, []byte("second\r\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				is("second")
			})
		})
	}
	// What was never there is not made up, and what a function says counts.
	if got, err := SecretFile(writeFile(t, "")).value(t.Context()); err == nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
	text := "first"
	s := SecretFunc(func(context.Context) (string, error) { return text, nil })
	if got, err := s.value(t.Context()); got != "first" || err != nil {
		t.Error(got, err)
	}
	if text = ""; true {
		if got, err := s.value(t.Context()); err == nil {
			t.Errorf("%q, and the function has none", got)
		}
	}
}

// While whoever renews a JWT writes it, the last one is good until it expires.
func TestJWTAssertionIsKept(t *testing.T) {
	path := writeFile(t, "")
	synctest.Test(t, func(t *testing.T) {
		iss := (&fakeAS{}).issuer(t)
		defer func() { _ = iss.Close() }()
		in := func(d time.Duration) string {
			return jwtOf(t, map[string]any{"sub": "x", "exp": time.Now().Add(d).Unix()})
		}
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, function := JWTAssertion("", SecretFile(path)), JWTAssertion("", SecretFunc(func(context.Context) (string, error) {
			b, err := os.ReadFile(path)
			return string(b), err
		}))
		is := func(a Authenticator, want, says string) {
			t.Helper()
			p, err := attemptAt(t.Context(), a, TokenEndpoint, iss)
			if p.form.Get("client_assertion") != want || (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("%v, %v", p.form, err)
			}
		}
		first := in(time.Hour)
		write(first[:strings.LastIndexByte(first, '.')])
		is(a, "", "not a JWT") // there is none before it
		write(first)
		is(a, first, "")
		is(function, first, "")
		next := in(3 * time.Hour)
		for _, part := range []string{"", next[:20], next[:strings.LastIndexByte(next, '.')], in(-time.Minute)} {
			write(part)
			is(a, first, "")
		}
		is(function, "", "expired")
		time.Sleep(30 * time.Minute)
		is(a, first, "")
		time.Sleep(30 * time.Minute)
		is(a, "", "expired")
		write(next)
		is(a, next, "")
	})
}
