// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outside is an interceptor of both libraries that records what it sees of
// streams, and recovers.
type outside struct {
	mu    sync.Mutex
	codes []codes.Code
	cause []bool // the error has the refusal
	panic []any
}

func (o *outside) saw(err error, p any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p != nil {
		o.panic = append(o.panic, p)
		return
	}
	code, _ := matrix.Answer(err)
	if e, ok := errors.AsType[*connect.Error](err); ok {
		code = codes.Code(e.Code())
	}
	_, known := errors.AsType[*auth.Error](err)
	o.codes, o.cause = append(o.codes, code), append(o.cause, known)
}

func (o *outside) grpc(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		p := recover()
		o.saw(err, p)
		if p != nil {
			err = status.Error(codes.Internal, "panic")
		}
	}()
	return next(srv, stream)
}

func (o *outside) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

func (o *outside) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (o *outside) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		defer func() {
			p := recover()
			o.saw(err, p)
			if p != nil {
				err = connect.NewError(connect.CodeInternal, errors.New("panic"))
			}
		}()
		return next(ctx, conn)
	}
}

// Interceptors outside see the code that the client gets, with the refusal behind
// it, and the panics of handlers, before their streams' end and after. A handler
// that has panicked has no stream any more that could end.
func TestStreamsAndInterceptorsOutside(t *testing.T) {
	noGoroutinesLeft(t)
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			seen := new(outside)
			s := newStreams(t, auth.StreamPolicy{}, matrix.Options{Outside: &matrix.Interceptors{GRPC: seen.grpc, Connect: seen}})
			client := s.StreamClient(t, over)
			call := func(lasts time.Duration, handler matrix.StreamHandler) (*life, codes.Code) {
				l := s.token(lasts, handler)
				stream, err := client.Open(t.Context(), "WatchWidgets", l.token)
				for err == nil {
					err = stream.Receive()
				}
				code, _ := matrix.Answer(err)
				return l, code
			}
			const short = 300 * time.Millisecond
			if _, code := call(short, idle); code != codes.Unauthenticated {
				t.Errorf("ended: %v", code)
			}
			early, code := call(short, func(context.Context, matrix.Stream) error { panic("before") })
			if code != codes.Internal {
				t.Errorf("panic before the end: %v", code)
			}
			_, code = call(short, func(ctx context.Context, _ matrix.Stream) error {
				<-ctx.Done()
				time.Sleep(20 * time.Millisecond)
				panic("after")
			})
			// grpc-go has told its client by then.
			if want := map[bool]codes.Code{true: codes.Unauthenticated, false: codes.Internal}[over.Native()]; code != want {
				t.Errorf("panic after the end: %v, want %v", code, want)
			}
			time.Sleep(50 * time.Millisecond)
			early.mu.Lock()
			if len(early.ended) > 0 {
				t.Error("a stream ended whose handler had panicked")
			}
			early.mu.Unlock()
			seen.mu.Lock()
			defer seen.mu.Unlock()
			if len(seen.codes) != 1 || seen.codes[0] != codes.Unauthenticated || !seen.cause[0] {
				t.Errorf("outside, interceptors saw %v, with the refusal %v", seen.codes, seen.cause)
			}
			if len(seen.panic) != 2 {
				t.Errorf("outside, interceptors saw the panics %v", seen.panic)
			}
			good := s.token(forever, nil)
			if err := client.Get(t.Context(), good.token); err != nil {
				t.Errorf("a call afterwards: %v", err)
			}
		})
	}
}

// To shut a server down waits for the handlers of its streams, also of those that
// have ended and whose handlers take their time.
func TestShutdownWaitsForStreams(t *testing.T) {
	noGoroutinesLeft(t)
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			l := s.token(300*time.Millisecond, func(ctx context.Context, _ matrix.Stream) error {
				<-ctx.Done()
				time.Sleep(400 * time.Millisecond)
				return nil
			})
			stream, err := s.StreamClient(t, over).Open(t.Context(), "WatchWidgets", l.token)
			if err != nil {
				t.Fatal(err)
			}
			received := make(chan error, 1)
			go func() { received <- stream.Receive() }()
			if !l.inHandler() {
				t.Fatal("the handler does not run")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := s.Shutdown(ctx, over); err != nil {
				t.Fatal(err)
			}
			l.mu.Lock()
			if l.returned.IsZero() {
				t.Error("the server was shut down before the handler had returned")
			}
			l.mu.Unlock()
			if code, reason := matrix.Answer(<-received); code != codes.Unauthenticated || reason != auth.ReasonTokenExpired {
				t.Errorf("the client saw %v %s", code, reason)
			}
		})
	}
}

// closed is a response writer that gives nothing of the one inside but streaming.
type closed struct{ inner http.ResponseWriter }

func (c closed) Header() http.Header         { return c.inner.Header() }
func (c closed) Write(b []byte) (int, error) { return c.inner.Write(b) }
func (c closed) WriteHeader(status int)      { c.inner.WriteHeader(status) }
func (c closed) Flush()                      { c.inner.(http.Flusher).Flush() }

// Without the middleware, and behind writers that hide the connection, a handler
// of connect-go that waits in Receive goes on when its client sends or leaves; one
// that looks at its context, and one that sends, ends at once.
func TestStreamsWithoutMiddleware(t *testing.T) {
	noGoroutinesLeft(t)
	hidden := matrix.Options{HTTP: func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(closed{w}, r) })
	}}
	for _, over := range matrix.Streaming() {
		if over.Native() {
			continue
		}
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{}, hidden)
			client := s.StreamClient(t, over)
			const short = 300 * time.Millisecond
			for _, handler := range []matrix.StreamHandler{idle, sending} {
				l := s.token(short, handler)
				stream, err := client.Open(t.Context(), "WatchWidgets", l.token)
				for err == nil {
					err = stream.Receive()
				}
				if code, reason := matrix.Answer(err); code != codes.Unauthenticated || reason != auth.ReasonTokenExpired {
					t.Errorf("the client saw %v %s", code, reason)
				}
			}
			l := s.token(short, receiving)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stream, err := client.Open(ctx, "ImportWidgets", l.token)
			if err == nil {
				err = stream.Send(1)
			}
			if err != nil || !l.inHandler() {
				t.Fatalf("the handler does not run: %v", err)
			}
			if !l.await(func() bool { return len(l.ended) == 1 }) {
				t.Fatal("no end was reported")
			}
			time.Sleep(200 * time.Millisecond)
			l.mu.Lock()
			if !l.returned.IsZero() {
				t.Error("the handler has returned; docs/streams.md says that it does not")
			}
			l.mu.Unlock()
			_ = stream.Send(1)
			if !l.isOver() {
				t.Fatal("the handler has not returned although its client sent something")
			}
			err = stream.Receive()
			if code, reason := matrix.Answer(err); code != codes.Unauthenticated || reason != auth.ReasonTokenExpired {
				t.Errorf("the client saw %v %s: %v", code, reason, err)
			}
		})
	}
}

// Behind RequireDecision, which holds a response back until the call is decided,
// streams end as they do without it.
func TestStreamsBehindRequireDecision(t *testing.T) {
	noGoroutinesLeft(t)
	t.Run("streams", func(t *testing.T) {
		var s *streams
		s = newStreams(t, auth.StreamPolicy{}, matrix.Options{HTTP: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				connectauth.RequireDecision(s.guard)(h).ServeHTTP(w, r)
			})
		}})
		deadline := causes(t)[0]
		var wg sync.WaitGroup
		for _, over := range matrix.Streaming() {
			for _, what := range situations() {
				if over.Native() || over.TLS || what.over != nil && !what.over(over) {
					continue
				}
				wg.Go(func() {
					// What is lent by it is enough where there is no other middleware.
					wrong, _ := s.endOne(t, deadline, over, what)
					for _, w := range wrong {
						t.Errorf("%s, %s: %s", over.Name, what.name, w)
					}
				})
			}
		}
		wg.Wait()
	})
}
