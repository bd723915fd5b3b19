// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package repotest_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

// docs/keys.md has every event about keys and metadata, with the level it is
// logged at.
func TestEventsAreDocumented(t *testing.T) {
	levels := make(map[string]string)
	for _, row := range tables(t, "docs/keys.md")["event"] {
		for name := range strings.SplitSeq(row[0], ", ") {
			levels[strings.Trim(name, "`")] = strings.ToUpper(row[1])
		}
	}
	names := slices.DeleteFunc(constants(t, "auth", "EventName"), func(name string) bool { return strings.HasPrefix(name, "call.") })
	if len(names) < 5 || len(names) != len(levels) {
		t.Errorf("%d events and %d in the document", len(names), len(levels))
	}
	for _, name := range names {
		var out bytes.Buffer
		auth.SlogObserver(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).Observe(t.Context(), auth.Event{Name: auth.EventName(name)})
		if !strings.Contains(out.String(), "level="+levels[name]+" ") || levels[name] == "" {
			t.Errorf("%s is logged as %s and documented as %q", name, out.String(), levels[name])
		}
	}
}
