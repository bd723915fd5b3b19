// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// NewParallel is [New] for an endpoint that is asked by so many at a time: as many
// connections are kept, where a fetcher of documents needs two.
func NewParallel(c Config, connections int) *Client {
	client := New(c)
	if client.transport != nil {
		client.transport.MaxIdleConnsPerHost = connections
	}
	return client
}

// Form is a request that posts a form.
type Form struct {
	// URL is where to.
	URL string
	// Values are encoded into the body, and nowhere else.
	Values url.Values
	// Header has further fields. What is said by the others here counts more.
	Header http.Header
	// Accept is the media type the answer should have.
	Accept string
	// Limit is the greatest size of the answer in bytes.
	Limit int64
	// Certificate, if not nil, is the client's on the connection. It goes by its
	// pointer: connections of another one are not used, and closed once it is.
	Certificate *tls.Certificate
}

// Answer is what came back, with whatever status: an endpoint says different
// things by different ones.
type Answer struct {
	Status int
	// MediaType is that of the body in lower case, without parameters; empty if
	// there is none, or it cannot be read.
	MediaType string
	Body      []byte
	// RetryAfter is how long the server asks to be left alone.
	RetryAfter time.Duration
}

// ErrTooLarge says that an answer exceeds its limit.
var ErrTooLarge = errors.New("the answer is too large")

// PostForm posts a form. A redirect is an answer like any other; it is not
// followed. The body of an answer with another status than 200 may be cut.
func (c *Client) PostForm(ctx context.Context, f Form) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, strings.NewReader(f.Values.Encode()))
	if err != nil {
		return nil, err
	}
	for name, values := range f.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", f.Accept)
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	client, failed := c.http, c.renewing.failed
	if f.Certificate != nil {
		identity, err := c.identities.use(f.Certificate)
		if err != nil {
			return nil, err
		}
		defer c.identities.leave(identity)
		client, failed = &http.Client{Transport: identity.transport, CheckRedirect: c.http.CheckRedirect}, identity.transport.failed
	}
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		failed(err, began)
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	a := &Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	if media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err == nil {
		a.MediaType = media
	}
	a.Body, err = io.ReadAll(io.LimitReader(response.Body, f.Limit+1))
	large := int64(len(a.Body)) > f.Limit
	switch {
	case a.Status != http.StatusOK:
		a.Body = a.Body[:min(int64(len(a.Body)), f.Limit)]
		return a, nil
	case err != nil:
		failed(err, began)
		return nil, fmt.Errorf("read the answer: %w", err)
	case large:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, f.Limit)
	}
	return a, nil
}
