// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/attacks"
)

func corpus(t *testing.T) []*attacks.Case {
	t.Helper()
	all, err := attacks.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A case can be read and made, and the README says what it is about.
func TestCorpus(t *testing.T) {
	readme := attacks.README()
	files := make(map[string]int)
	for _, c := range corpus(t) {
		files[c.File]++
		if _, err := c.Make(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(readme, c.ID+" ") {
			t.Errorf("%s: the README does not say what %s is about", c, c.ID)
		}
	}
	// Who loses a file, or half of one, should know.
	for file, atLeast := range map[string]int{"authorization": 70, "claims": 320, "header": 290, "introspection": 155, "keys": 190, "serialization": 75} {
		if files[file] < atLeast {
			t.Errorf("%s: %d cases, want %d", file, files[file], atLeast)
		}
	}
}

// The README has every member, and every id has a row there.
func TestREADME(t *testing.T) {
	readme := attacks.README()
	for _, of := range []any{attacks.Case{}, attacks.Config{}, attacks.Proved{}} {
		typ := reflect.TypeOf(of)
		for n := range typ.NumField() {
			if name := typ.Field(n).Tag.Get("json"); name != "-" && !strings.Contains(readme, "`"+name+"`") {
				t.Errorf("the README does not say what %s is", name)
			}
		}
	}
	for _, c := range corpus(t) {
		if !strings.HasPrefix(c.ID, "A-") && !strings.Contains(readme, "\n| "+c.ID+" | ") {
			t.Errorf("%s: not in the table of the README", c.ID)
		}
	}
}

func TestExpected(t *testing.T) {
	c := attacks.Case{Expect: "foreign TOKEN_INVALID/jwt_shape", Except: map[string]string{"http1": "ok", "http1 GET": "X/y|transport"}}
	for labels, want := range map[string][]string{
		"":                    {"TOKEN_INVALID/jwt_shape"},
		"http2,unary":         {"TOKEN_INVALID/jwt_shape"},
		"http1,unary":         {"ok"},
		"http1,GET,http1 GET": {"X/y", "transport"},
	} {
		if got := c.Expected(strings.Split(labels, ",")...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", labels, got, want)
		}
	}
}

// What is derived from a good token is derived from the very token that is presented
// as the good one.
func TestAttacksAreOfTheGoodToken(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, tc := range map[string]struct {
		c    attacks.Case
		want func(good string) string
	}{
		"nothing changed":    {attacks.Case{}, func(good string) string { return good }},
		"another key":        {attacks.Case{Key: "ps256"}, func(good string) string { return good }},
		"an edit":            {attacks.Case{Token: text("${T}.x")}, func(good string) string { return good + ".x" }},
		"its parts":          {attacks.Case{Token: text("${H}.${P}.${S}")}, func(good string) string { return good }},
		"another good token": {attacks.Case{Token: text("${good}")}, func(good string) string { return good }},
		"its signature":      {attacks.Case{Signature: "ecdsa r s"}, func(good string) string { return good }},
		"without it":         {attacks.Case{Signature: "empty"}, func(good string) string { return good[:strings.LastIndexByte(good, '.')+1] }},
		"opaque, an edit":    {attacks.Case{Opaque: true, Token: text("${T}x")}, func(good string) string { return good + "x" }},
	} {
		m, err := tc.c.Make()
		if err != nil {
			t.Fatal(err)
		}
		if want := tc.want(m.Goods[0]); m.Token != want {
			t.Errorf("%s: %s, want %s", name, m.Token, want)
		}
	}
}

// A case that cannot be made, or says two things, is the author's mistake.
func TestMistakes(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, c := range map[string]attacks.Case{
		"no such key":         {Key: "x"},
		"no such placeholder": {Token: text("${x}")},
		"a placeholder open":  {Token: text("${now")},
		"no such signature":   {Signature: "x"},
		"no such edit":        {Signature: "sign | x"},
		"no spare bits":       {Token: text("${spare AAAA}")},
		"a number":            {Token: text("${cut x: abc}")},
		"two answers":         {AnswerWithout: []string{"jti"}},
		"fields":              {Fields: [][2]string{{"authorization", "${x}"}}},
	} {
		if _, err := c.Make(); err == nil || !strings.Contains(err.Error(), "cannot be made as it is written: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
