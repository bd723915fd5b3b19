// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

func TestGetJSON(t *testing.T) {
	const limit = 64
	document := `{"a":"` + strings.Repeat("x", limit-8) + `"}`
	for name, tc := range map[string]struct {
		status      int
		contentType string
		body        string
		says        string // empty: accepted
	}{
		"JSON":              {200, "application/json", `{}`, ""},
		"JSON with charset": {200, "Application/JSON; charset=utf-8", `{}`, ""},
		"key set":           {200, "application/jwk-set+json", `{}`, ""},
		"at the limit":      {200, "application/json", document, ""},
		"over the limit":    {200, "application/json", document + " ", "exceeds 64 bytes"},
		"HTML":              {200, "text/html", `{}`, "content type"},
		"text":              {200, "text/plain", `{}`, "content type"},
		"JSON in a text":    {200, "text/x+json", `{}`, "content type"},
		"bad content type":  {200, "application/json; charset", `{}`, "content type"},
		"created":           {201, "application/json", `{}`, "HTTP status 201"},
		"redirect":          {302, "application/json", `{}`, "redirects are not followed"},
		"not found":         {404, "application/json", `{}`, "HTTP status 404"},
		"error":             {500, "application/json", `{"secret":"s3cret"}`, "HTTP status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				if r.UserAgent() != "agent" || r.Header.Get("Accept-Encoding") != "" || r.Header.Get("Cookie") != "" {
					t.Errorf("asked with %v", r.Header)
				}
				w.Header().Set("Content-Type", tc.contentType)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Set-Cookie", "a=b")
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			c := boundedhttp.New(boundedhttp.Config{UserAgent: "agent"})
			defer c.Close()
			document, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL, Limit: limit})
			if requests != 1 {
				t.Errorf("%d requests", requests)
			}
			if tc.says == "" {
				if err != nil || string(document.Body) != tc.body {
					t.Errorf("got %+v, %v", document, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %+v, %v; want an error with %q", document, err, tc.says)
			}
			if status, ok := errors.AsType[*boundedhttp.StatusError](err); ok != (tc.status != 200) || ok && status.Code != tc.status {
				t.Errorf("status error %v", status)
			}
		})
	}
}

func TestGetJSONEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{`))
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := boundedhttp.New(boundedhttp.Config{UserAgent: "agent"})
	defer c.Close()
	if _, err := c.GetJSON(ctx, boundedhttp.Get{URL: server.URL, Limit: 64}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A document that the caller has is not sent again.
func TestGetJSONConditionally(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		if r.Header.Get("If-None-Match") == `"1"` || r.URL.Path == "/stubborn" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 00:00:00 GMT")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	c := boundedhttp.New(boundedhttp.Config{})
	defer c.Close()
	first, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL, Limit: 64, Authorization: "Bearer t"})
	if err != nil || first.NotModified || first.Validators != (boundedhttp.Validators{ETag: `"1"`, LastModified: "Sun, 22 Nov 2026 00:00:00 GMT"}) {
		t.Fatalf("got %+v, %v", first, err)
	}
	if got.Get("Authorization") != "Bearer t" || got.Get("If-None-Match") != "" || got.Get("If-Modified-Since") != "" {
		t.Errorf("asked with %v", got)
	}
	second, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL, Limit: 64, Have: first.Validators})
	if err != nil || !second.NotModified || second.Body != nil || second.Validators != first.Validators {
		t.Errorf("got %+v, %v", second, err)
	}
	if got.Get("If-Modified-Since") != first.Validators.LastModified || got.Get("Authorization") != "" {
		t.Errorf("asked with %v", got)
	}
	// Not asked for, this is no answer.
	if d, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL + "/stubborn", Limit: 64}); err == nil {
		t.Errorf("got %+v", d)
	}
}

func TestGetJSONSaysHowLong(t *testing.T) {
	for name, tc := range map[string]struct {
		header  []string
		maxAge  time.Duration
		limited bool
	}{
		"silent":     {nil, 0, false},
		"max-age":    {[]string{"Cache-Control", "public, max-age=300"}, 5 * time.Minute, true},
		"quoted":     {[]string{"Cache-Control", `Max-Age="300"`}, 5 * time.Minute, true},
		"two fields": {[]string{"Cache-Control", "public", "Cache-Control", "max-age=60"}, time.Minute, true},
		"aged":       {[]string{"Cache-Control", "max-age=300", "Age", "100"}, 200 * time.Second, true},
		"too old":    {[]string{"Cache-Control", "max-age=300", "Age", "1000"}, 0, true},
		"no-store":   {[]string{"Cache-Control", "max-age=300, no-store"}, 0, true},
		"no-cache":   {[]string{"Cache-Control", "no-cache"}, 0, true},
		"private":    {[]string{"Cache-Control", "private"}, 0, false},
		"shared":     {[]string{"Cache-Control", "s-maxage=300"}, 0, false},
		"negative":   {[]string{"Cache-Control", "max-age=-5"}, 0, true},
		"nonsense":   {[]string{"Cache-Control", "max-age=soon"}, 0, true},
		"huge":       {[]string{"Cache-Control", "max-age=99999999999999999999"}, 365 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for i := 0; i < len(tc.header); i += 2 {
					w.Header().Add(tc.header[i], tc.header[i+1])
				}
				_, _ = w.Write([]byte(`{}`))
			}))
			defer server.Close()
			c := boundedhttp.New(boundedhttp.Config{})
			defer c.Close()
			d, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL, Limit: 64})
			if err != nil || d.MaxAge != tc.maxAge || d.Limited != tc.limited {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

// RFC 9110 section 10.2.3: seconds, or a date, which is by the server's clock.
func TestRetryAfter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", r.URL.Query().Get("v"))
		w.Header()["Date"] = nil
		if date := r.URL.Query().Get("date"); date != "" {
			w.Header().Set("Date", date)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	c := boundedhttp.New(boundedhttp.Config{})
	defer c.Close()
	const noon, hour = "Sun, 06 Nov 1994 12:00:00 GMT", time.Hour
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, tc := range []struct {
		value, date string
		least, most time.Duration
	}{
		{"", "", 0, 0},
		{"7", "", 7 * time.Second, 7 * time.Second},
		{"7", noon, 7 * time.Second, 7 * time.Second},
		{"-1", "", 0, 0},
		{"Sun,", "", 0, 0},
		{"99999999999999999999", "", 365 * 24 * hour, 365 * 24 * hour},
		{in(hour), "", hour - 10*time.Second, hour},
		{in(-hour), "", 0, 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "", 365 * 24 * hour, 365 * 24 * hour},
		{"Sun, 06 Nov 1994 12:00:20 GMT", noon, 20 * time.Second, 20 * time.Second},
		{"Sunday, 06-Nov-94 12:00:20 GMT", noon, 20 * time.Second, 20 * time.Second},
		{"Sun Nov  6 12:00:20 1994", noon, 20 * time.Second, 20 * time.Second},
		{"Sun, 06 Nov 1994 11:59:59 GMT", noon, 0, 0},
		{in(hour), "nonsense", hour - 10*time.Second, hour},
	} {
		query := url.Values{"v": {tc.value}, "date": {tc.date}}
		_, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL + "/?" + query.Encode(), Limit: 64})
		status, ok := errors.AsType[*boundedhttp.StatusError](err)
		if !ok || status.RetryAfter < tc.least || status.RetryAfter > tc.most {
			t.Errorf("Retry-After %q, Date %q: %+v", tc.value, tc.date, status)
		}
	}
}

// What a server says of caching is never negative, and never longer than a year.
func FuzzCaching(f *testing.F) {
	f.Add("public, max-age=300", "10", "7")
	f.Add(`Max-Age="99999999999999999999"`, "-1", "Sun, 22 Nov 2026 00:00:00 GMT")
	f.Add("no-store,,max-age", "", "0")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Cache-Control"], h["Age"], h["Retry-After"] = r.URL.Query()["c"], r.URL.Query()["a"], r.URL.Query()["r"]
		h.Set("Content-Type", "application/json")
		if r.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	f.Cleanup(server.Close)
	c := boundedhttp.New(boundedhttp.Config{})
	f.Cleanup(c.Close)
	const year = 366 * 24 * time.Hour
	f.Fuzz(func(t *testing.T, cacheControl, age, retryAfter string) {
		query := url.Values{"c": {cacheControl}, "a": {age}, "r": {retryAfter}}
		d, err := c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL + "/?" + query.Encode(), Limit: 64})
		if err == nil && (d.MaxAge < 0 || d.MaxAge > year || d.Age < 0 || d.Age > year || d.MaxAge > 0 && !d.Limited) {
			t.Fatalf("Cache-Control %q, Age %q: %+v", cacheControl, age, d)
		}
		query.Set("fail", "")
		_, err = c.GetJSON(t.Context(), boundedhttp.Get{URL: server.URL + "/?" + query.Encode(), Limit: 64})
		if status, ok := errors.AsType[*boundedhttp.StatusError](err); ok && (status.RetryAfter < 0 || status.RetryAfter > year) {
			t.Fatalf("Retry-After %q: %v", retryAfter, status.RetryAfter)
		}
	})
}
