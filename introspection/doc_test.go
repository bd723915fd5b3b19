// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/clientauth"
)

// docs/introspection.md has every setting, and the defaults of those that have a
// number.
func TestDocumentedSettings(t *testing.T) {
	file, err := os.ReadFile("../docs/introspection.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(file)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if !strings.Contains(document, "`"+f.Name+"`") && !strings.Contains(document, "`"+f.Name+".") {
			t.Errorf("docs/introspection.md lacks %s", f.Name)
		}
	}
	c := Config{Audiences: []string{"a"}, Auth: clientauth.None()}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	short := func(d time.Duration) string { return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m") }
	for _, row := range []string{
		fmt.Sprintf("| `PositiveTTL` | %v |", c.PositiveTTL),
		fmt.Sprintf("| `NegativeTTL` | %v |", c.NegativeTTL),
		fmt.Sprintf("| `Timeout` | %v |", c.Timeout),
		fmt.Sprintf("| `MaxInFlight` | %d |", c.MaxInFlight),
		fmt.Sprintf("| `TokenTypeHint` | %s |", c.TokenTypeHint),
		fmt.Sprintf("| `ClockSkew` | %v |", c.ClockSkew),
		fmt.Sprintf("| `Retry.Attempts` | %d |", c.Retry.Attempts),
		fmt.Sprintf("| `Retry.MinBackoff`, `MaxBackoff` | %v, %v |", c.Retry.MinBackoff, c.Retry.MaxBackoff),
		fmt.Sprintf("| `Breaker.Failures` | %d |", c.Breaker.Failures),
		fmt.Sprintf("| `Breaker.MinOpen`, `MaxOpen` | %v, %v |", c.Breaker.MinOpen, c.Breaker.MaxOpen),
		fmt.Sprintf("at most %v, `NoTTL` to ask each time. Counts", short(maxPositiveTTL)),
		fmt.Sprintf("at most %v, `NoTTL`", short(maxNegativeTTL)),
		fmt.Sprintf("at most %v |", maxTimeout),
		fmt.Sprintf("at most %v, `NoClockSkew`", short(maxClockSkew)),
	} {
		if !strings.Contains(document, row) {
			t.Errorf("docs/introspection.md lacks %s", row)
		}
	}
	for _, e := range []string{string(EventMisconfigured), string(EventMostlyInactive), string(EventOpened), string(EventClosed)} {
		if !strings.Contains(document, "\n| `"+e+"` |") {
			t.Errorf("docs/introspection.md lacks %s", e)
		}
	}
}
