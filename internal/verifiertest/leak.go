// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package verifiertest

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// chain returns err and all it wraps.
func chain(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // the chain itself is walked
	case interface{ Unwrap() error }:
		all = append(all, chain(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, chain(one)...)
		}
	}
	return all
}

// Causes returns the texts of err and of all it wraps: an [auth.Error] alone says
// only what callers may know.
func Causes(err error) string {
	var all []string
	for _, e := range chain(err) {
		all = append(all, e.Error())
	}
	return strings.Join(all, " < ")
}

// minSecret is the size in bytes of the shortest text that is looked for. Shorter
// ones turn up in any text by chance.
const minSecret = 9

// Leak looks for secrets in every form in which an error, or what it wraps, may be
// printed. It says where it found one, or nothing.
func Leak(err error, secrets ...string) string {
	for _, e := range chain(err) {
		for _, p := range append(Prints(e), e.Error()) {
			for _, s := range secrets {
				if len(s) >= minSecret && strings.Contains(p, s) {
					return fmt.Sprintf("%T prints %.80q: %.300s", e, s, p)
				}
			}
		}
	}
	return ""
}

// Prints returns every form in which a value may meet a log.
func Prints(v any) []string {
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Error("printed", "v", v)
	slog.New(slog.NewJSONHandler(&logged, nil)).Error("printed", "v", v)
	encoded, _ := json.Marshal(v) // what cannot be encoded shows nothing
	return []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%q", v), fmt.Sprintf("%s", v), fmt.Sprintf("%x", v), logged.String(), string(encoded)}
}
