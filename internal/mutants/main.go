// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Command mutants removes the library's checks, one at a time, and runs the
// tests against what is left. A check whose removal leaves every test green is
// one that nobody would miss:
//
//	go run ./internal/mutants            # all of them: some minutes
//	go run ./internal/mutants -run jwt   # those whose name matches
//
// The source tree is not touched: the changed file reaches the compiler through
// go test -overlay.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	pattern := flag.String("run", "", "only mutants whose name matches this `regexp`")
	flag.Parse()
	if err := run(os.Stdout, *pattern); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// mutant is one removed check.
type mutant struct {
	// name says which check is gone.
	name string
	file string
	// before stands in the file exactly once, and after takes its place.
	before, after string
}

// suites are the tests that guard the checks of a directory, cheapest first.
func suites(file string) []string {
	own := "./" + filepath.Dir(file)
	switch {
	case strings.HasPrefix(file, "internal/strictjson"):
		return []string{own, "./auth/jwtauth"}
	case strings.HasPrefix(file, "internal/jws"), strings.HasPrefix(file, "internal/claimset"):
		return []string{own, "./auth/jwtauth", "./introspection"}
	case strings.HasPrefix(file, "internal/boundedhttp"):
		return []string{own, "./auth/issuer"}
	case strings.HasPrefix(file, "internal/pemblock"):
		return []string{own, "./auth/issuer", "./clientauth"}
	case strings.HasPrefix(file, "auth/issuer"):
		return []string{own, "./auth/jwtauth"}
	case strings.HasPrefix(file, "internal/renewal"):
		return []string{own}
	case strings.Contains(file, "/streamrenewal"):
		return []string{own, "./internal/renewal"}
	case strings.HasPrefix(file, "auth/"), strings.HasPrefix(file, "grpcauth/"), strings.HasPrefix(file, "connectauth/"):
		return []string{own, "./internal/attacks", "./internal/matrix"}
	case strings.HasPrefix(file, "introspection/"):
		return []string{own}
	case strings.HasPrefix(file, "clientauth/"):
		return []string{own, "./introspection"}
	default:
		return []string{"./internal/matrix"}
	}
}

func run(out io.Writer, pattern string) error {
	selected, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	survived, total := 0, 0
	for _, m := range mutants {
		if !selected.MatchString(m.name) {
			continue
		}
		total++
		verdict, err := m.try(dir)
		switch {
		case err != nil:
			survived++
			verdict = "BROKEN: " + err.Error()
		case verdict == "":
			survived++
			verdict = "SURVIVED"
		}
		fmt.Fprintf(out, "%-60s %s\n", m.name, verdict)
	}
	fmt.Fprintf(out, "%d checks removed, %d noticed\n", total, total-survived)
	if survived > 0 {
		return fmt.Errorf("%d removed checks were not noticed", survived)
	}
	return nil
}

// try returns the first test that fails without the check, or nothing.
func (m mutant) try(dir string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := bytes.Count(source, []byte(m.before)); n != 1 {
		return "", fmt.Errorf("%q stands in %s %d times, and has to once", m.before, m.file, n)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, bytes.Replace(source, []byte(m.before), []byte(m.after), 1), 0o600); err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {absolute: changed}})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	for _, suite := range suites(m.file) {
		failed, err := fails(overlayFile, suite)
		if failed != "" || err != nil {
			return failed, err
		}
	}
	return "", nil
}

var failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// fails names the deepest failed test of the first that failed.
func fails(overlay, suite string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-vet=off", "-failfast", "-timeout", "300s", suite)
	output, err := cmd.CombinedOutput()
	if err == nil {
		return "", nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return "", err
	}
	if bytes.Contains(output, []byte("[build failed]")) || bytes.Contains(output, []byte("[setup failed]")) {
		return "", fmt.Errorf("does not compile:\n%s", output)
	}
	if all := failure.FindAllSubmatch(output, 2); len(all) > 0 {
		return fmt.Sprintf("%s %s", suite, all[len(all)-1][1]), nil
	}
	if bytes.Contains(output, []byte("panic: ")) || bytes.Contains(output, []byte("FAIL")) {
		return suite + " (timeout or panic)", nil
	}
	return "", fmt.Errorf("go test: %w\n%s", err, output)
}
