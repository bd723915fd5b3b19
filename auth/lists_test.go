// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

// A list that comes again is the same from then on, and in no memory of its giver's.
func TestListsAreShared(t *testing.T) {
	l := newLists()
	text := "read write"
	given := func() []string { return strings.Fields(strings.Clone(text)) }
	if l.shared(given()) != nil {
		t.Error("a list is taken in when it comes first")
	}
	first := given()
	second := l.shared(first)
	third := l.shared(given())
	if !slices.Equal(second, first) || &second[0] == &first[0] || unsafe.StringData(second[0]) == unsafe.StringData(first[0]) {
		t.Errorf("%q is not a copy of %q", second, first)
	}
	if third == nil || &third[0] != &second[0] {
		t.Errorf("%q is not shared with %q", third, second)
	}
	for name, list := range map[string][]string{
		"none":          nil,
		"another order": {"write", "read"},
		"less":          {"read"},
		"joined":        {"read write"},
		"more":          {"read", "write", "admin"},
		"too many":      slices.Repeat([]string{"x"}, maxShared+1),
		"too long":      {strings.Repeat("x", 2*maxShared+1)},
	} {
		for n := range 3 {
			if got := l.shared(list); got != nil && (n == 0 || !slices.Equal(got, list)) || got != nil && strings.HasPrefix(name, "too") {
				t.Errorf("%s becomes %q", name, got)
			}
		}
	}
}

// Whatever comes at once, everybody gets what it gave.
func TestListsAtOnce(t *testing.T) {
	l := newLists()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range 20_000 {
				list := []string{"read", fmt.Sprint("scope-", n%300)}
				if got := l.shared(list); got != nil && !slices.Equal(got, list) {
					t.Errorf("%q becomes %q", list, got)
					return
				}
			}
		})
	}
	group.Wait()
}
