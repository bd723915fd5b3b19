// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestEveryStreamEndsAsExpected(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, true); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for what, want := range map[string]int{
		"as expected": 4, "goes on": 2 * renewals, "is revoked": 2, "ended by TOKEN_EXPIRED": 2, "ended by TOKEN_INVALID": 2, "WRONG": 0,
	} {
		if got := strings.Count(out.String(), what); got < want || want == 0 && got > 0 {
			t.Errorf("%q is there %d times, want %d:\n%s", what, got, want, out.String())
		}
	}
}

// Without the service on the server, no client makes its stream last.
func TestWrongEndIsNoticed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := run(t.Context(), &out, false)
	if err == nil || strings.Count(out.String(), "WRONG: expected TOKEN_INVALID") != 2 {
		t.Errorf("got %v\n%s", err, out.String())
	}
}
