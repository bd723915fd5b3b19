// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/emptypb" // the type of every request and response
)

// file builds the descriptor of a file of package test.v1.
func file(t testing.TB, path string, services ...*descriptorpb.ServiceDescriptorProto) protoreflect.FileDescriptor {
	t.Helper()
	d, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:       proto.String(path),
		Package:    proto.String("test.v1"),
		Syntax:     proto.String("proto3"),
		Dependency: []string{"google/protobuf/empty.proto"},
		Service:    services,
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func service(name string, o *descriptorpb.ServiceOptions, methods ...*descriptorpb.MethodDescriptorProto) *descriptorpb.ServiceDescriptorProto {
	return &descriptorpb.ServiceDescriptorProto{Name: proto.String(name), Options: o, Method: methods}
}

func method(name string, o *descriptorpb.MethodOptions) *descriptorpb.MethodDescriptorProto {
	return &descriptorpb.MethodDescriptorProto{
		Name:       proto.String(name),
		InputType:  proto.String(".google.protobuf.Empty"),
		OutputType: proto.String(".google.protobuf.Empty"),
		Options:    o,
	}
}

func methodRule(r *authv1.Rule) *descriptorpb.MethodOptions {
	o := new(descriptorpb.MethodOptions)
	proto.SetExtension(o, authv1.E_Rule, r)
	return o
}

func serviceRule(r *authv1.Rule) *descriptorpb.ServiceOptions {
	o := new(descriptorpb.ServiceOptions)
	proto.SetExtension(o, authv1.E_ServiceRule, r)
	return o
}

// reread returns options as a program has them that parsed them with the
// extensions of types only.
func reread[M proto.Message](t testing.TB, options M, types *protoregistry.Types) M {
	t.Helper()
	b, err := proto.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	again := options.ProtoReflect().New().Interface().(M)
	if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	return again
}

func unparsed[M proto.Message](t testing.TB, options M) M {
	t.Helper()
	again := reread(t, options, new(protoregistry.Types))
	if len(again.ProtoReflect().GetUnknown()) == 0 {
		t.Fatal("the option was parsed")
	}
	return again
}

// written are the places where a rule of test.v1.S.M may stand, each as a
// program has it that knew the option when it parsed the file and as one that
// did not. Where a rule stands must not change what it says.
var written = map[string]func(testing.TB, *authv1.Rule) *descriptorpb.ServiceDescriptorProto{
	"method": func(_ testing.TB, r *authv1.Rule) *descriptorpb.ServiceDescriptorProto {
		return service("S", nil, method("M", methodRule(r)))
	},
	"method, unparsed": func(t testing.TB, r *authv1.Rule) *descriptorpb.ServiceDescriptorProto {
		return service("S", nil, method("M", unparsed(t, methodRule(r))))
	},
	"service": func(_ testing.TB, r *authv1.Rule) *descriptorpb.ServiceDescriptorProto {
		return service("S", serviceRule(r), method("M", nil))
	},
	"service, unparsed": func(t testing.TB, r *authv1.Rule) *descriptorpb.ServiceDescriptorProto {
		return service("S", unparsed(t, serviceRule(r)), method("M", nil))
	},
}

const (
	procedureM = "/test.v1.S/M"
	issuerTest = "https://issuer.test"
)

// newer returns m as a newer version writes it, with a field unknown here.
func newer[M proto.Message](m M) M {
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1))
	return m
}

// verifier returns these claims for every token.
func verifier(t testing.TB, d auth.ClaimsData) auth.Verifier {
	t.Helper()
	if d.Issuer == "" {
		d.Issuer = issuerTest
	}
	d.Deadline = time.Now().Add(time.Hour)
	claims, err := auth.NewClaims(d)
	if err != nil {
		t.Fatal(err)
	}
	return auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return claims, nil })
}

func newGuard(files ...protoreflect.FileDescriptor) (*auth.Guard, error) {
	nobody := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	return auth.NewGuard(nobody, protorules.From(files...))
}

// header is a carrier of one authorization header, or none.
type header string

func (h header) Values(_ context.Context, name string) []string {
	if h == "" || name != "authorization" {
		return nil
	}
	return []string{string(h)}
}

func (header) TLS(context.Context) *tls.ConnectionState { return nil }

const token header = "Bearer token"

// outcome is "allowed", or the check that refused.
func outcome(t testing.TB, g *auth.Guard, procedure string, h header) string {
	t.Helper()
	_, err := g.Check(t.Context(), &auth.Request{Procedure: procedure, Carrier: h})
	if err == nil {
		return "allowed"
	}
	e, ok := errors.AsType[*auth.Error](err)
	if !ok {
		t.Fatalf("Check returned %T: %v", err, err)
	}
	return string(e.Check)
}
