// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

// both runs a test over loopback and in memory.
func both(t *testing.T, config authtest.Config, f func(t *testing.T, i *authtest.Issuer)) {
	t.Helper()
	for name, inMemory := range map[string]bool{"tcp": false, "memory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config
			c.InMemory = inMemory
			f(t, start(t, c))
		})
	}
}

func start(t *testing.T, c authtest.Config) *authtest.Issuer {
	t.Helper()
	i, err := authtest.NewIssuer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return i
}

func client(i *authtest.Issuer) *http.Client { return &http.Client{Transport: i.Transport()} }

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	length int64
	err    error // of reading the body
}

func do(i *authtest.Issuer, r *http.Request) (answer, error) {
	response, err := client(i).Do(r)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	return answer{response.StatusCode, response.Header, string(body), response.ContentLength, err}, nil
}

func get(t *testing.T, i *authtest.Issuer, path string) (answer, error) {
	t.Helper()
	return getContext(t.Context(), t, i, path)
}

func getContext(ctx context.Context, t *testing.T, i *authtest.Issuer, path string) (answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(i, r)
}

func mustGet(t *testing.T, i *authtest.Issuer, path string) answer {
	t.Helper()
	a, err := get(t, i, path)
	if err != nil {
		t.Fatal(err)
	}
	if a.err != nil {
		t.Fatal(a.err)
	}
	return a
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return m
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			a := mustGet(t, i, path)
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: status %d, type %q", path, a.status, a.header.Get("Content-Type"))
			}
			if a.length != int64(len(a.body)) {
				t.Errorf("%s: Content-Length %d for %d bytes", path, a.length, len(a.body))
			}
			if got := a.header.Get("Cache-Control"); got != "" {
				t.Errorf("%s: Cache-Control %q", path, got)
			}
			m := object(t, a.body)
			for name, want := range map[string]string{
				"issuer":                 i.URL(),
				"jwks_uri":               i.URL() + "/jwks",
				"introspection_endpoint": i.URL() + "/introspect",
			} {
				if m[name] != want {
					t.Errorf("%s: %s = %v, want %q", path, name, m[name], want)
				}
			}
		}
		i.SetMetadata("issuer", "https://other.test")
		i.SetMetadata("jwks_uri", nil)
		m := object(t, mustGet(t, i, "/.well-known/openid-configuration").body)
		if m["issuer"] != "https://other.test" {
			t.Errorf("issuer = %v", m["issuer"])
		}
		if _, ok := m["jwks_uri"]; ok {
			t.Error("jwks_uri was not removed")
		}
		if a := mustGet(t, i, "/elsewhere"); a.status != http.StatusNotFound {
			t.Errorf("unknown path: status %d", a.status)
		}
	})
}

func TestPathOfIssuer(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true, URL: "https://id.test/realms/a"})
	m := object(t, mustGet(t, i, "/.well-known/openid-configuration").body)
	if m["jwks_uri"] != "https://id.test/realms/a/jwks" {
		t.Errorf("jwks_uri = %v", m["jwks_uri"])
	}
	if a := mustGet(t, i, "/jwks"); a.status != http.StatusOK {
		t.Errorf("jwks: status %d", a.status)
	}
	// RFC 8414 section 3.1 puts the well-known part in front of the path.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://id.test/.well-known/oauth-authorization-server/realms/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := do(i, r); err != nil || a.status != http.StatusOK {
		t.Errorf("status %d, error %v", a.status, err)
	}
}

func TestImpossibleConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]authtest.Config{
		"algorithm":         {Algorithm: "HS256"},
		"url on a port":     {URL: "https://issuer.test"},
		"url with slash":    {InMemory: true, URL: "https://issuer.test/"},
		"url with query":    {InMemory: true, URL: "https://issuer.test?a"},
		"url without host":  {InMemory: true, URL: "issuer.test"},
		"url unparsable":    {InMemory: true, URL: "https://%zz"},
		"half a client":     {ClientID: "a"},
		"other half":        {ClientSecret: "a"},
		"negative lifetime": {TokenLifetime: -1},
	} {
		if i, err := authtest.NewIssuer(c); err == nil {
			_ = i.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		if i.LastRequest(authtest.JWKS) != nil {
			t.Error("a last request before the first")
		}
		i.Fail(authtest.JWKS, authtest.Status(http.StatusInternalServerError))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { mustGet(t, i, "/jwks") })
		}
		wg.Wait()
		if got := i.Requests(authtest.JWKS); got != 10 {
			t.Errorf("%d requests, want 10", got)
		}
		if got := i.Requests(authtest.Discovery); got != 0 {
			t.Errorf("%d discovery requests, want 0", got)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.URL()+"/.well-known/oauth-authorization-server?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", "tester/1")
		r.Header.Set("Accept", "application/json")
		if _, err := do(i, r); err != nil {
			t.Fatal(err)
		}
		last := i.LastRequest(authtest.Discovery)
		if last.Header.Get("User-Agent") != "tester/1" || last.Header.Get("Accept") != "application/json" ||
			last.URL.Path != "/.well-known/oauth-authorization-server" || last.URL.RawQuery != "x=1" ||
			last.Method != http.MethodGet || "http://"+last.Host != strings.Replace(i.URL(), "https:", "http:", 1) {
			t.Errorf("last request %v %v %v %v", last.Method, last.Host, last.URL, last.Header)
		}
		last.Header.Set("Accept", "changed")
		if got := i.LastRequest(authtest.Discovery).Header.Get("Accept"); got != "application/json" {
			t.Errorf("the last request can be changed: Accept %q", got)
		}
		if got := i.LastRequest(authtest.JWKS).Header.Get("User-Agent"); got != "Go-http-client/1.1" {
			t.Errorf("default User-Agent %q", got)
		}
		i.ResetRequests()
		if i.Requests(authtest.JWKS) != 0 || i.LastRequest(authtest.JWKS) != nil {
			t.Error("requests are remembered after ResetRequests")
		}
	})
}

func TestSetHeader(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.SetHeader(authtest.JWKS, "Cache-Control", "max-age=60")
		i.SetHeader(authtest.JWKS, "ETag", `"1"`)
		a := mustGet(t, i, "/jwks")
		if a.header.Get("Cache-Control") != "max-age=60" || a.header.Get("Content-Type") != "application/jwk-set+json" {
			t.Errorf("header %v", a.header)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.URL()+"/jwks", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", `"1"`)
		if a, err := do(i, r); err != nil || a.status != http.StatusNotModified || a.body != "" {
			t.Errorf("conditional request: %v %v", a, err)
		}
		i.SetHeader(authtest.JWKS, "ETag", `"2"`)
		if a, err := do(i, r); err != nil || a.status != http.StatusOK || a.body == "" {
			t.Errorf("conditional request after a change: %v %v", a, err)
		}
		i.SetHeader(authtest.JWKS, "Cache-Control", "")
		i.SetHeader(authtest.JWKS, "Content-Type", "text/html")
		a = mustGet(t, i, "/jwks")
		if a.header.Get("Cache-Control") != "" || a.header.Get("Content-Type") != "text/html" {
			t.Errorf("header %v", a.header)
		}
	})
}

func TestMethods(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		for _, c := range []struct {
			method, path string
			status       int
		}{
			{http.MethodHead, "/jwks", http.StatusOK},
			{http.MethodPost, "/jwks", http.StatusMethodNotAllowed},
			{http.MethodPost, "/.well-known/openid-configuration", http.StatusMethodNotAllowed},
			{http.MethodGet, "/introspect", http.StatusMethodNotAllowed},
		} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, i.URL()+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := do(i, r)
			if err != nil || a.err != nil || a.status != c.status || (c.method == http.MethodHead && a.body != "") {
				t.Errorf("%s %s: %v %v", c.method, c.path, a, err)
			}
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		i.FailAlways(authtest.JWKS, authtest.Hang())
		failed := make(chan error, 1)
		go func() {
			_, err := get(t, i, "/jwks")
			failed <- err
		}()
		for i.Requests(authtest.JWKS) == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := i.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; err == nil {
			t.Error("a hanging request was answered by Close")
		}
		if err := i.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		if _, err := get(t, i, "/jwks"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after Close: %v", err)
		}
		if i.Requests(authtest.JWKS) != 1 || i.Mint() == "" {
			t.Error("a closed issuer can still be asked and mint")
		}
	})
}

func TestMemoryKnowsOneHost(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	for _, target := range []string{"https://other.test/jwks", "http://issuer.test/jwks"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		var missing *net.DNSError
		if _, err := do(i, r); !errors.As(err, &missing) || !missing.IsNotFound {
			t.Errorf("%s: %v", target, err)
		}
	}
	if i.Requests(authtest.JWKS) != 0 {
		t.Error("a request to another host was counted")
	}
}

// TestHandler mounts an in-memory issuer on a server of the test's own.
func TestHandler(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	i := start(t, authtest.Config{InMemory: true, URL: base})
	server := &http.Server{Handler: i.Handler(), ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer func() { _ = server.Close() }()
	response, err := http.PostForm(base+"/introspect", url.Values{"token": {i.Mint()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if m := object(t, string(body)); m["active"] != true || m["iss"] != base {
		t.Errorf("answer %s", body)
	}
}

func TestUnknownEndpointPanics(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	mustPanic(t, "endpoint", func() { i.Requests("token") })
	// The lock is free again.
	if got := i.KeyIDs(); !slices.Equal(got, []string{i.KeyID()}) {
		t.Errorf("keys %v", got)
	}
}

func mustPanic(t *testing.T, about string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		p := recover()
		text, ok := p.(string)
		if !ok || !strings.HasPrefix(text, "authtest: ") || !strings.Contains(text, about) {
			t.Errorf("panic %v, want one about %q", p, about)
		}
	}()
	f()
}
