// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"math"
	"strings"
	"testing"
	"time"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Every refusal names the method, wherever its rule stands.
func TestRulesRefused(t *testing.T) {
	const update = "the rule was written for a newer version of bearerkit; update the module"
	for name, tc := range map[string]struct {
		rule *authv1.Rule
		want string
	}{
		"field of a newer version":             {newer(scoped("a")), update},
		"group of a newer version":             {&authv1.Rule{ScopeGroups: []*authv1.ScopeGroup{{AnyScope: []string{"a"}}, newer(&authv1.ScopeGroup{AnyScope: []string{"b"}})}}, update},
		"max_age of a newer version":           {&authv1.Rule{MaxAge: newer(durationpb.New(time.Minute))}, update},
		"access of a newer version":            {&authv1.Rule{Access: 4}, "access 4: " + update},
		"access below zero":                    {&authv1.Rule{Access: -1}, "access -1: " + update},
		"access that wraps to another":         {&authv1.Rule{Access: 256 + authv1.Access_ACCESS_PUBLIC}, "access 259: " + update},
		"principal of a newer version":         {&authv1.Rule{Principal: 3}, "principal 3: " + update},
		"principal below zero":                 {&authv1.Rule{Principal: -1}, "principal -1: " + update},
		"max_age of zero":                      {&authv1.Rule{MaxAge: &durationpb.Duration{}}, "max_age must be a second or more"},
		"max_age below zero":                   {&authv1.Rule{MaxAge: durationpb.New(-time.Minute)}, "max_age must be a second or more"},
		"max_age below a second":               {&authv1.Rule{MaxAge: durationpb.New(time.Second - 1)}, "max_age must be a second or more"},
		"max_age of mixed signs":               {&authv1.Rule{MaxAge: &durationpb.Duration{Seconds: 60, Nanos: -1}}, "max_age must be a second or more"},
		"max_age of more nanos than there are": {&authv1.Rule{MaxAge: &durationpb.Duration{Nanos: math.MaxInt32}}, "max_age must be a second or more"},
		"max_age out of range":                 {&authv1.Rule{MaxAge: &durationpb.Duration{Seconds: math.MaxInt64}}, "max_age must be a second or more"},
		"max_age with a fraction":              {&authv1.Rule{MaxAge: durationpb.New(1500 * time.Millisecond)}, "max age 1.5s; use whole seconds"},
		"max_age beyond time.Duration":         {&authv1.Rule{MaxAge: &durationpb.Duration{Seconds: 300 * 366 * 24 * 3600}}, "use whole seconds"},
		"public and fresh":                     {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC, Fresh: true}, "public access with issuers, audiences, fresh"},
		"sender_constrained":                   {&authv1.Rule{SenderConstrained: true}, "sender_constrained, which nothing enforces yet; remove it"},
		"empty group":                          {&authv1.Rule{ScopeGroups: groups([]string{"a"}, nil)}, "an empty scope group"},
		"two scopes in one":                    {scoped("a b"), `"a b" is not a scope`},
		"empty scope":                          {&authv1.Rule{AnyScope: []string{""}}, `"" is not a scope`},
		"empty scope in a group":               {&authv1.Rule{ScopeGroups: groups([]string{"a", ""})}, `"" is not a scope`},
		"empty acr":                            {&authv1.Rule{AcrValues: []string{""}}, `"" is not an acr value`},
		"empty issuer":                         {issuedBy(""), "an empty issuer"},
		"empty audience":                       {&authv1.Rule{Audiences: []string{""}}, "an empty audience"},
		"public with a scope":                  {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC, AllScopes: []string{"a"}}, "public access with scopes"},
		"public with a group":                  {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC, ScopeGroups: groups([]string{"a"})}, "public access with scopes"},
		"public with an issuer":                {&authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC, Issuers: []string{issuerTest}}, "public access with issuers"},
		"optional with a scope":                {&authv1.Rule{Access: authv1.Access_ACCESS_OPTIONAL, AnyScope: []string{"a"}}, "optional access with scopes"},
		"optional with a principal":            {&authv1.Rule{Access: authv1.Access_ACCESS_OPTIONAL, Principal: authv1.Principal_PRINCIPAL_USER}, "optional access with a step-up or a principal"},
		"optional with max_age":                {&authv1.Rule{Access: authv1.Access_ACCESS_OPTIONAL, MaxAge: durationpb.New(time.Minute)}, "optional access with a step-up or a principal"},
	} {
		for place, write := range written {
			t.Run(name+"/"+place, func(t *testing.T) {
				_, err := newGuard(file(t, "s.proto", write(t, tc.rule)))
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("got %v, want %q", err, tc.want)
				}
				if !strings.Contains(err.Error(), "test.v1.S.M: ") && !strings.Contains(err.Error(), procedureM+": ") {
					t.Errorf("%q does not name the method", err)
				}
			})
		}
	}
}

// field encodes a field, of which value is everything after the tag.
func field(number protowire.Number, kind protowire.Type, value ...byte) []byte {
	return append(protowire.AppendTag(nil, number, kind), value...)
}

func ruleField(kind protowire.Type, value ...byte) []byte {
	return field(authv1.E_Rule.TypeDescriptor().Number(), kind, value...)
}

func ruleBytes(t testing.TB, r *authv1.Rule) []byte {
	t.Helper()
	b, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return ruleField(protowire.BytesType, protowire.AppendBytes(nil, b)...)
}

// What cannot be read is neither an empty rule, which lets every good token in,
// nor none.
func TestDamagedOptions(t *testing.T) {
	const (
		damaged = "its options are damaged"
		unread  = "its rule option cannot be read"
	)
	for name, tc := range map[string]struct {
		unknown []byte
		want    string
	}{
		"tag cut off":           {[]byte{0xff}, damaged},
		"value cut off":         {ruleField(protowire.BytesType, 5, 'x'), damaged},
		"another field cut off": {append(ruleBytes(t, scoped("a")), field(1, protowire.BytesType, 5)...), damaged},
		"length without end":    {ruleField(protowire.BytesType, 0xff), damaged},
		"not a Rule":            {ruleField(protowire.BytesType, 1, 0xff), unread},
		"scope is not UTF-8":    {ruleField(protowire.BytesType, 3, 2<<3|2, 1, 0xff), unread},
		"second is not a Rule":  {append(ruleBytes(t, scoped("a")), ruleField(protowire.BytesType, 1, 0xff)...), unread},
		// As bytes, each of these numbers would be an empty rule or a public one.
		"varint":  {ruleField(protowire.VarintType, 0), unread},
		"fixed32": {ruleField(protowire.Fixed32Type, 0, 0, 0, 0), unread},
		"fixed64": {ruleField(protowire.Fixed64Type, 2, 1<<3, 3, 0, 0, 0, 0, 0), unread},
		"group":   {ruleField(protowire.StartGroupType, ruleField(protowire.EndGroupType)...), unread},
		"newer":   {ruleBytes(t, newer(scoped("a"))), "newer version"},
	} {
		t.Run(name, func(t *testing.T) {
			o := new(descriptorpb.MethodOptions)
			o.ProtoReflect().SetUnknown(tc.unknown)
			_, err := newGuard(file(t, "s.proto", service("S", serviceRule(public()), method("M", o))))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "test.v1.S.M: ") {
				t.Errorf("on the method: got %v, want %q", err, tc.want)
			}
			so := new(descriptorpb.ServiceOptions)
			so.ProtoReflect().SetUnknown(tc.unknown)
			_, err = newGuard(file(t, "s.proto", service("S", so, method("L", methodRule(public())), method("M", nil))))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "test.v1.S") {
				t.Errorf("on the service: got %v, want %q", err, tc.want)
			}
		})
	}
}

// overlong makes the first varint of b a byte longer than it has to be.
func overlong(b []byte) []byte {
	_, size := protowire.ConsumeVarint(b)
	out := append([]byte{}, b[:size]...)
	out[size-1] |= 0x80
	return append(append(out, 0), b[size:]...)
}

// Protocol Buffers merge a message field that occurs twice.
func TestUnparsedOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		unknown []byte
		want    string
	}{
		"among others": {append(field(2, protowire.VarintType, 1), append(ruleBytes(t, scoped("a")), field(60000, protowire.BytesType, 1, 'x')...)...), procedureM + " required a"},
		"empty":        {ruleBytes(t, &authv1.Rule{}), procedureM + " required"},
		"twice":        {append(ruleBytes(t, scoped("a")), ruleBytes(t, scoped("b"))...), procedureM + " required a b"},
		"in two parts": {append(ruleBytes(t, scoped("a")), ruleBytes(t, issuedBy("i"))...), procedureM + " required a i"},
		"overlong tag": {overlong(ruleBytes(t, scoped("a"))), procedureM + " required a"},
		"another's":    {field(60000, protowire.BytesType, 1, 'x'), procedureM + " public"},
	} {
		t.Run(name, func(t *testing.T) {
			o := new(descriptorpb.MethodOptions)
			o.ProtoReflect().SetUnknown(tc.unknown)
			guard, err := newGuard(file(t, "s.proto", service("S", serviceRule(public()), method("M", o))))
			if err != nil {
				t.Fatal(err)
			}
			if got := policies(guard.Policy()); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// Half of a rule is weaker than the rule.
func TestHalfParsedOptions(t *testing.T) {
	o := methodRule(&authv1.Rule{})
	o.ProtoReflect().SetUnknown(ruleBytes(t, scoped("a")))
	_, err := newGuard(file(t, "s.proto", service("S", nil, method("M", o))))
	if err == nil || !strings.Contains(err.Error(), "test.v1.S.M: ") {
		t.Errorf("got %v, want an error that names the method", err)
	}
}
