// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// a rule may ask how and when the user authenticated. The answer names all
// that the rule asks for, whichever is lacking, so that one new authentication
// mends it (RFC 9470 section 3).
func TestStepUp(t *testing.T) {
	t.Parallel()
	acr := func(value any) authtest.TokenOption { return authtest.Claim("acr", value) }
	// The rules allow an hour, so that a slow machine cannot make young old.
	at := func(ago time.Duration) authtest.TokenOption {
		return authtest.Claim("auth_time", time.Now().Add(-ago).Unix())
	}
	const young, old = 10 * time.Minute, time.Hour + time.Second
	authTime := func(value any) authtest.TokenOption { return authtest.Claim("auth_time", value) }

	runRuled(t, []ruledRows{
		{"A-87 acr", auth.Rule{ACRValues: []string{"2", "urn:example:gold"}}, need{acrValues: "2 urn:example:gold"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"first", token(acr("2")), OK, "", ""},
			{"last", token(acr("urn:example:gold")), OK, "", ""},
			{"last, long ago", token(acr("urn:example:gold"), at(1000*time.Hour)), OK, "", ""},
			{"absent", token(), SU, auth.CheckRuleACR, ""},
			{"absent, just now", token(at(0)), SU, auth.CheckRuleACR, ""},
			{"wrong", token(acr("1")), SU, auth.CheckRuleACR, ""},
			{"higher, but not listed", token(acr("3")), SU, auth.CheckRuleACR, ""},
			{"empty", token(acr("")), SU, auth.CheckRuleACR, ""},
			{"upper case", token(acr("URN:EXAMPLE:GOLD")), SU, auth.CheckRuleACR, ""},
			{"beginning", token(acr("urn:example")), SU, auth.CheckRuleACR, ""},
			{"continued", token(acr("2.1")), SU, auth.CheckRuleACR, ""},
			{"space behind", token(acr("2 ")), SU, auth.CheckRuleACR, ""},
			{"both in one", token(acr("2 urn:example:gold")), SU, auth.CheckRuleACR, ""},
			{"in acr_values", token(authtest.Claim("acr_values", "2")), SU, auth.CheckRuleACR, ""},
			{"in amr", token(authtest.Claim("amr", []string{"2"})), SU, auth.CheckRuleACR, ""},
			{"number", token(acr(2)), IT, jwtauth.CheckACR, ""},
			{"array", token(acr([]string{"2"})), IT, jwtauth.CheckACR, ""},
			{"null", token(acr(nil)), IT, jwtauth.CheckACR, ""},
			{"twice, in another case", token(acr("1"), authtest.Claim("ACR", "2")), IT, jwtauth.CheckClaims, ""},
			{"right, of another audience", token(acr("2"), authtest.Audience("https://evil.test")), IT, jwtauth.CheckAudience, ""},
		}},
		{"A-87 max_age", auth.Rule{MaxAge: time.Hour}, need{maxAge: "3600"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"just now", token(at(0)), OK, "", ""},
			{"young enough", token(at(young)), OK, "", ""},
			{"a fraction", token(authTime(float64(time.Now().Unix()) - 0.5)), OK, "", ""},
			{"one second too old", token(at(old)), SU, auth.CheckRuleMaxAge, ""},
			{"ages too old", token(authTime(1)), SU, auth.CheckRuleMaxAge, ""},
			{"zero", token(authTime(0)), SU, auth.CheckRuleMaxAge, ""},
			{"absent", token(), SU, auth.CheckRuleMaxAge, ""},
			{"absent, issued just now", token(authtest.IssuedAt(time.Now())), SU, auth.CheckRuleMaxAge, ""},
			{"string", token(authTime("4102444800")), IT, jwtauth.CheckAuthTime, ""},
			{"null", token(authTime(nil)), IT, jwtauth.CheckAuthTime, ""},
			{"beyond every clock", token(authTime(1e30)), IT, jwtauth.CheckAuthTime, ""},
			{"in milliseconds", token(authTime(time.Now().UnixMilli())), IT, jwtauth.CheckAuthTime, ""},
		}},
		{"A-87 both", auth.Rule{ACRValues: []string{"2"}, MaxAge: time.Hour}, need{acrValues: "2", maxAge: "3600"}, nil, []ruledRow{
			{"both right", token(acr("2"), at(young)), OK, "", ""},
			{"acr wrong", token(acr("1"), at(young)), SU, auth.CheckRuleACR, ""},
			{"too old", token(acr("2"), at(old)), SU, auth.CheckRuleMaxAge, ""},
			{"both wrong", token(acr("1"), at(old)), SU, auth.CheckRuleACR, ""},
			{"both absent", token(), SU, auth.CheckRuleACR, ""},
			{"expired besides", token(acr("1"), at(old), authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)), EX, jwtauth.CheckExpiry, ""},
		}},
		// A token without the scope has to be replaced anyway; then the challenge is
		// about scopes.
		{"A-87 both, and a scope", auth.Rule{AllScopes: []string{"read"}, ACRValues: []string{"2"}, MaxAge: time.Hour}, need{scope: "read", acrValues: "2", maxAge: "3600"}, nil, []ruledRow{
			{"none", nil, NC, auth.CheckCredentialAbsent, ""},
			{"all right", token(acr("2"), at(young)), OK, "", ""},
			{"scope missing", token(authtest.Scopes("write"), acr("2"), at(young)), IS, auth.CheckRuleScopes, "read"},
			{"acr wrong", token(acr("1"), at(young)), SU, auth.CheckRuleACR, ""},
			{"too old", token(acr("2"), at(old)), SU, auth.CheckRuleMaxAge, ""},
			{"all wrong", token(authtest.Scopes("write"), acr("1"), at(old)), IS, auth.CheckRuleScopes, "read"},
		}},
	})
}
