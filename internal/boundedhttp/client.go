// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client fetches documents from one authorization server. It is safe for
// concurrent use.
type Client struct {
	http      *http.Client
	transport *http.Transport // own, to be closed; nil if the user's
	userAgent string
}

// New returns a Client that uses transport, or one of its own if transport is
// nil.
func New(transport http.RoundTripper, userAgent string) *Client {
	c := &Client{userAgent: userAgent}
	if transport == nil {
		c.transport = &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			// A compressed body would make the size limit one of the expansion.
			DisableCompression: true,
		}
		transport = c.transport
	}
	c.http = &http.Client{
		Transport: transport,
		// The redirect itself becomes the answer, and no 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Close closes idle connections that the client opened.
func (c *Client) Close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// StatusError is an answer with another status than 200.
type StatusError struct{ Code int }

func (e *StatusError) Error() string {
	if e.Code >= 300 && e.Code < 400 {
		return fmt.Sprintf("HTTP status %d: redirects are not followed; configure the final URL", e.Code)
	}
	return fmt.Sprintf("HTTP status %d", e.Code)
}

// GetJSON returns the body of a 200 answer of a JSON type that has at most
// limit bytes. ctx bounds the whole exchange. Errors never quote the body.
func (c *Client) GetJSON(ctx context.Context, url string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	request.Header.Set("User-Agent", c.userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{Code: response.StatusCode}
	}
	if !isJSON(response.Header.Get("Content-Type")) {
		return nil, errors.New("the answer is not JSON by its content type")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the answer exceeds %d bytes", limit)
	}
	return body, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}
