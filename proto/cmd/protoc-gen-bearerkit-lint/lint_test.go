// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// run is what main does, without the pipes.
func run(t testing.TB, parameter string, files ...*descriptorpb.FileDescriptorProto) (*pluginpb.CodeGeneratorResponse, error) {
	t.Helper()
	r := new(pluginpb.CodeGeneratorRequest)
	if err := proto.Unmarshal(request(t, parameter, files...), r); err != nil {
		t.Fatal(err)
	}
	var p parameters
	plugin, err := protogen.Options{ParamFunc: p.set}.New(r)
	if err != nil {
		return nil, err
	}
	if err := lint(plugin, &p); err != nil {
		plugin.Error(err)
	}
	return plugin.Response(), nil
}

// faults returns the lines of the response's error after the first, without
// "file: ", and fails the test for anything else in the response.
func faults(t testing.TB, parameter string, files ...*descriptorpb.FileDescriptorProto) []string {
	t.Helper()
	response, err := run(t, parameter, files...)
	if err != nil {
		t.Fatal(err)
	}
	if len(response.File) > 0 {
		t.Errorf("it generated %v", response.File)
	}
	if response.Error == nil {
		return nil
	}
	lines := strings.Split(response.GetError(), "\n")
	if lines[0] != "rules of methods are missing or wrong:" || len(lines) < 2 {
		t.Errorf("got the error %q", response.GetError())
	}
	place := files[len(files)-1].GetName() + ":"
	for i, line := range lines[1:] {
		if !strings.HasPrefix(line, place) {
			t.Errorf("%q does not begin with %q", line, place)
		}
		lines[i+1] = strings.TrimSpace(strings.TrimPrefix(line, place))
	}
	return lines[1:]
}

// want fails unless there is one fault for each of these parts, in order.
func want(t testing.TB, got []string, parts ...string) {
	t.Helper()
	if len(got) != len(parts) {
		t.Fatalf("got %d faults %q, want %d: %q", len(got), got, len(parts), parts)
	}
	for i, part := range parts {
		if !strings.Contains(got[i], part) {
			t.Errorf("got %q, want %q", got[i], part)
		}
	}
}

func TestMissingRules(t *testing.T) {
	const good = `options { [bearerkit.auth.v1.rule] { all_scopes: "a" } }`
	for name, tc := range map[string]struct {
		parameter string
		file      string
		want      []string
	}{
		"no service":           {"", ``, nil},
		"no method":            {"", `service { name: "S" }`, nil},
		"every method":         {"", `service { name: "S" method { name: "A" ` + good + ` } method { name: "B" ` + good + ` } }`, nil},
		"empty rule":           {"", `service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] {} } } }`, nil},
		"service rule":         {"", `service { name: "S" options { [bearerkit.auth.v1.service_rule] {} } method { name: "A" } method { name: "B" ` + good + ` } }`, nil},
		"one without":          {"", `service { name: "S" method { name: "A" } method { name: "B" ` + good + ` } }`, []string{"test.v1.S.A has no rule"}},
		"two without":          {"", `service { name: "S" method { name: "A" } method { name: "B" ` + good + ` } method { name: "C" } }`, []string{"test.v1.S.A has", "test.v1.S.C has"}},
		"other options":        {"", `service { name: "S" options { deprecated: true } method { name: "A" options { deprecated: true } } }`, []string{"test.v1.S.A has no rule"}},
		"another's rule":       {"", `service { name: "R" options { [bearerkit.auth.v1.service_rule] {} } method { name: "A" } } service { name: "S" method { name: "A" } }`, []string{"test.v1.S.A has no rule"}},
		"excluded":             {"exclude=test.v1.S", `service { name: "S" method { name: "A" } } service { name: "T" method { name: "A" } }`, []string{"test.v1.T.A has no rule"}},
		"two excluded":         {"exclude=test.v1.S:test.v1.T", `service { name: "S" method { name: "A" } } service { name: "T" method { name: "A" } }`, nil},
		"excluded, two times":  {"exclude=test.v1.S,exclude=test.v1.T", `service { name: "S" method { name: "A" } } service { name: "T" method { name: "A" } }`, nil},
		"excluded, misspelled": {"exclude=test.v1.s:v1.S:S", `service { name: "S" method { name: "A" } }`, []string{"test.v1.S.A has no rule"}},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, faults(t, tc.parameter, parse(t, tc.file)), tc.want...)
		})
	}
}

func TestFaultSaysWhatToWrite(t *testing.T) {
	const text = `service { name: "S" method { name: "A" } }`
	const line = "test.v1.S.A has no rule, so every call of it is denied; add to the method the line " +
		"`option (bearerkit.auth.v1.rule) = { all_scopes: \"SCOPE\" };`, or a (bearerkit.auth.v1.service_rule) to its service"
	for name, tc := range map[string]struct{ file, want string }{
		"imported":     {`dependency: "` + rulePath + `" ` + text, line},
		"not imported": {text, line + ", and to the file the line `import \"" + rulePath + "\";`"},
	} {
		t.Run(name, func(t *testing.T) {
			got := faults(t, "", parse(t, tc.file))
			if len(got) != 1 || got[0] != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
	// Pasted as it stands, the line must not open the method to anybody.
	got := faults(t, "scopes=widgets.read", parse(t, `service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] { all_scopes: "SCOPE" } } } }`))
	want(t, got, `names scope "SCOPE"`)
}

func TestPositions(t *testing.T) {
	file := parse(t, `
		service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] {} } } method { name: "B" } }
		service {
			name: "T" options { [bearerkit.auth.v1.service_rule] { access: ACCESS_PUBLIC all_scopes: "a" } }
			method { name: "A" } method { name: "B" options { [bearerkit.auth.v1.rule] { sender_constrained: true } } }
		}
		source_code_info {
			location { path: [6, 0] span: [9, 0, 14, 1] }
			location { path: [6, 0, 2, 0] span: [10, 2, 50] }
			location { path: [6, 0, 2, 1] span: [12, 4, 50] }
			location { path: [6, 1] span: [19, 0, 24, 1] }
			location { path: [6, 1, 2, 0] span: [20, 2, 50] }
			location { path: [6, 1, 2, 1] span: [22, 6, 50] }
		}`)
	got := faults(t, "", file)
	want(t, got, "test.v1.S.B has no rule", "service_rule of service test.v1.T", "sender_constrained, which nothing enforces yet")
	for i, place := range []string{"13:5: ", "20:1: ", "23:7: "} {
		if !strings.HasPrefix(got[i], place) {
			t.Errorf("%q does not begin with %q", got[i], place)
		}
	}
}

// What a server refuses when it starts is refused here, in the same words.
func TestWrongRules(t *testing.T) {
	for name, tc := range map[string]struct{ parameter, rule, want string }{
		"public with scopes": {"", `access: ACCESS_PUBLIC all_scopes: "a"`, "public access with scopes"},
		"optional step-up":   {"", `access: ACCESS_OPTIONAL acr_values: "a"`, "optional access with a step-up"},
		"unknown access":     {"", `access: 4`, "access 4: the rule was written for a newer version"},
		"unknown principal":  {"", `principal: 3`, "principal 3: the rule was written for a newer version"},
		"public and fresh":   {"", `access: ACCESS_PUBLIC fresh: true`, "public access with issuers, audiences, fresh"},
		"sender_constrained": {"", `sender_constrained: true`, "sender_constrained, which nothing enforces yet"},
		"max_age of zero":    {"", `max_age {}`, "max_age must be a second or more"},
		"max_age fraction":   {"", `max_age { seconds: 1 nanos: 1 }`, "use whole seconds"},
		"two scopes in one":  {"", `any_scope: "a b"`, `"a b" is not a scope`},
		"empty group":        {"", `scope_groups {}`, "an empty scope group"},
		"unknown scope":      {"scopes=a:b", `all_scopes: "c"`, `names scope "c", which is not in the vocabulary; correct it or add it to auth.WithVocabulary (of this plugin: its parameter scopes or scope)`},
		"two unknown scopes": {"scopes=a:b", `all_scopes: "c" any_scope: ["a", "d"]`, `auth.WithVocabulary; auth: the rule for /test.v1.S/A names scope "c"`},
		"part of a scope":    {"scope=a:b", `all_scopes: "a"`, `names scope "a"`},
		"unlike a scope":     {"scopes=a:b", `all_scopes: "A"`, `names scope "A"`},
		"wrong and unknown":  {"scopes=a:b", `access: ACCESS_PUBLIC all_scopes: "c"`, "public access with scopes"},
		"known scopes":       {"scopes=a:b", `all_scopes: "a" any_scope: "b" scope_groups { any_scope: ["a", "b"] }`, ""},
		"added scopes":       {"scopes=a:b,scopes=c,scope=d", `all_scopes: ["a", "b", "c", "d"]`, ""},
		"scope with a colon": {"scope=w:read,scope=w:write", `all_scopes: ["w:read", "w:write"]`, ""},
		"any issuer":         {"", `issuers: "https://issuer.test" audiences: "x" principal: PRINCIPAL_USER max_age { seconds: 60 }`, ""},
		"public":             {"scopes=a", `access: ACCESS_PUBLIC`, ""},
	} {
		for place, form := range map[string]struct{ file, name string }{
			"method":  {`service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] { %s } } } }`, "test.v1.S"},
			"service": {`service { name: "S" options { [bearerkit.auth.v1.service_rule] { %s } } method { name: "A" } method { name: "B" } }`, "bearerkit.auth.v1.service_rule of service test.v1.S, asked for its first method: "},
			"replaced": {
				`service { name: "S" options { [bearerkit.auth.v1.service_rule] { %s } } method { name: "A" options { [bearerkit.auth.v1.rule] {} } } }`,
				"bearerkit.auth.v1.service_rule of service test.v1.S",
			},
			"replacing": {`service { name: "S" options { [bearerkit.auth.v1.service_rule] {} } method { name: "A" options { [bearerkit.auth.v1.rule] { %s } } } }`, "test.v1.S"},
		} {
			t.Run(name+"/"+place, func(t *testing.T) {
				got := faults(t, tc.parameter, parse(t, fmt.Sprintf(form.file, tc.rule)))
				if tc.want == "" {
					want(t, got)
					return
				}
				want(t, got, tc.want)
				if !strings.Contains(got[0], form.name) {
					t.Errorf("%q does not name %q", got[0], form.name)
				}
			})
		}
	}
}

// A rule of a newer version, and bytes that are no rule, are not rules.
func TestUnreadableRules(t *testing.T) {
	number := authv1.E_Rule.TypeDescriptor().Number()
	for name, tc := range map[string]struct {
		option []byte
		want   string
	}{
		"newer":        {protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), []byte{15 << 3, 1}), "newer version of bearerkit"},
		"of no type":   {protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), 0), "its rule option cannot be read"},
		"newer, group": {protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), []byte{4<<3 | 2, 2, 2 << 3, 1}), "newer version of bearerkit"},
	} {
		t.Run(name, func(t *testing.T) {
			file := parse(t, `service { name: "S" options {} method { name: "A" } } service { name: "T" method { name: "A" options {} } }`)
			file.Service[0].Options.ProtoReflect().SetUnknown(tc.option)
			file.Service[1].Method[0].Options.ProtoReflect().SetUnknown(tc.option)
			want(t, faults(t, "", file), tc.want, tc.want)
		})
	}
}

func TestOnlyFilesToGenerate(t *testing.T) {
	dependency := parse(t, `name: "dependency.proto" package: "dependency" service { name: "S" method { name: "A" } }`)
	file := parse(t, `dependency: "dependency.proto" service { name: "S" method { name: "A" options { [bearerkit.auth.v1.rule] {} } } }`)
	want(t, faults(t, "", dependency, file))
	want(t, faults(t, "", dependency), "dependency.S.A has no rule")
}

// Options of others that this program does not know make protogen read every
// option again.
func TestOptionsOfOthers(t *testing.T) {
	others := parse(t, `
		name: "others.proto" package: "others" dependency: "google/protobuf/descriptor.proto"
		extension { name: "note" number: 60000 label: LABEL_OPTIONAL type: TYPE_STRING extendee: ".google.protobuf.MethodOptions" }`)
	file := parse(t, `
		dependency: ["others.proto", "`+rulePath+`"]
		service {
			name: "S"
			method { name: "A" options { [bearerkit.auth.v1.rule] { all_scopes: "a" } } }
			method { name: "B" options { [bearerkit.auth.v1.rule] { all_scopes: "c" } } }
			method { name: "C" options {} }
		}`)
	for _, method := range file.Service[0].Method {
		method.Options.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 60000, protowire.BytesType), "x"))
	}
	want(t, faults(t, "scopes=a", others, file), `names scope "c"`, "test.v1.S.C has no rule")
}

func TestSyntax(t *testing.T) {
	for _, syntax := range []string{`syntax: "proto2"`, `syntax: "proto3"`, `syntax: "editions" edition: EDITION_2023`, `syntax: "editions" edition: EDITION_2024`} {
		t.Run(syntax, func(t *testing.T) {
			want(t, faults(t, "", parse(t, syntax+` service { name: "S" method { name: "A" } method { name: "B" options { [bearerkit.auth.v1.rule] {} } } }`)), "test.v1.S.A has no rule")
		})
	}
	for _, text := range []string{``, `service { name: "S" method { name: "A" } }`} {
		response, err := run(t, "", parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if response.GetSupportedFeatures() != 3 || response.GetMinimumEdition() != 998 || response.GetMaximumEdition() != 1001 {
			t.Errorf("features %d, editions %d to %d", response.GetSupportedFeatures(), response.GetMinimumEdition(), response.GetMaximumEdition())
		}
	}
}

func TestParameters(t *testing.T) {
	for parameter, want := range map[string]string{
		"scopes":               "parameter scopes= has an empty element",
		"scopes=":              "parameter scopes= has an empty element",
		"scopes=a::b":          "parameter scopes=a::b has an empty element",
		"scopes=a:":            "parameter scopes=a: has an empty element",
		"scope=":               "parameter scope= has an empty element",
		"exclude=":             `"" is not the name of a service`,
		"exclude=test.v1.S:":   `"" is not the name of a service`,
		"exclude=/test.v1.S":   `"/test.v1.S" is not the name of a service`,
		"exclude=.test.v1.S":   `".test.v1.S" is not the name of a service`,
		"exclude=test.v1.S/A":  `"test.v1.S/A" is not the name of a service`,
		"excludes=test.v1.S":   `unknown parameter "excludes"; there are scopes, scope and exclude`,
		"scopes=a,vocabulary=": `unknown parameter "vocabulary"`,
	} {
		t.Run(parameter, func(t *testing.T) {
			_, err := run(t, parameter, parse(t, ``))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
