// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

// bubble runs a test with an in-memory issuer. A goroutine left behind fails it:
// synctest waits for all and reports a deadlock.
func bubble(t *testing.T, f func(t *testing.T, i *authtest.Issuer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		i, err := authtest.NewIssuer(authtest.Config{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		f(t, i)
	})
}

func TestBubbleDelayTakesFakeTime(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Delay(time.Hour))
		began := time.Now()
		if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK {
			t.Errorf("answer %v", a)
		}
		if d := time.Since(began); d != time.Hour {
			t.Errorf("answered after %v", d)
		}
		mustGet(t, i, "/jwks")
		if d := time.Since(began); d != time.Hour {
			t.Errorf("a normal answer took %v", d-time.Hour)
		}
	})
}

func TestBubbleDeadline(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]authtest.Fault{
		"hang":  authtest.Hang(),
		"delay": authtest.Delay(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, i *authtest.Issuer) {
				i.Fail(authtest.JWKS, fault)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				began := time.Now()
				if _, err := getContext(ctx, t, i, "/jwks"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
				if d := time.Since(began); d != 5*time.Second {
					t.Errorf("failed after %v", d)
				}
			})
		})
	}
}

func TestBubbleClientTimeout(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Hang())
		c := client(i)
		c.Timeout = 5 * time.Second
		began := time.Now()
		_, err := c.Get(i.URL() + "/jwks")
		if timeout, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); !ok || !timeout.Timeout() {
			t.Errorf("error %v", err)
		}
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("failed after %v", d)
		}
	})
}

func TestBubbleCancelCause(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("because")
		cancel(reason)
		if _, err := getContext(ctx, t, i, "/jwks"); !errors.Is(err, reason) {
			t.Errorf("error %v", err)
		}
		if i.Requests(authtest.JWKS) != 0 {
			t.Error("a request with a dead context was counted")
		}
	})
}

func TestBubbleHangEndsWithClose(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Hang())
		failed := make(chan error)
		go func() {
			_, err := get(t, i, "/jwks")
			failed <- err
		}()
		synctest.Wait()
		if got := i.Requests(authtest.JWKS); got != 1 {
			t.Errorf("%d requests", got)
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("error %v", err)
		}
	})
}

func TestBubbleSlow(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		length := len(mustGet(t, i, "/jwks").body)
		i.Fail(authtest.JWKS, authtest.Slow(1, time.Second))
		began := time.Now()
		response, err := client(i).Get(i.URL() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("the header took %v", d)
		}
		if _, err := io.ReadAll(response.Body); err != nil {
			t.Error(err)
		}
		_ = response.Body.Close()
		if d := time.Since(began); d != time.Duration(length)*time.Second {
			t.Errorf("the body took %v for %d bytes", d, length)
		}
	})
}

// TestBubbleClosedBody closes bodies in every state; the bubble finds what stays
// behind.
func TestBubbleClosedBody(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		for _, fault := range []authtest.Fault{
			{}, authtest.Slow(1, time.Hour), authtest.Endless(), authtest.Truncate(3),
			authtest.Status(http.StatusInternalServerError), authtest.Status(http.StatusNoContent),
		} {
			i.Fail(authtest.JWKS, fault)
			response, err := client(i).Get(i.URL() + "/jwks")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := response.Body.Close(); err != nil {
					t.Error(err)
				}
			}
			if n, err := response.Body.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("read %d bytes of a closed body, error %v", n, err)
			}
		}
	})
}

// TestBubbleUnclosedBody leaves a body alone: the end of the context frees it.
func TestBubbleUnclosedBody(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		for _, fault := range []authtest.Fault{{}, authtest.Endless(), authtest.Slow(1, time.Hour)} {
			i.Fail(authtest.JWKS, fault)
			ctx, cancel := context.WithCancel(t.Context())
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.URL()+"/jwks", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client(i).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			synctest.Wait()
			if _, err := io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}
	})
}

func TestBubbleReadToTheEndNeedsNoClose(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		response, err := client(i).Get(i.URL() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(response.Body); err != nil || len(b) == 0 {
			t.Errorf("read %q, error %v", b, err)
		}
	})
}

func TestBubbleClosesRequestBody(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		closed := func(prepare func(), url string) bool {
			prepare()
			body := &closeRecorder{Reader: strings.NewReader("token=a")}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			response, err := i.Transport().RoundTrip(r)
			if err == nil {
				_ = response.Body.Close()
			}
			synctest.Wait()
			return body.closed
		}
		if !closed(func() {}, i.URL()+"/introspect") {
			t.Error("open after an answer")
		}
		if !closed(func() { i.Fail(authtest.Introspection, authtest.Reset()) }, i.URL()+"/introspect") {
			t.Error("open after a reset")
		}
		if !closed(func() {}, "https://other.test/") {
			t.Error("open after a request to another host")
		}
		if !closed(func() { _ = i.Close() }, i.URL()+"/introspect") {
			t.Error("open after a request to a closed issuer")
		}
	})
}

type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error {
	c.closed = true
	return nil
}

// TestBubbleClock shows that tokens follow the bubble's clock.
func TestBubbleClock(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, i *authtest.Issuer) {
		token := i.Mint()
		opaque := i.MintOpaque(authtest.Lifetime(time.Hour))
		if got := claimsOf(t, token)["iat"]; got != float64(time.Now().Unix()) {
			t.Errorf("iat %v at %v", got, time.Now().Unix())
		}
		active := func() [2]any {
			return [2]any{introspect(t, i, token)["active"], introspect(t, i, opaque)["active"]}
		}
		if got := active(); got != [2]any{true, true} {
			t.Errorf("at once: %v", got)
		}
		time.Sleep(10*time.Minute - time.Second)
		if got := active(); got != [2]any{true, true} {
			t.Errorf("a second before the expiry: %v", got)
		}
		time.Sleep(time.Second)
		if got := active(); got != [2]any{false, true} {
			t.Errorf("at the expiry: %v", got)
		}
		time.Sleep(time.Hour)
		if got := active(); got != [2]any{false, false} {
			t.Errorf("after both: %v", got)
		}
	})
}
