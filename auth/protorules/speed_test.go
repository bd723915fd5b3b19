// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"github.com/bearerkit/bearerkit/internal/speedtest"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// cost is a [speedtest.Cost].
type cost struct {
	name   string
	allocs float64
	varies string
	do     func() bool
}

func (c cost) Cost() speedtest.Cost {
	return speedtest.Cost{Name: c.name, Allocs: c.allocs, Varies: c.varies, Do: c.do}
}

// costs are the calls of this package by the benchmark that times them.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkFrom": fromCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

// BenchmarkFrom is for the lint plugin, which makes a guard for every method. A
// server makes one.
func BenchmarkFrom(b *testing.B) { benchmark(b) }

func fromCosts(t testing.TB) []cost {
	rule := &authv1.Rule{AllScopes: []string{"widgets.read"}, AnyScope: []string{"profile", "email"}}
	makes := func(methods int, options func(*authv1.Rule) *descriptorpb.MethodOptions) func() bool {
		var all []*descriptorpb.MethodDescriptorProto
		for i := range methods {
			all = append(all, method(fmt.Sprint("M", i), options(rule)))
		}
		f := []protoreflect.FileDescriptor{file(t, "speed.proto", service("S", nil, all...))}
		v := verifier(t, auth.ClaimsData{})
		return func() bool {
			_, err := auth.NewGuard(v, protorules.From(f...), auth.WithoutCache())
			return err == nil
		}
	}
	return []cost{
		{"a method", 26, "", makes(1, methodRule)},
		{"a method, unparsed", 33, "those of protobuf are among them", makes(1, func(r *authv1.Rule) *descriptorpb.MethodOptions { return unparsed(t, methodRule(r)) })},
		{"ten methods", 194, "maps grow as they like", makes(10, methodRule)},
	}
}
