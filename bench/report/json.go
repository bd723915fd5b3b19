// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"

	"github.com/bearerkit/bearerkit/bench/suite"
)

// JSON writes every number as one object on one line.
func JSON(w io.Writer, r *suite.Result) error {
	object := make(map[string]any)
	for name, value := range maps.All(r.Numbers) {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("report: %s is not a number", name)
		}
		object[name] = math.Round(value*1e4) / 1e4
	}
	object["machine"] = map[string]any{"cpu": r.Machine.CPU, "cores": r.Machine.Cores, "go": r.Machine.Go, "os": r.Machine.OS}
	object["quick"] = r.Quick
	versions := make(map[string]string)
	for _, m := range r.Modules {
		versions[m.Path] = m.Version
	}
	object["modules"] = versions
	if len(r.Faults) > 0 {
		object["faults"] = r.Faults
	}
	return json.NewEncoder(w).Encode(object)
}
