// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"sync"
	"sync/atomic"
)

// handlerContext is the context of a stream's handler. It is done when the stream
// ends, and when its handler has returned. Many handlers ask it for values only; for
// those that wait for it there is a context of the standard library's within, made
// when the first does. From then on that one answers everything, so that contexts
// made from this one are its children, with its cause and without a goroutine each.
type handlerContext struct {
	context.Context //nolint:containedctx // the parent

	over atomic.Bool // it was done before its parent, and before within was there
	made atomic.Bool // within is there

	mu     sync.Mutex
	cause  error           // of being over
	within context.Context //nolint:containedctx // see above
	cancel context.CancelCauseFunc
}

// of returns the context as one that is made from parent. If it is over already, or
// another call's, that is one which is done.
func (c *handlerContext) of(parent context.Context) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Context != nil || c.made.Load() || c.over.Load() {
		ctx, cancel := context.WithCancelCause(parent)
		cancel(c.cause)
		return ctx
	}
	c.Context = parent
	return c
}

// Done implements [context.Context].
func (c *handlerContext) Done() <-chan struct{} { return c.wait().Done() }

// Err implements [context.Context]. Once it is done, it is so for one reason, also if
// parent and stream end at the same time.
func (c *handlerContext) Err() error {
	if c.current().Err() == nil {
		return nil
	}
	return c.wait().Err()
}

// Value implements [context.Context].
func (c *handlerContext) Value(key any) any { return c.current().Value(key) }

// current returns the context that answers.
func (c *handlerContext) current() context.Context {
	if c.made.Load() || c.over.Load() {
		return c.wait()
	}
	return c.Context
}

// wait returns the context that can be waited for.
func (c *handlerContext) wait() context.Context {
	if c.made.Load() {
		return c.within
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.made.Load():
		return c.within
	case c.over.Load():
		// The parent may be done by now, too, and its cause came later.
		c.within, c.cancel = context.WithCancelCause(context.WithoutCancel(c.Context))
		c.cancel(c.cause)
	default:
		c.within, c.cancel = context.WithCancelCause(c.Context)
	}
	c.made.Store(true)
	return c.within
}

// end has the context done, unless its parent was first.
func (c *handlerContext) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.made.Load():
		c.cancel(cause)
	case c.over.Load(), c.Context != nil && c.Context.Err() != nil: // there may be no handler
	default:
		c.cause = cause
		c.over.Store(true)
	}
}
