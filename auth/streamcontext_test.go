// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// handled is a stream with a handler, and what its transport is told.
type handled struct {
	auth.Stream

	ctx  context.Context // the handler's
	told []string
}

var errEnding = errors.New("what the handler sees")

func (h *handled) EndStream(e *auth.Error) error {
	h.told = append(h.told, fmt.Sprint("end by ", e.Check, ", context: ", context.Cause(h.ctx)))
	return errEnding
}

func (h *handled) WakeHandler() {
	h.told = append(h.told, fmt.Sprint("wake, context: ", context.Cause(h.ctx)))
}

// watch opens a stream whose handler's context is made from parent.
func (s *streams) watch(parent context.Context, procedure, token string) *handled {
	s.t.Helper()
	r := call(procedure, bearer(token))
	ctx, err := s.guard.Check(parent, r)
	if err != nil {
		s.t.Fatal(err)
	}
	h := new(handled)
	h.ctx = h.Context(ctx)
	s.guard.WatchStream(ctx, r, &h.Stream, h)
	return h
}

// The handler's context is done between what the transport is told, whether anybody
// waits for it or not.
func TestStreamTransportIsTold(t *testing.T) {
	for name, waits := range map[string]bool{"waiting": true, "not waiting": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newStreams(t)
				f.says(expiring(time.Minute))
				stream := f.watch(t.Context(), method, "t")
				if waits {
					_ = stream.ctx.Done()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				want := []string{"end by stream_deadline, context: <nil>", "wake, context: " + errEnding.Error()}
				if !slices.Equal(stream.told, want) {
					t.Errorf("told %q, want %q", stream.told, want)
				}
				_ = stream.Close()
				if err := context.Cause(stream.ctx); !errors.Is(err, errEnding) {
					t.Errorf("closed, the cause is %v", err)
				}
			})
		})
	}
}

// A stream may have ended before it has a handler: its token was just revoked.
func TestStreamContextAfterTheEnd(t *testing.T) {
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 2 * time.Hour})
	f := newStreams(t, auth.WithRevocations(l))
	r := call(method, bearer("t"))
	ctx, err := f.guard.Check(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice"}); err != nil {
		t.Fatal(err)
	}
	stream := &handled{ctx: ctx}
	f.guard.WatchStream(ctx, r, &stream.Stream, stream)
	handler := stream.Context(ctx)
	select {
	case <-handler.Done():
	default:
		t.Error("not done")
	}
	if err := context.Cause(handler); !errors.Is(err, errEnding) {
		t.Errorf("the cause is %v", err)
	}
	_ = stream.Close()
}

// The context of a handler is like one of the standard library's, whoever waits for
// it and from when on, and what becomes of it in which order.
func TestStreamContextIsLikeTheStandardOne(t *testing.T) {
	type key struct{}
	steps := []string{"wait", "derive", "parent", "end", "close"}
	for _, sequence := range sequences(steps) {
		for mode, looks := range map[string]bool{"": true, ", seen at last": false} {
			t.Run(strings.Join(sequence, ",")+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 2 * time.Hour})
					f := newStreams(t, auth.WithRevocations(l))
					parent, leave := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
					defer leave(nil)
					parent, cancel := context.WithDeadline(parent, time.Now().Add(time.Hour))
					defer cancel()
					stream := f.watch(parent, method, "t")
					standard, end := context.WithCancelCause(parent)
					defer end(nil)
					both := [2]*look{{ctx: stream.ctx}, {ctx: standard}}
					for _, step := range sequence {
						switch step {
						case "wait", "derive":
							for _, c := range both {
								c.step(step)
							}
						case "parent":
							leave(errors.New("the client has left"))
						case "end":
							if err := l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice"}); err != nil {
								t.Fatal(err)
							}
							synctest.Wait()
							if stream.Err() != nil {
								end(errEnding)
							}
						case "close":
							_ = stream.Close()
							end(nil)
						}
						synctest.Wait()
						if !looks {
							continue
						}
						for _, c := range both {
							c.note(step)
							if c.ctx.Value(key{}) != "value" {
								t.Errorf("%s: the value is gone", step)
							}
						}
					}
					for _, c := range both {
						c.step("wait")
						c.step("derive")
						synctest.Wait()
						c.note("all")
					}
					if got, want := both[0].seen, both[1].seen; !slices.Equal(got, want) {
						t.Errorf("saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
					_ = stream.Close()
				})
			})
		}
	}
}

// sequences are all orders of any of the steps.
func sequences(steps []string) [][]string {
	all := [][]string{nil}
	for i, first := range steps {
		rest := slices.Delete(slices.Clone(steps), i, i+1)
		for _, s := range sequences(rest) {
			all = append(all, append([]string{first}, s...))
		}
	}
	return all
}

// look is a context, what was made from it, and what was seen of them.
type look struct {
	ctx     context.Context
	waits   []<-chan struct{}
	derived []context.Context
	ran     atomic.Int64 // functions that ran after it was done
	seen    []string
}

func (l *look) step(step string) {
	if step == "wait" {
		l.waits = append(l.waits, l.ctx.Done())
		return
	}
	type own struct{}
	child, cancel := context.WithCancel(context.WithValue(l.ctx, own{}, true))
	context.AfterFunc(child, cancel)
	within, cancelWithin := context.WithTimeoutCause(l.ctx, time.Minute, errors.New("too late"))
	context.AfterFunc(within, cancelWithin)
	l.derived = append(l.derived, child, within, context.WithoutCancel(l.ctx))
	context.AfterFunc(l.ctx, func() { l.ran.Add(1) })
}

func (l *look) note(step string) {
	deadline, _ := l.ctx.Deadline()
	seen := fmt.Sprintf("%s: %v, by %v, until %v, ran %d;", step, l.ctx.Err(), context.Cause(l.ctx), deadline.Unix(), l.ran.Load())
	for _, done := range l.waits {
		select {
		case <-done:
			seen += " done"
		default:
			seen += " not done"
		}
	}
	for _, c := range l.derived {
		seen += fmt.Sprintf("; %v, by %v", c.Err(), context.Cause(c))
	}
	l.seen = append(l.seen, seen)
}

// What is made from the context of a handler is told without a goroutine.
func TestStreamContextNeedsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStreams(t)
		stream := f.watch(t.Context(), method, "t")
		before := runtime.NumGoroutine()
		for range 100 {
			ctx, cancel := context.WithCancel(context.WithValue(stream.ctx, t, 1))
			defer cancel()
			context.AfterFunc(ctx, func() {})
		}
		if n := runtime.NumGoroutine() - before; n > 50 {
			t.Errorf("%d goroutines for 100 contexts", n)
		}
		_ = stream.Close()
	})
}

// Nobody watches over the stream of a call without claims, and its context is done
// when it is closed like any other's.
func TestStreamContextWithoutClaims(t *testing.T) {
	f := newStreams(t)
	stream := f.watch(t.Context(), "/a.B/Public", "t")
	if err := stream.ctx.Err(); err != nil {
		t.Errorf("open: %v", err)
	}
	if err := stream.Close(); err != nil {
		t.Errorf("ended by %v", err)
	}
	if err := stream.ctx.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("closed: %v", err)
	}
	var none *auth.Stream
	if ctx := none.Context(t.Context()); ctx != t.Context() {
		t.Errorf("of no stream: %v", ctx)
	}
}

// A Stream is for one call: what there is of it would not end another.
func TestStreamIsUsedOnce(t *testing.T) {
	for name, closes := range map[string]bool{"closed before": true, "open": false} {
		t.Run(name, func(t *testing.T) {
			f := newStreams(t)
			stream := f.watch(t.Context(), method, "t")
			if closes {
				_ = stream.Close()
			}
			r := call(method, bearer("t"))
			ctx, err := f.guard.Check(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			other := new(handled)
			other.ctx = ctx
			f.guard.WatchStream(ctx, r, &stream.Stream, other)
			if len(other.told) != 2 || !strings.HasPrefix(other.told[0], "end by guard") {
				t.Errorf("told %q", other.told)
			}
			if e := stream.Close(); e == nil || e.Kind != auth.KindUnavailable {
				t.Errorf("ended by %v", e)
			}
			if err := stream.ctx.Err(); err == nil {
				t.Error("the context is not done")
			}
		})
	}
}

// Whichever streams are closed, and in whatever order, the others are known.
func TestStreamsThatAreLeft(t *testing.T) {
	const streams = 4
	var numbers []string
	for i := range streams {
		numbers = append(numbers, fmt.Sprint(i))
	}
	for _, closing := range sequences(numbers) {
		synctest.Test(t, func(t *testing.T) {
			l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 2 * time.Hour})
			f := newStreams(t, auth.WithRevocations(l))
			var all []*opened
			for range streams {
				all = append(all, f.open(method, "t"))
			}
			for _, number := range closing {
				_ = all[slices.Index(numbers, number)].Close()
			}
			if err := l.Revoke(auth.Revocation{Issuer: "https://i", Subject: "alice"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for i, o := range all {
				want := auth.CheckRevoked
				if slices.Contains(closing, numbers[i]) {
					want = ""
				}
				o.check(t, want, 0, 0)
			}
			if t.Failed() {
				t.Fatalf("closed %q of %q", closing, numbers)
			}
		})
	}
}
