// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/codes"
)

// row is one case of a table. In except, keyed by one of the labels of a
// transport, stands what differs where a transport refuses or rewrites what was
// sent. Several outcomes joined by "|" depend on timing.
type row struct {
	name   string
	call   func(f *fixture) matrix.Call
	want   string
	except map[string]string
}

// labels are what a row may call a transport, from the general to the special.
func labels(over matrix.Transport) []string {
	kind := "unary"
	switch {
	case over.Streams():
		kind = "stream"
	case over.Protocol == matrix.ConnectGet:
		kind = "GET"
	}
	return []string{over.Family(), kind, over.Family() + " " + kind, over.Name}
}

// timed reports whether an outcome depends on timing. Then a refusal may be
// reported when the next call is under way already.
func (r row) timed() bool {
	all := r.want
	for _, want := range r.except {
		all += want
	}
	return strings.Contains(all, "|")
}

func (r row) expected(over matrix.Transport) []string {
	want := r.want
	for _, label := range labels(over) {
		if special, ok := r.except[label]; ok {
			want = special
		}
	}
	return strings.Split(want, "|")
}

// run makes each call over every transport.
func (f *fixture) run(t *testing.T, rows []row) {
	t.Helper()
	f.runOver(t, rows, func(row, matrix.Transport) bool { return true })
}

// runSampled makes each call over every transport without TLS, and over TLS only
// the first of each group of rows, which is the first word of their names: a
// corpus of some hundred rows would take minutes with the race detector, and
// what TLS carries is read by the same code.
func (f *fixture) runSampled(t *testing.T, rows []row) {
	t.Helper()
	first := make(map[string]string)
	for _, r := range rows {
		if group, _, _ := strings.Cut(r.name, " "); first[group] == "" {
			first[group] = r.name
		}
	}
	f.runOver(t, rows, func(r row, over matrix.Transport) bool {
		group, _, _ := strings.Cut(r.name, " ")
		return !over.TLS || first[group] == r.name
	})
}

func (f *fixture) runOver(t *testing.T, rows []row, included func(row, matrix.Transport) bool) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				if included(r, over) {
					f.check(t, r, over)
				}
			}
		})
	}
}

func (f *fixture) check(t *testing.T, r row, over matrix.Transport) {
	t.Helper()
	f.takeEvents()
	c := r.call(f)
	o := f.Do(t, over, c)
	events := f.takeEvents()
	var wrong []string
	for _, want := range r.expected(over) {
		wrong = judge(over, o, want, f.need(c, over), want == OK)
		if want != transport && !r.timed() {
			wrong = append(wrong, judgeEvents(events, c.Procedure(over), want, "")...)
		}
		if wrong == nil {
			break
		}
	}
	if c.Query != "" && o.Code == codes.Unimplemented {
		// grpc-go tells the caller which method it does not know, and what the
		// caller wrote there.
		o.Bytes, o.Message = nil, ""
	}
	for _, w := range append(wrong, leaks(o, events, presented(r.name, c))...) {
		t.Errorf("%s: %s", over.Name, w)
	}
}

// fields sends these header fields; TOKEN stands for a good token.
func fields(pairs ...string) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call {
		token := f.mint()
		var header []matrix.Field
		for n := 0; n < len(pairs); n += 2 {
			header = append(header, matrix.Field{Name: pairs[n], Value: strings.ReplaceAll(pairs[n+1], "TOKEN", token)})
		}
		return matrix.Call{Header: header}
	}
}

// value sends one Authorization field.
func value(v string) func(*fixture) matrix.Call { return fields("authorization", v) }

// minted sends a token of the issuer.
func minted(options ...authtest.TokenOption) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call { return matrix.Call{Header: matrix.Bearer(f.mint(options...))} }
}

// calling sends the header of another row to other methods.
func calling(method, stream string, header func(*fixture) matrix.Call) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call {
		c := header(f)
		c.Method, c.StreamMethod = method, stream
		return c
	}
}
