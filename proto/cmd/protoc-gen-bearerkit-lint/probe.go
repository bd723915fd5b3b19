// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
)

// probe reports whether one method has a rule by these options, and what a
// server would say of it when it starts: the words are those of protorules and
// auth.NewGuard, asked about a file with that method only.
func probe(file *protogen.File, method *protogen.Method, common *descriptorpb.ServiceOptions, own *descriptorpb.MethodOptions, p *parameters) (bool, error) {
	service := method.Desc.Parent()
	const absent = ".absent.Message" // messages make no difference to a rule
	single, err := protodesc.FileOptions{AllowUnresolvable: true}.New(&descriptorpb.FileDescriptorProto{
		Name:    file.Proto.Name,
		Package: file.Proto.Package,
		Syntax:  file.Proto.Syntax,
		Edition: file.Proto.Edition,
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name:    proto.String(string(service.Name())),
			Options: common,
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name:       proto.String(string(method.Desc.Name())),
				InputType:  proto.String(absent),
				OutputType: proto.String(absent),
				Options:    own,
			}},
		}},
	}, nil)
	if err != nil {
		return false, fmt.Errorf("%s: %w", method.Desc.FullName(), err)
	}
	rules := protorules.From(single)
	guard, err := auth.NewGuard(nobody, other, rules, auth.WithoutCache())
	if err != nil {
		return false, err
	}
	if p.vocabulary != nil {
		if _, err := auth.NewGuard(nobody, other, rules, auth.WithoutCache(), auth.WithVocabulary(p.vocabulary...)); err != nil {
			return true, fmt.Errorf("%w (of this plugin: its parameter scopes or scope)", err)
		}
	}
	return len(guard.Policy()) > len(other), nil
}

// nobody verifies nothing. It does not say which issuers and audiences it
// accepts, so a rule may name any.
var nobody = auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })

// other is a rule for a method that nobody has: NewGuard refuses to have none.
var other = auth.Rules{"/bearerkit.lint.absent.Service/Method": {Access: auth.AccessPublic}}
