// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"connectrpc.com/otelconnect"
	"connectrpc.com/validate"
	"connectrpc.com/vanguard"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	protovalidatemw "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/protovalidate"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
)

// everything returns a gRPC server with all of the libraries in their places.
func everything(guard *auth.Guard, svc *widget.Service, logger logging.Logger, validator protovalidate.Validator) *grpc.Server {
	onPanic := recovery.WithRecoveryHandlerContext(internal)
	srv := grpc.NewServer(slices.Concat(
		[]grpc.ServerOption{
			grpc.StatsHandler(otelgrpc.NewServerHandler()),
			grpc.ChainUnaryInterceptor(logging.UnaryServerInterceptor(logger), recovery.UnaryServerInterceptor(onPanic)),
			grpc.ChainStreamInterceptor(logging.StreamServerInterceptor(logger), recovery.StreamServerInterceptor(onPanic)),
		},
		grpcauth.ServerOptions(guard),
		[]grpc.ServerOption{
			grpc.ChainUnaryInterceptor(protovalidatemw.UnaryServerInterceptor(validator)),
			grpc.ChainStreamInterceptor(protovalidatemw.StreamServerInterceptor(validator)),
		},
	)...)
	guarded := grpcauth.Registrar(srv, guard)
	widgetv1.RegisterWidgetServiceServer(guarded, svc.GRPC())
	healthv1.RegisterHealthServer(guarded, health.NewServer())
	reflection.Register(guarded)
	return srv
}

func TestEverythingGRPC(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	logger := new(callLog)
	guard := f.guard(t, rules(), auth.AllowHealth(), auth.AllowReflection(), auth.WithObserver(traceRefusals()))
	conn := serveGRPC(t, everything(guard, f.service, logger, validator))
	for name, c := range f.callers() {
		for _, stream := range []bool{false, true} {
			t.Run(name, func(t *testing.T) { wantError(t, callGRPC(t.Context(), conn, c.token, stream), c.code, c.reason) })
		}
		noToken(t, logger.String(), c.token)
	}
	f.service.OnCall = func(context.Context) error { panic("widget jammed") }
	logger.take()
	for _, stream := range []bool{false, true} {
		wantError(t, callGRPC(t.Context(), conn, f.reader(), stream), codes.Internal, "")
		if got := logger.take(); !slices.Equal(got, []string{"Internal"}) {
			t.Errorf("a panic was logged as %q", got)
		}
	}
	wantError(t, infrastructure["reflection v1"](t.Context(), conn), codes.OK, "")
	wantError(t, healthWatch(t.Context(), conn), codes.OK, "")
}

// everythingConnect returns a Connect server with all of the libraries in their
// places.
func everythingConnect(guard *auth.Guard, svc *widget.Service) (http.Handler, error) {
	otel, err := otelconnect.NewInterceptor(otelconnect.WithTrustRemote())
	if err != nil {
		return nil, err
	}
	onPanic := func(context.Context, connect.Spec, http.Header, any) error {
		return connect.NewError(connect.CodeInternal, nil)
	}
	options := connect.WithHandlerOptions(
		connect.WithInterceptors(otel),
		connect.WithRecover(onPanic),
		connectauth.HandlerOptions(guard),
		connect.WithInterceptors(validate.NewInterceptor()),
	)
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(svc.Connect(), options))
	mux.Handle(grpchealth.NewHandler(grpchealth.NewStaticChecker(widgetv1connect.WidgetServiceName), options))
	mux.Handle(grpcreflect.NewHandlerV1(grpcreflect.NewStaticReflector(widgetv1connect.WidgetServiceName), options))
	handler := withCORS(otelhttp.NewHandler(connectauth.Middleware(guard)(mux), "widgets"))
	return handler, nil
}

func TestEverythingConnect(t *testing.T) {
	f := newFixture(t)
	guard := f.guard(t, rules(), auth.AllowHealth(), auth.AllowReflection(), auth.WithObserver(traceRefusals()))
	handler, err := everythingConnect(guard, f.service)
	if err != nil {
		t.Fatal(err)
	}
	url := serveHTTP(t, handler)
	for protocol, options := range connectProtocols() {
		client := widgetv1connect.NewWidgetServiceClient(http2Client(t), url, options...)
		for name, c := range f.callers() {
			t.Run(protocol+"/"+name, func(t *testing.T) {
				for _, stream := range []bool{false, true} {
					f.service.OnCall = nil
					wantError(t, callConnect(t.Context(), client, c.token, stream), c.code, c.reason)
					f.service.OnCall = func(context.Context) error { panic("widget jammed") }
					if c.code == codes.OK {
						wantError(t, callConnect(t.Context(), client, c.token, stream), codes.Internal, "")
					}
				}
			})
		}
	}
	conn := dial(t, url)
	for call, do := range infrastructure {
		if call != "reflection v1alpha" { // not mounted
			wantError(t, do(t.Context(), conn), codes.OK, "")
		}
	}
}

// A panic in a rule is the guard's to recover from.
func TestConnectRecoveryOfARule(t *testing.T) {
	f := newFixture(t)
	r := rules()
	r[getWidget] = auth.Rule{Authorize: func(context.Context, *auth.Request, *auth.Claims) error { panic("rule jammed") }}
	guard := f.guard(t, r)
	onPanic := func(context.Context, connect.Spec, http.Header, any) error {
		t.Error("connect.WithRecover was asked")
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle(widgetv1connect.NewWidgetServiceHandler(f.service.Connect(), connect.WithRecover(onPanic), connectauth.HandlerOptions(guard)))
	client := widgetv1connect.NewWidgetServiceClient(http2Client(t), serveHTTP(t, connectauth.Middleware(guard)(mux)))
	wantError(t, callConnect(t.Context(), client, f.reader(), false), codes.Unavailable, auth.ReasonAuthorityUnavailable)
	wantError(t, callConnect(t.Context(), client, f.reader(), true), codes.OK, "")
	if f.service.Calls() != 1 {
		t.Errorf("%d calls reached the handler, want 1", f.service.Calls())
	}
}

// The tripwires are silent where everything is in order, also behind Vanguard.
func TestTripwires(t *testing.T) {
	f := newFixture(t)
	guard := f.guard(t, auth.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) {
		if e.Name == auth.EventUndecided {
			t.Errorf("undecided: %s", e.Procedure)
		}
	})), rules())
	others := []grpc.ServerOption{grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor())}
	srv := grpc.NewServer(slices.Concat(grpcauth.ServerOptions(guard), others, grpcauth.RequireDecision(guard))...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), f.service.GRPC())
	conn := serveGRPC(t, srv)

	path, handler := widgetv1connect.NewWidgetServiceHandler(f.service.Connect(), connectauth.HandlerOptions(guard))
	transcoder, err := vanguard.NewTranscoder([]*vanguard.Service{vanguard.NewService(path, handler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", transcoder)
	handler = connectauth.RequireDecision(guard)(mux) // in place of connectauth.Middleware
	client := widgetv1connect.NewWidgetServiceClient(http2Client(t), serveHTTP(t, handler), connect.WithGRPC())
	for _, c := range f.callers() {
		for _, stream := range []bool{false, true} {
			wantError(t, callGRPC(t.Context(), conn, c.token, stream), c.code, c.reason)
			wantError(t, callConnect(t.Context(), client, c.token, stream), c.code, c.reason)
		}
	}
}

// The code in the document is that of these tests.
func TestDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/with-others.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tested strings.Builder
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tested.WriteString(squeeze(string(b)) + " ")
	}
	inside, lines := false, 0
	for number, line := range strings.Split(string(document), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.HasPrefix(line, "```go")
		case inside && strings.TrimSpace(line) != "":
			lines++
			code, _, _ := strings.Cut(line, " //")
			if !strings.Contains(tested.String(), squeeze(code)) {
				t.Errorf("line %d of the document is not in a test: %s", number+1, line)
			}
		}
	}
	if lines < 40 {
		t.Errorf("%d lines of code in the document", lines)
	}
}

// squeeze makes white space irrelevant, which differs from one indentation to
// another.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
