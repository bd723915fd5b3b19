// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// callLog is a logger of go-grpc-middleware that keeps what it is told.
type callLog struct {
	mu    sync.Mutex
	codes []string
	text  strings.Builder
}

func (l *callLog) Log(_ context.Context, level logging.Level, message string, fields ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(&l.text, level, message, fmt.Sprintf("%+v", fields))
	if message != "finished call" {
		return
	}
	for pair := range slices.Chunk(fields, 2) {
		if pair[0] == "grpc.code" {
			l.codes = append(l.codes, fmt.Sprint(pair[1]))
		}
	}
}

// take returns the codes of the calls that finished since the last time.
func (l *callLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	codes := l.codes
	l.codes = nil
	return codes
}

func (l *callLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// placed returns server options with others before or after the guard's.
func placed(guard *auth.Guard, outside bool, others ...grpc.ServerOption) []grpc.ServerOption {
	if outside {
		return append(others, grpcauth.ServerOptions(guard)...)
	}
	return append(grpcauth.ServerOptions(guard), others...)
}

// placements are the two places of an interceptor, with and without registrar.
var placements = []struct {
	name               string
	outside, registrar bool
}{
	{"outside", true, false},
	{"inside", false, false},
	{"outside, registrar", true, true},
	{"inside, registrar", false, true},
}

func TestLogging(t *testing.T) {
	const none = "" // the logger is not called
	for i, want := range []struct {
		refusedUnary, refusedStream, handlerError string
	}{
		{"Unauthenticated", "Unauthenticated", "PermissionDenied"},
		{none, none, "Unknown"},
		{none, "Unauthenticated", "PermissionDenied"},
		{none, none, "PermissionDenied"},
	} {
		p := placements[i]
		t.Run(p.name, func(t *testing.T) {
			f := newFixture(t)
			f.service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "widgets.admin") }
			events := new(log)
			guard := f.guard(t, auth.WithObserver(auth.SlogObserver(slog.New(slog.NewTextHandler(events, nil)))))
			logger := new(callLog)
			all := logging.WithLogOnEvents(logging.StartCall, logging.FinishCall, logging.PayloadReceived, logging.PayloadSent)
			srv := grpc.NewServer(placed(guard, p.outside,
				grpc.ChainUnaryInterceptor(logging.UnaryServerInterceptor(logger, all)),
				grpc.ChainStreamInterceptor(logging.StreamServerInterceptor(logger, all)),
			)...)
			widgetv1.RegisterWidgetServiceServer(registrar(srv, guard, p.registrar), f.service.GRPC())
			conn := serveGRPC(t, srv)

			logged := func(what, code string) {
				t.Helper()
				var want []string
				if code != none {
					want = []string{code}
				}
				// The interceptor returns before the answer is sent.
				if got := logger.take(); !slices.Equal(got, want) {
					t.Errorf("%s: the logger saw %q, want %q", what, got, want)
				}
			}
			expired := f.callers()["expired"]
			for _, stream := range []bool{false, true} {
				code := want.refusedUnary
				if stream {
					code = want.refusedStream
				}
				wantError(t, callGRPC(t.Context(), conn, expired.token, stream), expired.code, expired.reason)
				logged(fmt.Sprintf("refused, stream %v", stream), code)
				wantError(t, callGRPC(t.Context(), conn, f.reader(), stream), codes.PermissionDenied, auth.ReasonScopeInsufficient)
				logged(fmt.Sprintf("handler error, stream %v", stream), want.handlerError)
			}
			if f.service.Calls() != 2 {
				t.Errorf("%d calls reached the handler, want 2", f.service.Calls())
			}
			noToken(t, logger.String(), expired.token)
			// What the logger misses, the observer does not.
			if got := strings.Count(events.String(), "refusal.reason=TOKEN_EXPIRED"); got != 2 {
				t.Errorf("the observer was told of %d refusals, want 2:\n%s", got, events)
			}
			noToken(t, events.String(), expired.token)
		})
	}
}

// internal answers a panic without telling the caller anything about it.
func internal(context.Context, any) error { return status.Error(codes.Internal, "internal error") }

func TestRecovery(t *testing.T) {
	for _, p := range placements {
		t.Run(p.name, func(t *testing.T) {
			f := newFixture(t)
			var once sync.Map
			guard := f.guard(t)
			srv := grpc.NewServer(placed(guard, p.outside,
				grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovery.WithRecoveryHandlerContext(internal))),
				grpc.ChainStreamInterceptor(recovery.StreamServerInterceptor(recovery.WithRecoveryHandlerContext(internal))),
			)...)
			widgetv1.RegisterWidgetServiceServer(registrar(srv, guard, p.registrar), f.service.GRPC())
			conn := serveGRPC(t, srv)
			for _, stream := range []bool{false, true} {
				f.service.OnCall = func(context.Context) error {
					if _, done := once.LoadOrStore(stream, true); !done {
						panic("widget jammed")
					}
					return nil
				}
				err := callGRPC(t.Context(), conn, f.reader(), stream)
				wantError(t, err, codes.Internal, "")
				if strings.Contains(err.Error(), "jammed") {
					t.Errorf("the caller was told of the panic: %v", err)
				}
				wantError(t, callGRPC(t.Context(), conn, f.reader(), stream), codes.OK, "")
				wantError(t, callGRPC(t.Context(), conn, "", stream), codes.Unauthenticated, auth.ReasonCredentialsMissing)
			}
		})
	}
}

// Without a handler of one's own, go-grpc-middleware sends the stack to the
// caller, as Unknown.
func TestRecoveryNeedsAHandler(t *testing.T) {
	f := newFixture(t)
	f.service.OnCall = func(context.Context) error { panic("widget jammed") }
	guard := f.guard(t)
	srv := grpc.NewServer(placed(guard, true, grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor()))...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), f.service.GRPC())
	err := callGRPC(t.Context(), serveGRPC(t, srv), f.reader(), false)
	wantError(t, err, codes.Unknown, "")
	if !strings.Contains(err.Error(), "widget jammed") || !strings.Contains(err.Error(), "goroutine") {
		t.Errorf("the caller was told %v", err)
	}
}

// panickingServer has a rule whose function panics, behind recovery.
func panickingServer(t *testing.T, f *fixture, withRegistrar bool) *grpc.ClientConn {
	r := rules()
	r[getWidget] = auth.Rule{Authorize: func(context.Context, *auth.Request, *auth.Claims) error { panic("rule jammed") }}
	guard := f.guard(t, r)
	srv := grpc.NewServer(placed(guard, true,
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovery.WithRecoveryHandlerContext(internal))))...)
	widgetv1.RegisterWidgetServiceServer(registrar(srv, guard, withRegistrar), f.service.GRPC())
	return serveGRPC(t, srv)
}

// The guard itself recovers from a panic of the decision: behind the registrar
// that comes before every interceptor, and nobody else could.
func TestRecoveryOfARule(t *testing.T) {
	for _, withRegistrar := range []bool{false, true} {
		f := newFixture(t)
		conn := panickingServer(t, f, withRegistrar)
		for range 2 {
			wantError(t, callGRPC(t.Context(), conn, f.reader(), false), codes.Unavailable, auth.ReasonAuthorityUnavailable)
		}
		if f.service.Calls() != 0 {
			t.Error("the handler ran")
		}
	}
}
