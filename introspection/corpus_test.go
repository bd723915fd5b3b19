// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"slices"
	"testing"

	"github.com/bearerkit/bearerkit/internal/attacks"
)

// attackCorpus returns the cases with this id that are about what the endpoint says
// of an opaque token.
func attackCorpus(t *testing.T, id string) []*attacks.Case {
	t.Helper()
	all, err := attacks.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(c *attacks.Case) bool { return !c.Opaque || c.ID != id })
	if len(all) == 0 {
		t.Fatalf("the corpus has no %s", id)
	}
	return all
}

// answers are what the endpoint says in these cases, as of now.
func answers(t *testing.T, cases []*attacks.Case) []says {
	t.Helper()
	var rows []says
	for _, c := range cases {
		made, err := c.Make()
		if err != nil {
			t.Fatal(err)
		}
		answer, known := made.Answer(made.Token)
		if !known {
			t.Fatalf("%s: nothing is said of the token", c)
		}
		want := c.Expect
		if want != ok {
			want = "unauthenticated/" + want
		}
		rows = append(rows, says{c.Name, answer, want})
	}
	return rows
}
