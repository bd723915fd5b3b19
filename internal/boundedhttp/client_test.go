// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
			c := boundedhttp.New(nil, "agent")
			defer c.Close()
			body, err := c.GetJSON(t.Context(), server.URL, limit)
			if requests != 1 {
				t.Errorf("%d requests", requests)
			}
			if tc.says == "" {
				if err != nil || string(body) != tc.body {
					t.Errorf("got %q, %v", body, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %q, %v; want an error with %q", body, err, tc.says)
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
	c := boundedhttp.New(nil, "agent")
	defer c.Close()
	if _, err := c.GetJSON(ctx, server.URL, 64); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
