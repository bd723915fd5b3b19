// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	serverDir = "internal/conformance/oidcprovider"
	requireIt = "BEARERKIT_CONFORMANCE"

	startTimeout = 20 * time.Second
	stopTimeout  = 3 * time.Second
)

// installation is where the parts of the server were found.
type installation struct {
	node, dir string
}

// findInstallation skips or fails the test if anything is missing.
func findInstallation(t testing.TB) installation {
	t.Helper()
	install, err := locate()
	if err == nil {
		return install
	}
	if os.Getenv(requireIt) == "1" {
		t.Fatalf("conformance: %v", err)
	}
	t.Skipf("conformance: %v", err)
	return installation{}
}

func locate() (installation, error) {
	dir, err := locateServer()
	if err != nil {
		return installation{}, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return installation{}, fmt.Errorf("no node in PATH (%w); install Node.js and run: npm --prefix %s ci", err, serverDir)
	}
	if err := checkPackage(dir, "oidc-provider"); err != nil {
		return installation{}, fmt.Errorf("%w; run: npm --prefix %s ci", err, serverDir)
	}
	return installation{node: node, dir: dir}, nil
}

// locateServer looks upwards from the working directory, which is that of the
// package under test. What the compiler says about its sources is of no use: it
// is not a path in a binary built with -trimpath.
func locateServer() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		server := filepath.Join(dir, filepath.FromSlash(serverDir))
		if _, err := os.Stat(filepath.Join(server, "server.mjs")); err == nil {
			return server, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no %s above %s; run the test from the module's tree", serverDir, wd)
		}
	}
}

// checkPackage compares an installed npm package with the one wanted: a
// stale one would make tests fail for reasons that are hard to see.
func checkPackage(dir, name string) error {
	var want struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := readJSON(filepath.Join(dir, "package.json"), &want); err != nil {
		return err
	}
	var got struct {
		Version string `json:"version"`
	}
	switch err := readJSON(filepath.Join(dir, "node_modules", name, "package.json"), &got); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("the npm package %s is not installed", name)
	case err != nil:
		return err
	case got.Version != want.Dependencies[name]:
		return fmt.Errorf("the npm package %s is installed in version %s, not %s", name, got.Version, want.Dependencies[name])
	}
	return nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// process is the server's process.
type process struct {
	stdin  io.Closer
	stdout *firstLine
	done   chan struct{} // closed when it has ended
	err    error         // why; read it after done
}

// readyLine is what the server prints when it is ready, as far as it is used.
type readyLine struct {
	Issuer  string `json:"issuer"`
	Control string `json:"control"`
}

// startProcess starts the server and sees to its end. If the test fails, what
// the server wrote to stderr is in the test's log.
func startProcess(t testing.TB, install installation, env map[string]string) *process {
	t.Helper()
	cmd := exec.Command(install.node, "server.mjs")
	cmd.Dir = install.dir
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr bytes.Buffer // not read before the process has ended
	p := &process{stdout: newFirstLine(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.stdout, &stderr
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("conformance: start the server: %v", err)
	}
	p.stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatalf("conformance: start the server: %v", err)
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		p.stop(cmd.Process)
		if t.Failed() {
			t.Logf("conformance: stderr of the server:\n%s", &stderr)
		}
	})
	return p
}

// waitReady returns what the server printed first.
func (p *process) waitReady(t testing.TB) readyLine {
	t.Helper()
	select {
	case line := <-p.stdout.line:
		var ready readyLine
		if err := json.Unmarshal(line, &ready); err != nil || ready.Issuer == "" || ready.Control == "" {
			t.Fatalf("conformance: the server printed %q, not where it listens (%v)", line, err)
		}
		return ready
	case <-p.done:
		t.Fatalf("conformance: the server ended before it was ready: %v", p.err)
	case <-time.After(startTimeout):
		t.Fatalf("conformance: the server was not ready after %v", startTimeout)
	}
	return readyLine{}
}

// stop ends the process and returns when it has ended.
func (p *process) stop(self *os.Process) {
	// Each of these fails if the process is gone already, which is the aim.
	_ = p.stdin.Close()
	_ = self.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		_ = self.Kill()
		<-p.done
	}
}

// firstLine is a writer that hands on the first line and drops what follows.
type firstLine struct {
	line chan []byte

	mu   sync.Mutex
	buf  []byte
	sent bool
}

func newFirstLine() *firstLine { return &firstLine{line: make(chan []byte, 1)} }

func (w *firstLine) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent {
		return len(b), nil
	}
	w.buf = append(w.buf, b...)
	if line, _, ok := bytes.Cut(w.buf, []byte("\n")); ok {
		w.line <- line
		w.sent = true
	}
	return len(b), nil
}
