// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"strings"
	"testing"
)

// The README's first program is the example that compiles, shortened by its
// error handling.
func TestReadmeCompiles(t *testing.T) {
	readme := strings.Split(string(read(t, "README.md")), "\n")
	example := squeeze(string(read(t, "auth/example_test.go")))
	inside, blocks := false, 0
	for number, line := range readme {
		switch {
		case strings.HasPrefix(line, "```"):
			if inside = strings.HasPrefix(line, "```go"); inside {
				blocks++
				if blocks == 1 && number >= 39 {
					t.Errorf("the first program begins at line %d of the README; a reader wants it before line 40", number+1)
				}
			}
		case inside && strings.TrimSpace(line) != "":
			code, _, _ := strings.Cut(line, " //")
			if !strings.Contains(example, squeeze(code)) {
				t.Errorf("line %d of the README is not in auth/example_test.go: %s", number+1, line)
			}
		}
	}
	if blocks < 2 {
		t.Errorf("%d Go blocks in the README", blocks)
	}
}

// squeeze makes white space irrelevant, which gofmt aligns differently in
// another place.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestReadmeNamesBothCommands(t *testing.T) {
	readme := string(read(t, "README.md"))
	for _, command := range []string{"go run ./examples/quickstart", "go test ./..."} {
		if !strings.Contains(readme, command) {
			t.Errorf("the README does not name %q", command)
		}
	}
}
