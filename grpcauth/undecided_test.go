// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// strayUnary calls the handler with a context of its own.
func strayUnary(_ context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(context.Background(), request)
}

func TestRequireDecision(t *testing.T) {
	const ok, failed = codes.OK, codes.Internal
	for name, tc := range map[string]struct {
		options       func(*auth.Guard) []grpc.ServerOption
		registrar     bool
		unary, stream codes.Code
	}{
		"wired well": {grpcauth.ServerOptions, false, ok, ok},
		"registrar only": {func(*auth.Guard) []grpc.ServerOption {
			return nil
		}, true, ok, failed}, // the stream's own decision comes later than interceptors
		"registrar and options": {grpcauth.ServerOptions, true, ok, ok},
		"nothing":               {func(*auth.Guard) []grpc.ServerOption { return nil }, false, failed, failed},
		"unary only": {func(g *auth.Guard) []grpc.ServerOption {
			return []grpc.ServerOption{grpc.ChainUnaryInterceptor(grpcauth.UnaryServerInterceptor(g))}
		}, false, ok, failed},
		"stream only": {func(g *auth.Guard) []grpc.ServerOption {
			return []grpc.ServerOption{grpc.ChainStreamInterceptor(grpcauth.StreamServerInterceptor(g))}
		}, false, failed, ok},
		"context replaced": {func(g *auth.Guard) []grpc.ServerOption {
			return append(grpcauth.ServerOptions(g), grpc.ChainUnaryInterceptor(strayUnary))
		}, false, failed, ok},
		"another guard": {func(*auth.Guard) []grpc.ServerOption {
			var n int
			return grpcauth.ServerOptions(newGuard(t, &n, rules()))
		}, false, failed, failed},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var procedures []string
			verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
				return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Scopes: []string{"read"}, Deadline: time.Now().Add(time.Hour)})
			})
			g, err := auth.NewGuard(verify, rules(), auth.WithObserver(auth.ObserverFunc(func(_ context.Context, e auth.Event) {
				if e.Name == auth.EventUndecided {
					mu.Lock()
					defer mu.Unlock()
					procedures = append(procedures, e.Procedure)
				}
			})))
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer(append(tc.options(g), grpcauth.RequireDecision(g)...)...)
			svc := new(widget.Service)
			if tc.registrar {
				widgetv1.RegisterWidgetServiceServer(grpcauth.Registrar(server, g), svc.GRPC())
			} else {
				widgetv1.RegisterWidgetServiceServer(server, svc.GRPC())
			}
			client := dial(t, server)
			ctx := with(t.Context(), "good")
			_, err = client.GetWidget(ctx, &widgetv1.GetWidgetRequest{})
			wantCalls := 0
			var want []string
			for _, one := range []struct {
				procedure string
				want      codes.Code
				got       error
			}{{service + "GetWidget", tc.unary, err}, {service + "WatchWidgets", tc.stream, watch(ctx, client)}} {
				if status.Code(one.got) != one.want {
					t.Errorf("%s: %v, want %v", one.procedure, one.got, one.want)
				}
				if one.want == ok {
					wantCalls++
				} else {
					want = append(want, one.procedure)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if len(procedures) != len(want) || len(want) > 0 && procedures[0] != want[0] {
				t.Errorf("undecided: %q, want %q", procedures, want)
			}
			if got := svc.Calls(); got != wantCalls {
				t.Errorf("%d handlers ran, want %d", got, wantCalls)
			}
		})
	}
}
