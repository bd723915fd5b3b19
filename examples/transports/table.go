// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transports

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
)

// OK is the code of a call that got through.
const OK connect.Code = 0

// Step is one call, made by every client in turn, and what it should come to.
type Step struct {
	Method        string
	Credential    string // in words
	Authorization string // header value; empty sends none
	Code          connect.Code
	Reason        auth.Reason
	// Questions is how often the issuer should be asked about the token, by all
	// clients together.
	Questions int
	// Do, if set, comes before the calls.
	Do func()
}

// Table makes steps and remembers what came of them.
type Table struct {
	Clients []Client
	// Asked counts the questions to the issuer so far.
	Asked func() int

	rows   []string
	calls  int
	faults int
}

// Run makes the steps in order.
func (t *Table) Run(ctx context.Context, steps ...Step) {
	for _, s := range steps {
		if s.Do != nil {
			s.Do()
		}
		before := t.Asked()
		outcomes := make([]Outcome, len(t.Clients))
		for i, c := range t.Clients {
			outcomes[i] = c.Call(ctx, s.Method, s.Authorization)
		}
		questions := t.Asked() - before
		for i, c := range t.Clients {
			verdict := "as expected"
			if fault := s.fault(outcomes[i], questions); fault != "" {
				t.faults++
				verdict = "WRONG: " + fault
			}
			t.calls++
			t.rows = append(t.rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", s.Method, s.Credential, c.Name,
				CodeName(outcomes[i].Code), dash(outcomes[i].Reason), questions, verdict))
		}
	}
}

// fault says what is not as expected. A handler must know the callers of a
// method that needs a token, and a refusal that another token would mend must
// say so by a challenge.
func (s Step) fault(o Outcome, questions int) string {
	wantCaller := o.Code == OK && (s.Method == Get || s.Method == Create)
	wantChallenge := o.Code == connect.CodeUnauthenticated || o.Reason == string(auth.ReasonScopeInsufficient)
	switch {
	case o.Code != s.Code || o.Reason != string(s.Reason):
		return fmt.Sprintf("expected %s %s, got %v", CodeName(s.Code), s.Reason, o.Err)
	case questions != s.Questions:
		return fmt.Sprintf("expected %d questions to the issuer", s.Questions)
	case (o.Caller != "") != wantCaller:
		return fmt.Sprintf("the handler knew the caller: %t", o.Caller != "")
	case (o.Challenge != "") != wantChallenge:
		return fmt.Sprintf("there was a challenge: %t", o.Challenge != "")
	default:
		return ""
	}
}

// Print prints the table and returns an error if anything in it is not as
// expected.
func (t *Table) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "method\tcredential\ttransport\toutcome\treason\tasked\tverdict")
	fmt.Fprintln(w, strings.Join(t.rows, "\n"))
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d calls, %d as expected\n", t.calls, t.calls-t.faults)
	if t.faults > 0 || t.calls == 0 {
		return fmt.Errorf("%d of %d outcomes are not the expected ones", t.faults, t.calls)
	}
	return nil
}

// CodeName returns the name of a code, also of OK.
func CodeName(c connect.Code) string {
	if c == OK {
		return "ok"
	}
	return c.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
