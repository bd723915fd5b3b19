// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// calling sends the header of another row to other methods.
func calling(method, stream string, header func(*fixture) matrix.Call) func(*fixture) matrix.Call {
	return func(f *fixture) matrix.Call {
		c := header(f)
		c.Method, c.StreamMethod = method, stream
		return c
	}
}

// Every kind of method, every kind of stream.
func TestMethods(t *testing.T) {
	f := newFixture(t)
	// Only GetWidget may be called with GET; a bidirectional stream needs HTTP/2.
	post := map[string]string{"connect GET h1": transport}
	h1 := []string{"connect stream h1", "connect-go gRPC-Web stream h1"}
	good, none, bad := minted(), fields(), value("Bearer canary-canary-canary")
	for _, stream := range []string{"WatchWidgets", "ImportWidgets", "SyncWidgets"} {
		except := map[string]string{}
		if stream == "SyncWidgets" {
			for _, name := range h1 {
				except[name] = transport
			}
		}
		f.run(t, []row{
			{stream + ": good", calling("", stream, good), OK, except},
			{stream + ": none", calling("", stream, none), NC, except},
			{stream + ": bad", calling("", stream, bad), IT, except},
			{stream + ": two", calling("", stream, fields("authorization", "Bearer TOKEN", "authorization", "Bearer TOKEN")), IR, except},
			{stream + ": lacks the scope", calling("", stream, minted(authtest.Scopes("write"))), IS, except},
			{stream + ": expired", calling("", stream, minted(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute))), EX, except},
		})
	}
	// Streaming transports call WatchWidgets in these.
	streams := func(want string, except map[string]string) map[string]string {
		all := map[string]string{}
		for _, over := range matrix.Transports() {
			if over.Streams() {
				all[over.Name] = want
			}
		}
		for name, w := range except {
			all[name] = w
		}
		return all
	}
	f.run(t, []row{
		{"CreateWidget: lacks write", calling("CreateWidget", "", good), IS, streams(OK, post)},
		{"CreateWidget: none", calling("CreateWidget", "", none), NC, streams(NC, post)},
		{"CreateWidget: write", calling("CreateWidget", "", minted(authtest.Scopes("read", "write"))), OK, streams(OK, post)},
		{"H16 no rule: none", calling("DeleteWidget", "", none), NC, streams(NC, post)},
		{"H16 no rule: bad", calling("DeleteWidget", "", bad), IT, streams(IT, post)},
		{"H16 no rule: good", calling("DeleteWidget", "", good), MD, streams(OK, post)},
		{"H16 no rule: every scope", calling("DeleteWidget", "", minted(authtest.Scopes("read", "write", "admin"))), MD, streams(OK, post)},
		// Public means that credentials are not read.
		{"public: none", calling("Ping", "", none), OK, streams(NC, post)},
		{"public: bad", calling("Ping", "", bad), OK, streams(IT, post)},
		{"public: two", calling("Ping", "", fields("authorization", "Bearer a", "authorization", "Bearer b")), OK, streams(IR, post)},
		{"H16 health, which is not served", func(*fixture) matrix.Call { return matrix.Call{Path: "/grpc.health.v1.Health/Check"} }, transport, nil},
		{"H16 reflection, which is not served", func(*fixture) matrix.Call {
			return matrix.Call{Path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}
		}, transport, nil},
	})
}

// H15: ways to write the path of a method. Whatever reaches a handler was
// decided under that handler's exact name.
func TestPathCorpus(t *testing.T) {
	f := newFixture(t)
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
		return slices.Contains(strings.Fields(where), family(over))
	}
	const prefix = "/widget.v1.WidgetService"
	for _, tc := range []struct {
		name, path string // METHOD stands for the method
		same       string
	}{
		{"control", prefix + "/METHOD", all},
		{"no slash in front", prefix[1:] + "/METHOD", never},
		{"two slashes in front", "/" + prefix + "/METHOD", never},
		{"two slashes within", prefix + "//METHOD", never},
		{"slash behind", prefix + "/METHOD/", never},
		{"query", prefix + "/METHOD?x=1", http},
		{"empty query", prefix + "/METHOD?", http},
		{"query that names a method", prefix + "/METHOD?" + prefix + "/Ping", http},
		{"fragment", prefix + "/METHOD#x", never},
		{"path parameter", prefix + "/METHOD;x=1", never},
		{"upper-case service", "/Widget.V1.WidgetService/METHOD", never},
		{"service in upper case", strings.ToUpper(prefix) + "/METHOD", never},
		{"dot segments", "/x/.." + prefix + "/METHOD", never},
		{"dot segments within", prefix + "/Ping/../METHOD", never},
		{"dot segment", prefix + "/./METHOD", never},
		{"encoded dot segments", "/x/%2e%2e" + prefix + "/METHOD", never},
		{"encoded slash", prefix + "%2FMETHOD", serveHTTP},
		{"encoded slash in front", "/%2F" + prefix[1:] + "/METHOD", never},
		{"encoded letter", strings.Replace(prefix, "widget", "w%69dget", 1) + "/METHOD", http},
		{"encoded NUL", prefix + "/METHOD%00", never},
		{"encoded space", prefix + "/METHOD%20", never},
		{"encoded line feed", prefix + "/METHOD%0A", never},
		{"encoded question mark", prefix + "/METHOD%3Fx", never},
		{"encoded twice", prefix + "%252FMETHOD", never},
		{"backslash", prefix + `\METHOD`, never},
		{"absolute", "http://rs.test" + prefix + "/METHOD", http},
		{"absolute, another host", "http://evil.test" + prefix + "/METHOD", http},
		{"a public method in front", prefix + "/Ping" + prefix + "/METHOD", never},
		{"asterisk", "*", never},
		{"empty service", "//METHOD", never},
		{"nothing", "/", never},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				path := func(method string) string { return strings.ReplaceAll(tc.path, "METHOD", method) }
				f.takeEvents()
				o := f.Do(t, over, matrix.Call{Path: path("Ping")})
				events := f.takeEvents()
				switch {
				case o.Handled:
					if !same(over, tc.same) {
						t.Errorf("%s: the public method was reached", over.Name)
					}
					if len(events) != 1 || events[0].Name != auth.EventAllowed || events[0].Procedure != service+"Ping" {
						t.Errorf("%s: the handler of Ping ran; the guard reported %+v", over.Name, events)
					}
				case same(over, tc.same) && over.Protocol != matrix.ConnectGet && over.Protocol != matrix.ConnectStream: // not with Ping
					t.Errorf("%s: the public method was not reached: %q, HTTP %d, %v", over.Name, o.Transport, o.HTTPStatus, o.Code)
				case o.Code != codes.Unauthenticated:
					// Redirects and 404 are the mux's, 400 and resets net/http's.
					for _, w := range judge(over, o, transport, "", false) {
						t.Errorf("%s: %s", over.Name, w)
					}
				}

				// The same spelling of a guarded method, with no token and a bad one.
				for _, header := range [][]matrix.Field{nil, matrix.Bearer("canary-canary-canary")} {
					o := f.Do(t, over, matrix.Call{Path: path("GetWidget"), Header: header})
					if o.Handled || o.Transport == "" && o.Code != codes.Unauthenticated && o.Code != codes.Unimplemented {
						t.Errorf("%s: GetWidget with header %q: %v, handled %v", over.Name, header, o.Code, o.Handled)
					}
				}
			}
		})
	}
}

// A refusal by a handler looks like one by the rule.
func TestHandlerErrors(t *testing.T) {
	f := newFixture(t)
	wrap := func(err error) error { return fmt.Errorf("handler: canary-canary-canary: %w", err) }
	for _, tc := range []struct {
		name   string
		onCall func(context.Context) error
		want   string
		scope  string
	}{
		{"RequireScopes: granted", func(ctx context.Context) error { return auth.RequireScopes(ctx, "read") }, OK, ""},
		{"RequireScopes: missing", func(ctx context.Context) error { return auth.RequireScopes(ctx, "admin") }, IS, "admin"},
		{"RequireScopes: one of two missing", func(ctx context.Context) error { return auth.RequireScopes(ctx, "read", "admin") }, IS, "read admin"},
		{"RequireScopes: wrapped", func(ctx context.Context) error { return wrap(auth.RequireScopes(ctx, "admin")) }, IS, "admin"},
		{"RequireScopes: joined", func(ctx context.Context) error {
			return errors.Join(errors.New("canary-canary-canary"), auth.RequireScopes(ctx, "admin"))
		}, IS, "admin"},
		{"RequireAnyScope: missing", func(ctx context.Context) error { return auth.RequireAnyScope(ctx, "admin", "root") }, IS, "admin"},
		{"no claims", func(context.Context) error { return auth.RequireScopes(context.Background(), "admin") }, NC, "admin"},
		{"InvalidToken", func(context.Context) error {
			return auth.InvalidToken("custom", errors.New("canary-canary-canary"))
		}, IT, ""},
		{"ExpiredToken", func(context.Context) error { return wrap(auth.ExpiredToken("custom", nil)) }, EX, ""},
		{"Unavailable", func(context.Context) error {
			return auth.Unavailable("custom", 3*time.Second, errors.New("canary-canary-canary"))
		}, UN, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.Service.OnCall = tc.onCall
			for _, over := range matrix.Transports() {
				f.takeEvents()
				token := f.mint()
				o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(token)})
				wrong := judge(over, o, tc.want, tc.scope, true)
				wrong = append(wrong, leaks(o, f.takeEvents(), append(opaque.FindAllString(token, -1), "canary-canary-canary"))...)
				for _, w := range wrong {
					t.Errorf("%s: %s", over.Name, w)
				}
				if tc.want == UN && o.RetryAfter() != 3*time.Second {
					t.Errorf("%s: retry after %v", over.Name, o.RetryAfter())
				}
			}
		})
	}
	// The answer is the same as to a caller whom the rule refused, in all but the
	// scope that is asked for.
	t.Run("same as the rule", func(t *testing.T) {
		for _, over := range matrix.Transports() {
			f.Service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "read") }
			call := matrix.Call{Header: matrix.Bearer(f.mint(authtest.Scopes("write")))}
			byRule := f.Do(t, over, call)
			f.Service.OnCall = func(context.Context) error {
				return &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, Check: auth.CheckHandlerScopes, RequiredScopes: []string{"read"}, MissingScopes: []string{"read"}}
			}
			call.Header = matrix.Bearer(f.mint())
			byHandler := f.Do(t, over, call)
			if byRule.Handled || !byHandler.Handled {
				t.Errorf("%s: handled %v and %v", over.Name, byRule.Handled, byHandler.Handled)
			}
			byRule.Handled, byRule.Bytes, byHandler.Handled, byHandler.Bytes = false, nil, false, nil
			if a, b := fmt.Sprintf("%+v", byRule), fmt.Sprintf("%+v", byHandler); a != b {
				t.Errorf("%s:\nby rule    %s\nby handler %s", over.Name, a, b)
			}
		}
	})
	// What a handler says in the transport's own words stays.
	t.Run("the handler's own code", func(t *testing.T) {
		for _, over := range matrix.Transports() {
			f.Service.OnCall = func(ctx context.Context) error {
				refusal := auth.RequireScopes(ctx, "admin")
				if over.Native() {
					return status.Error(codes.NotFound, "no such widget")
				}
				return connect.NewError(connect.CodeNotFound, refusal)
			}
			o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint())})
			if o.Code != codes.NotFound || o.Challenges != nil || o.Info != nil || !o.Handled {
				t.Errorf("%s: %v, %q, %v", over.Name, o.Code, o.Challenges, o.Info)
			}
		}
	})
}

// The handler sees who is calling, and nobody else's claims.
func TestCallerIsVisible(t *testing.T) {
	f := newFixture(t)
	var seen atomic.Pointer[auth.Claims]
	f.Service.OnCall = func(ctx context.Context) error {
		claims, _ := auth.FromContext(ctx)
		seen.Store(claims)
		return nil
	}
	for n, over := range matrix.Transports() {
		subject := fmt.Sprint("caller-", n)
		o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint(authtest.Subject(subject), authtest.Scopes("read", "more")))})
		claims := seen.Swap(nil)
		if !o.Handled || claims == nil || claims.Issuer() != issuerURL || claims.Subject() != subject || claims.ClientID() != "client-1" || !slices.Equal(claims.Scopes(), []string{"read", "more"}) {
			t.Errorf("%s: handled %v, claims %v", over.Name, o.Handled, claims)
		}
		if !over.Streams() && !strings.Contains(string(o.Bytes), issuerURL+" "+subject) {
			t.Errorf("%s: the answer names another caller: %q", over.Name, o.Bytes)
		}
		// A public method does not know its caller, whatever came along.
		if over.Streams() || over.Protocol == matrix.ConnectGet {
			continue
		}
		o = f.Do(t, over, matrix.Call{Method: "Ping", Header: matrix.Bearer(f.mint(authtest.Subject(subject)))})
		if claims := seen.Swap(nil); !o.Handled || claims != nil {
			t.Errorf("%s: public: handled %v, claims %v", over.Name, o.Handled, claims)
		}
	}
}

// An outage of the issuer is nobody's fault and lets nobody in.
func TestIssuerDown(t *testing.T) {
	f := newFixture(t)
	f.as.FailAlways(authtest.Discovery, authtest.Status(http.StatusInternalServerError))
	post := map[string]string{"connect GET h1": transport}
	f.run(t, []row{
		{"good", minted(), UN, nil},
		{"good, for a method with another rule", calling("CreateWidget", "", minted()), UN, post},
		{"good, for a method without a rule", calling("DeleteWidget", "", minted()), UN, post},
		{"forged, which nobody can tell", minted(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), UN, nil},
		{"bad without a key", minted(authtest.Header("alg", "none")), IT, nil},
		{"none", fields(), NC, nil},
		{"malformed", value("Bearer"), IR, nil},
	})
	for _, over := range matrix.Transports() {
		if over.Streams() || over.Protocol == matrix.ConnectGet {
			continue
		}
		if o := f.Do(t, over, matrix.Call{Method: "Ping", Header: matrix.Bearer(f.mint())}); !o.Handled || o.Code != codes.OK {
			t.Errorf("%s: a public method in an outage: %v", over.Name, o.Code)
		}
	}
}

// H16: a service that nobody thought of is closed, for unary and streaming
// methods.
func TestServicesWithoutRules(t *testing.T) {
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
			if s.Code() != a.code || info.GetReason() != a.reason || info.GetDomain() != rpcerror.Domain {
				t.Errorf("%s: %v %q, want %v %q", name, s.Code(), info.GetReason(), a.code, a.reason)
			}
			if got, want := len(leading.Get("www-authenticate")), map[bool]int{true: 0, false: 1}[a.params == noChallenge]; got != want {
				t.Errorf("%s: %d challenges, want %d", name, got, want)
			}
		}
	}
	if n := health.calls.Load(); n != 0 {
		t.Errorf("%d calls reached the handler", n)
	}
}

// H15: a server that takes every call, such as a proxy, hands the guard names
// that no mux has looked at. None of them is the public method's.
func TestPathsOfUnknownServices(t *testing.T) {
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
