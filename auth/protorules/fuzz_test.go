// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"reflect"
	"testing"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Options mean the same whether the program that parsed them knew the rule or
// not.
func FuzzUnparsedOptions(f *testing.F) {
	f.Add(ruleBytes(f, &authv1.Rule{}))
	f.Add(ruleBytes(f, public()))
	f.Add(append(ruleBytes(f, scoped("a")), ruleBytes(f, newer(issuedBy("i")))...))
	f.Add(overlong(ruleBytes(f, scoped("a"))))
	f.Add(ruleField(protowire.VarintType, 0))
	f.Add(append(ruleBytes(f, public()), ruleField(protowire.Fixed64Type, 2, 1<<3, 3, 0, 0, 0, 0, 0)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		unparsed, parsed := new(descriptorpb.MethodOptions), new(descriptorpb.MethodOptions)
		if (proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}).Unmarshal(b, unparsed) != nil {
			return
		}
		guard, err := newGuard(file(t, "s.proto", service("S", nil, method("M", unparsed), method("L", methodRule(public())))))
		if proto.Unmarshal(b, parsed) != nil {
			if err == nil {
				t.Errorf("damaged option: %v", guard.Policy())
			}
			return
		}
		other, otherErr := newGuard(file(t, "s.proto", service("S", nil, method("M", parsed), method("L", methodRule(public())))))
		if (err == nil) != (otherErr == nil) || !reflect.DeepEqual(guard.Policy(), other.Policy()) {
			t.Errorf("unparsed: %v, %v\nparsed: %v, %v", guard.Policy(), err, other.Policy(), otherErr)
		}
	})
}
