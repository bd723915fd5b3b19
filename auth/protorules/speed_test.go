// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package protorules_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// cost is what a call costs in allocations.
type cost struct {
	name   string
	allocs float64
	// varies is why allocs is a bound; empty if it is the very number.
	varies string
	// do makes the call and reports whether its outcome is the one that is meant.
	do func() bool
}

// costs are the calls of this package by the benchmark that times them.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkFrom": fromCosts,
}

// benchmark times the calls of a benchmark.
func benchmark(b *testing.B) {
	b.Helper()
	for _, c := range costs[b.Name()](b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !c.do() {
					b.Fatal("another outcome")
				}
			}
		})
	}
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
