// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

// infrastructure are the calls that a load balancer and grpcurl make. All of
// them are what a gRPC client sends, to servers of either kind.
var infrastructure = map[string]func(context.Context, *grpc.ClientConn) error{
	"health check": func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{Service: widgetv1connect.WidgetServiceName})
		return err
	},
	"reflection v1": func(ctx context.Context, conn *grpc.ClientConn) error {
		stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		return listServices(stream)
	},
	"reflection v1alpha": func(ctx context.Context, conn *grpc.ClientConn) error {
		// Its messages are those of v1 on the wire, and its Go package is deprecated.
		const method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
		if err != nil {
			return err
		}
		return listServices(&grpc.GenericClientStream[reflectionv1.ServerReflectionRequest, reflectionv1.ServerReflectionResponse]{ClientStream: stream})
	},
}

// listServices looks for the widget service.
func listServices(stream reflectionv1.ServerReflection_ServerReflectionInfoClient) error {
	request := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	for _, service := range answer.GetListServicesResponse().GetService() {
		if service.GetName() == widgetv1connect.WidgetServiceName {
			return nil
		}
	}
	return errors.New("the widget service is not listed")
}

func healthWatch(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := healthv1.NewHealthClient(conn).Watch(ctx, new(healthv1.HealthCheckRequest))
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

func TestHealthAndReflection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for name, tc := range map[string]struct {
		rules  []auth.GuardOption
		opened string // what begins like this is open
	}{
		"neither":    {nil, "none"},
		"health":     {[]auth.GuardOption{auth.AllowHealth()}, "health"},
		"reflection": {[]auth.GuardOption{auth.AllowReflection()}, "reflection"},
		"both":       {[]auth.GuardOption{auth.AllowHealth(), auth.AllowReflection()}, ""},
	} {
		f := newFixture(t)
		guard := f.guard(t, append(tc.rules, rules())...)
		check := func(t *testing.T, call string, conn *grpc.ClientConn, do func(context.Context, *grpc.ClientConn) error) {
			t.Helper()
			if strings.HasPrefix(call, tc.opened) {
				wantError(t, do(ctx, conn), codes.OK, "")
				wantError(t, do(outgoing(ctx, "nonsense"), conn), codes.OK, "")
				return
			}
			wantError(t, do(ctx, conn), codes.Unauthenticated, auth.ReasonCredentialsMissing)
			// A token that is good for something does not help.
			wantError(t, do(outgoing(ctx, f.reader()), conn), codes.PermissionDenied, auth.ReasonMethodDenied)
		}
		for _, withRegistrar := range []bool{false, true} {
			t.Run(name+", grpc", func(t *testing.T) {
				srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
				into := registrar(srv, guard, withRegistrar)
				widgetv1.RegisterWidgetServiceServer(into, f.service.GRPC())
				healthServer := health.NewServer()
				healthServer.SetServingStatus(widgetv1connect.WidgetServiceName, healthv1.HealthCheckResponse_SERVING)
				healthv1.RegisterHealthServer(into, healthServer)
				reflection.Register(into)
				if got, want := slices.Sorted(maps.Keys(into.GetServiceInfo())), slices.Sorted(maps.Keys(srv.GetServiceInfo())); !slices.Equal(got, want) || len(got) != 4 {
					t.Errorf("the services are %q and %q", got, want)
				}
				conn := serveGRPC(t, srv)
				for call, do := range infrastructure {
					check(t, call, conn, do)
				}
				check(t, "health watch", conn, healthWatch)
			})
		}
		t.Run(name+", connect", func(t *testing.T) {
			reflector := grpcreflect.NewStaticReflector(widgetv1connect.WidgetServiceName)
			checker := grpchealth.NewStaticChecker(widgetv1connect.WidgetServiceName)
			mux := http.NewServeMux()
			mux.Handle(grpcreflect.NewHandlerV1(reflector, connectauth.HandlerOptions(guard)))
			mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector, connectauth.HandlerOptions(guard)))
			mux.Handle(grpchealth.NewHandler(checker, connectauth.HandlerOptions(guard)))
			conn := dial(t, serveHTTP(t, connectauth.Middleware(guard)(mux)))
			for call, do := range infrastructure {
				check(t, call, conn, do)
			}
		})
	}
}

// dial returns a gRPC connection to an HTTP server.
func dial(t *testing.T, url string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// What is mounted without the option is open: a Connect mux has no guard of its
// own. A gRPC server has one for whatever is registered.
func TestReflectionWithoutTheOption(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle(grpcreflect.NewHandlerV1(grpcreflect.NewStaticReflector(widgetv1connect.WidgetServiceName)))
	guard := newFixture(t).guard(t)
	conn := dial(t, serveHTTP(t, connectauth.Middleware(guard)(mux)))
	wantError(t, infrastructure["reflection v1"](t.Context(), conn), codes.OK, "")
}

// Verify asks for a rule for whatever is registered, and not for what the two
// presets name besides.
func TestVerifyWithReflection(t *testing.T) {
	f := newFixture(t)
	server := func(guard *auth.Guard) grpcauth.Server {
		srv := grpcauth.Registrar(grpc.NewServer(grpcauth.ServerOptions(guard)...), guard)
		widgetv1.RegisterWidgetServiceServer(srv, f.service.GRPC())
		reflection.Register(srv)
		return srv
	}
	all := rules()
	for _, method := range widgetv1.WidgetService_ServiceDesc.Methods {
		all["/"+widgetv1connect.WidgetServiceName+"/"+method.MethodName] = auth.Rule{}
	}
	for _, stream := range widgetv1.WidgetService_ServiceDesc.Streams {
		all["/"+widgetv1connect.WidgetServiceName+"/"+stream.StreamName] = auth.Rule{}
	}
	guard := f.guard(t, all, auth.AllowReflection(), auth.AllowHealth())
	if err := grpcauth.Verify(server(guard), guard); err != nil {
		t.Error(err)
	}
	guard = f.guard(t, all)
	if err := grpcauth.Verify(server(guard), guard); err == nil || !strings.Contains(err.Error(), "ServerReflectionInfo") {
		t.Errorf("reflection without a rule: %v", err)
	}
}
