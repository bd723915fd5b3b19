// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func public() *authv1.Rule                { return &authv1.Rule{Access: authv1.Access_ACCESS_PUBLIC} }
func scoped(scope string) *authv1.Rule    { return &authv1.Rule{AllScopes: []string{scope}} }
func issuedBy(issuer string) *authv1.Rule { return &authv1.Rule{Issuers: []string{issuer}} }

// policies prints a policy in one line.
func policies(p auth.Policy) string {
	var parts []string
	for _, e := range p {
		part := e.Procedure + " " + e.Access
		for _, more := range [][]string{e.AllScopes, e.Issuers} {
			if len(more) > 0 {
				part += " " + strings.Join(more, " ")
			}
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func TestFiles(t *testing.T) {
	one := file(t, "one.proto", service("One", nil, method("A", methodRule(scoped("a"))), method("B", methodRule(public()))))
	two := file(t, "two.proto",
		service("Two", serviceRule(scoped("b")), method("A", nil)),
		service("Three", nil, method("A", methodRule(scoped("c")))))
	for name, tc := range map[string]struct {
		files []protoreflect.FileDescriptor
		want  string
	}{
		"one file": {[]protoreflect.FileDescriptor{one}, "/test.v1.One/A required a, /test.v1.One/B public"},
		"two files": {
			[]protoreflect.FileDescriptor{one, two},
			"/test.v1.One/A required a, /test.v1.One/B public, /test.v1.Three/A required c, /test.v1.Two/A required b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			guard, err := newGuard(tc.files...)
			if err != nil {
				t.Fatal(err)
			}
			if got := policies(guard.Policy()); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestServiceRule(t *testing.T) {
	empty := new(descriptorpb.MethodOptions)
	for name, tc := range map[string]struct {
		service *descriptorpb.ServiceDescriptorProto
		want    string
	}{
		"inherited":                    {service("S", serviceRule(scoped("s")), method("M", nil)), procedureM + " required s"},
		"inherited with other options": {service("S", serviceRule(scoped("s")), method("M", empty)), procedureM + " required s"},
		"replaced":                     {service("S", serviceRule(scoped("s")), method("M", methodRule(scoped("m")))), procedureM + " required m"},
		"replaced whole":               {service("S", serviceRule(scoped("s")), method("M", methodRule(issuedBy("i")))), procedureM + " required i"},
		"replaced by an empty one":     {service("S", serviceRule(public()), method("M", methodRule(&authv1.Rule{}))), procedureM + " required"},
		"replaced by an unparsed one":  {service("S", serviceRule(public()), method("M", unparsed(t, methodRule(scoped("m"))))), procedureM + " required m"},
		"unparsed and replaced":        {service("S", unparsed(t, serviceRule(public())), method("M", methodRule(scoped("m")))), procedureM + " required m"},
		"for one of two": {
			service("S", serviceRule(scoped("s")), method("L", methodRule(scoped("l"))), method("M", nil)),
			"/test.v1.S/L required l, " + procedureM + " required s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			guard, err := newGuard(file(t, "s.proto", tc.service))
			if err != nil {
				t.Fatal(err)
			}
			if got := policies(guard.Policy()); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A rule of one service says nothing about another.
func TestAbsentRuleDenies(t *testing.T) {
	d := file(t, "s.proto",
		service("S", nil, method("L", methodRule(public())), method("M", nil), method("N", new(descriptorpb.MethodOptions))),
		service("Open", serviceRule(public()), method("M", nil)))
	guard, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), protorules.From(d))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := policies(guard.Policy()), "/test.v1.Open/M public, /test.v1.S/L public"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, procedure := range []string{procedureM, "/test.v1.S/N"} {
		if got := outcome(t, guard, procedure, token); got != string(auth.CheckRuleAbsent) {
			t.Errorf("%s: got %s, want %s", procedure, got, auth.CheckRuleAbsent)
		}
		if got := outcome(t, guard, procedure, ""); got != string(auth.CheckCredentialAbsent) {
			t.Errorf("%s without a token: got %s, want %s", procedure, got, auth.CheckCredentialAbsent)
		}
	}
	if err := guard.Coverage("/test.v1.Open/M", "/test.v1.S/L", procedureM); err == nil || !strings.Contains(err.Error(), procedureM) {
		t.Errorf("Coverage: got %v, want an error that names %s", err, procedureM)
	}
}

func TestFilesRefused(t *testing.T) {
	one := file(t, "one.proto", service("S", nil, method("M", methodRule(public()))))
	for name, tc := range map[string]struct {
		options []auth.GuardOption
		want    string
	}{
		"no file":          {[]auth.GuardOption{protorules.From()}, "without a rule would deny every call"},
		"no rule":          {[]auth.GuardOption{protorules.From(file(t, "s.proto", service("S", nil, method("M", nil))))}, "without a rule would deny every call"},
		"nil":              {[]auth.GuardOption{protorules.From(nil)}, "protorules: a nil file descriptor"},
		"nil after a file": {[]auth.GuardOption{protorules.From(one, nil)}, "protorules: a nil file descriptor"},
		"no service":       {[]auth.GuardOption{protorules.From(one, file(t, "empty.proto"))}, "protorules: empty.proto defines no service; name the file that does"},
		"file twice":       {[]auth.GuardOption{protorules.From(one, one)}, "protorules: test.v1.S is named twice; give each file once"},
		"From twice":       {[]auth.GuardOption{protorules.From(one), protorules.From(one)}, "auth: two rules for /test.v1.S/M"},
		"rule twice":       {[]auth.GuardOption{auth.Rules{procedureM: {}}, protorules.From(one)}, "auth: two rules for /test.v1.S/M"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), tc.options...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// The rules join those of other sources, and are held against a vocabulary.
func TestOtherOptions(t *testing.T) {
	one := file(t, "one.proto", service("S", nil, method("M", methodRule(scoped("typo")))))
	if _, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), protorules.From(one), auth.AllowHealth(), auth.WithVocabulary("typo")); err != nil {
		t.Error(err)
	}
	_, err := auth.NewGuard(verifier(t, auth.ClaimsData{}), protorules.From(one), auth.WithVocabulary("type"))
	if err == nil || !strings.Contains(err.Error(), `names scope "typo"`) {
		t.Errorf("got %v, want an error about the scope", err)
	}
}
