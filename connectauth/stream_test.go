// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/protobuf/types/known/emptypb"
)

const streamProcedure = "/a.B/Stream"

// expiring is a guard whose tokens are good for that long.
func expiring(t testing.TB, lasts time.Duration) *auth.Guard {
	t.Helper()
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) {
		return auth.NewClaims(auth.ClaimsData{Issuer: "https://i", Subject: "s", Deadline: time.Now().Add(lasts), FreshUntil: time.Now().Add(lasts)})
	})
	g, err := auth.NewGuard(verify, auth.Rules{streamProcedure: {}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// fakeConn is a stream without a transport.
type fakeConn struct {
	connect.StreamingHandlerConn

	header, response http.Header
	receive, send    func() error
}

func newFakeConn() *fakeConn {
	good := func() error { return nil }
	return &fakeConn{header: http.Header{"Authorization": {"Bearer any"}}, response: make(http.Header), receive: good, send: good}
}

func (f *fakeConn) Spec() connect.Spec           { return connect.Spec{Procedure: streamProcedure} }
func (f *fakeConn) RequestHeader() http.Header   { return f.header }
func (f *fakeConn) ResponseHeader() http.Header  { return f.response }
func (f *fakeConn) Receive(any) error            { return f.receive() }
func (f *fakeConn) Send(any) error               { return f.send() }
func (f *fakeConn) ResponseTrailer() http.Header { return nil }

// decided is the context of a call that the gate has let through.
func decided(ctx context.Context, t testing.TB, g *auth.Guard, f *fakeConn) context.Context {
	t.Helper()
	ctx, err := (adapter{guard: g}).gate(ctx, f.Spec(), connect.Peer{}, f.header)
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// Without the middleware a stream ends between two messages, and the handler's
// context is done.
func TestStreamWithoutMiddleware(t *testing.T) {
	expired := func(what string, err error) {
		t.Helper()
		e, ok := errors.AsType[*auth.Error](err)
		if connect.CodeOf(err) != connect.CodeUnauthenticated || !ok || e.Reason != auth.ReasonTokenExpired {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, handle := range map[string]func(context.Context, *fakeConn, connect.StreamingHandlerConn) error{
		"context": func(ctx context.Context, _ *fakeConn, _ connect.StreamingHandlerConn) error {
			<-ctx.Done()
			expired("cause", context.Cause(ctx))
			return nil
		},
		"next receive": func(ctx context.Context, inner *fakeConn, conn connect.StreamingHandlerConn) error {
			<-ctx.Done()
			inner.receive = func() error {
				t.Error("asked for a message after the end")
				return nil
			}
			expired("receive", conn.Receive(nil))
			return io.ErrUnexpectedEOF
		},
		"next send": func(ctx context.Context, inner *fakeConn, conn connect.StreamingHandlerConn) error {
			<-ctx.Done()
			inner.send = func() error {
				t.Error("sent a message after the end")
				return nil
			}
			expired("send", conn.Send(nil))
			return nil
		},
		"blocked receive": func(ctx context.Context, inner *fakeConn, conn connect.StreamingHandlerConn) error {
			inner.receive = func() error { // a message comes at last
				<-ctx.Done()
				return nil
			}
			expired("receive", conn.Receive(nil))
			return nil
		},
		"blocked send": func(ctx context.Context, inner *fakeConn, conn connect.StreamingHandlerConn) error {
			inner.send = func() error { // and fails
				<-ctx.Done()
				return io.ErrClosedPipe
			}
			expired("send", conn.Send(nil))
			return nil
		},
	} {
		g, inner := expiring(t, 100*time.Millisecond), newFakeConn()
		err := (adapter{guard: g}).serve(decided(t.Context(), t, g, inner), inner, func(ctx context.Context, conn connect.StreamingHandlerConn) error {
			return handle(ctx, inner, conn)
		})
		expired(name+": answer", err)
		if len(inner.response.Values("Www-Authenticate")) == 0 {
			t.Errorf("%s: no challenge", name)
		}
	}
	// What a stream is told of a client is left alone while it is open.
	g, inner := expiring(t, time.Hour), newFakeConn()
	inner.receive = func() error { return io.EOF }
	if err := (adapter{guard: g}).serve(decided(t.Context(), t, g, inner), inner, func(_ context.Context, conn connect.StreamingHandlerConn) error {
		if err := conn.Receive(nil); !errors.Is(err, io.EOF) {
			t.Errorf("receive: %v", err)
		}
		return conn.Send(nil)
	}); err != nil {
		t.Errorf("open: %v", err)
	}
}

// recorder is a response writer that records which deadlines are set.
type recorder struct {
	*httptest.ResponseRecorder

	mu  sync.Mutex
	set []string
}

func (r *recorder) SetReadDeadline(time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set = append(r.set, "read")
	return nil
}

func (r *recorder) SetWriteDeadline(at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.IsZero() {
		r.set = append(r.set, "none")
		return nil
	}
	r.set = append(r.set, "write")
	if d := time.Until(at); d < sendGrace-time.Second || d > sendGrace {
		r.set = append(r.set, d.String())
	}
	return nil
}

// Deadlines are set while the request is this one's, on HTTP/1 reading is
// interrupted only before its end, and writing has a deadline only while somebody
// does that.
func TestWake(t *testing.T) {
	const (
		read   = "the body is read"
		sends  = "a message is sent, and taken"
		stuck  = "two messages are sent, and one is taken"
		wakes  = "the handler is woken"
		after  = "the handler has returned"
		before = "the handler has returned, then the stream ends"
	)
	for _, tc := range []struct {
		protocol int
		body     string
		state    string
		want     []string
	}{
		{1, "x", "", []string{"read", "write"}},
		{1, "x", read, []string{"write"}},
		{1, "", "", []string{"write"}},
		{1, "x", wakes, []string{"read"}},
		{1, "", wakes, nil},
		{1, "", sends, []string{"write", "none", "write"}},
		{1, "", stuck, []string{"write", "write"}},
		{1, "x", after, []string{"read"}},
		{1, "x", before, nil},
		{2, "x", "", []string{"read", "write"}},
		{2, "x", read, []string{"read", "write"}},
		{2, "", "", []string{"read", "write"}},
		{2, "", wakes, []string{"read"}},
		{2, "", sends, []string{"read", "write", "none", "write"}},
		{2, "", stuck, []string{"read", "write", "write"}},
		{2, "x", after, []string{"read"}},
		{2, "x", before, nil},
	} {
		g := expiring(t, time.Hour)
		w := &recorder{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, streamProcedure, strings.NewReader(tc.body))
		r.ProtoMajor = tc.protocol
		var l *lent
		var sending atomic.Int32
		Middleware(g)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			l = lentTo(r.Context(), g, r.Header)
			if tc.state == read {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			if tc.state == sends {
				sending.Store(1)
			}
			if tc.state == stuck {
				sending.Store(2)
			}
			if tc.state != before {
				l.wake(&sending)
			}
			if sending.Load() > 0 {
				sending.Add(-1)
				l.sent(&sending)
			}
			if tc.state != before && tc.state != after && tc.state != wakes {
				l.woken()
			}
		})).ServeHTTP(w, r)
		sending.Store(1)
		l.wake(&sending) // by whatever still runs
		sending.Store(0)
		l.sent(&sending)
		l.woken()
		if !slices.Equal(w.set, tc.want) {
			t.Errorf("HTTP/%d, body %q, %s: %q, want %q", tc.protocol, tc.body, tc.state, w.set, tc.want)
		}
	}
	(*lent)(nil).wake(new(atomic.Int32)) // without the middleware
	(*lent)(nil).sent(new(atomic.Int32))
	(*lent)(nil).woken()
}

// A message that is on its way when its stream ends has some time to be taken, and
// so has the answer.
func TestSendHasADeadline(t *testing.T) {
	g, inner := expiring(t, 100*time.Millisecond), newFakeConn()
	w := &recorder{ResponseRecorder: httptest.NewRecorder()}
	inner.send = func() error {
		for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(time.Millisecond) {
			w.mu.Lock()
			waits := !slices.Contains(w.set, "write")
			w.mu.Unlock()
			if !waits {
				return nil
			}
		}
		return errors.New("no deadline")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, streamProcedure, http.NoBody)
	r.Header = inner.header
	Middleware(g)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		err := (adapter{guard: g}).serve(decided(r.Context(), t, g, inner), inner, func(_ context.Context, conn connect.StreamingHandlerConn) error {
			return errors.Join(conn.Send(nil), conn.Send(nil))
		})
		if connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("answer: %v", err)
		}
	})).ServeHTTP(w, r)
	if want := []string{"write", "none", "write"}; !slices.Equal(w.set, want) {
		t.Errorf("%q, want %q", w.set, want)
	}
}

// wrapper is a response writer that something else has put around.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// An HTTP/1 connection whose request was interrupted has no other one, and does
// not lose the answer to a client that is still writing.
func TestInterruptedConnectionIsClosed(t *testing.T) {
	g := expiring(t, time.Hour)
	for _, name := range []string{"interrupted", "interrupted at its end", "not"} {
		interrupts, atEnd := name != "not", name == "interrupted at its end"
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			Middleware(g)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				l := lentTo(r.Context(), g, r.Header)
				_, _ = io.CopyN(io.Discard, r.Body, 1)
				if atEnd {
					_, _ = io.Copy(io.Discard, r.Body)
					l.body.ended.Store(false) // as if that was not known yet
				}
				if interrupts {
					l.wake(new(atomic.Int32))
				}
				_, _ = io.Copy(io.Discard, r.Body)
				l.woken()
				_, _ = io.WriteString(w, "answer")
			})).ServeHTTP(wrapper{w}, r)
		}))
		body, write := io.Pipe()
		go func() {
			_, _ = io.WriteString(write, "some")
			if !interrupts || atEnd {
				_ = write.Close()
			}
		}()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(response.Body); err != nil || string(answer) != "answer" || response.Close != interrupts {
			t.Errorf("%s: %q, %v, closes %v", name, answer, err, response.Close)
		}
		_ = response.Body.Close()
		_ = write.Close()
		server.Close()
	}
}

// An HTTP/1 request that is answered before its end says so in the header: the
// stream may be interrupted afterwards. Others leave a connection for the next.
func TestAnswerBeforeTheEndCloses(t *testing.T) {
	g := expiring(t, time.Hour)
	empty := []byte{0, 0, 0, 0, 0}
	for name, tc := range map[string]struct {
		handler *connect.Handler
		ends    bool
	}{
		"one of many, unread": {handler: connect.NewClientStreamHandler(streamProcedure, func(context.Context, *connect.ClientStream[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
			return connect.NewResponse(new(emptypb.Empty)), nil
		}, HandlerOptions(g))},
		"one of many, read": {ends: true, handler: connect.NewClientStreamHandler(streamProcedure, func(_ context.Context, s *connect.ClientStream[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
			for s.Receive() {
			}
			return connect.NewResponse(new(emptypb.Empty)), s.Err()
		}, HandlerOptions(g))},
		"many of one": {ends: true, handler: connect.NewServerStreamHandler(streamProcedure, func(_ context.Context, _ *connect.Request[emptypb.Empty], s *connect.ServerStream[emptypb.Empty]) error {
			return s.Send(new(emptypb.Empty))
		}, HandlerOptions(g))},
	} {
		t.Run(name, func(t *testing.T) {
			body, write := io.Pipe()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			context.AfterFunc(ctx, func() { _ = write.CloseWithError(ctx.Err()) })
			defer cancel()
			go func() {
				_, _ = write.Write(empty)
				if tc.ends {
					_ = write.Close()
				}
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, serveStreams(t, tc.handler, Middleware(g)), body)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = http.Header{"Authorization": {"Bearer any"}, "Content-Type": {"application/connect+proto"}, "Connect-Protocol-Version": {"1"}}
			response, err := httpClient(t, false).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			first := make([]byte, len(empty))
			if _, err := io.ReadFull(response.Body, first); err != nil || !slices.Equal(first, empty) || response.Close == tc.ends {
				t.Errorf("%q, %v, closes %v", first, err, response.Close)
			}
		})
	}
}

// serveStreams serves one handler of streams over both versions of HTTP, within
// what is around it, and returns where.
func serveStreams(t *testing.T, h http.Handler, around ...func(http.Handler) http.Handler) string {
	t.Helper()
	for _, wrap := range around {
		h = wrap(h)
	}
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + streamProcedure
}

// versions are HTTP clients by name, and whether they speak HTTP/2.
var versions = map[string]bool{"h1": false, "h2c": true}

func httpClient(t *testing.T, h2 bool) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetUnencryptedHTTP2(h2)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A handler that knows of no context, and is busy for longer than a client has to
// take what was sent, still has an answer for it.
func TestBusyHandler(t *testing.T) {
	for name, h2 := range versions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := expiring(t, 300*time.Millisecond)
			url := serveStreams(t, connect.NewServerStreamHandler(streamProcedure, func(_ context.Context, _ *connect.Request[emptypb.Empty], s *connect.ServerStream[emptypb.Empty]) error {
				if err := s.Send(new(emptypb.Empty)); err != nil {
					return err
				}
				time.Sleep(sendGrace + time.Second)
				return s.Send(new(emptypb.Empty))
			}, HandlerOptions(g)), Middleware(g))
			question := connect.NewRequest(new(emptypb.Empty))
			question.Header().Set("Authorization", "Bearer any")
			stream, err := connect.NewClient[emptypb.Empty, emptypb.Empty](httpClient(t, h2), url).CallServerStream(t.Context(), question)
			if err != nil {
				t.Fatal(err)
			}
			for stream.Receive() {
			}
			if connect.CodeOf(stream.Err()) != connect.CodeUnauthenticated {
				t.Errorf("the client sees %v", stream.Err())
			}
		})
	}
}

// What makes the Authorization field belongs around the middleware.
func TestCookieAroundTheMiddleware(t *testing.T) {
	for name, h2 := range versions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := expiring(t, 300*time.Millisecond)
			woken := make(chan time.Duration, 1)
			url := serveStreams(t, connect.NewClientStreamHandler(streamProcedure, func(_ context.Context, s *connect.ClientStream[emptypb.Empty]) (*connect.Response[emptypb.Empty], error) {
				began := time.Now()
				for s.Receive() {
				}
				woken <- time.Since(began)
				return nil, s.Err()
			}, HandlerOptions(g)), Middleware(g), func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r = r.Clone(r.Context())
					r.Header.Set("Authorization", "Bearer "+r.Header.Get("X-Session"))
					next.ServeHTTP(w, r)
				})
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			stream := connect.NewClient[emptypb.Empty, emptypb.Empty](httpClient(t, h2), url).CallClientStream(ctx)
			stream.RequestHeader().Set("X-Session", "any")
			if err := stream.Send(new(emptypb.Empty)); err != nil {
				t.Fatal(err)
			}
			if after := <-woken; after > 5*time.Second {
				t.Errorf("the handler was woken after %v", after)
			}
			if _, err := stream.CloseAndReceive(); connect.CodeOf(err) != connect.CodeUnauthenticated {
				t.Errorf("the client sees %v", err)
			}
		})
	}
}

// A handler that panics has no stream that could end afterwards, with the
// connection somebody else's.
func TestStreamOfPanic(t *testing.T) {
	g, inner := expiring(t, 100*time.Millisecond), newFakeConn()
	w := &recorder{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, streamProcedure, strings.NewReader("x"))
	r.Header = inner.header
	Middleware(g)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic is gone")
				}
			}()
			_ = (adapter{guard: g}).serve(decided(r.Context(), t, g, inner), inner, func(context.Context, connect.StreamingHandlerConn) error { panic("boom") })
		}()
		time.Sleep(200 * time.Millisecond)
	})).ServeHTTP(w, r)
	if len(w.set) > 0 {
		t.Errorf("deadlines were set: %q", w.set)
	}
}

// A message of a guarded stream costs no allocation more than one of another.
func TestStreamMessagesDoNotAllocate(t *testing.T) {
	g, inner := expiring(t, time.Hour), newFakeConn()
	_ = (adapter{guard: g}).serve(decided(t.Context(), t, g, inner), inner, func(_ context.Context, conn connect.StreamingHandlerConn) error {
		if n := testing.AllocsPerRun(1000, func() { _, _ = conn.Receive(nil), conn.Send(nil) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
}

func BenchmarkStreamMessage(b *testing.B) {
	g, inner := expiring(b, time.Hour), newFakeConn()
	_ = (adapter{guard: g}).serve(decided(b.Context(), b, g, inner), inner, func(_ context.Context, conn connect.StreamingHandlerConn) error {
		b.Run("receive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = conn.Receive(nil)
			}
		})
		b.Run("send", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = conn.Send(nil)
			}
		})
		return nil
	})
}

// BenchmarkStream is what it costs to open and close one: the decision, of which
// the token was seen before, and the watch.
func BenchmarkStream(b *testing.B) {
	g, inner := expiring(b, time.Hour), newFakeConn()
	a := adapter{guard: g}
	handlers := map[string]connect.StreamingHandlerFunc{
		"handler does nothing":          func(context.Context, connect.StreamingHandlerConn) error { return nil },
		"handler waits for its context": func(ctx context.Context, _ connect.StreamingHandlerConn) error { _ = ctx.Done(); return nil },
	}
	for name, handle := range handlers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = a.serve(decided(b.Context(), b, g, inner), inner, handle)
			}
		})
		b.Run("middleware, "+name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, streamProcedure, http.NoBody)
			r.Header = inner.header
			h := Middleware(g)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_ = a.serve(decided(r.Context(), b, g, inner), inner, handle)
			}))
			for b.Loop() {
				h.ServeHTTP(nil, r)
			}
		})
	}
}
