// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"context"
	"fmt"
	"os"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// A server passes the descriptor from its generated code, such as
// widgetv1.File_widget_v1_widget_proto, and the verifier of its issuer.
func ExampleFrom() {
	widgets, verifier := widgetFile(), auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
		return nil, auth.ErrNotHandled
	})

	guard, err := auth.NewGuard(verifier, protorules.From(widgets))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := guard.Policy().WriteText(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// procedure                  access    scopes         step-up  issuers  further
	// /widget.v1.Widgets/Create  required  widgets.write  -        -        only a user
	// /widget.v1.Widgets/Get     required  widgets.read   -        -        -
	// /widget.v1.Widgets/Ping    public    -              -        -        -
	// anything else              denied    -              -        -        -
}

// widgetFile stands for the descriptor of a generated file.
func widgetFile() protoreflect.FileDescriptor {
	file := new(descriptorpb.FileDescriptorProto)
	err := prototext.Unmarshal([]byte(`
		name: "widget/v1/widget.proto" package: "widget.v1" syntax: "proto3"
		dependency: "google/protobuf/empty.proto"
		service {
			name: "Widgets"
			options { [bearerkit.auth.v1.service_rule] { all_scopes: "widgets.read" } }
			method { name: "Get" input_type: ".google.protobuf.Empty" output_type: ".google.protobuf.Empty" }
			method {
				name: "Create" input_type: ".google.protobuf.Empty" output_type: ".google.protobuf.Empty"
				options { [bearerkit.auth.v1.rule] { all_scopes: "widgets.write" principal: PRINCIPAL_USER } }
			}
			method {
				name: "Ping" input_type: ".google.protobuf.Empty" output_type: ".google.protobuf.Empty"
				options { [bearerkit.auth.v1.rule] { access: ACCESS_PUBLIC } }
			}
		}`), file)
	if err != nil {
		panic(err)
	}
	descriptor, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	return descriptor
}
