// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/bench/suite"
)

// tiny goes through everything and measures nothing worth knowing.
func tiny() suite.Options {
	o := suite.Quick()
	o.Rounds, o.Slot, o.Tokens = 2, time.Millisecond, 5
	o.RPCs, o.RPCSets, o.RPCRounds, o.Streams, o.StreamMessages = 10, 1, 1, 1, 10
	o.LoadSlot, o.LoadRounds, o.Callers = 10*time.Millisecond, 1, []int{1, 2}
	o.ZipfRPCs, o.ZipfUsers, o.ZipfRounds = 50, 10, 1
	o.MemoryEntries, o.FlatEntries = []int{50}, []int{10, 100}
	o.ColdCallers, o.RotationTime, o.OutageTime, o.Patience = 20, 200*time.Millisecond, 200*time.Millisecond, time.Second
	o.CacheEntries = 100
	return o
}

// required are the numbers that others rely on; positive ones cannot be zero.
var required = map[string]bool{
	"cached_vs_floor":                         true,
	"cold_rs256_vs_raw":                       true,
	"cold_es256_vs_raw":                       true,
	"cold_eddsa_vs_raw":                       true,
	"grpc_allocs_cached":                      true,
	"grpc_stream_message_allocs_cached":       false,
	"connect_allocs_cached":                   true,
	"connect_middleware_allocs_cached":        true,
	"cpu_us_per_rpc_added":                    false,
	"cpu_us_per_rpc_added_connect":            false,
	"fastest_peer_vs_cached":                  true,
	"fastest_caching_peer_vs_cached":          true,
	"fastest_caching_peer_by_token_vs_cached": true,
	"bytes_per_cached_token":                  true,
	"flat_most_vs_fewest_entries":             true,
	"flat_all_cores_vs_one":                   true,
	"valid_calls_refused":                     false,
	"valid_calls_deferred":                    false,
	"valid_calls_late":                        false,
	"cache_hit_ns_auth_cache":                 true,
	"cache_hit_ns_otter":                      true,
	"zipf_hit_ratio_bearerkit_cached":         true,
}

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := compare(t.Context(), tiny(), dir, true, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var object map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &object); err != nil {
		t.Fatalf("the last line is no JSON object: %v", err)
	}
	for name, positive := range required {
		value, ok := object[name].(float64)
		switch {
		case !ok:
			t.Errorf("%s is missing", name)
		case math.IsNaN(value) || math.IsInf(value, 0) || positive && value <= 0:
			t.Errorf("%s is %v", name, value)
		}
	}
	if n := object["valid_calls_refused"]; n != 0.0 {
		t.Errorf("%v good tokens were called bad", n)
	}
	if faults := object["faults"]; faults != nil {
		t.Errorf("not everybody was measured: %v", faults)
	}

	report, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| bearerkit, cached |", "| floor probe |", "| zitadel/oidc rs |", "cores", "go1.", "github.com/coreos/go-oidc/v3"} {
		if !bytes.Contains(report, []byte(want)) {
			t.Errorf("RESULTS.md does not have %q", want)
		}
	}
	for part := range strings.SplitSeq(string(report), "](charts/") {
		if name, _, ok := strings.Cut(part, ".svg)"); ok {
			svg, err := os.ReadFile(filepath.Join(dir, "charts", name+".svg"))
			if err != nil || !bytes.Contains(svg, []byte("<svg")) {
				t.Errorf("chart %s: %v", name, err)
			}
		}
	}
}

func TestFlags(t *testing.T) {
	if err := run(t.Context(), []string{"-slow"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown flag is accepted")
	}
}
