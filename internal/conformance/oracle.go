// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	oracleDir     = "internal/conformance/oauth4webapi"
	oraclePackage = "oauth4webapi"

	// answerTimeout is more than the oracle takes for a request that hangs.
	answerTimeout = 20 * time.Second
)

// oracle is a process that answers questions with the npm package oauth4webapi:
// somebody else's opinion of challenges, metadata and tokens. What can be asked
// is in the head of oauth4webapi/oracle.mjs. It is safe for concurrent use and
// answers one question at a time.
type oracle struct {
	process *process

	mu      sync.Mutex
	stdin   io.Writer
	answers *bufio.Reader
	asked   int // the id of the last question
}

// startOracle starts an oracle that ends with the test. Without Node.js or the
// package the test is skipped, or fails if BEARERKIT_CONFORMANCE=1 is in the
// environment.
func startOracle(t testing.TB) *oracle {
	t.Helper()
	install, err := locateOracle()
	if err != nil {
		if os.Getenv(requireIt) == "1" {
			t.Fatalf("conformance: %v", err)
		}
		t.Skipf("conformance: %v", err)
	}
	cmd := exec.Command(install.node, "oracle.mjs")
	cmd.Dir = install.dir
	var stderr bytes.Buffer // not read before the process has ended
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("conformance: start the oracle: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("conformance: start the oracle: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("conformance: start the oracle: %v", err)
	}
	p := &process{stdin: stdin, done: make(chan struct{})}
	o := &oracle{process: p, stdin: stdin, answers: bufio.NewReader(stdout)}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		p.stop(cmd.Process)
		if t.Failed() {
			t.Logf("conformance: stderr of the oracle:\n%s", &stderr)
		}
	})
	if err := within(startTimeout, func() error { return o.answer(0, nil) }); err != nil {
		t.Fatalf("conformance: start the oracle: %v", err)
	}
	return o
}

func locateOracle() (installation, error) {
	server, err := locateServer()
	if err != nil {
		return installation{}, err
	}
	dir := filepath.Join(filepath.Dir(server), filepath.Base(oracleDir))
	node, err := exec.LookPath("node")
	if err != nil {
		return installation{}, fmt.Errorf("no node in PATH (%w); install Node.js and run: npm --prefix %s ci", err, oracleDir)
	}
	if err := checkPackage(dir, oraclePackage); err != nil {
		return installation{}, fmt.Errorf("%w; run: npm --prefix %s ci", err, oracleDir)
	}
	return installation{node: node, dir: dir}, nil
}

// ask asks a question and decodes the answer into reply. No answer fails the
// test.
func (o *oracle) ask(t testing.TB, op string, args, reply any) {
	t.Helper()
	err := within(answerTimeout, func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.asked++
		line, err := json.Marshal(map[string]any{"id": o.asked, "op": op, "args": args})
		if err != nil {
			return err
		}
		if _, err := o.stdin.Write(append(line, '\n')); err != nil {
			return err
		}
		return o.answer(o.asked, reply)
	})
	if err != nil {
		t.Fatalf("conformance: ask the oracle for %s: %v", op, err)
	}
}

// answer reads the answer to one question.
func (o *oracle) answer(id int, reply any) error {
	line, err := o.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the oracle ended: %w", err)
	}
	var answer struct {
		ID    int             `json:"id"`
		Reply json.RawMessage `json:"reply"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return fmt.Errorf("the oracle printed %q: %w", line, err)
	}
	switch {
	case answer.ID != id:
		return fmt.Errorf("the oracle answered question %d, not %d", answer.ID, id)
	case answer.Error != "":
		return errors.New(answer.Error)
	case reply == nil:
		return nil
	default:
		return json.Unmarshal(answer.Reply, reply)
	}
}

// within bounds f, which can block on a pipe. What it left behind ends with the
// process.
func within(d time.Duration, f func() error) error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	select {
	case err := <-result:
		return err
	case <-time.After(d):
		return fmt.Errorf("no answer after %v", d)
	}
}
