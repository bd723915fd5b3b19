// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// late is a parent that is done right behind the first look at it, at which somebody
// else looks.
type late struct {
	context.Context

	done  atomic.Bool
	other func()
}

func (l *late) Err() error {
	if l.done.Swap(true) {
		return context.DeadlineExceeded
	}
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		l.other()
	}()
	select {
	case <-looked:
	case <-time.After(20 * time.Millisecond): // it waits for the first look to have its effect
	}
	return nil
}

// The error of a context that is done does not change, also if parent and stream end
// at the same time.
func TestHandlerContextIsDoneForOneReason(t *testing.T) {
	parent := &late{Context: t.Context()}
	var c handlerContext
	ctx := c.of(parent)
	seen := make(chan error, 1)
	parent.other = func() { seen <- ctx.Err() }
	c.end(nil)
	if before, now := <-seen, ctx.Err(); !errors.Is(now, before) || now == nil {
		t.Errorf("Err was %v and is %v", before, now)
	}
}

// A Stream that is used again shows nothing of the first call to the second.
func TestHandlerContextIsForOneCall(t *testing.T) {
	type who struct{}
	for name, first := range map[string]func(context.Context, *Stream){
		"waited for": func(ctx context.Context, s *Stream) { _, _ = ctx.Done(), s.Close() },
		"closed":     func(_ context.Context, s *Stream) { _ = s.Close() },
		"open":       func(context.Context, *Stream) {},
	} {
		var s Stream
		first(s.Context(context.WithValue(t.Context(), who{}, "alice")), &s)
		second := s.Context(context.WithValue(t.Context(), who{}, "nobody"))
		if got := second.Value(who{}); got != "nobody" || second.Err() == nil {
			t.Errorf("%s: the second call is of %v, %v", name, got, second.Err())
		}
	}
}
