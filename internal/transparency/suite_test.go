// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// suite runs the conformance suite of Connect.
type suite struct{ runner, self, schema string }

func newSuite(t *testing.T) *suite {
	t.Helper()
	runner, err := exec.CommandContext(t.Context(), "go", "tool", "-n", "connectconformance").Output()
	if err != nil {
		t.Fatalf("build the suite's runner: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &suite{runner: strings.TrimSpace(string(runner)), self: self, schema: compileSchema(t)}
}

// outcomes are the cases of a run by their names, and for each that failed why.
type outcomes map[string]string

func (o outcomes) names() []string { return slices.Sorted(maps.Keys(o)) }

func (o outcomes) failed() []string {
	return slices.DeleteFunc(o.names(), func(name string) bool { return o[name] == "" })
}

// racing are cases in which client and server have the same deadline, so that
// either can be first, or in which a slow machine is late.
var racing = regexp.MustCompile(`^(Timeouts|Deadline Propagation)/`)

// run runs the cases of a file of testdata without those to skip, or only those
// that match the last arguments, and returns what was recorded as well. Cases
// that race have four attempts.
func (s *suite) run(t *testing.T, l library, m mode, features string, skip []string, only ...string) (outcomes, map[string]record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records")
	settings := serverSettings{Library: l, Mode: m, Schema: s.schema, Record: path}
	args := []string{"--conf", filepath.Join("testdata", features)}
	for _, pattern := range skip {
		args = append(args, "--skip", pattern)
	}
	for _, pattern := range only {
		args = append(args, "--run", pattern)
	}
	all := s.attempt(t, settings, args)
	records := readRecords(t, path)
	for range 3 {
		again := []string{"--conf", filepath.Join("testdata", features)}
		for _, name := range all.failed() {
			if racing.MatchString(name) {
				again = append(again, "--run", name)
			}
		}
		if len(again) == 2 {
			break
		}
		maps.Copy(all, s.attempt(t, settings, again))
	}
	return all, records
}

func (s *suite) attempt(t *testing.T, settings serverSettings, args []string) outcomes {
	t.Helper()
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	args = slices.Concat([]string{"--mode", "server", "--vv"}, args, []string{"--", s.self})
	command := exec.CommandContext(t.Context(), s.runner, args...)
	command.Env = append(os.Environ(), serverVariable+"="+string(encoded), "GORACE=halt_on_error=1")
	var stderr strings.Builder
	command.Stderr = &stderr
	stdout, err := command.Output()
	// The runner ends with 1 if a case failed.
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		t.Fatalf("the suite: %v\n%s", err, stderr.String())
	}
	// A server under test that says something had an accident, such as a data race.
	if stderr.Len() > 0 {
		t.Errorf("%s, %s: %s", settings.Library, settings.Mode, stderr.String())
	}
	return parse(t, string(stdout))
}

var (
	sentLine  = regexp.MustCompile(`^Sending request for ("(?:[^"\\]|\\.)*")\.\.\.$`)
	totalLine = regexp.MustCompile(`^Total cases: (\d+)$`)
)

// parse reads the runner's report. It names the cases that it starts and those
// that failed, so the others passed.
func parse(t *testing.T, report string) outcomes {
	t.Helper()
	all := make(outcomes)
	failed, total := "", -1
	for line := range strings.Lines(report) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "FAILED: "); ok {
			failed = strings.TrimSuffix(name, ":")
			all[failed] = "failed"
		} else if why, ok := strings.CutPrefix(line, "\t"); ok && failed != "" {
			all[failed] += "\n\t" + why
		} else if sent := sentLine.FindStringSubmatch(line); sent != nil {
			name, err := strconv.Unquote(sent[1])
			if err != nil {
				t.Fatal(err)
			}
			all[name] = ""
		} else if found := totalLine.FindStringSubmatch(line); found != nil {
			total, _ = strconv.Atoi(found[1])
		} else if strings.Contains(line, "could not be run") {
			t.Error(line)
		}
	}
	if total != len(all) {
		t.Errorf("the suite ran %d cases, its report has %d:\n%s", total, len(all), report)
	}
	return all
}
