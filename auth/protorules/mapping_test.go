// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

func groups(all ...[]string) []*authv1.ScopeGroup {
	var out []*authv1.ScopeGroup
	for _, group := range all {
		out = append(out, &authv1.ScopeGroup{AnyScope: group})
	}
	return out
}

func TestPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		rule *authv1.Rule
		want auth.PolicyEntry
	}{
		"empty":    {&authv1.Rule{}, auth.PolicyEntry{Access: "required"}},
		"required": {&authv1.Rule{Access: authv1.Access_ACCESS_REQUIRED}, auth.PolicyEntry{Access: "required"}},
		"optional": {&authv1.Rule{Access: authv1.Access_ACCESS_OPTIONAL}, auth.PolicyEntry{Access: "optional"}},
		"public":   {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC}, auth.PolicyEntry{Access: "public"}},
		"client": {
			&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_CLIENT},
			auth.PolicyEntry{Access: "required", Principal: "client"},
		},
		"everything": {
			&authv1.Rule{
				AllScopes:   []string{"a", "b"},
				AnyScope:    []string{"c", "d"},
				ScopeGroups: groups([]string{"e", "f"}, []string{"g"}),
				Issuers:     []string{issuerTest, "https://other.test"},
				Audiences:   []string{"aud1", "aud2"},
				Principal:   authv1.Principal_PRINCIPAL_USER,
				AcrValues:   []string{"acr1", "acr2"},
				MaxAge:      durationpb.New(5 * time.Minute),
			},
			auth.PolicyEntry{
				Access:      "required",
				AllScopes:   []string{"a", "b"},
				ScopeGroups: [][]string{{"c", "d"}, {"e", "f"}, {"g"}},
				Issuers:     []string{issuerTest, "https://other.test"},
				Audiences:   []string{"aud1", "aud2"},
				Principal:   "user",
				ACRValues:   []string{"acr1", "acr2"},
				MaxAge:      300,
			},
		},
	} {
		tc.want.Procedure = procedureM
		for place, write := range written {
			t.Run(name+"/"+place, func(t *testing.T) {
				guard, err := newGuard(file(t, "s.proto", write(t, tc.rule)))
				if err != nil {
					t.Fatal(err)
				}
				if got := guard.Policy(); !reflect.DeepEqual(got, auth.Policy{tc.want}) {
					t.Errorf("got  %+v\nwant %+v", got, tc.want)
				}
			})
		}
	}
}

// A field that is added to Rule and read nowhere would make rules weaker than
// they say. Setting any field must change the policy or be an error.
func TestEveryFieldCounts(t *testing.T) {
	policyOf := func(r *authv1.Rule) (auth.Policy, error) {
		guard, err := newGuard(file(t, "s.proto", service("S", nil, method("M", methodRule(r)))))
		return guard.Policy(), err
	}
	empty, err := policyOf(&authv1.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	fields := (&authv1.Rule{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		t.Run(string(field.Name()), func(t *testing.T) {
			rule := new(authv1.Rule)
			fill(t, rule.ProtoReflect(), field)
			if policy, err := policyOf(rule); err == nil && reflect.DeepEqual(policy, empty) {
				t.Errorf("%v has the same policy as an empty rule", rule)
			}
		})
	}
}

// fill sets a field to a value that is not its default.
func fill(t *testing.T, m protoreflect.Message, field protoreflect.FieldDescriptor) {
	t.Helper()
	one := func(v protoreflect.Value) protoreflect.Value {
		if message, ok := v.Interface().(protoreflect.Message); ok {
			fill(t, message, message.Descriptor().Fields().Get(0))
			return v
		}
		switch field.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString("value")
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(true)
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(60)
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(field.Enum().Values().Len() - 1))
		default:
			t.Fatalf("teach this test a value of %v", field.Kind())
			return v
		}
	}
	if field.IsList() {
		list := m.Mutable(field).List()
		list.Append(one(list.NewElement()))
		return
	}
	m.Set(field, one(m.NewField(field)))
}

// A value that is added to an enum needs a meaning here.
func TestEveryEnumValueIsKnown(t *testing.T) {
	for number, name := range authv1.Access_name {
		if _, err := newGuard(file(t, "s.proto", service("S", nil, method("M", methodRule(&authv1.Rule{Access: authv1.Access(number)}))))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for number, name := range authv1.Principal_name {
		if _, err := newGuard(file(t, "s.proto", service("S", nil, method("M", methodRule(&authv1.Rule{Principal: authv1.Principal(number)}))))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	ago := func(d time.Duration) auth.ClaimsData { return auth.ClaimsData{AuthTime: time.Now().Add(-d)} }
	scopes := func(s ...string) auth.ClaimsData { return auth.ClaimsData{Scopes: s} }
	const absent = string(auth.CheckCredentialAbsent)
	for name, tc := range map[string]struct {
		rule      *authv1.Rule
		claims    auth.ClaimsData
		with      string
		anonymous string
	}{
		"empty":            {&authv1.Rule{}, scopes(), "allowed", absent},
		"optional":         {&authv1.Rule{Access: authv1.Access_ACCESS_OPTIONAL}, scopes(), "allowed", "allowed"},
		"public":           {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC}, scopes(), "allowed", "allowed"},
		"all scopes":       {&authv1.Rule{AllScopes: []string{"a", "b"}}, scopes("b", "a"), "allowed", absent},
		"one lacks":        {&authv1.Rule{AllScopes: []string{"a", "b"}}, scopes("a"), string(auth.CheckRuleScopes), absent},
		"any scope":        {&authv1.Rule{AnyScope: []string{"a", "b"}}, scopes("b"), "allowed", absent},
		"no scope of any":  {&authv1.Rule{AnyScope: []string{"a", "b"}}, scopes("c"), string(auth.CheckRuleScopes), absent},
		"all but not any":  {&authv1.Rule{AllScopes: []string{"a"}, AnyScope: []string{"b"}}, scopes("a"), string(auth.CheckRuleScopes), absent},
		"groups":           {&authv1.Rule{ScopeGroups: groups([]string{"a", "b"}, []string{"c", "d"})}, scopes("b", "c"), "allowed", absent},
		"first group":      {&authv1.Rule{ScopeGroups: groups([]string{"a", "b"}, []string{"c", "d"})}, scopes("a", "b"), string(auth.CheckRuleScopes), absent},
		"second group":     {&authv1.Rule{ScopeGroups: groups([]string{"a", "b"}, []string{"c", "d"})}, scopes("c", "d"), string(auth.CheckRuleScopes), absent},
		"issuer":           {&authv1.Rule{Issuers: []string{"https://other.test", issuerTest}}, scopes(), "allowed", absent},
		"other issuer":     {&authv1.Rule{Issuers: []string{"https://other.test"}}, scopes(), string(auth.CheckRuleIssuer), absent},
		"audience":         {&authv1.Rule{Audiences: []string{"x", "y"}}, auth.ClaimsData{Audiences: []string{"y", "z"}}, "allowed", absent},
		"other audience":   {&authv1.Rule{Audiences: []string{"x", "y"}}, auth.ClaimsData{Audiences: []string{"z"}}, string(auth.CheckRuleAudience), absent},
		"user":             {&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_USER}, auth.ClaimsData{Principal: auth.PrincipalUser}, "allowed", absent},
		"client as user":   {&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_USER}, auth.ClaimsData{Principal: auth.PrincipalClient}, string(auth.CheckRulePrincipal), absent},
		"client":           {&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_CLIENT}, auth.ClaimsData{Principal: auth.PrincipalClient}, "allowed", absent},
		"user as client":   {&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_CLIENT}, auth.ClaimsData{Principal: auth.PrincipalUser}, string(auth.CheckRulePrincipal), absent},
		"nobody as client": {&authv1.Rule{Principal: authv1.Principal_PRINCIPAL_CLIENT}, scopes(), string(auth.CheckRulePrincipal), absent},
		"acr":              {&authv1.Rule{AcrValues: []string{"x", "y"}}, auth.ClaimsData{ACR: "y"}, "allowed", absent},
		"other acr":        {&authv1.Rule{AcrValues: []string{"x", "y"}}, auth.ClaimsData{ACR: "z"}, string(auth.CheckRuleACR), absent},
		"young":            {&authv1.Rule{MaxAge: durationpb.New(5 * time.Minute)}, ago(4 * time.Minute), "allowed", absent},
		"old":              {&authv1.Rule{MaxAge: durationpb.New(5 * time.Minute)}, ago(6 * time.Minute), string(auth.CheckRuleMaxAge), absent},
		"of unknown age":   {&authv1.Rule{MaxAge: durationpb.New(5 * time.Minute)}, scopes(), string(auth.CheckRuleMaxAge), absent},
	} {
		for place, write := range written {
			t.Run(name+"/"+place, func(t *testing.T) {
				guard, err := auth.NewGuard(verifier(t, tc.claims), protorules.From(file(t, "s.proto", write(t, tc.rule))))
				if err != nil {
					t.Fatal(err)
				}
				if got := outcome(t, guard, procedureM, token); got != tc.with {
					t.Errorf("with a token: got %s, want %s", got, tc.with)
				}
				if got := outcome(t, guard, procedureM, ""); got != tc.anonymous {
					t.Errorf("without a token: got %s, want %s", got, tc.anonymous)
				}
			})
		}
	}
}

// The Guard's rules do not change with the descriptor's options.
func TestRulesAreCopied(t *testing.T) {
	rule := &authv1.Rule{AllScopes: []string{"a"}, ScopeGroups: groups([]string{"b"}), Issuers: []string{issuerTest}}
	d := file(t, "s.proto", service("S", nil, method("M", methodRule(rule))))
	guard, err := newGuard(d)
	if err != nil {
		t.Fatal(err)
	}
	before := guard.Policy()
	kept := proto.GetExtension(d.Services().Get(0).Methods().Get(0).Options(), authv1.E_Rule).(*authv1.Rule)
	kept.AllScopes[0], kept.ScopeGroups[0].AnyScope[0], kept.Issuers[0] = "x", "x", "x"
	if after := guard.Policy(); !reflect.DeepEqual(before, after) {
		t.Errorf("got %+v, want %+v", after, before)
	}
}
