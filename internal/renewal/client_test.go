// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/connectauth"
	widgetv1 "github.com/bearerkit/bearerkit/examples/widget/v1"
	"github.com/bearerkit/bearerkit/examples/widget/v1/widgetv1connect"
	"github.com/bearerkit/bearerkit/grpcauth"
	"github.com/bearerkit/bearerkit/internal/renewal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// stamped verifies tokens that say until when they are good, to the millisecond.
type stamped struct{}

func (stamped) Verify(_ context.Context, c auth.Credential) (*auth.Claims, error) {
	subject, until, _ := strings.Cut(c.Token(), "-")
	ms, err := strconv.ParseInt(until, 10, 64)
	if err != nil {
		return nil, auth.InvalidToken("stamp", err)
	}
	at := time.UnixMilli(ms)
	return auth.NewClaims(auth.ClaimsData{Issuer: issuerURL, Subject: subject, TokenID: until, Scopes: []string{"read"}, Deadline: at, Expiry: at})
}

// tokens is a source of them that keeps each for eight tenths of its life, as one
// does that asks an issuer.
type tokens struct {
	life  time.Duration
	blind bool // it does not say when they expire

	mu      sync.Mutex
	asked   int
	current string
	fresh   time.Time
	expires time.Time
}

func (s *tokens) source(context.Context) (auth.Credential, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if now := time.Now(); now.After(s.fresh) {
		s.expires, s.fresh = now.Add(s.life), now.Add(s.life*7/10)
		s.current = fmt.Sprint("alice-", s.expires.UnixMilli())
	}
	c, err := auth.NewBearer(s.current)
	if s.blind {
		return c, time.Time{}, err
	}
	return c, s.expires, err
}

func (s *tokens) authorization() string {
	c, _, err := s.source(context.Background())
	if err != nil {
		panic(err)
	}
	return "Bearer " + c.Token()
}

func (s *tokens) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// attach adds the token of the source to every call of a connection.
type attach struct{ *tokens }

func (a attach) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": a.authorization()}, nil
}
func (attach) RequireTransportSecurity() bool { return false }

// app is a client as an application would have it.
type app struct {
	name string
	// watch opens a stream and returns what receives on it, and closes it.
	watch func(ctx context.Context) (receive func() error, closeStream func(), err error)
	// send opens a stream of the client's, and returns what waits for the answer.
	send func(ctx context.Context) (answer func() error, err error)
}

type gaveUp func(procedure string, err error)

// apps are the ways in which applications attach their tokens.
func apps(t *testing.T, s *server, source *tokens, told gaveUp) []app {
	t.Helper()
	inContext := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", source.authorization())
	}
	return []app{
		grpcApp(t, "grpc, metadata of the call", s, source, told, inContext),
		grpcApp(t, "grpc, credentials of the connection", s, source, told, nil, grpc.WithPerRPCCredentials(attach{source})),
		grpcApp(t, "grpc, interceptors", s, source, told, nil,
			grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
				return invoke(inContext(ctx), method, req, reply, cc, o...)
			}),
			grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
				return stream(inContext(ctx), desc, cc, method, o...)
			})),
		connectApp(t, "connect, header of the call", s.url, s.url, source, told, http1()),
		connectApp(t, "grpc by connect", s.url, s.url+"/", source, told, http2(), connect.WithGRPC()),
	}
}

func grpcApp(t *testing.T, name string, s *server, source *tokens, told gaveUp, prepare func(context.Context) context.Context, options ...grpc.DialOption) app {
	t.Helper()
	return grpcAppTo(t, name, "passthrough:///"+s.grpcAddr, grpcauth.StreamRenewalConfig{Tokens: source.source, InsecurePlaintext: true, GaveUp: told}, prepare, options...)
}

func grpcAppTo(t *testing.T, name, target string, config grpcauth.StreamRenewalConfig, prepare func(context.Context) context.Context, options ...grpc.DialOption) app {
	t.Helper()
	interceptor, err := grpcauth.StreamRenewalInterceptor(config)
	if err != nil {
		t.Fatal(err)
	}
	cc, err := grpc.NewClient(target, append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithChainStreamInterceptor(interceptor)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	if prepare == nil {
		prepare = func(ctx context.Context) context.Context { return ctx }
	}
	stub := widgetv1.NewWidgetServiceClient(cc)
	return app{
		name: name,
		watch: func(ctx context.Context) (func() error, func(), error) {
			ctx, cancel := context.WithCancel(ctx)
			stream, err := stub.WatchWidgets(prepare(ctx), &widgetv1.WatchWidgetsRequest{})
			if err != nil {
				cancel()
				return nil, nil, err
			}
			receive := func() error { _, err := stream.Recv(); return err }
			return receive, cancel, receive() // grpc-go has no other way to close it
		},
		send: func(ctx context.Context) (func() error, error) {
			stream, err := stub.ImportWidgets(prepare(ctx))
			if err != nil {
				return nil, err
			}
			return func() error { _, err := stream.CloseAndRecv(); return err }, stream.Send(&widgetv1.ImportWidgetsRequest{})
		},
	}
}

func connectApp(t *testing.T, name, url, base string, source *tokens, told gaveUp, h *http.Client, options ...connect.ClientOption) app {
	t.Helper()
	t.Cleanup(h.CloseIdleConnections)
	interceptor, err := connectauth.StreamRenewalInterceptor(connectauth.StreamRenewalConfig{Tokens: source.source, HTTPClient: h, BaseURL: base, ClientOptions: options, GaveUp: told})
	if err != nil {
		t.Fatal(err)
	}
	stub := widgetv1connect.NewWidgetServiceClient(h, url, append([]connect.ClientOption{connect.WithInterceptors(interceptor)}, options...)...)
	prepare := func(ctx context.Context) context.Context {
		ctx, info := connect.NewClientContext(ctx)
		info.RequestHeader().Set("Authorization", source.authorization())
		return ctx
	}
	return app{
		name: name,
		watch: func(ctx context.Context) (func() error, func(), error) {
			stream, err := stub.WatchWidgets(prepare(ctx), &widgetv1.WatchWidgetsRequest{})
			if err != nil {
				return nil, nil, err
			}
			receive := func() error {
				if stream.Receive() {
					return nil
				}
				if err := stream.Err(); err != nil {
					return err
				}
				return errors.New("the end")
			}
			return receive, func() { _ = stream.Close() }, receive()
		},
		send: func(ctx context.Context) (func() error, error) {
			stream, err := stub.ImportWidgets(prepare(ctx))
			if err != nil {
				return nil, err
			}
			return func() error { _, err := stream.CloseAndReceive(); return err }, stream.Send(&widgetv1.ImportWidgetsRequest{})
		},
	}
}

// life is of the tokens of these tests: short, and with time for a busy machine.
const life = 2 * time.Second

// A stream outlives its tokens, and ends when the one in use is revoked.
func TestClientRenews(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"metadata", "connection", "interceptors", "connect", "grpc by connect"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, source := newServer(t, stamped{}, parts{}), &tokens{life: life}
			a := apps(t, s, source, func(procedure string, err error) { t.Errorf("%s is given up: %v", procedure, err) })[i]
			receive, closeStream, err := a.watch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer closeStream()
			ended := make(chan error, 1)
			go func() { ended <- receive() }()
			began := time.Now()
			select {
			case err := <-ended:
				t.Fatalf("%s: it ended after %v: %v", a.name, time.Since(began), err)
			case <-time.After(life * 2):
			}
			if n := s.count(auth.EventStreamRenewed); n < 2 || n > 6 {
				t.Errorf("%d renewals", n)
			}
			refusals := 0
			if name == "connection" || name == "interceptors" {
				refusals = 1 // of the call with two tokens, once
			}
			if n := s.count(auth.EventRefused); n != refusals {
				t.Errorf("%d refusals, want %d", n, refusals)
			}
			if err := s.revocations.Revoke(auth.Revocation{Issuer: issuerURL, Subject: "alice"}); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if reasonOf(err) != auth.ReasonTokenInvalid {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(life / 4):
				t.Error("the revocation was not noticed")
			}
			before := source.questions()
			time.Sleep(life / 2)
			if n := source.questions() - before; n > 0 {
				t.Errorf("the source was asked %d times after the end", n)
			}
		})
	}
}

// Where the source does not say when its tokens expire, the server's answers do.
func TestClientGoesByTheServersEnd(t *testing.T) {
	t.Parallel()
	for name, i := range map[string]int{"grpc": 0, "connect": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const life = 8 * time.Second
			s, source := newServer(t, stamped{}, parts{}), &tokens{life: life, blind: true}
			receive, closeStream, err := apps(t, s, source, func(_ string, err error) { t.Errorf("given up: %v", err) })[i].watch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer closeStream()
			ended := make(chan error, 1)
			go func() { ended <- receive() }()
			select {
			case err := <-ended:
				t.Errorf("it ended with %v", err)
			case <-time.After(life + time.Second):
			}
		})
	}
}

// However a stream ends, nothing is done for it from then on.
func TestNothingIsLeftOfAStream(t *testing.T) {
	t.Parallel()
	type running struct {
		*testing.T
		s       *server
		cancel  context.CancelFunc
		receive func() error
		done    func()
	}
	for name, end := range map[string]func(r running){
		"the client cancels": func(r running) {
			r.cancel()
			_ = r.receive()
		},
		"the client cancels and reads no more": func(r running) { r.cancel() },
		"the client closes the stream":         func(r running) { r.done() },
		"end of the stream": func(r running) {
			r.s.finish <- nil
			_ = r.receive()
		},
		"an error": func(r running) {
			r.s.finish <- errors.New("broken")
			if err := r.receive(); err == nil {
				r.Error("no error")
			}
		},
		"the server is gone": func(r running) {
			r.s.grpcServer.Stop()
			r.s.stopHTTP()
			_ = r.receive()
		},
		"the server is gone, and nobody reads": func(r running) {
			r.s.grpcServer.Stop()
			r.s.stopHTTP()
			r.cancel()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := &tokens{life: life / 2}
			for i := range 5 {
				s := newServer(t, stamped{}, parts{})
				a := apps(t, s, source, nil)[i]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				receive, closeStream, err := a.watch(ctx)
				if err != nil {
					t.Fatal(err)
				}
				<-s.entered
				end(running{T: t, s: s, cancel: cancel, receive: receive, done: closeStream})
			}
			time.Sleep(500 * time.Millisecond) // for the context's end to get around, on a busy machine too
			before := source.questions()
			time.Sleep(life / 2)
			if n := source.questions() - before; n > 0 {
				t.Errorf("the source was asked %d times after the end", n)
			}
		})
	}
	t.Run("one answer", func(t *testing.T) {
		t.Parallel()
		source := &tokens{life: life / 2}
		for i := range 5 {
			s := newServer(t, stamped{}, parts{})
			answer, err := apps(t, s, source, nil)[i].send(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			<-s.entered
			s.finish <- nil
			if err := answer(); err != nil {
				t.Error(err)
			}
		}
		before := source.questions()
		time.Sleep(life / 2)
		if n := source.questions() - before; n > 0 {
			t.Errorf("the source was asked %d times after the end", n)
		}
	})
}

// A stream that is idle costs a timer and no goroutine.
func TestNoGoroutinePerStream(t *testing.T) {
	source := &tokens{life: time.Hour}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 1000 {
		renewal.Start(ctx, renewal.Config{Tokens: source.source, Present: good})
	}
	for began := time.Now(); source.questions() < 1000 && time.Since(began) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond) // for the last answers
	if n := runtime.NumGoroutine() - before; n > 50 {
		t.Errorf("%d goroutines for 1000 streams", n)
	}
}

// Where nothing can be renewed, the application is told once, and the stream ends as
// it would have.
func TestClientGivesUp(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		parts

		says string
	}{
		"a server without the service": {parts: parts{noService: true}, says: "nimplemented"},
		"a server without the rule":    {parts: parts{noRule: true}, says: "METHOD_DENIED"},
	} {
		for _, i := range []int{1, 3} { // both transports
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var told []string
				s, source := newServer(t, stamped{}, row.parts), &tokens{life: life}
				a := apps(t, s, source, func(procedure string, err error) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, procedure+": "+err.Error())
				})[i]
				receive, closeStream, err := a.watch(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer closeStream()
				began := time.Now()
				if err := receive(); reasonOf(err) != auth.ReasonTokenExpired {
					t.Errorf("%s: the stream ended with %v", a.name, err)
				}
				if after := time.Since(began); after < life*8/10 {
					t.Errorf("the stream ended after %v", after)
				}
				mu.Lock()
				defer mu.Unlock()
				if len(told) != 1 || !strings.HasPrefix(told[0], watch) || !strings.Contains(told[0], row.says) {
					t.Errorf("told %q, want %q", told, row.says)
				}
			})
		}
	}
}

// Behind a load balancer renewals come to other servers, too. Which call comes to
// which is chance, and one of some dozens of streams is looked for in vain too often.
func TestClientFindsTheServer(t *testing.T) {
	t.Parallel()
	for attempt := 1; ; attempt++ {
		problem := behindALoadBalancer(t)
		if problem == nil {
			return
		}
		if attempt == 4 {
			t.Fatal(problem)
		}
		t.Log(problem)
	}
}

func behindALoadBalancer(t *testing.T) error {
	source := &tokens{life: 2 * life} // every second renewal comes to the other server
	r := manual.NewBuilderWithScheme("servers")
	var state resolver.State
	var all []*server
	for range 2 {
		s := newServer(t, stamped{}, parts{})
		all = append(all, s)
		state.Addresses = append(state.Addresses, resolver.Address{Addr: s.grpcAddr})
	}
	r.InitialState(state)
	problems := make(chan error, 1000)
	a := grpcAppTo(t, "", "servers:///all", grpcauth.StreamRenewalConfig{
		Tokens: source.source, InsecurePlaintext: true, GaveUp: func(_ string, err error) { problems <- fmt.Errorf("given up: %w", err) },
	}, nil, grpc.WithResolvers(r), grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`), grpc.WithPerRPCCredentials(attach{source}))
	for began := time.Now(); len(all[0].entered) == 0 || len(all[1].entered) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > life {
			t.Fatal("no stream is open on one of the servers")
		}
		receive, closeStream, err := a.watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer closeStream()
		go func() { problems <- fmt.Errorf("a stream ended: %w", receive()) }()
	}
	select {
	case err := <-problems:
		return err
	case <-time.After(life * 3):
	}
	for _, s := range all {
		if s.count(auth.EventStreamRenewed) == 0 {
			return errors.New("a server had no renewals")
		}
	}
	return nil
}

// Without TLS no token is sent unless the application says that it may be.
func TestPlaintext(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	s, source := newServer(t, stamped{}, parts{}), &tokens{life: life}
	a := grpcAppTo(t, "", "passthrough:///"+s.grpcAddr, grpcauth.StreamRenewalConfig{Tokens: source.source, GaveUp: func(_ string, err error) { told <- err }},
		nil, grpc.WithPerRPCCredentials(attach{source}))
	ctx, cancel := context.WithTimeout(t.Context(), 2*life)
	defer cancel()
	receive, _, err := a.watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := receive(); reasonOf(err) != auth.ReasonTokenExpired {
		t.Errorf("the stream ended with %v", err)
	}
	select {
	case err := <-told:
		if !strings.Contains(err.Error(), "insecure connection") {
			t.Error(err)
		}
	default:
		t.Error("nobody was told")
	}
	if n := s.count(auth.EventAllowed) + s.count(auth.EventRefused); n != 1 {
		t.Errorf("the server had %d calls", n)
	}
}

// Over TLS it may.
func TestTLS(t *testing.T) {
	t.Parallel()
	pair := httptest.NewUnstartedServer(nil)
	pair.StartTLS()
	defer pair.Close()
	s := newServer(t, stamped{}, parts{grpc: []grpc.ServerOption{grpc.Creds(credentials.NewTLS(pair.TLS))}})
	source := &tokens{life: life}
	roots := pair.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	a := grpcAppTo(t, "", "passthrough:///"+s.grpcAddr, grpcauth.StreamRenewalConfig{Tokens: source.source, GaveUp: func(_ string, err error) { t.Error(err) }},
		func(ctx context.Context) context.Context {
			return metadata.AppendToOutgoingContext(ctx, "authorization", source.authorization())
		}, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, "example.com")))
	receive, closeStream, err := a.watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream()
	ended := make(chan error, 1)
	go func() { ended <- receive() }()
	select {
	case err := <-ended:
		t.Errorf("the stream ended with %v", err)
	case <-time.After(life * 3 / 2):
	}
	if s.count(auth.EventStreamRenewed) == 0 {
		t.Error("it was not renewed")
	}
}

func TestConnectTargets(t *testing.T) {
	t.Parallel()
	source := (&tokens{life: life}).source
	for url, good := range map[string]bool{
		"https://api.example.com": true, "https://api.example.com/prefix/": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost": true,
		"http://api.example.com": false, "http://127.0.0.1.example.com": false, "http://10.0.0.1": false, "http://user:password@localhost": false,
		"api.example.com": false, "": false, "ftp://localhost": false, "http://localhost@api.example.com": false,
	} {
		_, err := connectauth.StreamRenewalInterceptor(connectauth.StreamRenewalConfig{Tokens: source, HTTPClient: http1(), BaseURL: url})
		if (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "password") {
			t.Errorf("%q: the error says %q", url, err)
		}
	}
	for name, c := range map[string]connectauth.StreamRenewalConfig{
		"no source": {HTTPClient: http1(), BaseURL: "https://a"},
		"no client": {Tokens: source, BaseURL: "https://a"},
	} {
		if _, err := connectauth.StreamRenewalInterceptor(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := grpcauth.StreamRenewalInterceptor(grpcauth.StreamRenewalConfig{}); err == nil {
		t.Error("grpc, no source: no error")
	}
}

// A token goes to the server it is for, and not where that sends the client.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var caught, asked atomic.Int64
	elsewhere := serveHTTP(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			caught.Add(1)
		}
	}))
	redirects := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	s, source := newServer(t, stamped{}, parts{}), &tokens{life: life}
	a := connectApp(t, "", s.url, redirects, source, nil, http1())
	receive, closeStream, err := a.watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream()
	if err := receive(); reasonOf(err) != auth.ReasonTokenExpired {
		t.Errorf("the stream ended with %v", err)
	}
	if asked.Load() == 0 || caught.Load() > 0 {
		t.Errorf("asked %d times; %d tokens went elsewhere", asked.Load(), caught.Load())
	}
}

// A stream that has a name already is somebody else's to renew, such as an
// interceptor's that was installed twice.
func TestNameIsKept(t *testing.T) {
	t.Parallel()
	s, source := newServer(t, stamped{}, parts{}), &tokens{life: life}
	for _, a := range []app{
		grpcApp(t, "grpc", s, source, nil, func(ctx context.Context) context.Context {
			return metadata.AppendToOutgoingContext(ctx, "authorization", source.authorization(), auth.StreamHeader, "0123456789-_abcdefghijklmnop")
		}),
		connectApp(t, "connect", s.url, s.url, source, nil, http1(), connect.WithInterceptors(naming{})),
	} {
		before := source.questions()
		ctx, cancel := context.WithCancel(t.Context())
		_, closeStream, err := a.watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		<-s.entered
		if n := source.questions() - before; n != 1 {
			t.Errorf("%s: the source was asked %d times", a.name, n)
		}
		cancel()
		closeStream()
	}
}

type naming struct{}

func (naming) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }
func (naming) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (naming) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set(auth.StreamHeader, "0123456789-_abcdefghijklmnop")
		return conn
	}
}
