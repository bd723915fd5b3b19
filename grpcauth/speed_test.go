// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/speedtest"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// cost is a [speedtest.Cost].
type cost struct {
	name   string
	allocs float64
	varies string
	do     func() bool
	beside func() bool
}

func (c cost) Cost() speedtest.Cost {
	return speedtest.Cost{Name: c.name, Allocs: c.allocs, Varies: c.varies, Do: c.do, Beside: c.beside}
}

// costs are the calls of this package by the benchmark that times them. Those of
// messages are TestStreamMessagesDoNotAllocate's.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkUnary":           unaryCosts,
	"BenchmarkStream":          streamCosts,
	"BenchmarkRegistrar":       registrarCosts,
	"BenchmarkRequireDecision": requireDecisionCosts,
	"BenchmarkRenewal":         renewalCosts,
	"BenchmarkRenewedStream":   renewedStreamCosts,
	"BenchmarkChallenge":       challengeCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkUnary(b *testing.B)           { benchmark(b) }
func BenchmarkRegistrar(b *testing.B)       { benchmark(b) }
func BenchmarkRequireDecision(b *testing.B) { benchmark(b) }
func BenchmarkRenewal(b *testing.B)         { benchmark(b) }
func BenchmarkRenewedStream(b *testing.B)   { benchmark(b) }
func BenchmarkChallenge(b *testing.B)       { benchmark(b) }

const (
	speedMethod  = "/test.Streams/Get"
	deniedMethod = "/test.Streams/Delete"
	publicMethod = "/test.Streams/Ping"
	waitMethod   = "/test.Streams/Wait"
)

// speedGuard knows every token, and remembers it for a day.
func speedGuard(t testing.TB) *auth.Guard {
	t.Helper()
	day := time.Now().Add(24 * time.Hour)
	c, err := auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Scopes: []string{"read"}, Deadline: day, Expiry: day, FreshUntil: day})
	if err != nil {
		t.Fatal(err)
	}
	g, err := auth.NewGuard(auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return c, nil }), auth.AllowStreamRenewal(),
		auth.Rules{speedMethod: {AllScopes: []string{"read"}}, waitMethod: {}, deniedMethod: {AllScopes: []string{"write"}}, publicMethod: {Access: auth.AccessPublic}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// transportStream is what grpc-go has for a call, as far as it is needed.
type transportStream struct{ grpc.ServerTransportStream }

func (transportStream) SetHeader(metadata.MD) error { return nil }

// calling is the context of a call with these metadata on a server.
func calling(ctx context.Context, pairs ...string) context.Context {
	return grpc.NewContextWithServerTransportStream(metadata.NewIncomingContext(ctx, metadata.Pairs(pairs...)), transportStream{})
}

// speedToken is of the usual size.
var speedToken = strings.Repeat("x", 900)

func withToken(t testing.TB) context.Context {
	return calling(t.Context(), "authorization", "Bearer "+speedToken, "user-agent", "test")
}

func unaryCosts(t testing.TB) []cost {
	g := speedGuard(t)
	intercept := grpcauth.UnaryServerInterceptor(g)
	good, none := withToken(t), calling(t.Context(), "user-agent", "test")
	answers := func(context.Context, any) (any, error) { return nil, nil }
	decided, err := decidedBy(good, intercept)
	if err != nil {
		t.Fatal(err)
	}
	pass := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(ctx, request)
	}
	var all []cost
	for _, c := range []struct {
		name    string
		allocs  float64
		method  string
		ctx     context.Context
		handler grpc.UnaryHandler
		want    codes.Code
	}{
		{"cached", 2, speedMethod, good, answers, codes.OK},
		{"public", 1, publicMethod, none, answers, codes.OK},
		{"decided before", 0, speedMethod, decided, answers, codes.OK},
		{"no credentials", 5, speedMethod, none, answers, codes.Unauthenticated},
		{"insufficient scope", 11, deniedMethod, good, answers, codes.PermissionDenied},
		{"the handler refuses", 12, speedMethod, good, func(ctx context.Context, _ any) (any, error) { return nil, auth.RequireScopes(ctx, "write") }, codes.PermissionDenied},
	} {
		info := &grpc.UnaryServerInfo{FullMethod: c.method}
		by := func(intercept grpc.UnaryServerInterceptor) func() bool {
			return func() bool { _, err := intercept(c.ctx, nil, info, c.handler); return status.Code(err) == c.want }
		}
		one := cost{c.name, c.allocs, "", by(intercept), nil}
		if c.want == codes.OK {
			one.beside = by(pass)
		}
		all = append(all, one)
	}
	return all
}

// decidedBy is the context that an interceptor hands on.
func decidedBy(ctx context.Context, intercept grpc.UnaryServerInterceptor) (decided context.Context, err error) {
	_, err = intercept(ctx, nil, &grpc.UnaryServerInfo{FullMethod: speedMethod}, func(ctx context.Context, _ any) (any, error) {
		decided = ctx //nolint:fatcontext // it is what is asked for
		return nil, nil
	})
	return decided, err
}

func streamCosts(t testing.TB) []cost {
	intercept := grpcauth.StreamServerInterceptor(speedGuard(t))
	returns := func(any, grpc.ServerStream) error { return nil }
	waits := func(_ any, s grpc.ServerStream) error { _ = s.Context().Done(); return nil }
	var all []cost
	for _, c := range []struct {
		name    string
		allocs  float64
		method  string
		ctx     context.Context
		handler grpc.StreamHandler
		want    codes.Code
	}{
		{"open and close", 5, waitMethod, withToken(t), returns, codes.OK},
		{"whose handler waits for its context", 8, waitMethod, withToken(t), waits, codes.OK},
		{"that can be renewed", 6, waitMethod, calling(t.Context(), "authorization", "Bearer "+speedToken, auth.StreamHeader, strings.Repeat("n", 32)), returns, codes.OK},
		{"public", 2, publicMethod, calling(t.Context()), returns, codes.OK},
		{"no credentials", 5, waitMethod, calling(t.Context()), returns, codes.Unauthenticated},
	} {
		inner, info := &bareStream{ctx: c.ctx}, &grpc.StreamServerInfo{FullMethod: c.method}
		all = append(all, cost{c.name, c.allocs, "", func() bool { return status.Code(intercept(nil, inner, info, c.handler)) == c.want }, nil})
	}
	return all
}

// registered is a server that keeps what is registered.
type registered struct{ desc *grpc.ServiceDesc }

func (r *registered) RegisterService(desc *grpc.ServiceDesc, _ any) { r.desc = desc }
func (r *registered) GetServiceInfo() map[string]grpc.ServiceInfo   { return nil }

func registrarCosts(t testing.TB) []cost {
	g, r := speedGuard(t), new(registered)
	answers := func(context.Context, any) (any, error) { return nil, nil }
	method := func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		if err := decode(nil); err != nil || interceptor == nil {
			return nil, err
		}
		return interceptor(ctx, nil, nil, answers)
	}
	open := func(any, grpc.ServerStream) error { return nil }
	grpcauth.Registrar(r, g).RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Streams",
		Methods:     []grpc.MethodDesc{{MethodName: "Get", Handler: method}, {MethodName: "Delete", Handler: method}},
		Streams:     []grpc.StreamDesc{{StreamName: "Wait", Handler: open}},
	}, nil)
	ctx, decode := withToken(t), func(any) error { return nil }
	pass := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(ctx, request)
	}
	calls := func(method grpc.MethodHandler, want codes.Code) func() bool {
		return func() bool { _, err := method(nil, ctx, decode, pass); return status.Code(err) == want }
	}
	inner := &bareStream{ctx: ctx}
	return []cost{
		{"cached", 4, "", calls(r.desc.Methods[0].Handler, codes.OK), calls(method, codes.OK)},
		{"insufficient scope", 11, "", calls(r.desc.Methods[1].Handler, codes.PermissionDenied), nil},
		{"a stream", 5, "", func() bool { return r.desc.Streams[0].Handler(nil, inner) == nil }, nil},
	}
}

// deafWriter is a response that nobody reads.
type deafWriter struct{ header http.Header }

func (w deafWriter) Header() http.Header       { return w.header }
func (deafWriter) Write(b []byte) (int, error) { return len(b), nil }
func (deafWriter) WriteHeader(int)             {}
func (deafWriter) Flush()                      {}

// called makes whole calls of a server in process: grpc-go lets nobody call the
// interceptors of its options.
func called(t testing.TB, want codes.Code, options ...grpc.ServerOption) func() bool {
	t.Helper()
	server := grpc.NewServer(options...)
	t.Cleanup(server.Stop)
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Streams", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Get", Handler: func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			in := new(emptypb.Empty)
			if err := decode(in); err != nil {
				return nil, err
			}
			answers := func(context.Context, any) (any, error) { return in, nil }
			if interceptor == nil {
				return answers(ctx, in)
			}
			return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: speedMethod}, answers)
		},
	}}}, nil)
	message, body := make([]byte, 5), new(bytes.Reader) // no compression, no length
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://test"+speedMethod, io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	r.ProtoMajor, r.ProtoMinor = 2, 0
	r.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Authorization": {"Bearer " + speedToken}}
	w := deafWriter{make(http.Header)}
	name, code := http.TrailerPrefix+"Grpc-Status", []string{"0", "13"}[min(int(want), 1)]
	return func() bool {
		clear(w.header)
		body.Reset(message)
		server.ServeHTTP(w, r)
		return w.header.Get("Grpc-Status") == code || w.header.Get(name) == code
	}
}

func requireDecisionCosts(t testing.TB) []cost {
	g := speedGuard(t)
	guarded := called(t, codes.OK, grpcauth.ServerOptions(g)...)
	const rest = "those of grpc-go are among them, and it has goroutines"
	return []cost{
		{"decided", 1, rest, called(t, codes.OK, append(grpcauth.ServerOptions(g), grpcauth.RequireDecision(g)...)...), guarded},
		{"undecided", 5, rest, called(t, codes.Internal, grpcauth.RequireDecision(g)...), called(t, codes.OK)},
	}
}

// renewalCosts are those of a renewal on the server, with its check.
func renewalCosts(t testing.TB) []cost {
	g, r := speedGuard(t), new(registered)
	grpcauth.RegisterStreamRenewal(grpcauth.Registrar(r, g), g)
	var service any
	serves := registering(func(impl any) { service = impl })
	grpcauth.RegisterStreamRenewal(serves, g)
	name := strings.Repeat("n", 32)
	watched := &auth.Request{Procedure: waitMethod, Carrier: speedCarrier{"authorization": {"Bearer " + speedToken}, auth.StreamHeader: {name}}}
	ctx, err := g.Check(t.Context(), watched)
	if err != nil {
		t.Fatal(err)
	}
	open := g.OpenStream(ctx, watched, func(*auth.Error) {})
	t.Cleanup(func() { _ = open.Close() })
	call := withToken(t)
	renews := func(name string, want codes.Code) func() bool {
		decode := func(m any) error { m.(*authv1.RenewRequest).Stream = name; return nil } //nolint:forcetypeassert // the method's message
		return func() bool {
			_, err := r.desc.Methods[0].Handler(service, call, decode, nil)
			return status.Code(err) == want
		}
	}
	return []cost{
		{"open", 9, "", renews(name, codes.OK), nil},
		{"unknown", 10, "", renews(name+"x", codes.NotFound), nil},
	}
}

// registering is told of what is registered.
type registering func(impl any)

func (r registering) RegisterService(_ *grpc.ServiceDesc, impl any) { r(impl) }

// renewedStreamCosts are those of the client, for streams that are over before
// there is anything to renew.
func renewedStreamCosts(t testing.TB) []cost {
	token, err := auth.NewBearer(speedToken)
	if err != nil {
		t.Fatal(err)
	}
	asked, expires := make(chan struct{}), time.Now().Add(24*time.Hour)
	intercept, err := grpcauth.StreamRenewalInterceptor(grpcauth.StreamRenewalConfig{Tokens: func(context.Context) (auth.Credential, time.Time, error) {
		asked <- struct{}{}
		return token, expires, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	var inner grpc.ClientStream = overStream{}
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return inner, nil
	}
	ctx, desc := t.Context(), &grpc.StreamDesc{ServerStreams: true}
	by := func(intercept grpc.StreamClientInterceptor, asks bool) func() bool {
		return func() bool {
			s, err := intercept(ctx, desc, nil, waitMethod, streamer)
			if err != nil {
				return false
			}
			if asks {
				<-asked
			}
			return s.RecvMsg(nil) == io.EOF //nolint:errorlint // the very same
		}
	}
	pass := func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		return next(ctx, desc, cc, method, options...)
	}
	return []cost{{"open and close", 24, "the goroutine that asked for the token ends beside", by(intercept, true), by(pass, false)}}
}

// overStream has nothing to say.
type overStream struct{ grpc.ClientStream }

func (overStream) RecvMsg(any) error { return io.EOF }

// speedCarrier has fixed values.
type speedCarrier map[string][]string

func (c speedCarrier) Values(_ context.Context, name string) []string { return c[name] }
func (speedCarrier) TLS(context.Context) *tls.ConnectionState         { return nil }

func challengeCosts(t testing.TB) []cost {
	_, refused := grpcauth.UnaryServerInterceptor(speedGuard(t))(withToken(t), nil, &grpc.UnaryServerInfo{FullMethod: deniedMethod}, nil)
	other := status.Error(codes.NotFound, "no such widget")
	return []cost{
		{"a refusal", 41, "", func() bool { c, ok := grpcauth.Challenge(refused); return ok && c.Error == "insufficient_scope" }, nil},
		{"another error", 0, "", func() bool { _, ok := grpcauth.Challenge(other); return !ok }, nil},
	}
}
