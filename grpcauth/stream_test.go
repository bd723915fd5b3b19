// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// remedy is what to do when a version of grpc-go fails the canary.
const remedy = "this version of grpc-go (%s) does not let an interceptor end a stream: look for what WriteStatus of transport.ServerStream has become, " +
	"and mend statusWriter in grpcauth/stream.go. Until then handlers that are blocked in RecvMsg or SendMsg do not notice that their token has expired, " +
	"and docs/streams.md must say so"

// waitDesc is a method that both sides may use to send, without generated code.
func waitDesc(handle grpc.StreamHandler) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{ServiceName: "test.Streams", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		{StreamName: "Wait", ServerStreams: true, ClientStreams: true, Handler: handle},
	}}
}

// expiring is a guard whose tokens are good for that long.
func expiring(t testing.TB, lasts time.Duration) *auth.Guard {
	t.Helper()
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Deadline: time.Now().Add(lasts)})
	})
	g, err := auth.NewGuard(verify, auth.Rules{"/test.Streams/Wait": {}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// transports are the ways to serve gRPC by name, and whether that is ServeHTTP.
var transports = map[string]bool{"native": false, "ServeHTTP": true}

// connectTo serves, and returns a connection to there.
func connectTo(t *testing.T, server *grpc.Server, behind bool) *grpc.ClientConn {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if behind {
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		front := &http.Server{Handler: server, Protocols: &protocols, ReadHeaderTimeout: time.Minute}
		go func() { _ = front.Serve(l) }()
		t.Cleanup(func() { _ = front.Close() })
	} else {
		go func() { _ = server.Serve(l) }()
		t.Cleanup(server.Stop)
	}
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// The canary: what ends a stream is not part of grpc-go's promises. It needs
// nothing but grpc-go and this package, so that it can be run against any version.
func TestCanary(t *testing.T) {
	for name, behind := range transports {
		t.Run(name, func(t *testing.T) {
			returned := make(chan error, 1)
			server := grpc.NewServer(grpcauth.ServerOptions(expiring(t, 300*time.Millisecond))...)
			server.RegisterService(waitDesc(func(_ any, stream grpc.ServerStream) error {
				if _, ok := grpc.ServerTransportStreamFromContext(stream.Context()).(interface{ WriteStatus(*status.Status) error }); !ok {
					t.Errorf(remedy, grpc.Version)
				}
				err := stream.RecvMsg(new(emptypb.Empty))
				returned <- err
				return err
			}), nil)
			conn := connectTo(t, server, behind)
			ctx, cancel := context.WithTimeout(with(t.Context(), "any"), 10*time.Second)
			defer cancel()
			stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Streams/Wait")
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.RecvMsg(new(emptypb.Empty)); status.Code(err) != codes.Unauthenticated {
				t.Errorf("the client saw %v. "+remedy, err, grpc.Version)
			}
			select {
			case err := <-returned:
				if status.Code(err) != codes.Unauthenticated {
					t.Errorf("the handler saw %v. "+remedy, err, grpc.Version)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("the handler was not woken. "+remedy, grpc.Version)
			}
		})
	}
}

// An interceptor outside that makes something else of the refusal, also of a panic,
// is too late: the client has its status by then.
func TestOuterInterceptorIsTooLate(t *testing.T) {
	for name, behind := range transports {
		for what, ending := range map[string]func(){"error": func() {}, "panic": func() { panic("boom") }} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				outer := grpc.ChainStreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
					defer func() { _ = recover() }()
					_ = handle(srv, s) // forgotten
					return nil
				})
				server := grpc.NewServer(append([]grpc.ServerOption{outer}, grpcauth.ServerOptions(expiring(t, 300*time.Millisecond))...)...)
				server.RegisterService(waitDesc(func(_ any, stream grpc.ServerStream) error {
					<-stream.Context().Done()
					ending()
					return nil
				}), nil)
				conn := connectTo(t, server, behind)
				var group sync.WaitGroup
				var others atomic.Int64
				for range 200 {
					group.Go(func() {
						ctx, cancel := context.WithTimeout(with(t.Context(), "any"), 20*time.Second)
						defer cancel()
						stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Streams/Wait")
						if err != nil {
							t.Error(err)
							return
						}
						if err := stream.RecvMsg(new(emptypb.Empty)); status.Code(err) != codes.Unauthenticated {
							others.Add(1)
						}
					})
				}
				group.Wait()
				if n := others.Load(); n > 0 {
					t.Errorf("%d of 200 clients saw something else than Unauthenticated", n)
				}
			})
		}
	}
}

// bareStream is a stream of a transport that cannot end it.
type bareStream struct {
	grpc.ServerStream

	ctx     context.Context
	receive func() error
	send    func() error
}

func (b *bareStream) Context() context.Context { return b.ctx }
func (b *bareStream) RecvMsg(any) error        { return b.receive() }
func (b *bareStream) SendMsg(any) error        { return b.send() }

// incomingContext is one of a call with a token, on no transport or a plain one.
func incomingContext(ctx context.Context) context.Context {
	return metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", "Bearer any"))
}

// On a transport without what the canary looks for, a stream ends between two
// messages, and the handler's context is done.
func TestStreamWithoutStatusWriter(t *testing.T) {
	g := expiring(t, 100*time.Millisecond)
	info := &grpc.StreamServerInfo{FullMethod: "/test.Streams/Wait"}
	serve := func(inner *bareStream, handle func(grpc.ServerStream) error) error {
		inner.ctx = incomingContext(t.Context())
		return grpcauth.StreamServerInterceptor(g)(nil, inner, info, func(_ any, s grpc.ServerStream) error { return handle(s) })
	}
	good := func() error { return nil }
	expired := func(what string, err error) {
		t.Helper()
		e, ok := errors.AsType[*auth.Error](err)
		if status.Code(err) != codes.Unauthenticated || !ok || e.Reason != auth.ReasonTokenExpired {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, handle := range map[string]func(*bareStream, grpc.ServerStream) error{
		"context": func(_ *bareStream, s grpc.ServerStream) error {
			<-s.Context().Done()
			expired("cause", context.Cause(s.Context()))
			return nil
		},
		"next receive": func(inner *bareStream, s grpc.ServerStream) error {
			<-s.Context().Done()
			inner.receive = func() error {
				t.Error("asked for a message after the end")
				return nil
			}
			expired("receive", s.RecvMsg(nil))
			return io.ErrUnexpectedEOF
		},
		"next send": func(inner *bareStream, s grpc.ServerStream) error {
			<-s.Context().Done()
			inner.send = func() error {
				t.Error("sent a message after the end")
				return nil
			}
			expired("send", s.SendMsg(nil))
			return nil
		},
		"blocked receive": func(inner *bareStream, s grpc.ServerStream) error {
			inner.receive = func() error { // a message comes at last
				<-s.Context().Done()
				return nil
			}
			expired("receive", s.RecvMsg(nil))
			return nil
		},
		"blocked send": func(inner *bareStream, s grpc.ServerStream) error {
			inner.send = func() error { // and fails
				<-s.Context().Done()
				return io.ErrClosedPipe
			}
			expired("send", s.SendMsg(nil))
			return nil
		},
	} {
		inner := &bareStream{receive: good, send: good}
		expired(name+": answer", serve(inner, func(s grpc.ServerStream) error { return handle(inner, s) }))
	}
	// What a stream is told of a client is left alone while it is open.
	inner := &bareStream{receive: func() error { return io.EOF }, send: good}
	if err := serve(inner, func(s grpc.ServerStream) error {
		if err := s.RecvMsg(nil); !errors.Is(err, io.EOF) {
			t.Errorf("receive: %v", err)
		}
		return s.SendMsg(nil)
	}); err != nil {
		t.Errorf("open: %v", err)
	}
}

// A message of a guarded stream costs no allocation more than one of another.
func TestStreamMessagesDoNotAllocate(t *testing.T) {
	inner := &bareStream{ctx: incomingContext(t.Context()), receive: func() error { return nil }, send: func() error { return nil }}
	err := grpcauth.StreamServerInterceptor(expiring(t, time.Hour))(nil, inner, &grpc.StreamServerInfo{FullMethod: "/test.Streams/Wait"}, func(_ any, s grpc.ServerStream) error {
		if _, same := s.(*bareStream); same {
			t.Error("the stream is not guarded")
		}
		if n := testing.AllocsPerRun(1000, func() { _, _ = s.RecvMsg(nil), s.SendMsg(nil) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkStreamMessage(b *testing.B) {
	inner := &bareStream{ctx: incomingContext(b.Context()), receive: func() error { return nil }, send: func() error { return nil }}
	_ = grpcauth.StreamServerInterceptor(expiring(b, time.Hour))(nil, inner, &grpc.StreamServerInfo{FullMethod: "/test.Streams/Wait"}, func(_ any, s grpc.ServerStream) error {
		b.Run("receive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.RecvMsg(nil)
			}
		})
		b.Run("send", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.SendMsg(nil)
			}
		})
		return nil
	})
}

// BenchmarkStream is what it costs to open and close one: the decision, of which
// the token was seen before, and the watch.
func BenchmarkStream(b *testing.B) {
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Deadline: time.Now().Add(time.Hour), FreshUntil: time.Now().Add(time.Hour)})
	})
	g, err := auth.NewGuard(verify, auth.Rules{"/test.Streams/Wait": {}})
	if err != nil {
		b.Fatal(err)
	}
	inner := &bareStream{ctx: incomingContext(b.Context())}
	info := &grpc.StreamServerInfo{FullMethod: "/test.Streams/Wait"}
	intercept := grpcauth.StreamServerInterceptor(g)
	for name, handle := range map[string]grpc.StreamHandler{
		"handler does nothing":          func(any, grpc.ServerStream) error { return nil },
		"handler waits for its context": func(_ any, s grpc.ServerStream) error { _ = s.Context().Done(); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = intercept(nil, inner, info, handle)
			}
		})
	}
}
