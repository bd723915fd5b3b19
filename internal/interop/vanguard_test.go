// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/vanguard"
	"connectrpc.com/vanguard/vanguardgrpc"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// restRules are the REST routes of the widget service.
func restRules() vanguard.TranscoderOption {
	return vanguard.WithRules(
		&annotations.HttpRule{Selector: "widget.v1.WidgetService.GetWidget", Pattern: &annotations.HttpRule_Get{Get: "/v1/widgets/{name}"}},
		&annotations.HttpRule{Selector: "widget.v1.WidgetService.CreateWidget", Pattern: &annotations.HttpRule_Post{Post: "/v1/widgets"}, Body: "widget"},
		&annotations.HttpRule{Selector: "widget.v1.WidgetService.Ping", Pattern: &annotations.HttpRule_Get{Get: "/v1/ping"}},
	)
}

// transcoded serves a Connect handler that speaks only the Connect protocol
// behind a transcoder for all others.
func transcoded(t *testing.T, f *fixture, guard *auth.Guard) http.Handler {
	t.Helper()
	path, handler := widgetv1connect.NewWidgetServiceHandler(f.service.Connect(), connectauth.HandlerOptions(guard))
	service := vanguard.NewService(path, handler, vanguard.WithTargetProtocols(vanguard.ProtocolConnect))
	transcoder, err := vanguard.NewTranscoder([]*vanguard.Service{service}, restRules())
	if err != nil {
		t.Fatal(err)
	}
	return connectauth.Middleware(guard)(transcoder)
}

// transcodedGRPC serves a gRPC server that way.
func transcodedGRPC(t *testing.T, f *fixture, guard *auth.Guard) http.Handler {
	t.Helper()
	srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
	widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(srv, guard), f.service.GRPC())
	transcoder, err := vanguardgrpc.NewTranscoder(srv, restRules())
	if err != nil {
		t.Fatal(err)
	}
	return transcoder
}

func TestVanguard(t *testing.T) {
	for name, serve := range map[string]func(*testing.T, *fixture, *auth.Guard) http.Handler{"connect": transcoded, "grpc": transcodedGRPC} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			r := rules()
			var method atomic.Value
			r[getWidget] = auth.Rule{AllScopes: []string{"widgets.read"}, Authorize: func(_ context.Context, r *auth.Request, _ *auth.Claims) error {
				method.Store(r.HTTPMethod)
				return nil
			}}
			url := serveHTTP(t, serve(t, f, f.guard(t, r)))
			conn := dial(t, url)
			for name, c := range f.callers() {
				challenged := c.status == 401 || c.status == 403
				t.Run("rest/"+name, func(t *testing.T) {
					res := do(t, "GET", url+"/v1/widgets/w", "", bearer(c.token)...)
					t.Logf("%d %v %s %v", res.status, res.header, res.body, method.Load())
					wantREST(t, res, c)
				})
				t.Run("connect/"+name, func(t *testing.T) {
					client := widgetv1connect.NewWidgetServiceClient(http.DefaultClient, url)
					wantError(t, callConnect(t.Context(), client, c.token, false), c.code, c.reason)
					wantError(t, callConnect(t.Context(), client, c.token, true), c.code, c.reason)
				})
				t.Run("grpc/"+name, func(t *testing.T) {
					for _, stream := range []bool{false, true} {
						var header metadata.MD
						wantError(t, callGRPC(t.Context(), conn, c.token, stream, grpc.Header(&header)), c.code, c.reason)
						if got := len(header.Get("www-authenticate")) == 1; got != challenged {
							t.Errorf("stream %v: the challenge is %q", stream, header.Get("www-authenticate"))
						}
					}
				})
			}
			if res := do(t, "GET", url+"/v1/ping", ""); res.status != http.StatusOK {
				t.Errorf("a public method: %d %s", res.status, res.body)
			}
			before := f.service.Calls()
			if res := do(t, "POST", url+"/v1/widgets", `{"name":"w"}`, bearer(f.reader())...); res.status != http.StatusForbidden || f.service.Calls() != before {
				t.Errorf("writing with a token for reading: %d %s", res.status, res.body)
			}
			if res := do(t, "POST", url+"/v1/widgets", `{not json`); true {
				t.Logf("bad body, no token: %d %s", res.status, res.body)
			}
		})
	}
}

// wantREST checks the answer to a REST call.
func wantREST(t *testing.T, res response, c caller) {
	t.Helper()
	if res.status != c.status {
		t.Errorf("the status is %d, want %d: %s", res.status, c.status, res.body)
	}
	if !strings.Contains(res.body, string(c.reason)) {
		t.Errorf("no reason %s in %s", c.reason, res.body)
	}
	challenges := res.header.Values("Www-Authenticate")
	if want := c.status == 401 || c.status == 403; want != (len(challenges) == 1 && strings.HasPrefix(challenges[0], `Bearer realm="widgets"`)) {
		t.Errorf("the challenge is %q", challenges)
	}
}
