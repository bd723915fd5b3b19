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
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func TestFaultsInOrder(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Status(http.StatusServiceUnavailable, "Retry-After", "3"), authtest.Fault{})
		i.Fail(authtest.JWKS, authtest.Garbage("text/html", "<html>"))
		i.FailAlways(authtest.JWKS, authtest.Status(http.StatusTeapot, "Content-Type", "text/tea"))

		if a := mustGet(t, i, "/jwks"); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "3" {
			t.Errorf("first: %v", a)
		}
		if a := mustGet(t, i, "/.well-known/openid-configuration"); a.status != http.StatusOK {
			t.Errorf("another endpoint: %v", a)
		}
		if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK || !strings.HasPrefix(a.body, `{"keys":`) {
			t.Errorf("second: %v", a)
		}
		if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK || a.body != "<html>" || a.header.Get("Content-Type") != "text/html" {
			t.Errorf("third: %v", a)
		}
		for range 2 {
			if a := mustGet(t, i, "/jwks"); a.status != http.StatusTeapot || a.header.Get("Content-Type") != "text/tea" {
				t.Errorf("always: %v", a)
			}
		}
		i.Fail(authtest.JWKS, authtest.Status(http.StatusBadGateway))
		i.Recover(authtest.JWKS)
		if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK {
			t.Errorf("recovered: %v", a)
		}
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		mustGet(t, i, "/jwks")
		i.Fail(authtest.JWKS, authtest.Reset())
		if _, err := get(t, i, "/jwks"); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("error %v, want a connection reset", err)
		}
		mustGet(t, i, "/jwks")
		if got := i.Requests(authtest.JWKS); got != 3 {
			t.Errorf("%d requests, want 3: the client repeated one by itself", got)
		}
	})
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := getContext(ctx, t, i, "/jwks"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		mustGet(t, i, "/jwks")
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.FailAlways(authtest.JWKS, authtest.Delay(30*time.Millisecond))
		began := time.Now()
		if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK {
			t.Errorf("answer %v", a)
		}
		if d := time.Since(began); d < 30*time.Millisecond {
			t.Errorf("answered after %v", d)
		}
		i.FailAlways(authtest.JWKS, authtest.Delay(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if _, err := getContext(ctx, t, i, "/jwks"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Redirect(i.URL()+"/.well-known/openid-configuration"))
		if a := mustGet(t, i, "/jwks"); object(t, a.body)["issuer"] != i.URL() {
			t.Errorf("followed to %v", a)
		}
		i.Fail(authtest.JWKS, authtest.Redirect("https://evil.test/jwks"))
		c := client(i)
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, err := c.Get(i.URL() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusFound || response.Header.Get("Location") != "https://evil.test/jwks" {
			t.Errorf("status %d, Location %q", response.StatusCode, response.Header.Get("Location"))
		}
	})
}

func TestSlow(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		want := mustGet(t, i, "/jwks")
		i.SetHeader(authtest.JWKS, "X-Test", "slow")
		i.Fail(authtest.JWKS, authtest.Slow(50, time.Millisecond), authtest.Slow(1, time.Hour))
		a := mustGet(t, i, "/jwks")
		if a.body != want.body || a.length != want.length || a.header.Get("X-Test") != "slow" {
			t.Errorf("answer %v, want %v", a, want)
		}
		// The header comes at once, and the body ends with the context.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a, err := getContext(ctx, t, i, "/jwks")
		if err != nil || !errors.Is(a.err, context.DeadlineExceeded) {
			t.Errorf("errors %v and %v", err, a.err)
		}
	})
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Truncate(10))
		a, err := get(t, i, "/jwks")
		if err != nil || !errors.Is(a.err, io.ErrUnexpectedEOF) || len(a.body) != 10 || a.length <= 10 {
			t.Errorf("answer %v, error %v", a, err)
		}
	})
}

func TestEndless(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.Fail(authtest.JWKS, authtest.Endless())
		response, err := client(i).Get(i.URL() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(response.Body, 2<<20))
		if err != nil || n != 2<<20 {
			t.Errorf("read %d bytes, error %v", n, err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		// Close of the issuer waits for the handler, so it must end.
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	mustPanic(t, "Status(100)", func() { authtest.Status(100) })
	mustPanic(t, "no value", func() { authtest.Status(200, "Retry-After") }) //nolint:staticcheck // the mistake under test
	mustPanic(t, "Slow", func() { authtest.Slow(0, time.Second) })
}
