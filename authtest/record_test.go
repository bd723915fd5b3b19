// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import "fmt"

// record is a reporter that remembers.
type record struct {
	name     string
	failures map[string][]string
}

func (r *record) Helper() {}

func (r *record) Errorf(format string, args ...any) {
	r.failures[r.name] = append(r.failures[r.name], fmt.Sprintf(format, args...))
}

func (r *record) Run(name string, f func(reporter)) { f(&record{name: name, failures: r.failures}) }
