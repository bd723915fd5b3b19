// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// rotation gets what may be newer and puts it into use, one at a time. What it
// calls is the user's, or a file system, and may fail, panic or never return.
type rotation[T any] struct {
	// fetch gets what there is now.
	fetch func(ctx context.Context) (T, error)
	// install puts it into use, and describes it if it is another than before.
	install func(T) (*auth.Event, error)
	// timeout bounds fetch.
	timeout time.Duration
	// cooldown is the least time between two attempts that refused requests cause.
	// After some it doubles, up to slowest, if what they bring is refused too.
	cooldown, slowest time.Duration
	observer          auth.Observer

	ctx    context.Context //nolint:containedctx // of all attempts, which are no caller's
	cancel context.CancelFunc
	landed chan struct{} // has an element after an attempt
	done   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	running  *flight
	began    time.Time
	refused  time.Time     // when the last attempt began that a refusal caused
	streak   int           // of such attempts, with little time between them
	failures int           // since the last success
	last     error         // of the latest
	hung     chan struct{} // of a fetch that was given up on, closed when it returns
}

// flight is one attempt. err is set before done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// freeRefusals are attempts that an issuer may cause by refusing what they bring,
// before there is less and less sense in more of them.
const freeRefusals = 5

var (
	errRotationClosed = errors.New("closed")
	errHung           = errors.New("the attempt before has still not returned")
	errCooldown       = errors.New("tried just now")
)

// begin readies r. Call end when it is no longer needed.
func (r *rotation[T]) begin() {
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.landed = make(chan struct{}, 1)
}

// end cancels what is under way and waits for it, but not for a fetch that goes on
// regardless.
func (r *rotation[T]) end() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.done.Wait()
}

// join returns the attempt under way, or starts one, unless the last one began less
// than a while ago.
func (r *rotation[T]) join(least time.Duration) (f *flight, started bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.joinLocked(least)
}

func (r *rotation[T]) joinLocked(least time.Duration) (f *flight, started bool, err error) {
	switch {
	case r.closed:
		return nil, false, errRotationClosed
	case r.running != nil:
		return r.running, false, nil
	case !r.began.IsZero() && time.Since(r.began) < least:
		return nil, false, errCooldown
	}
	f = &flight{done: make(chan struct{})}
	r.running, r.began = f, time.Now()
	r.done.Go(func() { r.fly(f) })
	return f, true, nil
}

// wait waits for an attempt within ctx.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// force makes an attempt now, or waits for the one under way.
func (r *rotation[T]) force(ctx context.Context) error {
	f, _, err := r.join(0)
	if err != nil {
		return err
	}
	return f.wait(ctx)
}

// refresh is [rotation.force] for requests that were refused, which may be any
// number. Shortly after an attempt there is nothing to gain by one more, and what
// came of it is the answer.
func (r *rotation[T]) refresh(ctx context.Context) error {
	f, err := r.joinRefused()
	switch {
	case errors.Is(err, errCooldown):
		return r.outcome()
	case err != nil:
		return err
	}
	return f.wait(ctx)
}

// joinRefused is [rotation.join] for a request that was refused. An issuer that
// refuses whatever it is shown must not have things fetched at the pace of one that
// refuses what is old.
func (r *rotation[T]) joinRefused() (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pace := r.cooldown
	if r.last == nil {
		pace = max(pace, min(pace<<min(max(r.streak-freeRefusals, 0), 10), r.slowest))
	}
	if time.Since(r.refused) > 2*pace {
		r.streak, pace = 0, r.cooldown
	}
	f, started, err := r.joinLocked(pace)
	if started {
		r.refused = time.Now()
		r.streak++
	}
	return f, err
}

// outcome returns the error of the latest attempt.
func (r *rotation[T]) outcome() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// fly is one attempt.
func (r *rotation[T]) fly(f *flight) {
	event, err := r.attempt()
	if err != nil && r.ctx.Err() == nil {
		report(r.ctx, r.observer, auth.Event{Name: EventRotationFailed, Cause: err})
	} else if event != nil {
		event.Name = EventRotated
		report(r.ctx, r.observer, *event)
	}
	r.mu.Lock()
	r.running, r.last = nil, err
	if r.failures++; err == nil {
		r.failures = 0
	}
	r.mu.Unlock()
	f.err = err
	close(f.done)
	select {
	case r.landed <- struct{}{}:
	default: // it has one
	}
}

func (r *rotation[T]) attempt() (*auth.Event, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.timeout)
	defer cancel()
	r.mu.Lock()
	hung := r.hung
	r.mu.Unlock()
	if hung != nil {
		select {
		case <-hung:
		default:
			return nil, errHung
		}
	}
	type result struct {
		value T
		err   error
	}
	results, returned := make(chan result, 1), make(chan struct{})
	go func() {
		defer close(returned)
		var got result
		got.err = errors.New("it ended without returning")
		defer func() {
			if p := recover(); p != nil {
				got.err = panicked(p)
			}
			results <- got
		}()
		got.value, got.err = r.fetch(ctx)
	}()
	select {
	case got := <-results:
		if got.err != nil {
			return nil, got.err
		}
		return r.install(got.value)
	case <-ctx.Done():
		r.mu.Lock()
		r.hung = returned
		r.mu.Unlock()
		return nil, fmt.Errorf("no answer within %v: %w", r.timeout, ctx.Err())
	}
}

// panicked does not print what it cannot know to be no secret.
func panicked(p any) error {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Errorf("it panicked: %w", err)
	}
	return fmt.Errorf("it panicked with a %T", p)
}

// failed returns how many attempts in a row have failed.
func (r *rotation[T]) failed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures
}
