// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/otelconnect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// spans collects what a tracer provider records.
type spans struct {
	*tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
	taken    int
}

func newSpans() *spans {
	r := tracetest.NewSpanRecorder()
	return &spans{SpanRecorder: r, provider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r))}
}

// take returns the next n spans, which may end after the caller has its answer.
func (s *spans) take(t *testing.T, n int) []sdktrace.ReadOnlySpan {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); len(s.Ended()) < s.taken+n && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	next := s.Ended()[s.taken:]
	s.taken += len(next)
	if len(next) != n {
		t.Fatalf("%d spans, want %d: %v", len(next), n, next)
	}
	return next
}

func attributeOf(span sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range span.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// traceRefusals puts the check that refused a call on the span of the call.
func traceRefusals() auth.Observer {
	return auth.ObserverFunc(func(ctx context.Context, e auth.Event) {
		if e.Error != nil {
			trace.SpanFromContext(ctx).SetAttributes(attribute.String("auth.check", string(e.Error.Check)))
		}
	})
}

func TestOtelGRPC(t *testing.T) {
	names := map[codes.Code]string{
		codes.OK: "OK", codes.Unauthenticated: "UNAUTHENTICATED", codes.PermissionDenied: "PERMISSION_DENIED", codes.Unavailable: "UNAVAILABLE",
	}
	for _, withRegistrar := range []bool{false, true} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("registrar %v, stream %v", withRegistrar, stream), func(t *testing.T) {
				f := newFixture(t)
				recorded := newSpans()
				guard := f.guard(t, auth.WithObserver(traceRefusals()))
				options := append(grpcauth.ServerOptions(guard), grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(recorded.provider))))
				srv := grpc.NewServer(options...)
				widgetv1.RegisterWidgetServiceServer(registrar(srv, guard, withRegistrar), f.service.GRPC())
				conn := serveGRPC(t, srv)
				for name, c := range f.callers() {
					wantError(t, callGRPC(t.Context(), conn, c.token, stream), c.code, c.reason)
					span := recorded.take(t, 1)[0]
					if got := attributeOf(span, "rpc.response.status_code"); got != names[c.code] {
						t.Errorf("%s: the span has code %q, want %q", name, got, names[c.code])
					}
					// Only what is the server's fault is an error of the span.
					wantStatus := otelcodes.Unset
					if c.code == codes.Unavailable {
						wantStatus = otelcodes.Error
					}
					if got := span.Status().Code; got != wantStatus {
						t.Errorf("%s: the span has status %v, want %v", name, got, wantStatus)
					}
					if got := attributeOf(span, "auth.check"); (got != "") != (c.code != codes.OK) {
						t.Errorf("%s: the span names check %q", name, got)
					}
					noToken(t, fmt.Sprintf("%+v", span), c.token)
				}
				f.service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "widgets.admin") }
				wantError(t, callGRPC(t.Context(), conn, f.reader(), stream), codes.PermissionDenied, auth.ReasonScopeInsufficient)
				if got := attributeOf(recorded.take(t, 1)[0], "rpc.response.status_code"); got != "PERMISSION_DENIED" {
					t.Errorf("handler error: the span has code %q", got)
				}
			})
		}
	}
}

// callConnect calls GetWidget, or WatchWidgets and reads to the end.
func callConnect(ctx context.Context, client widgetv1connect.WidgetServiceClient, token string, stream bool) error {
	ctx, cancel := context.WithTimeout(clientContext(ctx, token), 10*time.Second)
	defer cancel()
	if !stream {
		_, err := client.GetWidget(ctx, &widgetv1.GetWidgetRequest{Name: "w"})
		return err
	}
	watch, err := client.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1})
	if err != nil {
		return err
	}
	for watch.Receive() {
	}
	return errors.Join(watch.Err(), watch.Close())
}

// A refused call never gets to otelconnect, wherever that stands: the gate runs
// before every interceptor. otelhttp has its span, and the observer the rest.
func TestOtelConnect(t *testing.T) {
	for _, outside := range []bool{true, false} {
		for protocol, options := range connectProtocols() {
			for _, stream := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, outside %v, stream %v", protocol, outside, stream), func(t *testing.T) {
					f := newFixture(t)
					rpcSpans, httpSpans := newSpans(), newSpans()
					guard := f.guard(t, auth.WithObserver(traceRefusals()))
					otel, err := otelconnect.NewInterceptor(otelconnect.WithTracerProvider(rpcSpans.provider), otelconnect.WithTrustRemote())
					if err != nil {
						t.Fatal(err)
					}
					handlerOptions := []connect.HandlerOption{connect.WithInterceptors(otel), connectauth.HandlerOptions(guard)}
					if !outside {
						handlerOptions[0], handlerOptions[1] = handlerOptions[1], handlerOptions[0]
					}
					mux := http.NewServeMux()
					mux.Handle(widgetv1connect.NewWidgetServiceHandler(f.service.Connect(), handlerOptions...))
					url := serveHTTP(t, otelhttp.NewHandler(connectauth.Middleware(guard)(mux), "widgets", otelhttp.WithTracerProvider(httpSpans.provider)))
					client := widgetv1connect.NewWidgetServiceClient(http2Client(t), url, options...)

					for name, c := range f.callers() {
						wantError(t, callConnect(t.Context(), client, c.token, stream), c.code, c.reason)
						httpSpan := httpSpans.take(t, 1)[0]
						if got := attributeOf(httpSpan, "auth.check"); (got != "") != (c.code != codes.OK) {
							t.Errorf("%s: the span of otelhttp names check %q", name, got)
						}
						if protocol == "connect" && !stream {
							if got := attributeOf(httpSpan, "http.response.status_code"); got != strconv.Itoa(c.status) {
								t.Errorf("%s: the span of otelhttp has status %s", name, got)
							}
						}
						noToken(t, fmt.Sprintf("%+v", httpSpan), c.token)
						if c.code != codes.OK {
							rpcSpans.take(t, 0)
							continue
						}
						rpcSpan := rpcSpans.take(t, 1)[0]
						if got := attributeOf(rpcSpan, "rpc.response.status_code"); got != "OK" || rpcSpan.Status().Code != otelcodes.Unset {
							t.Errorf("%s: the span of otelconnect has code %q and status %v", name, got, rpcSpan.Status().Code)
						}
						if rpcSpan.Parent().SpanID() != httpSpan.SpanContext().SpanID() {
							t.Error("the span of otelconnect is not a child of the one of otelhttp")
						}
					}

					f.service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "widgets.admin") }
					wantError(t, callConnect(t.Context(), client, f.reader(), stream), codes.PermissionDenied, auth.ReasonScopeInsufficient)
					want := "UNKNOWN"
					if outside {
						want = "PERMISSION_DENIED"
					}
					if got := attributeOf(rpcSpans.take(t, 1)[0], "rpc.response.status_code"); got != want {
						t.Errorf("handler error: the span of otelconnect has code %q, want %q", got, want)
					}
				})
			}
		}
	}
}
