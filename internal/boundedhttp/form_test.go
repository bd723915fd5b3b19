// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

func TestPostForm(t *testing.T) {
	const limit = 16
	values := url.Values{"token": {"a+b&c=d"}, "x": {"1", "2"}}
	for name, tc := range map[string]struct {
		status      int
		contentType string
		body        string
		want        boundedhttp.Answer
		says        string // empty: answered
	}{
		"JSON":               {200, "application/json", `{}`, boundedhttp.Answer{Status: 200, MediaType: "application/json", Body: []byte(`{}`)}, ""},
		"JSON with charset":  {200, "Application/JSON; charset=utf-8", `{}`, boundedhttp.Answer{Status: 200, MediaType: "application/json", Body: []byte(`{}`)}, ""},
		"another type":       {200, "text/html", `x`, boundedhttp.Answer{Status: 200, MediaType: "text/html", Body: []byte(`x`)}, ""},
		"bad content type":   {200, "application/json; charset", `x`, boundedhttp.Answer{Status: 200, Body: []byte(`x`)}, ""},
		"empty":              {200, "application/json", ``, boundedhttp.Answer{Status: 200, MediaType: "application/json", Body: []byte{}}, ""},
		"at the limit":       {200, "application/json", strings.Repeat("x", limit), boundedhttp.Answer{Status: 200, MediaType: "application/json", Body: []byte(strings.Repeat("x", limit))}, ""},
		"over the limit":     {200, "application/json", strings.Repeat("x", limit+1), boundedhttp.Answer{}, "too large: more than 16 bytes"},
		"an error, cut":      {400, "application/json", strings.Repeat("x", limit+1), boundedhttp.Answer{Status: 400, MediaType: "application/json", Body: []byte(strings.Repeat("x", limit))}, ""},
		"a redirect":         {302, "application/json", `{}`, boundedhttp.Answer{Status: 302, MediaType: "application/json", Body: []byte(`{}`)}, ""},
		"a redirect to POST": {307, "application/json", `{}`, boundedhttp.Answer{Status: 307, MediaType: "application/json", Body: []byte(`{}`)}, ""},
		"leave me alone":     {429, "application/json", `{}`, boundedhttp.Answer{Status: 429, MediaType: "application/json", Body: []byte(`{}`), RetryAfter: 7 * time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.RawQuery != "q=1" || string(body) != "token=a%2Bb%26c%3Dd&x=1&x=2" {
					t.Errorf("%s %s %s", r.Method, r.URL, body)
				}
				for name, want := range map[string]string{
					"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "User-Agent": "agent",
					"Authorization": "Basic x", "Accept-Encoding": "", "Cookie": "",
				} {
					if got := r.Header.Get(name); got != want {
						t.Errorf("%s %q, want %q", name, got, want)
					}
				}
				w.Header().Set("Content-Type", tc.contentType)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Set-Cookie", "a=b")
				if tc.status == 429 {
					w.Header().Set("Retry-After", "7")
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			c := boundedhttp.New(boundedhttp.Config{UserAgent: "agent"})
			defer c.Close()
			header := http.Header{"Authorization": {"Basic x"}, "content-type": {"text/plain"}, "Accept": {"text/plain"}}
			answer, err := c.PostForm(t.Context(), boundedhttp.Form{URL: server.URL + "?q=1", Values: values, Header: header, Accept: "application/json", Limit: limit})
			if requests != 1 {
				t.Errorf("%d requests", requests)
			}
			if tc.says != "" {
				if !errors.Is(err, boundedhttp.ErrTooLarge) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %+v, %v; want an error with %q", answer, err, tc.says)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(*answer, tc.want) {
				t.Errorf("got %+v, %v; want %+v", answer, err, tc.want)
			}
		})
	}
}

func TestPostFormEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{`))
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := boundedhttp.New(boundedhttp.Config{})
	defer c.Close()
	if _, err := c.PostForm(ctx, boundedhttp.Form{URL: server.URL, Limit: 64}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// After a request that failed, later ones do not go by a connection from before.
func TestPostFormRenewsConnections(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.RemoteAddr))
		if r.URL.Path == "/stall" {
			_ = http.NewResponseController(w).Flush()
		}
		if r.URL.Path != "/" {
			began <- struct{}{}
			<-release
		}
	}))
	defer server.Close()
	defer close(release)
	for _, path := range []string{"/hang", "/stall"} {
		c := boundedhttp.NewParallel(boundedhttp.Config{}, 4)
		defer c.Close()
		post := func(ctx context.Context, path string) string {
			a, err := c.PostForm(ctx, boundedhttp.Form{URL: server.URL + path, Limit: 64})
			if err != nil {
				return ""
			}
			return string(a.Body)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		failed := make(chan string)
		go func() { failed <- post(ctx, path) }()
		<-began
		idle := post(t.Context(), "/")
		if post(t.Context(), "/") != idle || idle == "" {
			t.Errorf("%s: a good connection is not kept", path)
		}
		if got := <-failed; got != "" {
			t.Errorf("%s: %q", path, got)
		}
		if post(t.Context(), "/") == idle {
			t.Errorf("%s: the connection from before is used", path)
		}
		cancel()
	}
}

// A request that hardly had any time says nothing of the connections that others
// use.
func TestImpatientCallersCloseNothing(t *testing.T) {
	var opened atomic.Int64
	began := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			close(began)
			<-r.Context().Done()
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := boundedhttp.NewParallel(boundedhttp.Config{}, 4)
	defer c.Close()
	post := func(ctx context.Context, path string) error {
		_, err := c.PostForm(ctx, boundedhttp.Form{URL: server.URL + path, Limit: 64})
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { // the hanging one has a connection of its own
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := post(ctx, "/hang"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	<-began
	for range 2 {
		if err := post(t.Context(), "/"); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
	if n := opened.Load(); n > 2 {
		t.Errorf("%d connections, where the second request had one to go by", n)
	}
}

// Connections are kept for as many as ask at a time.
func TestNewParallel(t *testing.T) {
	if c := boundedhttp.NewParallel(boundedhttp.Config{Transport: http.DefaultTransport}, 8); c == nil {
		t.Error("no client of another's transport")
	}
	const parallel = 6
	var connections []string
	arrived, release := make(chan string, parallel), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.RemoteAddr
		<-release
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	c := boundedhttp.NewParallel(boundedhttp.Config{}, parallel)
	defer c.Close()
	for range 2 {
		done := make(chan error, parallel)
		for range parallel {
			go func() {
				_, err := c.PostForm(t.Context(), boundedhttp.Form{URL: server.URL, Limit: 64})
				done <- err
			}()
		}
		for range parallel {
			connections = append(connections, <-arrived)
		}
		for range parallel {
			release <- struct{}{}
		}
		for range parallel {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	distinct := make(map[string]bool)
	for _, c := range connections {
		distinct[c] = true
	}
	if len(distinct) != parallel {
		t.Errorf("%d connections for two times %d requests", len(distinct), parallel)
	}
}
