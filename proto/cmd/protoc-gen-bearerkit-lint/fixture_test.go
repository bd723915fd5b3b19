// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"testing"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/pluginpb"
)

// asPlugin makes the test program the plugin, so that a compiler can run it.
const asPlugin = "BEARERKIT_LINT_AS_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const rulePath = "bearerkit/auth/v1/rule.proto"

// imported are the files that the files of the tests may import.
var imported = []protoreflect.FileDescriptor{
	descriptorpb.File_google_protobuf_descriptor_proto,
	durationpb.File_google_protobuf_duration_proto,
	emptypb.File_google_protobuf_empty_proto,
	authv1.File_bearerkit_auth_v1_rule_proto,
}

// parse reads a file descriptor as text. What is the same in every test is
// added.
func parse(t testing.TB, text string) *descriptorpb.FileDescriptorProto {
	t.Helper()
	file := new(descriptorpb.FileDescriptorProto)
	if err := prototext.Unmarshal([]byte(text), file); err != nil {
		t.Fatal(err)
	}
	if file.Name == nil {
		file.Name = proto.String("test/v1/test.proto")
	}
	if file.Package == nil {
		file.Package = proto.String("test.v1")
	}
	if file.Syntax == nil {
		file.Syntax = proto.String("proto3")
	}
	file.Dependency = append(file.Dependency, "google/protobuf/empty.proto")
	if file.Options == nil {
		file.Options = &descriptorpb.FileOptions{GoPackage: proto.String("example.test/" + file.GetName())}
	}
	for _, service := range file.Service {
		for _, method := range service.Method {
			method.InputType, method.OutputType = proto.String(".google.protobuf.Empty"), proto.String(".google.protobuf.Empty")
		}
	}
	return file
}

// request asks to generate the last of the files, as the plugin gets it from a
// compiler: encoded.
func request(t testing.TB, parameter string, files ...*descriptorpb.FileDescriptorProto) []byte {
	t.Helper()
	r := &pluginpb.CodeGeneratorRequest{FileToGenerate: []string{files[len(files)-1].GetName()}}
	if parameter != "" {
		r.Parameter = proto.String(parameter)
	}
	for _, d := range imported {
		r.ProtoFile = append(r.ProtoFile, protodesc.ToFileDescriptorProto(d))
	}
	r.ProtoFile = slices.Concat(r.ProtoFile, files)
	b, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
