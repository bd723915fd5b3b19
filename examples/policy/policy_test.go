// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
)

func TestFormats(t *testing.T) {
	for _, format := range []string{"text", "markdown", "json"} {
		var out, faults bytes.Buffer
		if err := run(&out, &faults, format); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "/widget.v1.WidgetService/CreateWidget") || strings.Contains(out.String(), "DeleteWidget") {
			t.Errorf("%s:\n%s", format, out.String())
		}
		if !strings.Contains(faults.String(), "no rule for /widget.v1.WidgetService/DeleteWidget") {
			t.Errorf("%s: the method without a rule was not reported: %s", format, faults.String())
		}
		if format == "json" {
			var policy auth.Policy
			if err := json.Unmarshal(out.Bytes(), &policy); err != nil || len(policy) != 9 {
				t.Errorf("%d entries, %v", len(policy), err)
			}
		}
		if format == "markdown" {
			readme, err := os.ReadFile("../../docs/rules.md")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(readme, out.Bytes()) {
				t.Errorf("docs/rules.md does not hold this table; copy it there:\n%s", out.String())
			}
		}
	}
	if err := run(new(bytes.Buffer), new(bytes.Buffer), "xml"); err == nil {
		t.Error("an unknown format was accepted")
	}
}
