// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/matrix"
)

// docs/streams.md says of every transport what becomes of its streams.
func TestStreamsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/streams.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(document), "\n| transport |")
	var listed, want []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| ") && len(cells) > 5 {
			listed = append(listed, strings.TrimSpace(cells[1]))
		} else if line == "\n" {
			break
		}
	}
	for _, over := range matrix.Streaming() {
		if !over.TLS {
			want = append(want, over.Name)
		}
	}
	slices.Sort(listed)
	slices.Sort(want)
	if !slices.Equal(listed, want) {
		t.Errorf("docs/streams.md has\n%q, there are\n%q", listed, want)
	}
}
