// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/attacks"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// Differences between the transports that several rows share.
var (
	// To grpc-go a query is part of the method's name, which is unknown then.
	noQuery = map[string]string{"grpc-go": transport}
	// With GET there is no content type, so that nothing is wrong with it.
	getHasNoBody = map[string]string{"GET": NC}
)

// attackCorpus is all of the corpus.
func attackCorpus(t *testing.T) []*attacks.Case {
	t.Helper()
	all, err := attacks.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// headerRows are the cases of the corpus that are about header fields.
func headerRows(t *testing.T) []row {
	t.Helper()
	var rows []row
	for _, c := range attackCorpus(t) {
		if c.Fields == nil || c.Opaque {
			continue
		}
		r := row{name: c.ID + " " + c.Name, want: codesOf(c.Expected()), except: make(map[string]string), call: func(f *fixture) matrix.Call {
			fields, err := c.FieldsWith(f.mint())
			if err != nil {
				panic(err)
			}
			return matrix.Call{Header: headerOf(fields)}
		}}
		for label := range c.Except {
			r.except[label] = codesOf(c.Expected(label))
		}
		rows = append(rows, r)
	}
	return rows
}

// headerOf are the fields of the corpus as a call has them.
func headerOf(fields [][2]string) []matrix.Field {
	var header []matrix.Field
	for _, f := range fields {
		header = append(header, matrix.Field{Name: f[0], Value: f[1]})
	}
	return header
}

// codesOf are the outcome codes of what the corpus expects.
func codesOf(verdicts []string) string {
	var all []string
	for _, v := range verdicts {
		all = append(all, codeOf(v))
	}
	return strings.Join(all, "|")
}

// codeOf is the outcome code of what the corpus expects.
func codeOf(verdict string) string {
	reason, _, _ := strings.Cut(verdict, "/")
	switch reason {
	case attacks.Accepted:
		return OK
	case attacks.ByTransport:
		return transport
	}
	for code, a := range answers {
		if string(a.reason) == reason {
			return code
		}
	}
	panic("no outcome code for " + verdict)
}

func TestHeaderCorpus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	query := func(header func(*fixture) matrix.Call) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			c := header(f)
			c.Query = "access_token=" + f.mint()
			return c
		}
	}
	body := func(contentType string) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			return matrix.Call{ContentType: contentType, Body: []byte("access_token=" + f.mint())}
		}
	}
	f.runSampled(t, append(headerRows(t), []row{
		{"H14 query alone", query(fields()), NC, noQuery},
		{"H14 query and a good header", query(value("Bearer TOKEN")), OK, noQuery},
		{"H14 query and a bad header", query(value("Bearer canary-canary-canary")), IT, noQuery},
		{"H17 text/plain", body("text/plain"), transport, getHasNoBody},
		{"H17 a form", body("application/x-www-form-urlencoded"), transport, getHasNoBody},
	}...))
}

// H13: what comes behind the message is too late.
func TestTrailers(t *testing.T) {
	t.Parallel()
	trailer := func(header ...matrix.Field) func(*fixture) matrix.Call {
		return func(f *fixture) matrix.Call {
			return matrix.Call{Header: header, Trailer: []matrix.Field{{Name: "authorization", Value: "Bearer " + f.mint()}}}
		}
	}
	// grpc-go takes a second header block for a breach of protocol, and closes
	// the connection unless the refusal was faster. So does net/http where that
	// field is announced as a trailer, which it may not be.
	newFixture(t).run(t, []row{
		{"H13 in the trailer", trailer(), NC, map[string]string{"grpc-go": NC + "|" + transport}},
		{"H13 in the trailer, behind an announcement", trailer(matrix.Field{Name: "trailer", Value: "authorization"}), NC + "|" + transport, nil},
	})
}
