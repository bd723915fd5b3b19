// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Config describes a [Client]. The zero Config is a client of its own transport
// with the system's roots.
type Config struct {
	// Transport replaces the client's own, with all that is said of it here.
	Transport http.RoundTripper
	// UserAgent is sent with every request.
	UserAgent string
	// RootCAs are the certificate authorities; nil for the system's.
	RootCAs *x509.CertPool
	// Addresses say where the client may connect to.
	Addresses AddressPolicy
}

// Client fetches documents from servers that are trusted for their content and
// for nothing else: sizes are bounded, redirects are not followed, and nothing
// is kept between requests but the connection. It is safe for concurrent use.
type Client struct {
	http      *http.Client
	transport *http.Transport // own; nil if the user's
	renewing  *renewing       // of transport; nil without
	userAgent string

	identities identities
}

// New returns a client.
func New(c Config) *Client {
	client := &Client{userAgent: c.UserAgent}
	transport := c.Transport
	if transport == nil {
		client.transport = &http.Transport{
			DialContext:            c.Addresses.dial,
			TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			// A compressed body would make the size limit one of the expansion.
			DisableCompression: true,
		}
		client.renewing = &renewing{current: client.transport}
		transport = client.renewing
	}
	client.identities.base, _ = cmp.Or[http.RoundTripper](c.Transport, client.transport).(*http.Transport)
	client.http = &http.Client{
		Transport: transport,
		// The redirect itself becomes the answer, and no 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client
}

// Close lets go of idle connections. Requests under way are not affected.
func (c *Client) Close() {
	if c.renewing != nil {
		c.renewing.get().CloseIdleConnections()
	}
	c.identities.close()
}

// StatusError is an answer with another status than 200.
type StatusError struct {
	Code int
	// RetryAfter is how long the server asks to be left alone (RFC 9110 section
	// 10.2.3).
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	if e.Code >= 300 && e.Code < 400 {
		return fmt.Sprintf("HTTP status %d: redirects are not followed; configure the final URL", e.Code)
	}
	return fmt.Sprintf("HTTP status %d", e.Code)
}

// Get is a request for a document.
type Get struct {
	// URL is where it is.
	URL string
	// Limit is its greatest size in bytes.
	Limit int64
	// Authorization is the value of that header; empty for none.
	Authorization string
	// Have is what an earlier answer from this same URL said of the document
	// that the caller still has; the zero value if it has none.
	Have Validators
}

// Validators tell one version of a document from another (RFC 9110 section 8.8).
type Validators struct{ ETag, LastModified string }

// Document is the answer to a [Get].
type Document struct {
	// Body is the document; nil if NotModified.
	Body []byte
	// NotModified says that the document the caller has is still the one.
	NotModified bool
	// Validators are those of the document.
	Validators Validators
	// Age is how old the document was, at most, in a cache that answered for the
	// server.
	Age time.Duration
	// MaxAge is how long the server wants it kept (RFC 9111 section 5.2.2). It
	// counts only if Limited.
	MaxAge  time.Duration
	Limited bool
}

// GetJSON fetches a JSON document.
func (c *Client) GetJSON(ctx context.Context, get Get) (*Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, get.URL, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Accept":            "application/json, application/jwk-set+json",
		"User-Agent":        c.userAgent,
		"Authorization":     get.Authorization,
		"If-None-Match":     get.Have.ETag,
		"If-Modified-Since": get.Have.LastModified,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.renewing.failed(err, nobodysTime)
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	d := &Document{Validators: validators(response.Header)}
	if age := response.Header.Get("Age"); age != "" {
		d.Age = seconds(age) + time.Second // what is cut off
	}
	d.MaxAge, d.Limited = maxAge(response.Header)
	switch {
	case response.StatusCode == http.StatusNotModified && get.Have != Validators{}:
		d.NotModified = true
		if (d.Validators == Validators{}) {
			d.Validators = get.Have // RFC 9111 section 4.3.4: what is not sent stays
		}
		return d, nil
	case response.StatusCode != http.StatusOK:
		return nil, &StatusError{Code: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	case !isJSON(response.Header.Get("Content-Type")):
		return nil, errors.New("the answer is not JSON by its content type")
	}
	d.Body, err = io.ReadAll(io.LimitReader(response.Body, get.Limit+1))
	if err != nil {
		c.renewing.failed(err, nobodysTime)
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(d.Body)) > get.Limit {
		return nil, fmt.Errorf("the answer exceeds %d bytes", get.Limit)
	}
	return d, nil
}

// maxValidator bounds what is sent back to a server with every request.
const maxValidator = 256

func validators(h http.Header) Validators {
	v := Validators{ETag: h.Get("ETag"), LastModified: h.Get("Last-Modified")}
	if len(v.ETag) > maxValidator {
		v.ETag = ""
	}
	if len(v.LastModified) > maxValidator {
		v.LastModified = ""
	}
	return v
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// maxAge returns how long the answer may be kept from now on, and whether it
// says so at all.
func maxAge(h http.Header) (age time.Duration, limited bool) {
	for _, directive := range strings.Split(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			limited = true
			age = max(0, seconds(strings.Trim(value, `"`))-seconds(h.Get("Age")))
		}
	}
	return age, limited
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3). A date is by the
// server's clock, which Date tells; without it the clocks have to agree.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if value == "" {
		return 0 // http.ParseTime allocates to say so
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return seconds(value)
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(0, until.Sub(now)), year)
}

// year is for ever here.
const year = 365 * 24 * time.Hour

// seconds reads delta-seconds (RFC 9111 section 1.2.2), and anything else as
// zero. What is too large is cut to a year.
func seconds(s string) time.Duration {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(year/time.Second) {
		return year
	}
	return time.Duration(n) * time.Second
}
