// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

// What a token must say to have a scope.
func TestScopeClaims(t *testing.T) {
	t.Parallel()
	scope := func(value any) authtest.TokenOption { return authtest.Claim("scope", value) }
	without := authtest.WithoutClaim("scope")
	rows := []row{
		{"C8 read", minted(scope("read")), OK, nil},
		{"C8 read write", minted(scope("read write")), OK, nil},
		{"C8 write read", minted(scope("write read")), OK, nil},
		{"C8 space in front", minted(scope(" read")), OK, nil},
		{"C8 space behind", minted(scope("read ")), OK, nil},
		{"C8 two spaces", minted(scope("write  read")), OK, nil},
		{"C8 reader", minted(scope("reader")), IS, nil},
		{"C8 rea", minted(scope("rea")), IS, nil},
		{"C8 READ", minted(scope("READ")), IS, nil},
		{"C8 read:all", minted(scope("read:all")), IS, nil},
		{"C8 *", minted(scope("*")), IS, nil},
		{"C8 a tab does not separate", minted(scope("read\twrite")), IS, nil},
		{"C8 nor does a line feed", minted(scope("write\nread")), IS, nil},
		{"C8 nor a comma", minted(scope("read,write")), IS, nil},
		{"C8 nor a plus", minted(scope("read+write")), IS, nil},
		{"C8 nor U+00A0", minted(scope("write\u00a0read")), IS, nil},
		{"C8 homoglyph", minted(scope("re\u0430d")), IS, nil},
		{"C8 NUL behind", minted(scope("read\x00")), IS, nil},
		{"C8 empty", minted(scope("")), IS, nil},
		{"C8 absent", minted(without), IS, nil},
		{"C8 array", minted(scope([]string{"read"})), IT, nil},
		{"C8 empty array", minted(scope([]string{})), IT, nil},
		{"C8 object", minted(scope(map[string]any{})), IT, nil},
		{"C8 object with the scope", minted(scope(map[string]any{"read": true})), IT, nil},
		{"C8 null", minted(scope(nil)), IT, nil},
		{"C8 true", minted(scope(true)), IT, nil},
		{"C8 number", minted(scope(1)), IT, nil},
	}
	for _, name := range []string{"scp", "scopes", "Scope", "SCOPE", "scope ", "\u017fcope", "\uff53cope", "permissions", "roles"} {
		claim := authtest.Claim(name, "read")
		rows = append(rows,
			row{"C9 only " + name, minted(without, claim), IS, nil},
			row{"C9 only " + name + ", an array", minted(without, authtest.Claim(name, []string{"read"})), IS, nil})
		// Names that differ in case only are two of one name to some readers, so
		// that nobody may rely on either.
		want := IS
		switch name {
		case "Scope", "SCOPE", "\u017fcope":
			want = IT
		}
		rows = append(rows, row{"C9 " + name + " beside an empty scope", minted(scope(""), claim), want, nil})
	}
	newFixture(t).runSampled(t, rows)
	newFixture(t, ruled(auth.Rule{})).run(t, []row{
		{"C8 nothing required: empty", minted(scope("")), OK, nil},
		{"C8 nothing required: absent", minted(without), OK, nil},
		{"C8 nothing required: read", minted(scope("read")), OK, nil},
		{"C8 nothing required: array", minted(scope([]string{"read"})), IT, nil},
		{"C8 nothing required: none", fields(), NC, nil},
	})
}

// the answer names scopes that satisfy the rule of the method that was
// called, and which of them are missing.
func TestScopesInAnswers(t *testing.T) {
	t.Parallel()
	both := auth.Rule{AllScopes: []string{"read", "write"}}
	anyOf := auth.Rule{AnyScope: []string{"admin", "write"}}
	mixed := auth.Rule{AllScopes: []string{"read"}, AnyScope: []string{"import", "admin"}, ScopeGroups: [][]string{{"eu", "us"}, {"admin"}}}
	scopes := func(s ...string) func(*fixture) string { return token(authtest.Scopes(s...)) }
	runRuled(t, []ruledRows{
		{"A-12 all of", both, need{scope: "read write"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"both", scopes("write", "read"), OK, "", ""},
			{"one", scopes("read"), IS, auth.CheckRuleScopes, "write"},
			{"the other", scopes("write"), IS, auth.CheckRuleScopes, "read"},
			{"neither", scopes("admin"), IS, auth.CheckRuleScopes, "read write"},
		}},
		{"A-12 any of", anyOf, need{scope: "admin"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"first", scopes("admin"), OK, "", ""},
			{"last", scopes("write"), OK, "", ""},
			{"neither", scopes("read"), IS, auth.CheckRuleScopes, "admin"},
		}},
		{"A-12 all of, any of, groups", mixed, need{scope: "read import eu admin"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"what the challenge names", scopes("read", "import", "eu", "admin"), OK, "", ""},
			{"a smaller set", scopes("read", "us", "admin"), OK, "", ""},
			{"no group", scopes("read"), IS, auth.CheckRuleScopes, "import eu admin"},
			{"one of the groups", scopes("read", "admin"), IS, auth.CheckRuleScopes, "eu"},
			{"groups alone", scopes("eu", "admin"), IS, auth.CheckRuleScopes, "read"},
		}},
		{"A-12 no scope", auth.Rule{}, need{}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"empty", scopes(), OK, "", ""},
		}},
		// A scope that no other token opens is not named.
		{"A-12 another principal", auth.Rule{AllScopes: []string{"read"}, Principal: auth.PrincipalClient}, need{scope: "read"}, nil, []ruledRow{
			{"user", scopes("read"), MD, auth.CheckRulePrincipal, ""},
			{"user without the scope", scopes(), MD, auth.CheckRulePrincipal, ""},
			{"client", token(authtest.Scopes("read"), authtest.Subject("client-1")), OK, "", ""},
			{"client without the scope", token(authtest.Scopes("write"), authtest.Subject("client-1")), IS, auth.CheckRuleScopes, "read"},
		}},
	})
}
