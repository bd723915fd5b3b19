// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// H15: ways to write the path of a method. Whatever reaches a handler was
// decided under that handler's exact name.
func TestPathCorpus(t *testing.T) {
	t.Parallel()
	// With one rule the methods are open to everyone, with the other to nobody
	// without a token.
	open, closed := newFixture(t, ruled(auth.Rule{Access: auth.AccessPublic})), newFixture(t)
	// Where the name in the path is the method's own after what HTTP does to a
	// path anyway, it is the same method: never to grpc-go, which takes :path as
	// it stands; to grpc-go behind ServeHTTP also with %2F, as it decodes the
	// path and has no mux to object.
	const (
		never     = ""
		http      = "http2 http1"
		serveHTTP = "grpc-go ServeHTTP"
		all       = "grpc-go http2 http1"
	)
	same := func(over matrix.Transport, where string) bool {
		if where == serveHTTP {
			return strings.HasPrefix(over.Name, serveHTTP)
		}
		return slices.Contains(strings.Fields(where), over.Family())
	}
	const prefix = "/widget.v1.WidgetService"
	for _, tc := range []struct {
		name, path string // METHOD stands for the method, method for it in lower case
		same       string
	}{
		{"control", prefix + "/METHOD", all},
		{"H15 no slash in front", prefix[1:] + "/METHOD", never},
		{"H15 two slashes in front", "/" + prefix + "/METHOD", never},
		{"H15 two slashes within", prefix + "//METHOD", never},
		{"H15 slash behind", prefix + "/METHOD/", never},
		{"H15 query", prefix + "/METHOD?x=1", http},
		{"H15 query without a value", prefix + "/METHOD?x", http},
		{"H15 empty query", prefix + "/METHOD?", http},
		{"H15 query that names a method", prefix + "/METHOD?" + prefix + "/Ping", http},
		{"H15 fragment", prefix + "/METHOD#x", never},
		{"H15 path parameter", prefix + "/METHOD;x=1", never},
		{"H15 upper-case service", "/Widget.V1.WidgetService/METHOD", never},
		{"H15 service in upper case", strings.ToUpper(prefix) + "/METHOD", never},
		{"H15 lower-case method", prefix + "/method", never},
		{"H15 upper-case service, lower-case method", "/Widget.V1.WidgetService/method", never},
		{"H15 dot segments", "/x/.." + prefix + "/METHOD", never},
		{"H15 dot segments within", prefix + "/Ping/../METHOD", never},
		{"H15 dot segment", prefix + "/./METHOD", never},
		{"H15 encoded dot segments", "/x/%2e%2e" + prefix + "/METHOD", never},
		{"H15 encoded slash", prefix + "%2FMETHOD", serveHTTP},
		{"H15 encoded slash in front", "/%2F" + prefix[1:] + "/METHOD", never},
		{"H15 encoded letter", strings.Replace(prefix, "widget", "w%69dget", 1) + "/METHOD", http},
		{"H15 encoded NUL", prefix + "/METHOD%00", never},
		{"H15 encoded space", prefix + "/METHOD%20", never},
		{"H15 encoded line feed", prefix + "/METHOD%0A", never},
		{"H15 encoded question mark", prefix + "/METHOD%3Fx", never},
		{"H15 encoded twice", prefix + "%252FMETHOD", never},
		{"H15 backslash", prefix + `\METHOD`, never},
		{"H15 absolute", "http://rs.test" + prefix + "/METHOD", http},
		{"H15 absolute, another host", "http://evil.test" + prefix + "/METHOD", http},
		{"H15 a public method in front", prefix + "/Ping" + prefix + "/METHOD", never},
		{"H15 asterisk", "*", never},
		{"H15 empty service", "//METHOD", never},
		{"H15 nothing", "/", never},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				procedure := matrix.Call{}.Procedure(over)
				method := strings.TrimPrefix(procedure, service)
				call := matrix.Call{Path: strings.NewReplacer("METHOD", method, "method", strings.ToLower(method)).Replace(tc.path)}
				open.takeEvents()
				o := open.Do(t, over, call)
				events := open.takeEvents()
				switch {
				case o.Handled != same(over, tc.same):
					t.Errorf("%s: the public method was reached: %v; %q, HTTP %d, %v", over.Name, o.Handled, o.Transport, o.HTTPStatus, o.Code)
				case o.Handled:
					for _, w := range judgeEvents(events, procedure, OK, "") {
						t.Errorf("%s: the handler ran, and %s", over.Name, w)
					}
				case o.Code != codes.Unauthenticated:
					// Redirects and 404 are the mux's, 400 and resets net/http's.
					for _, w := range judge(over, o, transport, need{}, false) {
						t.Errorf("%s: %s", over.Name, w)
					}
				}

				// The same spelling of a guarded method beside a public one, with no
				// token and a bad one.
				for want, header := range map[string][]matrix.Field{NC: nil, IT: matrix.Bearer("canary-canary-canary")} {
					closed.takeEvents()
					call.Header = header
					o := closed.Do(t, over, call)
					events := closed.takeEvents()
					if o.Handled || o.Transport == "" && o.Code != codes.Unauthenticated && o.Code != codes.Unimplemented {
						t.Errorf("%s: guarded, want %s: %v, handled %v", over.Name, want, o.Code, o.Handled)
					}
					if same(over, tc.same) {
						wrong := judge(over, o, want, closed.need(matrix.Call{}, over), false)
						for _, w := range append(wrong, judgeEvents(events, procedure, want, "")...) {
							t.Errorf("%s: guarded, want %s: %s", over.Name, want, w)
						}
					}
				}
			}
		})
	}
}

// H15: a server that takes every call, such as a proxy, hands the guard names
// that no mux has looked at. None of them is the public method's.
func TestPathsOfUnknownServices(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var reached atomic.Int64
	server := grpc.NewServer(append(grpcauth.ServerOptions(f.guard), grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		reached.Add(1)
		return nil
	}))...)
	conn := dialed(t, server)
	call := func(method, header string) (int64, error) {
		before := reached.Load()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if header != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", header)
		}
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
		if err == nil {
			_ = stream.CloseSend()
			err = stream.RecvMsg(new(healthpb.HealthCheckResponse))
		}
		return reached.Load() - before, err
	}
	// The control: under its own name the public method is open to everyone.
	if n, err := call(service+"Ping", ""); n != 1 {
		t.Fatalf("Ping: %v, reached %d times", err, n)
	}
	for _, method := range []string{
		"/" + service + "Ping", service + "Ping/", service + "Ping?x=1", service + "Ping#x", service + "Ping;x", service + "PingX", service + "Pin", service + "ping",
		service + "/Ping", "/Widget.v1.WidgetService/Ping", "/x/.." + service + "Ping", service + "./Ping", service + "%50ing", "/widget.v1.WidgetService%2FPing",
		"/widget.v1.WidgetService.Ping", "/WidgetService/Ping", service + "Ping" + service + "Ping", "/evil" + service + "Ping", "/a.B/Ping", service + "*", service,
	} {
		for header, want := range map[string]string{"": NC, "Bearer canary-canary-canary": IT, "Bearer " + f.mint(authtest.Scopes("read", "write")): MD} {
			n, err := call(method, header)
			// grpc-go itself refuses what has no service and method.
			if got := status.Code(err); n != 0 || got != answers[want].code && got != codes.Unimplemented {
				t.Errorf("%s with %.20q: %v, reached %d times", method, header, err, n)
			}
		}
	}
}
