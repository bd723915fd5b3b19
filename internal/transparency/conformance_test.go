// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// subject is a library and what of the suite applies to it. Cases are named as
// the suite names them.
type subject struct {
	features string // file in testdata
	skip     []string
	// cases and records are how many there are at least, so that nothing is not
	// equal to nothing.
	cases, records int
	// fails matches all cases that fail without a guard.
	fails *regexp.Regexp
}

// cardinality are cases in which a client sends too many messages, or none, and
// the suite expects another code than grpc-go has. The suite's own list of known
// failures of grpc-go has them as well.
var cardinality = regexp.MustCompile(`^gRPC Unexpected Requests/.*/(unary|server-stream)/(multiple-requests|no-request)$`)

var subjects = map[library]subject{
	connectGo: {
		features: "connect.yaml", cases: 3500, records: 3000,
	},
	grpcGo: {features: "grpc.yaml", cases: 500, fails: cardinality},
	grpcNetHTTP: {
		// When a deadline is over or a codec unknown, grpc-go behind net/http ends
		// the stream with trailers or without, as it happens.
		features: "grpc.yaml", skip: []string{"Timeouts/**", "**/unexpected-codec"}, cases: 500, records: 450, fails: cardinality,
	},
}

func TestConformance(t *testing.T) {
	s := newSuite(t)
	for l, subject := range subjects {
		t.Run(string(l), func(t *testing.T) {
			plain, records := s.run(t, l, unguarded, subject.features, subject.skip)
			t.Logf("%d cases, %d of them recorded", len(plain), len(records))
			if len(plain) < subject.cases || len(records) < subject.records {
				t.Errorf("there should be %d cases and %d records", subject.cases, subject.records)
			}
			report := brief{t: t}
			for _, name := range plain.failed() {
				t.Logf("without a guard: %s: %s", name, plain[name])
				if subject.fails == nil || !subject.fails.MatchString(name) {
					report.errorf("without a guard: %s should pass", name)
				}
			}
			report.end()
			for _, m := range []mode{public, required} {
				got, recorded := s.run(t, l, m, subject.features, subject.skip)
				compareOutcomes(t, m, got, plain)
				compareRecords(t, m, recorded, records)
			}
			// RequireDecision comes and goes with HTTP, whatever is below it.
			got, recorded := s.run(t, l, insistent, subject.features, subject.skip, cleartext)
			keepCleartext(plain)
			keepCleartext(records)
			compareOutcomes(t, insistent, got, plain)
			compareRecords(t, insistent, recorded, records)
			// Without a token nothing passes, so the guard was in the way before.
			got, _ = s.run(t, l, refused, subject.features, nil, "Basic/"+cleartext)
			if len(got) < 20 {
				t.Errorf("only %d cases without a token", len(got))
			}
			report = brief{t: t}
			for name, why := range got {
				if !strings.Contains(why, "unauthenticated") && !strings.Contains(why, "CODE_UNAUTHENTICATED") {
					report.errorf("without a token: %s: %q, want a refusal", name, why)
				}
			}
			report.end()
		})
	}
}

// cleartext matches about half of the cases.
const cleartext = "**/TLS:false/**"

func keepCleartext[V any](cases map[string]V) {
	maps.DeleteFunc(cases, func(name string, _ V) bool { return !strings.Contains(name, "/TLS:false/") })
}

func compareOutcomes(t *testing.T, m mode, got, want outcomes) {
	t.Helper()
	if g, w := got.names(), want.names(); !slices.Equal(g, w) {
		t.Errorf("%s: %d cases ran, without a guard %d", m, len(g), len(w))
	}
	report := brief{t: t}
	for _, name := range want.names() {
		if (got[name] == "") != (want[name] == "") {
			report.errorf("%s: %s: %q, without a guard %q; empty is a pass", m, name, got[name], want[name])
		}
	}
	report.end()
}

// compareRecords knows the one thing that a guard does to the answer of a call
// it allows: if that depends on a token, caches learn that it does.
func compareRecords(t *testing.T, m mode, got, want map[string]record) {
	t.Helper()
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Errorf("%s: %d answers, without a guard %d", m, len(g), len(w))
	}
	report := brief{t: t}
	for name, w := range want {
		g := got[name]
		if m != public && w.Method == http.MethodGet && w.Status == http.StatusOK {
			w.Header, w.Trailer = private(w.Header), private(w.Trailer)
		}
		if !reflect.DeepEqual(g, w) {
			report.errorf("%s: %s: the answer is\n%+v\nand without a guard\n%+v", m, name, g, w)
		}
	}
	report.end()
}

// brief is an error for the first few of thousands of cases.
type brief struct {
	t     *testing.T
	count int
}

func (b *brief) errorf(format string, args ...any) {
	b.t.Helper()
	const shown = 10
	if b.count++; b.count <= shown {
		b.t.Errorf(format, args...)
	}
}

func (b *brief) end() {
	b.t.Helper()
	if b.count > 0 {
		b.t.Errorf("%d cases differ", b.count)
	}
}

func private(h http.Header) http.Header {
	h = h.Clone()
	h["Vary"] = append([]string{"Authorization"}, h["Vary"]...)
	h.Set("Cache-Control", "private")
	return h
}
