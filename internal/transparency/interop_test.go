// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/oauth"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/orca"
)

// interopCase is one of gRPC's interoperability tests that needs no cloud
// account. Left out are orca_oob, which needs a server that only grpc-go itself
// can configure, and pick_first_unary, whose server has to name itself.
type interopCase struct {
	name string
	run  func(ctx context.Context, conn *grpc.ClientConn, dial func() *grpc.ClientConn)
	// open passes without a token too: the client ends the call by itself, or
	// grpc-go answers before any guard, or both.
	open bool
	// racing may pass or not with any server: the client ends the call while it
	// goes on with it. It has a few attempts.
	racing bool
	// grpcOnly needs something that connect-go does not have.
	grpcOnly bool
}

// onClient makes a case of a function that takes a client of the test service.
func onClient(run func(context.Context, testpb.TestServiceClient, ...grpc.CallOption)) func(context.Context, *grpc.ClientConn, func() *grpc.ClientConn) {
	return func(ctx context.Context, conn *grpc.ClientConn, _ func() *grpc.ClientConn) {
		run(ctx, testpb.NewTestServiceClient(conn))
	}
}

var interopCases = []interopCase{
	{name: "empty_unary", run: onClient(interop.DoEmptyUnaryCall)},
	{name: "large_unary", run: onClient(interop.DoLargeUnaryCall)},
	{name: "client_streaming", run: onClient(interop.DoClientStreaming)},
	{name: "server_streaming", run: onClient(interop.DoServerStreaming)},
	{name: "ping_pong", run: onClient(interop.DoPingPong)},
	{name: "empty_stream", run: onClient(interop.DoEmptyStream)},
	{name: "timeout_on_sleeping_server", run: onClient(interop.DoTimeoutOnSleepingServer), open: true},
	{name: "cancel_after_begin", run: onClient(interop.DoCancelAfterBegin), open: true, racing: true},
	{name: "cancel_after_first_response", run: onClient(interop.DoCancelAfterFirstResponse)},
	{name: "status_code_and_message", run: onClient(interop.DoStatusCodeAndMessage)},
	{name: "special_status_message", run: onClient(interop.DoSpecialStatusMessage)},
	{name: "custom_metadata", run: onClient(interop.DoCustomMetadata)},
	// The test service has this method without an implementation, so there is a
	// rule for it like for the others. Without one, the guard would deny it.
	{name: "unimplemented_method", run: func(ctx context.Context, conn *grpc.ClientConn, _ func() *grpc.ClientConn) {
		interop.DoUnimplementedMethod(ctx, conn)
	}},
	// Nobody registered this service, so the library answers and no guard is
	// asked. A rule for it would be one for no method, which Verify reports.
	{name: "unimplemented_service", run: func(ctx context.Context, conn *grpc.ClientConn, _ func() *grpc.ClientConn) {
		interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(conn))
	}, open: true},
	{name: "orca_per_rpc", run: func(ctx context.Context, conn *grpc.ClientConn, _ func() *grpc.ClientConn) {
		interop.DoORCAPerRPCTest(ctx, testpb.NewTestServiceClient(conn))
	}, grpcOnly: true},
	{name: "rpc_soak", run: func(ctx context.Context, conn *grpc.ClientConn, _ func() *grpc.ClientConn) {
		soak(ctx, func() (*grpc.ClientConn, func()) { return conn, func() {} })
	}},
	{name: "channel_soak", run: func(ctx context.Context, _ *grpc.ClientConn, dial func() *grpc.ClientConn) {
		soak(ctx, func() (*grpc.ClientConn, func()) {
			conn := dial()
			return conn, func() { _ = conn.Close() }
		})
	}},
}

// soak makes many calls. Package interop prints each to stderr.
func soak(ctx context.Context, channel func() (*grpc.ClientConn, func())) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	defer func(stderr *os.File) { os.Stderr = stderr; _ = null.Close() }(os.Stderr)
	os.Stderr = null
	interop.DoSoakTest(ctx, interop.SoakTestConfig{
		RequestSize: 271828, ResponseSize: 314159, NumWorkers: 2, Iterations: 6,
		PerIterationMaxAcceptableLatency: 10 * time.Second, OverallTimeout: 30 * time.Second,
		ChannelForTest: channel,
	})
}

// interopServers are the ways to serve the test service, over TLS. Each returns
// its address.
var interopServers = map[string]func(*testing.T, *protection, tls.Certificate) string{
	"grpc-go": func(t *testing.T, p *protection, certificate tls.Certificate) string {
		s := newInteropServer(t, p, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		t.Cleanup(func() {
			s.Stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		return l.Addr().String()
	},
	"grpc-go behind net/http": func(t *testing.T, p *protection, certificate tls.Certificate) string {
		return serveInteropHTTP(t, newInteropServer(t, p), certificate)
	},
	"connect-go": func(t *testing.T, p *protection, certificate tls.Certificate) string {
		var options []connect.HandlerOption
		if p.guard != nil {
			options = append(options, connectauth.HandlerOptions(p.guard))
		}
		options = append(options, connect.WithInterceptors(checkInterceptor(p.check)))
		handler := bridge(&testpb.TestService_ServiceDesc, interop.NewTestServer(), options...)
		if p.guard != nil {
			handler = p.middleware()(handler)
		}
		return serveInteropHTTP(t, handler, certificate)
	},
}

func serveInteropHTTP(t *testing.T, handler http.Handler, certificate tls.Certificate) string {
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func newInteropServer(t *testing.T, p *protection, options ...grpc.ServerOption) *grpc.Server {
	options = append(options, orca.CallMetricsServerOption(nil))
	if p.guard != nil {
		options = append(options, p.serverOptions()...)
	}
	options = append(options,
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if err := checkIncoming(ctx, p, info.FullMethod); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if err := checkIncoming(stream.Context(), p, info.FullMethod); err != nil {
				return err
			}
			return handler(srv, stream)
		}))
	s := grpc.NewServer(options...)
	if p.guard == nil {
		testpb.RegisterTestServiceServer(s, interop.NewTestServer())
		return s
	}
	testpb.RegisterTestServiceServer(grpcauth.Registrar(s, p.guard), interop.NewTestServer())
	if err := grpcauth.Verify(s, p.guard); err != nil {
		t.Fatal(err)
	}
	return s
}

func checkIncoming(ctx context.Context, p *protection, fullMethod string) error {
	incoming, _ := metadata.FromIncomingContext(ctx)
	return p.check(ctx, fullMethod, incoming)
}

func TestInterop(t *testing.T) {
	certificate, roots := certificates(t)
	for name, serve := range interopServers {
		for _, m := range []mode{unguarded, public, required, insistent, refused} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				p, err := protect(m, testServiceProcedures()...)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(p.close)
				address := serve(t, p, certificate)
				options := []grpc.DialOption{
					grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots})),
					// For orca_per_rpc. For the others it is round_robin.
					grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"test_backend_metrics_load_balancer": {}}]}`),
				}
				if p.token != "" {
					source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: p.token})
					options = append(options, grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: source}))
				}
				dial := func() *grpc.ClientConn {
					conn, err := grpc.NewClient("passthrough:///"+address, options...)
					if err != nil {
						panic(err)
					}
					return conn
				}
				for _, c := range interopCases {
					if c.grpcOnly && name == "connect-go" {
						continue
					}
					t.Run(c.name, func(t *testing.T) {
						conn := dial()
						defer func() { _ = conn.Close() }()
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						defer cancel()
						run := func() { c.run(ctx, conn, dial) }
						err := fatalError(run)
						for attempt := 1; c.racing && err != nil && attempt < 5; attempt++ {
							err = fatalError(run)
						}
						switch {
						case m != refused && err != nil:
							t.Error(err)
						case m == refused && err == nil && !c.open:
							t.Error("passed without a token")
						case m == refused && p.calls.Load() > 0:
							t.Error("got past the guard without a token")
						}
					})
				}
				if m != refused && p.calls.Load() < int64(len(interopCases)) {
					t.Errorf("only %d calls arrived", p.calls.Load())
				}
			})
		}
	}
}

// testServiceProcedures are all methods of the test service.
func testServiceProcedures() []string {
	desc := testpb.TestService_ServiceDesc
	var all []string
	for _, m := range desc.Methods {
		all = append(all, "/"+desc.ServiceName+"/"+m.MethodName)
	}
	for _, s := range desc.Streams {
		all = append(all, "/"+desc.ServiceName+"/"+s.StreamName)
	}
	return all
}

// certificates returns a certificate for loopback and who trusts it.
func certificates(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return s.TLS.Certificates[0], s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

// fatal is what a test of package interop dies of. They call grpclog's Fatal,
// which ends the process.
type fatal string

type panicking struct{ grpclog.LoggerV2 }

func (panicking) Fatal(args ...any)                 { panic(fatal(fmt.Sprint(args...))) }
func (panicking) Fatalln(args ...any)               { panic(fatal(fmt.Sprintln(args...))) }
func (panicking) Fatalf(format string, args ...any) { panic(fatal(fmt.Sprintf(format, args...))) }

// panicOnFatal is for before anything of gRPC runs.
func panicOnFatal() {
	grpclog.SetLoggerV2(panicking{grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard)})
}

// fatalError returns what run died of.
func fatalError(run func()) (err error) {
	defer func() {
		switch died := recover().(type) {
		case nil:
		case fatal:
			err = errors.New(string(died))
		default:
			panic(died)
		}
	}()
	run()
	return nil
}
