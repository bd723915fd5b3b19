// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/jws"
)

func TestSplit(t *testing.T) {
	for raw, want := range map[string]jws.Segments{
		"a.b.c":                  {Signed: "a.b", Header: "a", Payload: "b", Signature: "c"},
		"aA0-.b_.":               {Signed: "aA0-.b_", Header: "aA0-", Payload: "b_"},
		"":                       {},
		"a":                      {},
		"a.b":                    {},
		".b.c":                   {},
		"a..c":                   {},
		"a.b.c.d":                {},
		"a.b.c.d.e":              {},
		"a.b.c=":                 {},
		"a.b.c\n":                {},
		"a.b\n.c":                {},
		" a.b.c":                 {},
		"a.b+.c":                 {},
		"a.b/.c":                 {},
		"a.b.\u00e9":             {},
		strings.Repeat(".", 999): {},
	} {
		got, ok := jws.Split(raw)
		if got != want || ok != (want != jws.Segments{}) {
			t.Errorf("%.20q: %+v, %t", raw, got, ok)
		}
	}
}

func TestObject(t *testing.T) {
	for segment, want := range map[string]string{
		"e30":                "{}",
		"eyJhIjoxfQ":         `{"a":1}`,
		"e31":                "", // bits that are not used
		"e30=":               "",
		"e+30":               "",
		"e":                  "",
		"":                   "",
		"W10":                "", // a list
		"eyJhIjoxLCJBIjoyfQ": "", // a and A
	} {
		o, document, err := jws.Object(segment)
		if (err == nil) != (want != "") || err == nil && string(document) != want || err == nil && o.Has("a") != strings.Contains(want, "a") {
			t.Errorf("%q: %v, %q, %v", segment, o, document, err)
		}
	}
}
