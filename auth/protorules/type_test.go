// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"fmt"
	"strings"
	"testing"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// dynamic returns the types of a file that has no generated code in the
// program.
func dynamic(t *testing.T, d protoreflect.FileDescriptor) *protoregistry.Types {
	t.Helper()
	types := new(protoregistry.Types)
	for i := range d.Extensions().Len() {
		if err := types.RegisterExtension(dynamicpb.NewExtensionType(d.Extensions().Get(i))); err != nil {
			t.Fatal(err)
		}
	}
	return types
}

// foreign is a file of somebody else who took our number for an option of
// their own.
func foreign(t *testing.T, label descriptorpb.FieldDescriptorProto_Label, kind descriptorpb.FieldDescriptorProto_Type) protoreflect.FileDescriptor {
	t.Helper()
	d, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:       proto.String("foreign.proto"),
		Package:    proto.String("foreign"),
		Syntax:     proto.String("proto3"),
		Dependency: []string{"google/protobuf/descriptor.proto"},
		Extension: []*descriptorpb.FieldDescriptorProto{{
			Name:     proto.String("option"),
			Number:   proto.Int32(int32(authv1.E_Rule.TypeDescriptor().Number())),
			Extendee: proto.String(".google.protobuf.MethodOptions"),
			Label:    label.Enum(),
			Type:     kind.Enum(),
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Options that are held as other types are refused when the server starts; they
// are not a reason to panic, and not to go on without the rule.
func TestOptionsOfAnotherType(t *testing.T) {
	const want = "the rule option is of another type"
	rules := dynamic(t, authv1.File_bearerkit_auth_v1_rule_proto)
	services := map[string]*descriptorpb.ServiceDescriptorProto{
		"dynamic rule":         service("S", nil, method("M", reread(t, methodRule(scoped("a")), rules))),
		"dynamic service rule": service("S", reread(t, serviceRule(scoped("a")), rules), method("M", nil)),
	}
	for _, label := range []descriptorpb.FieldDescriptorProto_Label{descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED} {
		for _, kind := range []descriptorpb.FieldDescriptorProto_Type{descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_BYTES} {
			o := reread(t, methodRule(scoped("a")), dynamic(t, foreign(t, label, kind)))
			if len(o.ProtoReflect().GetUnknown()) > 0 {
				t.Fatal("the option was not parsed")
			}
			services[fmt.Sprint(label, kind)] = service("S", nil, method("M", o))
		}
	}
	for name, s := range services {
		t.Run(name, func(t *testing.T) {
			_, err := newGuard(file(t, "s.proto", s))
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "test.v1.S") {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
