// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func TestParseChallenges(t *testing.T) {
	for name, tc := range map[string]struct {
		values []string
		want   []auth.Challenge
	}{
		"nothing":         {nil, nil},
		"empty":           {[]string{""}, nil},
		"realm":           {[]string{`Bearer realm="a b"`}, []auth.Challenge{{Scheme: "Bearer", Realm: "a b"}}},
		"escapes":         {[]string{`Bearer realm="a\"b\\c"`}, []auth.Challenge{{Scheme: "Bearer", Realm: `a"b\c`}}},
		"tokens":          {[]string{`bearer error=invalid_token , max_age=0`}, []auth.Challenge{{Scheme: "bearer", Error: "invalid_token", HasMaxAge: true}}},
		"case and space":  {[]string{`Bearer  REALM = "x",	Scope="a b"`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x", Scopes: []string{"a", "b"}}}},
		"step-up":         {[]string{`Bearer error="insufficient_user_authentication", acr_values="1 2", max_age="60"`}, []auth.Challenge{{Scheme: "Bearer", Error: "insufficient_user_authentication", ACRValues: []string{"1", "2"}, MaxAge: time.Minute, HasMaxAge: true}}},
		"metadata":        {[]string{`Bearer resource_metadata="https://rs.test/m"`}, []auth.Challenge{{Scheme: "Bearer", ResourceMetadata: "https://rs.test/m"}}},
		"two in one":      {[]string{`Bearer realm="x", error="e", DPoP algs="ES256"`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x", Error: "e"}, {Scheme: "DPoP"}}},
		"two values":      {[]string{`DPoP`, `Bearer realm=x`}, []auth.Challenge{{Scheme: "DPoP"}, {Scheme: "Bearer", Realm: "x"}}},
		"comma in quotes": {[]string{`Bearer error_description="a, b=c"`}, []auth.Challenge{{Scheme: "Bearer", ErrorDescription: "a, b=c"}}},
		"twice":           {[]string{`Bearer realm=a, realm=b`}, nil},
		"token68":         {[]string{`Negotiate a==`, `Bearer realm=x`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x"}}},
		"token68 first":   {[]string{`Negotiate YWJj==, Bearer realm="x"`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x"}}},
		"token68 bare":    {[]string{`Negotiate YWJj, Bearer realm="x", Basic realm=b`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x"}, {Scheme: "Basic", Realm: "b"}}},
		"no scheme":       {[]string{`realm="x"`}, nil},
		"unfinished":      {[]string{`Bearer realm="x`}, nil},
		"line break":      {[]string{"Bearer realm=\"x\r\ny\""}, nil},
		"bad max age":     {[]string{`Bearer max_age="-1"`}, []auth.Challenge{{Scheme: "Bearer"}}},
		"long":            {[]string{`Bearer realm="` + strings.Repeat("x", 9000) + `"`}, nil},
		"commas":          {[]string{`,, Bearer realm=x,,error=e ,`}, []auth.Challenge{{Scheme: "Bearer", Realm: "x", Error: "e"}}},
	} {
		got := auth.ParseChallenges(tc.values)
		for i := range got {
			// An absent list is nil in the table.
			if len(got[i].Scopes) == 0 {
				got[i].Scopes = nil
			}
			if len(got[i].ACRValues) == 0 {
				got[i].ACRValues = nil
			}
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

// What a guard writes is read back as it was meant.
func TestChallengesAreReadBack(t *testing.T) {
	v := described{verifier(t, auth.ClaimsData{}), auth.Description{Audiences: []string{`we"ird\`}}}
	g := guard(t, v, auth.Rules{method: {AllScopes: []string{"a"}, ACRValues: []string{"1", "2"}, MaxAge: time.Minute}},
		auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test/api/"}))
	e := &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonAuthenticationInsufficient,
		RequiredScopes: []string{"a", "b"}, ACRValues: []string{"1", "2"}, MaxAge: time.Minute}
	c, ok := auth.FindChallenge(auth.ParseChallenges(g.Challenges(e)))
	want := auth.Challenge{Scheme: "Bearer", Realm: `we"ird\`, Error: "insufficient_user_authentication",
		ErrorDescription: "this method requires a more recent or a stronger authentication",
		Scopes:           []string{"a", "b"}, ACRValues: []string{"1", "2"}, MaxAge: time.Minute, HasMaxAge: true,
		ResourceMetadata: "https://rs.test/.well-known/oauth-protected-resource/api/"}
	if !ok || !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestProtectedResource(t *testing.T) {
	v := described{verifier(t, auth.ClaimsData{}), auth.Description{Issuers: []string{"https://i"}, Audiences: []string{"api"}}}
	rules := auth.Rules{method: {AllScopes: []string{"b"}, AnyScope: []string{"c", "a"}}, "/a.B/C": {AllScopes: []string{"a"}}}
	for resource, says := range map[string]string{
		"":                    "absolute https",
		"http://rs.test":      "absolute https",
		"rs.test":             "absolute https",
		"https://rs.test#x":   "fragment",
		"https://u@rs.test":   "user information",
		"https://rs.test/é":   "not ASCII",
		"https://rs.test\r\n": "",
	} {
		_, err := auth.NewGuard(v, rules, auth.WithProtectedResource(auth.ProtectedResource{Resource: resource}))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", resource, err, says)
		}
	}
	g := guard(t, v, rules, auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://rs.test", Name: "Widgets"}))
	m, ok := g.ResourceMetadata()
	want := auth.ResourceMetadata{Resource: "https://rs.test", AuthorizationServers: []string{"https://i"}, ScopesSupported: []string{"a", "b", "c"}, BearerMethodsSupported: []string{"header"}, ResourceName: "Widgets"}
	if !ok || !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v", m)
	}
	if _, ok := guard(t, v, rules).ResourceMetadata(); ok {
		t.Error("metadata without WithProtectedResource")
	}
	_, err := g.Check(t.Context(), call(method, nil))
	e, _ := errors.AsType[*auth.Error](err)
	if got := g.Challenges(e); len(got) != 1 || !strings.HasSuffix(got[0], `, resource_metadata="https://rs.test/.well-known/oauth-protected-resource"`) {
		t.Errorf("challenge %q", got)
	}
}

func FuzzParseChallenges(f *testing.F) {
	for _, s := range []string{`Bearer realm="x", error="e", scope="a b"`, `DPoP, Bearer max_age=5`, `Negotiate a==`, `Bearer a="\"`, `,=,`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, c := range auth.ParseChallenges([]string{value}) {
			if c.Scheme == "" || strings.ContainsAny(c.Scheme, " ,=\"\r\n") {
				t.Fatalf("%q: scheme %q", value, c.Scheme)
			}
			if strings.ContainsAny(c.Realm+c.Error+c.ResourceMetadata, "\r\n\x00") {
				t.Fatalf("%q: %+v", value, c)
			}
			if c.MaxAge < 0 {
				t.Fatalf("%q: max age %v", value, c.MaxAge)
			}
		}
	})
}

// A handler's own values that cannot stand in a list are left out.
func TestChallengeLeavesOutWhatCannotStandInIt(t *testing.T) {
	g := guard(t, verifier(t, auth.ClaimsData{}), auth.Rules{method: {}})
	for _, odd := range []string{"", "a b", `a"`, `a\`, "a\r\nX: y", "é"} {
		e := &auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonAuthenticationInsufficient, RequiredScopes: []string{"good", odd}, ACRValues: []string{"good", odd}}
		got := g.Challenges(e)
		if len(got) != 1 || strings.Contains(got[0], "scope=") || strings.Contains(got[0], "acr_values=") || !strings.Contains(got[0], "error=") {
			t.Errorf("%q: %q", odd, got)
		}
	}
}
