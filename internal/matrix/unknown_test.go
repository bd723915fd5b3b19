// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// H16: a service that nobody thought of is closed, for unary and streaming
// methods.
func TestServicesWithoutRules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server := grpc.NewServer(grpcauth.ServerOptions(f.guard)...)
	health := new(countingHealth)
	healthpb.RegisterHealthServer(server, health)
	reflection.Register(server)
	conn := dialed(t, server)
	calls := map[string]func(context.Context, ...grpc.CallOption) error{
		"health Check": func(ctx context.Context, o ...grpc.CallOption) error {
			_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, o...)
			return err
		},
		"health Watch": func(ctx context.Context, o ...grpc.CallOption) error {
			stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{}, o...)
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		},
		"reflection": func(ctx context.Context, o ...grpc.CallOption) error {
			stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx, o...)
			if err != nil {
				return err
			}
			// Sending fails where the refusal was faster; the status comes with Recv.
			_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
			_, err = stream.Recv()
			return err
		},
	}
	for name, call := range calls {
		for header, want := range map[string]string{"": NC, "Bearer canary-canary-canary": IT, "Bearer " + f.mint(): MD} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if header != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", header)
			}
			var leading metadata.MD
			err := call(ctx, grpc.Header(&leading))
			cancel()
			s := status.Convert(err)
			var info *errdetails.ErrorInfo
			for _, d := range s.Details() {
				info, _ = d.(*errdetails.ErrorInfo)
			}
			a := answers[want]
			if s.Code() != a.code || info.GetReason() != string(a.reason) || info.GetDomain() != rpcerror.Domain {
				t.Errorf("%s: %v %q, want %v %q", name, s.Code(), info.GetReason(), a.code, a.reason)
			}
			if got, want := len(leading.Get("www-authenticate")), len(a.challenges(need{})); got != want {
				t.Errorf("%s: %d challenges, want %d", name, got, want)
			}
		}
	}
	if n := health.calls.Load(); n != 0 {
		t.Errorf("%d calls reached the handler", n)
	}
}

// dialed serves on a free port, and returns a connection to it.
func dialed(t *testing.T, server *grpc.Server) *grpc.ClientConn {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// countingHealth is a health service that should not be asked.
type countingHealth struct {
	healthpb.UnimplementedHealthServer
	calls atomic.Int64
}

func (h *countingHealth) Check(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	h.calls.Add(1)
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
}

func (h *countingHealth) Watch(_ *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	h.calls.Add(1)
	return stream.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING})
}
