// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"fmt"
)

// panicking is the error for a panic. What it was with is not known to be fit for a
// log.
type panicking struct {
	name string
	with any
}

func (p *panicking) Error() string { return p.name + " panicked" }

// Format does not print what it was with.
func (p *panicking) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(p.Error())) }

// within calls f, which is somebody else's, may panic and may never return, and
// gives up on it when ctx ends. So many calls as slots holds are under way at once:
// one that never returns must not cost a goroutine for each request. Errors name f.
func within[T any](ctx context.Context, slots chan struct{}, name string, f func() (T, error)) (T, error) {
	var none T
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return none, fmt.Errorf("%s is busy with %d others: %w", name, cap(slots), ctx.Err())
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errors.New(name + " ended without returning")}
		defer func() {
			if p := recover(); p != nil {
				r = result{err: &panicking{name, p}}
			}
			<-slots
			done <- r
		}()
		r.value, r.err = f()
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, fmt.Errorf("%s did not answer: %w", name, ctx.Err())
	}
}
