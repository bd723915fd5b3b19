// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/examples/transports"
)

// row is one call and what came of it.
type row struct {
	testCase
	transports.Outcome

	transport string
	check     auth.Check // what the server knows and does not say
}

// asExpected compares with the case. A call that got through to a method that
// needs a token must also have been known to the handler, and a refusal that
// another token would mend must say so.
func (r row) asExpected() bool {
	if r.Code != r.wantCode || r.Reason != r.wantReason {
		return false
	}
	if r.Code == transports.OK {
		return (r.Caller == "") == (r.method == transports.Ping)
	}
	return (r.Challenge == "") == (r.Reason == string(auth.ReasonMethodDenied))
}

// printRows prints a table for each transport and returns an error if a row is
// not as expected.
func printRows(out io.Writer, rows []row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	failed := 0
	transport, example := "", ""
	for _, r := range rows {
		if r.transport != transport {
			transport = r.transport
			fmt.Fprintf(table, "%s\n", strings.ToUpper(transport))
			fmt.Fprintln(table, "method\tcredential\toutcome\treason\tchallenge\tserver's log\tverdict")
		}
		verdict := "as expected"
		if !r.asExpected() {
			failed++
			verdict = fmt.Sprintf("WRONG: expected %s %s, got %v", transports.CodeName(r.wantCode), r.wantReason, r.Err)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.method, r.credential,
			transports.CodeName(r.Code), dash(r.Reason), dash(short(r.Challenge)), dash(string(r.check)), verdict)
		if example == "" || strings.Contains(r.Challenge, "insufficient_scope") {
			example = r.Challenge
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if example != "" {
		fmt.Fprintf(out, "\nA challenge in full:\n  WWW-Authenticate: %s\n", example)
	}
	fmt.Fprintf(out, "\n%d calls, %d as expected\n", len(rows), len(rows)-failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d outcomes are not the expected ones", failed, len(rows))
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// short leaves out of a challenge what is the same in all of them, and the
// sentence for people.
func short(challenge string) string {
	scheme, parameters, _ := strings.Cut(challenge, " ")
	var kept []string
	for p := range strings.SplitSeq(parameters, ", ") {
		if strings.HasPrefix(p, "error=") || strings.HasPrefix(p, "scope=") {
			kept = append(kept, p)
		}
	}
	return strings.TrimSpace(scheme + " " + strings.Join(kept, " "))
}

// checks is an [auth.Observer] that remembers the last refusal.
type checks struct {
	mu    sync.Mutex
	check auth.Check
}

// Observe implements [auth.Observer].
func (c *checks) Observe(_ context.Context, e auth.Event) {
	if e.Error != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.check = e.Error.Check
	}
}

func (c *checks) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.check = ""
}

func (c *checks) last() auth.Check {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.check
}
