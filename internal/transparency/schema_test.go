// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// suitePackage is the protobuf package of the conformance suite.
const suitePackage = "connectrpc.conformance.v1"

// compileSchema writes the suite's messages and services to a file. Their Go
// code is internal to the suite's module, so servers use dynamic messages made
// from its .proto files.
func compileSchema(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "connectrpc.com/conformance").Output()
	if err != nil || len(bytes.TrimSpace(dir)) == 0 {
		t.Fatalf("where is the suite's module (%v)? Run go mod download", err)
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		ImportPaths: []string{filepath.Join(strings.TrimSpace(string(dir)), "proto")},
	})}
	files, err := compiler.Compile(t.Context(), "connectrpc/conformance/v1/service.proto", "connectrpc/conformance/v1/server_compat.proto")
	if err != nil {
		t.Fatal(err)
	}
	set := new(descriptorpb.FileDescriptorSet)
	written := make(map[string]bool)
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if written[f.Path()] {
			return
		}
		written[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i))
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	for _, f := range files {
		add(f)
	}
	encoded, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "schema.binpb")
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// schema finds the suite's types by their names.
type schema struct{ files *protoregistry.Files }

// loadSchema reads what compileSchema wrote. It also registers the messages,
// because the JSON of an Any is that of the message in it.
func loadSchema(path string) (*schema, error) {
	encoded, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := new(descriptorpb.FileDescriptorSet)
	if err := proto.Unmarshal(encoded, set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	files.RangeFilesByPackage(suitePackage, func(f protoreflect.FileDescriptor) bool {
		err = errors.Join(err, register(f.Messages()))
		return true
	})
	return &schema{files: files}, err
}

func register(messages protoreflect.MessageDescriptors) error {
	var all error
	for i := range messages.Len() {
		m := messages.Get(i)
		all = errors.Join(all, register(m.Messages()), protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(m)))
	}
	return all
}

// message returns an empty message. It panics on a name that the suite does not
// have, which is a mistake in these tests.
func (s *schema) message(name protoreflect.Name) *dynamicpb.Message {
	d, err := s.files.FindDescriptorByName(suitePackage + "." + protoreflect.FullName(name))
	if err != nil {
		panic(err)
	}
	return dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
}

// methods returns the methods of the service under test.
func (s *schema) methods() []protoreflect.MethodDescriptor {
	d, err := s.files.FindDescriptorByName(suitePackage + ".ConformanceService")
	if err != nil {
		panic(err)
	}
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	all := make([]protoreflect.MethodDescriptor, methods.Len())
	for i := range all {
		all[i] = methods.Get(i)
	}
	return all
}

// procedure is the name of a method in rules and paths.
func procedure(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

func newMessage(d protoreflect.MessageDescriptor) protoreflect.Message {
	return dynamicpb.NewMessage(d)
}

// get returns a field by its name; on a message that is not there it returns the
// default.
func get(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return m.Get(field(m, name))
}

// set sets a field by its name.
func set(m protoreflect.Message, name protoreflect.Name, value protoreflect.Value) {
	m.Set(field(m, name), value)
}

// part returns the message in a field, which it creates if need be.
func part(m protoreflect.Message, name protoreflect.Name) protoreflect.Message {
	return m.Mutable(field(m, name)).Message()
}

// has reports whether a field is there and set.
func has(m protoreflect.Message, name protoreflect.Name) bool {
	f := m.Descriptor().Fields().ByName(name)
	return f != nil && m.Has(f)
}

func field(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil {
		panic(fmt.Sprintf("%s has no field %s", m.Descriptor().FullName(), name))
	}
	return f
}

// each calls visit for every message of a repeated field.
func each(m protoreflect.Message, name protoreflect.Name, visit func(protoreflect.Message)) {
	list := get(m, name).List()
	for i := range list.Len() {
		visit(list.Get(i).Message())
	}
}
