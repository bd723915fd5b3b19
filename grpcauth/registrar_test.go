// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/protorules"
	"github.com/bearerkit/bearerkit/examples/widget"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

const service = "/widget.v1.WidgetService/"

// newGuard knows the token "good", which has scope read, and counts decisions.
func newGuard(t *testing.T, decisions *int, options ...auth.GuardOption) *auth.Guard {
	t.Helper()
	verify := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (*auth.Claims, error) {
		if c.Token() != "good" {
			return nil, auth.InvalidToken("test", nil)
		}
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Scopes: []string{"read"}, Deadline: time.Now().Add(time.Hour)})
	})
	var mu sync.Mutex
	count := auth.ObserverFunc(func(context.Context, auth.Event) {
		mu.Lock()
		defer mu.Unlock()
		*decisions++
	})
	options = append(options, auth.WithObserver(count))
	g, err := auth.NewGuard(verify, options...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func rules() auth.Rules {
	r := auth.Rules{service + "Ping": {Access: auth.AccessPublic}}
	for _, m := range []string{"GetWidget", "CreateWidget", "DeleteWidget", "WatchWidgets", "ImportWidgets", "SyncWidgets"} {
		r[service+m] = auth.Rule{AllScopes: []string{"read"}}
	}
	return r
}

func dial(t *testing.T, server *grpc.Server) widgetv1.WidgetServiceClient {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return widgetv1.NewWidgetServiceClient(conn)
}

func with(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// watch reads a stream to its end, so that the server is done with it too.
func watch(ctx context.Context, c widgetv1.WidgetServiceClient) error {
	stream, err := c.WatchWidgets(ctx, &widgetv1.WatchWidgetsRequest{Count: 1})
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// seen records what interceptors outside of a method see.
type seen struct {
	mu    sync.Mutex
	lines []string
}

func (s *seen) add(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claims, _ := auth.FromContext(ctx)
	s.lines = append(s.lines, fmt.Sprint(claims.String(), " ", status.Code(err)))
}

func (s *seen) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	response, err := next(ctx, request)
	s.add(ctx, err)
	return response, err
}

func (s *seen) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, stream)
	s.add(stream.Context(), err)
	return err
}

// Each way to wire the guard decides every call once, and shows interceptors
// behind the decision the claims and the code that the caller gets.
func TestWiring(t *testing.T) {
	const known = `issuer="https://i" subject="s" client="" `
	for name, tc := range map[string]struct {
		interceptors, registrar bool
	}{
		"interceptors and registrar": {true, true},
		"interceptors alone":         {true, false},
		"registrar alone":            {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			decisions := 0
			g := newGuard(t, &decisions, rules())
			var inside seen
			var options []grpc.ServerOption
			if tc.interceptors {
				options = grpcauth.ServerOptions(g)
			}
			options = append(options, grpc.ChainUnaryInterceptor(inside.unary), grpc.ChainStreamInterceptor(inside.stream))
			server := grpc.NewServer(options...)
			var registrar grpc.ServiceRegistrar = server
			if tc.registrar {
				registrar = grpcauth.Registrar(server, g)
			}
			svc := &widget.Service{}
			widgetv1.RegisterWidgetServiceServer(registrar, svc.GRPC())
			client := dial(t, server)

			for token, want := range map[string]codes.Code{"good": codes.OK, "bad": codes.Unauthenticated} {
				_, err := client.GetWidget(with(t.Context(), token), &widgetv1.GetWidgetRequest{})
				if status.Code(err) != want {
					t.Errorf("unary, %s token: %v", token, err)
				}
				if err := watch(with(t.Context(), token), client); status.Code(err) != want {
					t.Errorf("stream, %s token: %v", token, err)
				}
			}
			if svc.Calls() != 2 {
				t.Errorf("%d calls reached a method", svc.Calls())
			}
			if decisions != 4 {
				t.Errorf("%d decisions for 4 calls", decisions)
			}

			// A refusal by the method itself.
			svc.OnCall = func(ctx context.Context) error { return fmt.Errorf("wrapped: %w", auth.RequireScopes(ctx, "write")) }
			inside.lines = nil
			_, err := client.GetWidget(with(t.Context(), "good"), &widgetv1.GetWidgetRequest{})
			if status.Code(err) != codes.PermissionDenied {
				t.Errorf("unary, refused by the method: %v", err)
			}
			if err := watch(with(t.Context(), "good"), client); status.Code(err) != codes.PermissionDenied {
				t.Errorf("stream, refused by the method: %v", err)
			}
			want := []string{known + "PermissionDenied", known + "PermissionDenied"}
			if !tc.registrar {
				want = []string{known + "Unknown", known + "Unknown"} // the documented limit of interceptors alone
			}
			if !tc.interceptors {
				want[1] = "no claims PermissionDenied" // and of streams without them
			}
			if !slices.Equal(inside.lines, want) {
				t.Errorf("inside, interceptors saw\n%q, want\n%q", inside.lines, want)
			}
		})
	}
}

// A refusal is an error that interceptors outside can read both ways.
func TestOutsideInterceptorsSeeRefusals(t *testing.T) {
	var refusals []string
	outside := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		response, err := next(ctx, request)
		if e, ok := errors.AsType[*auth.Error](err); ok {
			refusals = append(refusals, fmt.Sprint(status.Code(err), " ", e.Check))
		}
		return response, err
	}
	decisions := 0
	g := newGuard(t, &decisions, rules())
	server := grpc.NewServer(append([]grpc.ServerOption{grpc.ChainUnaryInterceptor(outside)}, grpcauth.ServerOptions(g)...)...)
	widgetv1.RegisterWidgetServiceServer(server, new(widget.Service).GRPC())
	_, err := dial(t, server).GetWidget(with(t.Context(), "bad"), &widgetv1.GetWidgetRequest{})
	if status.Code(err) != codes.Unauthenticated || !slices.Equal(refusals, []string{"Unauthenticated test"}) {
		t.Errorf("%v, outside saw %q", err, refusals)
	}
}

func TestVerify(t *testing.T) {
	decisions := 0
	build := func(g *auth.Guard) grpcauth.Server {
		server := grpcauth.Registrar(grpc.NewServer(), g)
		widgetv1.RegisterWidgetServiceServer(server, new(widget.Service).GRPC())
		healthpb.RegisterHealthServer(server, health.NewServer())
		reflection.Register(server) // needs GetServiceInfo
		return server
	}
	complete := newGuard(t, &decisions, rules(), auth.AllowHealth(), auth.AllowReflection())
	if err := grpcauth.Verify(build(complete), complete); err != nil {
		t.Errorf("complete: %v", err)
	}
	partial := newGuard(t, &decisions, protorules.From(widgetv1.File_widget_v1_widget_proto), auth.Rules{"/widget.v1.WidgetService/Gone": {}})
	err := grpcauth.Verify(build(partial), partial)
	for _, want := range []string{"no rule for /widget.v1.WidgetService/DeleteWidget", "no rule for /grpc.health.v1.Health/Check", "no rule for /grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "a rule for /widget.v1.WidgetService/Gone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
