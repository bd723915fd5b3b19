// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// docs/keys.md has every setting with its default.
func TestDocumentedDefaults(t *testing.T) {
	document, err := os.ReadFile("../../docs/keys.md")
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := Timings{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(defaults)
	for i := range v.NumField() {
		row := fmt.Sprintf("| `Timings.%s` | %v |", v.Type().Field(i).Name, v.Field(i).Interface().(time.Duration))
		if !strings.Contains(string(document), row) {
			t.Errorf("docs/keys.md lacks %s", row)
		}
	}
}
