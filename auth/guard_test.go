// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

const method = "/widget.v1.WidgetService/GetWidget"

// header is a carrier of fixed values.
type header map[string][]string

func (h header) Values(_ context.Context, name string) []string { return h[name] }
func (h header) TLS(context.Context) *tls.ConnectionState       { return nil }
func bearer(token string) header                                { return header{"authorization": {"Bearer " + token}} }
func call(procedure string, h header) *auth.Request {
	return &auth.Request{Procedure: procedure, Carrier: h}
}
func claims(t testing.TB, d auth.ClaimsData) *auth.Claims {
	t.Helper()
	if d.Issuer == "" {
		d.Issuer = "https://issuer.test"
	}
	if d.Deadline.IsZero() {
		d.Deadline = time.Now().Add(time.Hour)
	}
	c, err := auth.NewClaims(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verifier accepts the token "good", with the claims given, and says other
// things of other tokens.
func verifier(t testing.TB, d auth.ClaimsData) auth.Verifier {
	good := claims(t, d)
	return auth.VerifierFunc(func(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
		switch c.Token() {
		case "good":
			return good, nil
		case "bad":
			return nil, auth.InvalidToken("test", errors.New("forged"))
		case "outage":
			return nil, auth.Unavailable("test", 7*time.Second, errors.New("no keys"))
		case "typednil":
			return nil, (*auth.Error)(nil)
		case "panics":
			panic("verifier bug")
		case "panicky":
			return nil, errors.New("not an *auth.Error")
		case "nothing":
			return nil, nil
		case "waits":
			<-ctx.Done()
			return nil, auth.Unavailable("test", 0, ctx.Err())
		default:
			return nil, fmt.Errorf("shape: %w", auth.ErrNotHandled)
		}
	})
}

func guard(t testing.TB, v auth.Verifier, options ...auth.GuardOption) *auth.Guard {
	t.Helper()
	g, err := auth.NewGuard(v, options...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCheck(t *testing.T) {
	const p = "/widget.v1.WidgetService/"
	rules := auth.Rules{
		p + "Any":      {},
		p + "All":      {AllScopes: []string{"a", "b"}},
		p + "Lacks":    {AllScopes: []string{"a", "c", "d"}},
		p + "One":      {AllScopes: []string{"a"}, AnyScope: []string{"x", "b"}},
		p + "None":     {AllScopes: []string{"a"}, AnyScope: []string{"x", "y"}},
		p + "Mine":     {Issuers: []string{"https://issuer.test"}},
		p + "Theirs":   {Issuers: []string{"https://other.test"}},
		p + "Public":   {Access: auth.AccessPublic},
		p + "Optional": {Access: auth.AccessOptional},
	}
	g := guard(t, verifier(t, auth.ClaimsData{Subject: "s", Scopes: []string{"a", "b"}}), rules)
	const anonymous = "anonymous"
	for _, tc := range []struct {
		method string
		header header
		want   string // caller's subject, anonymous, or kind/reason/check
		scopes string // required scopes named
	}{
		{"Any", bearer("good"), "s", ""},
		{"Any", nil, "unauthenticated/CREDENTIALS_MISSING/credential_absent", ""},
		{"Any", bearer("bad"), "unauthenticated/TOKEN_INVALID/test", ""},
		{"Any", bearer("strange"), "unauthenticated/TOKEN_INVALID/not_handled", ""},
		{"Any", bearer("outage"), "unavailable/AUTHORITY_UNAVAILABLE/test", ""},
		{"Any", bearer("panicky"), "unavailable/AUTHORITY_UNAVAILABLE/verifier", ""},
		{"Any", bearer("typednil"), "unavailable/AUTHORITY_UNAVAILABLE/verifier", ""},
		{"Any", bearer("panics"), "unavailable/AUTHORITY_UNAVAILABLE/panic", ""},
		{"Any", bearer("nothing"), "unavailable/AUTHORITY_UNAVAILABLE/verifier", ""},
		{"All", bearer("good"), "s", ""},
		{"All", nil, "unauthenticated/CREDENTIALS_MISSING/credential_absent", "a b"},
		{"Lacks", bearer("good"), "permission_denied/SCOPE_INSUFFICIENT/rule_scopes", "a c d"},
		{"One", bearer("good"), "s", ""},
		{"None", bearer("good"), "permission_denied/SCOPE_INSUFFICIENT/rule_scopes", "a x"},
		{"None", nil, "unauthenticated/CREDENTIALS_MISSING/credential_absent", "a x"},
		{"Mine", bearer("good"), "s", ""},
		{"Theirs", bearer("good"), "permission_denied/METHOD_DENIED/rule_issuer", ""},
		{"Public", nil, anonymous, ""},
		{"Public", bearer("good"), anonymous, ""},
		{"Public", bearer("bad"), anonymous, ""},
		{"Public", header{"authorization": {"x", "y"}}, anonymous, ""},
		{"Optional", nil, anonymous, ""},
		{"Optional", bearer("good"), "s", ""},
		{"Optional", bearer("bad"), "unauthenticated/TOKEN_INVALID/test", ""},
		{"Optional", bearer("outage"), "unavailable/AUTHORITY_UNAVAILABLE/test", ""},
		{"Optional", header{"authorization": {"Basic dTpw"}}, "unauthenticated/CREDENTIALS_MISSING/credential_scheme", ""},
		{"Optional", header{"dpop": {"proof"}}, "unauthenticated/CREDENTIALS_MISSING/credential_absent", ""},
		{"Optional", header{"authorization": {""}}, "unauthenticated/CREDENTIALS_MISSING/credential_absent", ""},
		{"Absent", nil, "unauthenticated/CREDENTIALS_MISSING/credential_absent", ""},
		{"Absent", bearer("bad"), "unauthenticated/TOKEN_INVALID/test", ""},
		{"Absent", bearer("good"), "permission_denied/METHOD_DENIED/rule_absent", ""},
		{"public", bearer("good"), "permission_denied/METHOD_DENIED/rule_absent", ""},
		{"Public/", bearer("good"), "permission_denied/METHOD_DENIED/rule_absent", ""},
		{"Public?x", nil, "unauthenticated/CREDENTIALS_MISSING/credential_absent", ""},
	} {
		t.Run(fmt.Sprint(tc.method, tc.header), func(t *testing.T) {
			// Claims of an outer call must not show through.
			outer := auth.NewContext(t.Context(), claims(t, auth.ClaimsData{Subject: "outer"}))
			ctx, err := g.Check(outer, call(p+tc.method, tc.header))
			got := anonymous
			if e, ok := errors.AsType[*auth.Error](err); ok {
				got = fmt.Sprintf("%v/%s/%s", e.Kind, e.Reason, e.Check)
				if scopes := strings.Join(e.RequiredScopes, " "); scopes != tc.scopes {
					t.Errorf("required scopes %q, want %q", scopes, tc.scopes)
				}
				if ctx != nil {
					t.Error("a refusal came with a context")
				}
			} else if c, ok := auth.FromContext(ctx); ok {
				got = c.Subject()
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestDeadlineIsCheckedOnEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, verifier(t, auth.ClaimsData{Deadline: time.Now().Add(time.Minute)}), auth.Rules{method: {}})
		if _, err := g.Check(t.Context(), call(method, bearer("good"))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		_, err := g.Check(t.Context(), call(method, bearer("good")))
		if e, ok := errors.AsType[*auth.Error](err); !ok || e.Reason != auth.ReasonTokenExpired || e.Check != auth.CheckDeadline {
			t.Fatalf("at the deadline: %v", err)
		}
	})
}

// A caller that is gone is told so, and the issuer is not blamed.
func TestCallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, verifier(t, auth.ClaimsData{}), auth.Rules{method: {}})
		deadline, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		canceled, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		for want, ctx := range map[auth.Kind]context.Context{auth.KindDeadlineExceeded: deadline, auth.KindCanceled: canceled} {
			_, err := g.Check(ctx, call(method, bearer("waits")))
			if e, ok := errors.AsType[*auth.Error](err); !ok || e.Kind != want || e.Reason != "" {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	})
}

func TestNilGuardRefuses(t *testing.T) {
	var g *auth.Guard
	_, err := g.Check(t.Context(), call(method, bearer("good")))
	if e, ok := errors.AsType[*auth.Error](err); !ok || e.Kind != auth.KindUnavailable {
		t.Fatalf("got %v", err)
	}
}

type described struct {
	auth.Verifier
	auth.Description
}

func (d described) Describe() auth.Description { return d.Description }

func TestNewGuardRefusesNonsense(t *testing.T) {
	v := verifier(t, auth.ClaimsData{})
	good := auth.Rules{method: {}}
	for name, tc := range map[string]struct {
		verifier auth.Verifier
		options  []auth.GuardOption
		says     string // must be in the error
	}{
		"no verifier":            {nil, []auth.GuardOption{good}, "without a verifier"},
		"nil pointer inside":     {(*auth.Chain)(nil), []auth.GuardOption{good}, "without a verifier"},
		"nil function inside":    {auth.VerifierFunc(nil), []auth.GuardOption{good}, "without a verifier"},
		"no rule":                {v, nil, "deny every call"},
		"nil option":             {v, []auth.GuardOption{good, nil}, "nil option"},
		"two rules":              {v, []auth.GuardOption{good, auth.Rules{method: {}}}, "two rules for " + method},
		"a source fails":         {v, []auth.GuardOption{auth.RulesFrom(func() (auth.Rules, error) { return nil, errors.New("file gone") })}, "file gone"},
		"no leading slash":       {v, []auth.GuardOption{auth.Rules{"a.B/C": {}}}, "/package.Service/Method"},
		"wildcard":               {v, []auth.GuardOption{auth.Rules{"/a.B/*": {}}}, "/package.Service/Method"},
		"two slashes":            {v, []auth.GuardOption{auth.Rules{"//a.B/C": {}}}, "/package.Service/Method"},
		"three parts":            {v, []auth.GuardOption{auth.Rules{"/a.B/C/D": {}}}, "/package.Service/Method"},
		"empty method":           {v, []auth.GuardOption{auth.Rules{"/a.B/": {}}}, "/package.Service/Method"},
		"escaped":                {v, []auth.GuardOption{auth.Rules{"/a.B%2FC": {}}}, "/package.Service/Method"},
		"unknown access":         {v, []auth.GuardOption{auth.Rules{method: {Access: 9}}}, "unknown access"},
		"public with scopes":     {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessPublic, AllScopes: []string{"a"}}}}, "public access with scopes"},
		"fresh":                  {described{v, auth.Description{Issuers: []string{"https://a"}}}, []auth.GuardOption{auth.Rules{method: {Fresh: true}}}, "the verifier never asks it"},
		"sender constrained":     {v, []auth.GuardOption{auth.Rules{method: {SenderConstrained: true}}}, "nothing enforces yet"},
		"unknown principal":      {v, []auth.GuardOption{auth.Rules{method: {Principal: 9}}}, "unknown principal"},
		"negative max age":       {v, []auth.GuardOption{auth.Rules{method: {MaxAge: -time.Second}}}, "whole seconds"},
		"half a second":          {v, []auth.GuardOption{auth.Rules{method: {MaxAge: time.Second / 2}}}, "whole seconds"},
		"empty group":            {v, []auth.GuardOption{auth.Rules{method: {ScopeGroups: [][]string{{}}}}}, "empty scope group"},
		"optional with acr":      {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessOptional, ACRValues: []string{"1"}}}}, "step-up"},
		"optional for clients":   {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessOptional, Principal: auth.PrincipalClient}}}, "principal"},
		"acr with a space":       {v, []auth.GuardOption{auth.Rules{method: {ACRValues: []string{"a b"}}}}, "not an acr value"},
		"empty audience":         {v, []auth.GuardOption{auth.Rules{method: {Audiences: []string{""}}}}, "empty audience"},
		"wider audience":         {described{v, auth.Description{Audiences: []string{"a"}}}, []auth.GuardOption{auth.Rules{method: {Audiences: []string{"b"}}}}, "can only narrow"},
		"unknown scope":          {v, []auth.GuardOption{auth.Rules{method: {AllScopes: []string{"raed"}}}, auth.WithVocabulary("read")}, `scope "raed", which is not in the vocabulary`},
		"empty vocabulary":       {v, []auth.GuardOption{auth.Rules{method: {AnyScope: []string{"read"}}}, auth.WithVocabulary([]string{}...)}, "not in the vocabulary"},
		"public with Authorize":  {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessPublic, Authorize: func(context.Context, *auth.Request, *auth.Claims) error { return nil }}}}, "credentials are not read"},
		"public with issuers":    {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessPublic, Issuers: []string{"a"}}}}, "public access with issuers"},
		"optional with scopes":   {v, []auth.GuardOption{auth.Rules{method: {Access: auth.AccessOptional, AnyScope: []string{"a"}}}}, "optional access with scopes"},
		"two scopes in one":      {v, []auth.GuardOption{auth.Rules{method: {AllScopes: []string{"a b"}}}}, "not a scope"},
		"empty scope":            {v, []auth.GuardOption{auth.Rules{method: {AllScopes: []string{""}}}}, "not a scope"},
		"scope with a quote":     {v, []auth.GuardOption{auth.Rules{method: {AllScopes: []string{`a"b`}}}}, "not a scope"},
		"empty issuer":           {v, []auth.GuardOption{auth.Rules{method: {Issuers: []string{""}}}}, "empty issuer"},
		"unknown issuer":         {described{v, auth.Description{Issuers: []string{"https://a"}}}, []auth.GuardOption{auth.Rules{method: {Issuers: []string{"https://a/"}}}}, "write it exactly"},
		"realm with a newline":   {v, []auth.GuardOption{good, auth.WithRealm("a\r\nX: y")}, "realm"},
		"audience not printable": {described{v, auth.Description{Audiences: []string{"caf\u00e9"}}}, []auth.GuardOption{good}, "WithRealm"},
		"empty realm":            {v, []auth.GuardOption{good, auth.WithRealm("")}, "empty realm"},
		"two realms":             {v, []auth.GuardOption{good, auth.WithRealm("a"), auth.WithRealm("b")}, "given twice"},
		"two matchers":           {v, []auth.GuardOption{good, auth.WithScopeMatcher(auth.HierarchicalScopes(".")), auth.WithScopeMatcher(auth.WildcardScopes("."))}, "given twice"},
		"two shadows":            {v, []auth.GuardOption{good, auth.InsecureShadowUntil(time.Unix(1, 0)), auth.InsecureShadowUntil(time.Now().Add(time.Hour))}, "given twice"},
		"two resources":          {v, []auth.GuardOption{good, auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://a"}), auth.WithProtectedResource(auth.ProtectedResource{Resource: "https://a"})}, "given twice"},
		"two observers":          {v, []auth.GuardOption{good, auth.WithObserver(auth.SlogObserver(nil)), auth.WithObserver(auth.SlogObserver(nil))}, "given twice"},
		"nil source":             {v, []auth.GuardOption{good, auth.RulesFrom(nil)}, "RulesFrom(nil)"},
		"nil observer":           {v, []auth.GuardOption{good, auth.WithObserver(nil)}, "WithObserver(nil)"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := auth.NewGuard(tc.verifier, tc.options...)
			if err == nil || g != nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, %v; want an error with %q", g, err, tc.says)
			}
		})
	}
}

// A rule that changes under the user's hands must not change the guard's.
func TestRulesAreCopied(t *testing.T) {
	scopes := []string{"a"}
	rules := auth.Rules{method: {AllScopes: scopes}}
	g := guard(t, verifier(t, auth.ClaimsData{}), rules)
	scopes[0] = "openid"
	rules[method] = auth.Rule{Access: auth.AccessPublic}
	_, err := g.Check(t.Context(), call(method, bearer("good")))
	if e, ok := errors.AsType[*auth.Error](err); !ok || !slices.Equal(e.MissingScopes, []string{"a"}) {
		t.Fatalf("got %v", err)
	}
}

func TestChallenges(t *testing.T) {
	v := described{verifier(t, auth.ClaimsData{Scopes: []string{"a"}}), auth.Description{Audiences: []string{`wid"gets`, "other"}}}
	g := guard(t, v, auth.Rules{method: {AllScopes: []string{"a", "b"}}})
	const realm = `Bearer realm="wid\"gets"`
	for token, want := range map[string][]string{
		"":        {realm + `, scope="a b"`},
		"bad":     {realm + `, error="invalid_token", error_description="the access token is not valid here"`},
		"good":    {realm + `, error="insufficient_scope", error_description="the access token lacks a scope this method requires", scope="a b"`},
		"outage":  nil,
		"two, of": {realm + `, error="invalid_request", error_description="the authorization header must hold exactly one well-formed bearer token"`},
	} {
		var h header
		if token != "" {
			h = bearer(token)
		}
		_, err := g.Check(t.Context(), call(method, h))
		e, _ := errors.AsType[*auth.Error](err)
		if got := g.Challenges(e); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", token, got, want)
		}
	}
	// A handler may ask for anything; what cannot stand in a header stays out.
	odd := &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, RequiredScopes: []string{"a\r\nX: y"}}
	if got := g.Challenges(odd); len(got) != 1 || strings.ContainsAny(got[0], "\r\n") || strings.Contains(got[0], "scope=") {
		t.Errorf("a scope with a line break: %q", got)
	}
	// A method that has no rule cannot be had with another token.
	_, err := g.Check(t.Context(), call("/a.B/C", bearer("good")))
	e, _ := errors.AsType[*auth.Error](err)
	if got := g.Challenges(e); got != nil {
		t.Errorf("method denied: %q", got)
	}
}

func TestObserverSeesEveryDecision(t *testing.T) {
	var events []auth.Event
	record := auth.ObserverFunc(func(_ context.Context, e auth.Event) { events = append(events, e) })
	g := guard(t, verifier(t, auth.ClaimsData{Subject: "s"}), auth.Rules{method: {AllScopes: []string{"a"}}, "/a.B/C": {}}, auth.WithObserver(record))
	_, _ = g.Check(t.Context(), call("/a.B/C", bearer("good")))
	_, _ = g.Check(t.Context(), call(method, bearer("good")))
	_, _ = g.Check(t.Context(), call(method, bearer("bad")))
	var got []string
	for _, e := range events {
		line := fmt.Sprint(e.Name, " ", e.Procedure, " ", e.Claims)
		if e.Error != nil {
			line += " " + string(e.Error.Check)
		}
		got = append(got, line)
	}
	want := []string{
		`call.allowed /a.B/C issuer="https://issuer.test" subject="s" client=""`,
		`call.refused ` + method + ` issuer="https://issuer.test" subject="s" client="" rule_scopes`,
		`call.refused ` + method + ` <nil> test`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
