// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Run measures everything and tells progress what it is at.
func Run(ctx context.Context, o Options, progress io.Writer) (*Result, error) {
	r := &Result{Machine: thisMachine(), Modules: versions(), Quick: o.Quick, Numbers: make(map[string]float64)}
	for _, step := range []struct {
		name string
		run  func(context.Context, Options) error
	}{
		{"verify", r.verify},
		{"allocations", r.allocations},
		{"rpcs", r.rpcs},
		{"load", r.load},
		{"traffic", r.traffic},
		{"storms", r.storms},
		{"memory", r.memory},
		{"flat", r.flat},
		{"caches", r.caches},
	} {
		start := time.Now()
		if err := step.run(ctx, o); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(progress, "%-12s %6.1f s\n", step.name, time.Since(start).Seconds())
	}
	return r, nil
}
