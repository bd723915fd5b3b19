// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/codes"
)

// sendsAlone reports whether only the client of a method streams, over HTTP/1:
// the server answers while the client writes, and the client may notice that it
// cannot write any more before it has read the answer.
func sendsAlone(over matrix.Transport, method string) bool {
	return !over.HTTP2 && method == "ImportWidgets"
}

// tally is what the clients of one transport have seen.
type tally struct {
	mu    sync.Mutex
	seen  map[string]int
	wrong []string
	late  []string
	// worst and behind are the longest times after the deadline, at the client and
	// in the server.
	worst, behind time.Duration
}

func (y *tally) fault(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.wrong = append(y.wrong, fmt.Sprintf(format, args...))
}

func (y *tally) saw(method string, code codes.Code, reason auth.Reason, after time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.seen[fmt.Sprintf("%s %v %s", method, code, reason)]++
	y.worst = max(y.worst, after)
}

func (y *tally) String() string {
	text := ""
	for _, what := range slices.Sorted(maps.Keys(y.seen)) {
		text += fmt.Sprintf("%s: %d; ", what, y.seen[what])
	}
	return fmt.Sprintf("%sat most %v after the deadline in the server, %v at the client", text, y.behind.Round(time.Millisecond), y.worst.Round(time.Millisecond))
}

// traffic opens n streams over one transport, whose tokens live for up to two
// lives, keeps them busy, and waits for their ends.
func (s *streams) traffic(t *testing.T, over matrix.Transport, n int, most time.Duration) *tally {
	t.Helper()
	y := &tally{seen: make(map[string]int)}
	client := s.StreamClient(t, over)
	methods := []string{"WatchWidgets", "ImportWidgets", "SyncWidgets"}
	switch {
	case !over.HTTP2 && over.Bare():
		methods = methods[:1] // see TestStreamsWithoutMiddleware
	case !over.HTTP2, over.Bare():
		methods = methods[:2]
	}
	handlers := map[string]matrix.StreamHandler{"WatchWidgets": sending, "ImportWidgets": receiving, "SyncWidgets": both}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			method := methods[i%len(methods)]
			l := s.token(most/2+rand.N(most/2), handlers[method])
			// A client's library may lose a call that it has never made, such as to a
			// connection that it has made twice.
			for try := 0; try < 3 && !l.arrived(); try++ {
				s.oneOfMany(t.Context(), y, client, method, l)
			}
			y.judge(method, l, s.late())
		})
	}
	wg.Wait()
	for what, count := range y.seen {
		if what != "WatchWidgets Unauthenticated TOKEN_EXPIRED" && what != "ImportWidgets Unauthenticated TOKEN_EXPIRED" && what != "SyncWidgets Unauthenticated TOKEN_EXPIRED" {
			var method string
			_, _ = fmt.Sscan(what, &method)
			if code := strings.Fields(what)[1]; !sendsAlone(over, method) || code == codes.OK.String() {
				y.wrong = append(y.wrong, fmt.Sprintf("%d clients saw %s", count, what))
			}
		}
	}
	// Whatever connections are left are good.
	again := s.token(forever, nil)
	for range 5 {
		if err := client.Get(t.Context(), again.token); err != nil {
			y.wrong = append(y.wrong, fmt.Sprintf("a call afterwards: %v", err))
		}
	}
	return y
}

// judge looks at what the guard has reported of a stream. Its handler need not
// have run: connect-go reads the only message before.
func (y *tally) judge(method string, l *life, late time.Duration) {
	if !l.await(func() bool { return len(l.ended) > 0 || l.refused }) {
		y.fault("%s: no end was reported", method)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ended) == 0 {
		return // on a machine that was busy for as long as the token lived
	}
	if e := l.ended[0]; len(l.ended) > 1 || e.err.Kind != auth.KindUnauthenticated || e.err.Reason != auth.ReasonTokenExpired {
		y.fault("%s: %d ends reported, %v", method, len(l.ended), e.err)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	behind := l.ended[0].at.Sub(l.deadline)
	y.behind = max(y.behind, behind)
	if behind > late {
		y.late = append(y.late, fmt.Sprintf("%s: %v after the deadline", method, behind))
	}
	if early := l.deadline.Add(-l.lasts / 20).Sub(l.ended[0].at); early > 0 {
		y.wrong = append(y.wrong, fmt.Sprintf("%s: ended %v too early", method, early))
	}
}

func (s *streams) oneOfMany(ctx context.Context, y *tally, client *matrix.StreamClient, method string, l *life) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stream, err := client.Open(ctx, method, l.token)
	if err != nil {
		y.fault("%s: %v", method, err)
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		// Over HTTP/1, a client that was refused and sends for ever is not told.
		for stream.Send != nil && !l.past(5*time.Second) && stream.Send(10) == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	if method == "ImportWidgets" {
		<-sent // until the server has answered
	}
	for err == nil {
		err = stream.Receive()
	}
	<-sent
	if !l.arrived() {
		return
	}
	l.mu.Lock()
	after := time.Since(l.deadline)
	l.mu.Unlock()
	code, reason := matrix.Answer(err)
	y.saw(method, code, reason, after)
}

// Two hundred streams at once over each transport end with their tokens, and
// leave good connections behind.
func TestManyStreams(t *testing.T) {
	noGoroutinesLeft(t)
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			s := newStreams(t, auth.StreamPolicy{})
			for attempt := 1; ; attempt++ {
				y := s.traffic(t, over, 200, 800*time.Millisecond)
				if y.worst > s.late()+2*time.Second {
					y.late = append(y.late, fmt.Sprintf("a client saw it %v after the deadline", y.worst))
				}
				t.Logf("%v; timers %v late", y, time.Duration(s.slow.Load()))
				for _, w := range y.wrong {
					t.Error(w)
				}
				if len(y.late) == 0 || len(y.wrong) > 0 {
					return
				}
				if attempt == 5 {
					t.Errorf("%d of 200 late, such as %s", len(y.late), y.late[0])
					return
				}
			}
		})
	}
}

// soak says how many streams TestStreamSoak opens, if not few.
const soak = "BEARERKIT_SOAK"

// Many streams over all transports of one guard at once, ended by their
// deadlines.
func TestStreamSoak(t *testing.T) {
	total := 500
	if set := os.Getenv(soak); set != "" {
		var err error
		if total, err = strconv.Atoi(set); err != nil {
			t.Fatal(err)
		}
	}
	noGoroutinesLeft(t)
	t.Run("all transports", func(t *testing.T) {
		s := newStreams(t, auth.StreamPolicy{})
		const wave = 30 // on each transport
		for opened := 0; opened < total; {
			var wg sync.WaitGroup
			for _, over := range matrix.Streaming() {
				wg.Go(func() {
					y := s.traffic(t, over, wave, 1500*time.Millisecond)
					for _, w := range y.wrong {
						t.Errorf("%s: %s", over.Name, w)
					}
					if len(y.late) > 0 {
						t.Logf("%s: %d late, at most %v", over.Name, len(y.late), y.worst)
					}
					t.Logf("%s: %v", over.Name, y)
				})
				opened += wave
			}
			wg.Wait()
		}
	})
}

// blocks is a handler that sends until it cannot: nobody reads.
func blocks(_ context.Context, s matrix.Stream) error {
	for {
		if err := s.Send(64 << 10); err != nil {
			return err
		}
	}
}

// stalled opens a stream whose handler is blocked in Send.
func (s *streams) stalled(t *testing.T, over matrix.Transport) (*life, *matrix.ClientStream, context.CancelFunc) {
	t.Helper()
	var sent atomic.Int64
	l := s.token(forever, func(_ context.Context, stream matrix.Stream) error {
		for {
			if err := stream.Send(64 << 10); err != nil {
				return err
			}
			sent.Add(1)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := s.StreamClient(t, over).Open(ctx, "WatchWidgets", l.token)
	if err == nil {
		err = stream.Receive()
	}
	if err != nil {
		t.Fatal(err)
	}
	// On a busy machine it takes a while to tell one that is blocked from a slow one.
	for before, same := int64(-1), 0; same < 4; time.Sleep(250 * time.Millisecond) {
		if now := sent.Load(); now != before {
			before, same = now, 0
		} else {
			same++
		}
	}
	return l, stream, cancel
}

func (s *streams) revoke(t *testing.T, l *life) {
	t.Helper()
	if err := s.revoked.Revoke(auth.Revocation{Issuer: issuerURL, Subject: l.token}); err != nil {
		t.Error(err)
	}
}

// A handler that is blocked in Send, because its client does not read, is woken
// where the transport can do that. The client is told why when it reads again.
func TestStreamsBlockedInSend(t *testing.T) {
	noGoroutinesLeft(t)
	const grace = 5 * time.Second
	for _, over := range matrix.Streaming() {
		// How soon the handler goes on although its client does not read.
		wakes := -time.Second // never
		switch {
		case over.Family() == "grpc-go":
			wakes = 0
		case !over.Native() && !over.Bare():
			wakes = grace
		}
		t.Run(over.Name+", client reads on", func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			l, stream, cancel := s.stalled(t, over)
			defer cancel()
			s.revoke(t, l)
			if !l.await(func() bool { return len(l.ended) == 1 }) {
				t.Fatal("no end was reported")
			}
			time.Sleep(100 * time.Millisecond)
			var err error
			for err == nil {
				err = stream.Receive()
			}
			if code, reason := matrix.Answer(err); code != codes.Unauthenticated || reason != auth.ReasonTokenInvalid {
				t.Errorf("the client saw %v %s: %v", code, reason, err)
			}
			if !l.isOver() {
				t.Error("the handler has not returned")
			}
		})
		t.Run(over.Name+", client does not read", func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			l, stream, cancel := s.stalled(t, over)
			defer cancel()
			s.revoke(t, l)
			revoked := time.Now()
			if wakes >= 0 {
				if !l.isOver() {
					t.Fatal("the handler has not returned")
				}
				if after := l.returned.Sub(revoked); after < wakes-lateness || after > wakes+s.late() {
					t.Errorf("the handler has returned %v after the end, want %v", after, wakes)
				}
				var err error
				for err == nil {
					err = stream.Receive()
				}
				code, reason := matrix.Answer(err)
				t.Logf("the handler has returned after %v; a client that reads later sees %v %s: %v", l.returned.Sub(revoked), code, reason, err)
				if known := code == codes.Unauthenticated && reason == auth.ReasonTokenInvalid; known != (wakes == 0) || code == codes.OK {
					t.Errorf("a client that reads later sees %v %s: %v", code, reason, err)
				}
				return
			}
			if !l.await(func() bool { return len(l.ended) == 1 }) {
				t.Fatal("no end was reported")
			}
			time.Sleep(grace + time.Second)
			l.mu.Lock()
			if !l.returned.IsZero() {
				t.Error("the handler has returned; docs/streams.md says that it does not")
			}
			l.mu.Unlock()
			cancel()
			if !l.isOver() {
				t.Error("the handler has not returned although its client is gone")
			}
		})
	}
}

// A stream that cannot be told of its end does not keep others from theirs.
func TestStreamsEndBesideBlockedOnes(t *testing.T) {
	noGoroutinesLeft(t)
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			client := s.StreamClient(t, over)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var all []*life
			for n := range 6 {
				handler := matrix.StreamHandler(blocks)
				if n%2 > 0 {
					handler = func(ctx context.Context, s matrix.Stream) error { return errors.Join(s.Send(1), idle(ctx, s)) }
				}
				l := s.token(forever, handler)
				all = append(all, l)
				stream, err := client.Open(ctx, "WatchWidgets", l.token)
				if err == nil {
					err = stream.Receive()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(300 * time.Millisecond) // until they are blocked
			for _, l := range all {
				s.revoke(t, l)
			}
			for n, l := range all {
				if !l.await(func() bool { return len(l.ended) == 1 }) {
					t.Errorf("stream %d has not ended", n)
				}
			}
		})
	}
}

// Streams that end at any moment leave connections that work: the next call on
// each has a context that is not done.
func TestConnectionsAfterStreams(t *testing.T) {
	noGoroutinesLeft(t)
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			s.Service.OnCall = func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return errors.New("the context was done from the beginning")
				case <-time.After(200 * time.Microsecond):
					return nil
				}
			}
			client := s.StreamClient(t, over)
			good := s.token(forever, nil)
			counts := make(map[string]int)
			for n := range rounds {
				method := "WatchWidgets"
				if n%3 != 0 {
					method = "ImportWidgets"
				}
				handler := func(ctx context.Context, stream matrix.Stream) error {
					if n%4 == 1 {
						return nil // without having read everything
					}
					if err := receiving(ctx, stream); !errors.Is(err, io.EOF) {
						return err
					}
					if n%5 == 0 {
						return idle(ctx, stream)
					}
					return nil
				}
				l := s.token(3*time.Millisecond+rand.N(6*time.Millisecond), handler)
				stream, err := client.Open(t.Context(), method, l.token)
				for i := 0; err == nil && stream.Send != nil && i < 4; i++ {
					if err := stream.Send(100); err != nil {
						break
					}
					time.Sleep(rand.N(2 * time.Millisecond))
				}
				for err == nil {
					err = stream.Receive()
				}
				code, reason := matrix.Answer(err)
				counts[fmt.Sprint(method, " ", code, " ", reason)]++
				switch {
				case code == codes.OK || code == codes.Unauthenticated && reason == auth.ReasonTokenExpired:
				case sendsAlone(over, method):
				default:
					t.Errorf("round %d, %s: %v %s: %v", n, method, code, reason, err)
				}
				if err := client.Get(t.Context(), good.token); err != nil {
					t.Fatalf("round %d, after %s %v: %v", n, method, code, err)
				}
			}
			t.Log(counts)
		})
	}
}

// A client that has left, and a handler that has returned, leave nothing that
// could end.
func TestStreamsThatAreOver(t *testing.T) {
	noGoroutinesLeft(t)
	for _, over := range matrix.Streaming() {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			s := newStreams(t, auth.StreamPolicy{})
			client := s.StreamClient(t, over)
			var all []*life
			for _, handler := range []matrix.StreamHandler{
				idle, sending,
				func(context.Context, matrix.Stream) error { return nil },
			} {
				l := s.token(time.Second, handler)
				all = append(all, l)
				ctx, cancel := context.WithCancel(t.Context())
				received := make(chan error, 1)
				go func() { // connect-go's client waits for the response to begin
					stream, err := client.Open(ctx, "WatchWidgets", l.token)
					for err == nil {
						err = stream.Receive()
					}
					received <- err
				}()
				if !l.inHandler() {
					t.Fatal("the handler does not run")
				}
				time.Sleep(50 * time.Millisecond)
				cancel()
				err := <-received
				if err == nil {
					t.Error("received without end")
				}
				if !l.await(func() bool { return !l.returned.IsZero() }) {
					t.Fatal("the handler has not returned")
				}
			}
			time.Sleep(time.Second + lateness)
			for n, l := range all {
				l.mu.Lock()
				if len(l.ended) > 0 {
					t.Errorf("stream %d ended after it was over: %v", n, l.ended[0].err)
				}
				l.mu.Unlock()
			}
		})
	}
}
