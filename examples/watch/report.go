// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// report prints what happens, and notes what should not have.
type report struct {
	out    io.Writer
	began  time.Time
	revoke func(subject string)

	mu      sync.Mutex
	renewed map[string]int // by subject
	faults  []error
}

func newReport(out io.Writer, revoke func(r *report, subject string)) *report {
	r := &report{out: out, began: time.Now(), renewed: make(map[string]int)}
	r.revoke = func(subject string) { revoke(r, subject) }
	return r
}

func (r *report) say(who, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "%5.1fs  %-25s %s\n", time.Since(r.began).Seconds(), who, fmt.Sprintf(format, args...))
}

func (r *report) fault(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, err)
}

// Observe implements [auth.Observer]: the guard says when a stream is renewed.
func (r *report) Observe(_ context.Context, e auth.Event) {
	if e.Name != auth.EventStreamRenewed {
		return
	}
	subject := e.Claims.Subject()
	r.say(subject, "goes on, with a token until %.1fs", e.Claims.Expiry().Sub(r.began).Seconds())
	r.mu.Lock()
	r.renewed[subject]++
	enough := r.renewed[subject] == renewals
	r.mu.Unlock()
	if enough {
		// Not from here: an observer returns soon, and this ends a stream.
		time.AfterFunc(time.Second, func() { r.revoke(subject) })
	}
}

// ended compares how a stream ended with how it should have.
func (r *report) ended(w watcher, reason auth.Reason, err error) {
	verdict := "as expected"
	if reason != w.want {
		verdict = fmt.Sprintf("WRONG: expected %s", w.want)
		r.fault(fmt.Errorf("%s: %w", w.name, err))
	}
	r.say(w.name, "ended by %s, %s", reason, verdict)
}

func (r *report) verdict() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.faults) > 0 {
		return fmt.Errorf("not every stream ended as expected: %w", errors.Join(r.faults...))
	}
	return nil
}
