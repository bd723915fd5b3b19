// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// parameters are what the caller of the plugin configured.
type parameters struct {
	vocabulary []string // nil for any scope
	exclude    []string
}

// set is called for every parameter. An unknown one is an error: a misspelled
// one would switch a check off.
func (p *parameters) set(name, value string) error {
	values := strings.Split(value, ":")
	into := &p.vocabulary
	switch name {
	case "scopes":
	case "scope":
		values = []string{value} // may contain the separator
	case "exclude":
		into = &p.exclude
		for _, service := range values {
			if !protoreflect.FullName(service).IsValid() {
				return fmt.Errorf("parameter exclude: %q is not the name of a service; write it as in package.Service", service)
			}
		}
	default:
		return fmt.Errorf("unknown parameter %q; there are scopes, scope and exclude", name)
	}
	if slices.Contains(values, "") {
		return fmt.Errorf("parameter %s=%s has an empty element; name a scope there or leave it out", name, value)
	}
	*into = append(*into, values...)
	return nil
}
