// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command protoc-gen-bearerkit-lint is a plugin of buf and protoc that fails the
// build for a method without a rule and for a rule that the server would refuse
// when it starts. It generates nothing. In buf.gen.yaml:
//
//	version: v2
//	plugins:
//	  - local: ["go", "run", "github.com/bearerkit/bearerkit/proto/cmd/protoc-gen-bearerkit-lint"]
//	    out: .
//	    opt:
//	      - scopes=widgets.read:widgets.write
//	      - exclude=widget.v1.InternalService
//
// It looks at every service of the files to generate. A method needs
// (bearerkit.auth.v1.rule), or its service (bearerkit.auth.v1.service_rule);
// a rule is held against everything that package protorules and auth.NewGuard
// check without knowing the verifier. Every fault is named with the file, line
// and column of the method, and with what to write there.
//
// The options, all of which may be repeated:
//
//   - scopes=a:b:c names every scope there is. A rule with another one is a
//     fault, as with auth.WithVocabulary. Without it any scope will do.
//   - scope=a names one more, which may contain colons: scope=widgets:read.
//   - exclude=pkg.Service:pkg.Other names services that are not looked at, such
//     as those this program only calls.
//
// Like protoc-gen-go it needs a go_package for every file.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"
)

func main() {
	var p parameters
	protogen.Options{ParamFunc: p.set}.Run(func(plugin *protogen.Plugin) error { return lint(plugin, &p) })
}
