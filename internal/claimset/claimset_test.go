// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package claimset_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/internal/claimset"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

func parse(t *testing.T, document string) strictjson.Object {
	t.Helper()
	o, err := strictjson.Parse([]byte(document))
	if err != nil {
		t.Fatal(document, err)
	}
	return o
}

const refused = "refused"

// said is a value as the tables have it.
func said(value any, err error) string {
	if err != nil {
		return refused
	}
	return fmt.Sprint(value)
}

func TestScopes(t *testing.T) {
	configured := []string{"scope", "scp", "/a/b~1c"}
	for _, tc := range []struct {
		name, document   string
		names, grantable []string
		want             string
		present          bool
	}{
		{"a string", `{"scope":"a b  a"}`, nil, nil, "[a b]", true},
		{"nothing in it", `{"scope":" "}`, nil, nil, "[]", true},
		{"absent", `{"scp":"a"}`, nil, nil, "[]", false},
		{"an array, not configured", `{"scope":["a"]}`, nil, nil, refused, true},
		{"null", `{"scope":null}`, nil, nil, refused, true},
		{"several places", `{"scope":"a","scp":["b","a"],"a":{"b/c":"c"}}`, configured, nil, "[a b c]", true},
		{"one place", `{"a":{"b/c":["c"]}}`, configured, nil, "[c]", true},
		{"no place", `{}`, configured, nil, "[]", false},
		{"an element with a space", `{"scp":["friends of admin"]}`, configured, nil, "[friends of admin]", true},
		{"a number among them", `{"scp":["a",5]}`, configured, nil, refused, true},
		{"an object", `{"scp":{"a":true}}`, configured, nil, refused, true},
		{"none configured", `{"scope":"a"}`, []string{}, nil, "[]", false},
		{"grantable", `{"scope":"a b c"}`, nil, []string{"c", "a"}, "[a c]", true},
		{"grantable in another case", `{"scope":"A"}`, nil, []string{"a"}, "[]", true},
		{"nothing grantable", `{"scope":"a"}`, nil, []string{}, "[]", true},
	} {
		scopes, present, err := claimset.Scopes(parse(t, tc.document), tc.names, tc.grantable)
		if got := said(scopes, err); got != tc.want || present != tc.present {
			t.Errorf("%s: %s, %t, %v", tc.name, got, present, err)
		}
	}
}

func TestRoles(t *testing.T) {
	for document, want := range map[string]string{
		`{}`:                             "[]",
		`{"groups":"one role"}`:          "[one role]",
		`{"groups":["a"],"r":{"x":"b"}}`: "[a b]",
		`{"r":"b"}`:                      "[]",
		`{"groups":null}`:                refused,
		`{"groups":[5]}`:                 refused,
		`{"groups":["a"],"r":{"x":{}}}`:  refused,
	} {
		roles, err := claimset.Roles(parse(t, document), []string{"groups", "/r/x"})
		if got := said(roles, err); got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
}

func TestText(t *testing.T) {
	for document, want := range map[string][2]string{ // optional, required
		`{"a":{"b":"x"}}`:  {"x", "x"},
		`{"a":{"b":""}}`:   {refused, refused},
		`{"a":{"b":5}}`:    {refused, refused},
		`{"a":{"b":null}}`: {refused, refused},
		`{"a":{}}`:         {"", refused},
		`{}`:               {"", refused},
	} {
		for i, required := range []bool{false, true} {
			if got := said(claimset.Text(parse(t, document), "/a/b", required)); got != want[i] {
				t.Errorf("%s, required %t: %s", document, required, got)
			}
		}
	}
	if got := said(claimset.Text(parse(t, `{"":"x"}`), "", true)); got != "" {
		t.Errorf("no name: %s", got)
	}
}

func TestRequire(t *testing.T) {
	for document, want := range map[string]string{
		`{"a":1,"b":{"c":false}}`: "<nil>",
		`{"a":null,"b":{"c":1}}`:  refused,
		`{"a":1,"b":{"c":null}}`:  refused,
		`{"a":1,"b":{}}`:          refused,
		`{"b":{"c":1}}`:           refused,
	} {
		if got := said(nil, claimset.Require(parse(t, document), []string{"a", "/b/c"})); got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
}

func TestCheckAudience(t *testing.T) {
	accepted := []string{"me", "also me"}
	for list, want := range map[string]string{"me": "<nil>", "other,also me": "<nil>", "": refused, "other": refused, "ME": refused, "me/": refused} {
		if got := said(nil, claimset.CheckAudience(strings.Split(list, ","), accepted)); got != want {
			t.Errorf("%s: %s", list, got)
		}
	}
	if claimset.CheckAudience(nil, accepted) == nil {
		t.Error("none: accepted")
	}
}

func TestPast(t *testing.T) {
	latest := time.Unix(1000, 0)
	for document, want := range map[string]string{
		`{"d":999}`:           "999",
		`{"d":1000}`:          "1000",
		`{}`:                  fmt.Sprint(time.Time{}.Unix()),
		`{"d":1000.001}`:      refused,
		`{"d":1700000000000}`: refused,
		`{"d":"999"}`:         refused,
		`{"d":null}`:          refused,
		`{"d":1e300}`:         refused,
	} {
		date, err := claimset.Past(parse(t, document), "d", latest)
		if got := said(date.Unix(), err); got != want {
			t.Errorf("%s: %s", document, got)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "d") {
			t.Errorf("%s: %v does not name the claim", document, err)
		}
	}
}

func TestCheckActor(t *testing.T) {
	for document, want := range map[string]string{`{}`: "<nil>", `{"act":{"sub":"a"}}`: "<nil>", `{"act":{}}`: "<nil>", `{"act":"a"}`: refused, `{"act":[]}`: refused, `{"act":null}`: refused} {
		if got := said(nil, claimset.CheckActor(parse(t, document))); got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
}

func TestCheckDetails(t *testing.T) {
	many := func(n int) string { return `[{"type":"a"}` + strings.Repeat(`,{"type":"a"}`, n-1) + `]` }
	for details, want := range map[string]string{
		`[]`:                     "<nil>",
		`[{"type":"a","x":[1]}]`: "<nil>",
		many(100):                "<nil>",
		many(101):                refused,
		`[{"type":"a"},{}]`:      refused,
		`[{"type":""}]`:          refused,
		`[{"type":5}]`:           refused,
		`["a"]`:                  refused,
		`[null]`:                 refused,
		`{"type":"a"}`:           refused,
		`"a"`:                    refused,
		`null`:                   refused,
	} {
		if got := said(nil, claimset.CheckDetails(parse(t, `{"authorization_details":`+details+`}`))); got != want {
			t.Errorf("%.40s: %s", details, got)
		}
	}
	if err := claimset.CheckDetails(parse(t, `{}`)); err != nil {
		t.Errorf("absent: %v", err)
	}
}
