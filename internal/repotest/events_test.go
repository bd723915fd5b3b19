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

// docs/keys.md has every event about keys and metadata, and docs/streams.md those
// about streams, with the level they are logged at.
func TestEventsAreDocumented(t *testing.T) {
	levels := make(map[string]string)
	for _, file := range []string{"docs/keys.md", "docs/streams.md"} {
		for _, row := range tables(t, file)["event"] {
			for name := range strings.SplitSeq(row[0], ", ") {
				level, _, _ := strings.Cut(row[1], ",") // and another one at times
				levels[strings.Trim(name, "`")] = strings.ToUpper(level)
			}
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
