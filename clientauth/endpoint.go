// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// Names of endpoints in an issuer's metadata (RFC 8414 section 2, RFC 8628
// section 4).
const (
	IntrospectionEndpoint       = "introspection_endpoint"
	TokenEndpoint               = "token_endpoint"
	RevocationEndpoint          = "revocation_endpoint"
	DeviceAuthorizationEndpoint = "device_authorization_endpoint"
)

// EndpointConfig describes an [Endpoint]. Name and Auth are required.
type EndpointConfig struct {
	// Name is the endpoint's in the issuer's metadata. It says which methods the
	// endpoint takes, also if URL is set.
	Name string
	// URL is where it is. Default: as the metadata say, read when it is first
	// needed. It must be https, or http on a loopback host.
	URL string
	// Auth proves who asks.
	Auth Authenticator
	// Transport is how it is reached. The default goes as the issuer's options
	// say: with its CAs, its addresses, or its transport. For an Auth with a
	// certificate it must be a *http.Transport, which is copied.
	Transport http.RoundTripper
	// UserAgent is sent with a Transport of one's own. Default "bearerkit".
	UserAgent string
	// Connections are how many are kept while nobody asks. Default 2.
	Connections int
	// MaxAnswerSize bounds an answer in bytes. Default 256 KiB.
	MaxAnswerSize int64
}

const (
	defaultUserAgent     = "bearerkit"
	defaultConnections   = 2
	defaultMaxAnswerSize = 256 << 10
	// refreshTimeout bounds a [Refresher].
	refreshTimeout = 2 * time.Second
	// maxProving bounds how many calls of an Authenticator that is not this
	// package's are under way at once.
	maxProving        = 256
	authenticatorName = "the Authenticator"
)

// Endpoint is an endpoint of an issuer that this service asks under its own name.
// It is safe for concurrent use.
type Endpoint struct {
	issuer *issuer.Issuer
	http   *boundedhttp.Client
	auth   Authenticator
	name   string
	url    string // empty for the metadata's
	limit  int64
	slots  chan struct{} // of calls of auth, if it is not this package's

	mu         sync.Mutex
	refreshing *refreshCall // nil if none is under way
}

// refreshCall is a call of a [Refresher] for all whose proofs were refused.
type refreshCall struct {
	done  chan struct{}
	until time.Time // nobody waits for longer
}

// NewEndpoint returns an Endpoint of iss. It does no I/O. Call Close when it is no
// longer needed.
func NewEndpoint(iss *issuer.Issuer, c EndpointConfig) (*Endpoint, error) {
	if iss == nil {
		return nil, errors.New("clientauth: no issuer; check the error of issuer.New")
	}
	if c.Name == "" {
		return nil, errors.New("clientauth: EndpointConfig.Name is empty; set the endpoint's name in the metadata, such as clientauth.TokenEndpoint")
	}
	if err := Check(c.Auth); err != nil {
		return nil, fmt.Errorf("clientauth: EndpointConfig.Auth: %w", err)
	}
	if c.URL != "" {
		if _, err := boundedhttp.ParseURL(c.URL); err != nil {
			return nil, fmt.Errorf("clientauth: EndpointConfig.URL: %w", err)
		}
	}
	if c.Connections < 0 || c.MaxAnswerSize < 0 {
		return nil, errors.New("clientauth: EndpointConfig has a negative bound; leave it zero for the default")
	}
	if c.Connections == 0 {
		c.Connections = defaultConnections
	}
	if c.MaxAnswerSize == 0 {
		c.MaxAnswerSize = defaultMaxAnswerSize
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	e := &Endpoint{issuer: iss, auth: c.Auth, name: c.Name, url: c.URL, limit: c.MaxAnswerSize, slots: make(chan struct{}, maxProving)}
	if c.Transport == nil {
		e.http = iss.HTTP(c.Connections)
	} else {
		e.http = boundedhttp.NewParallel(boundedhttp.Config{Transport: c.Transport, UserAgent: c.UserAgent}, c.Connections)
	}
	return e, nil
}

// Close lets go of idle connections. Requests under way are not affected.
func (e *Endpoint) Close() { e.http.Close() }

// Post asks the endpoint with these parameters, for an answer of the media type
// accept. If the endpoint does not accept the proof, or the connection fails in
// TLS while there is a certificate, it asks once more with a new one. What may count
// once is not sent twice: at other endpoints than for introspection and revocation,
// a connection that ends without an alert is a reason only if the request had not
// been written yet. The error is an [*Error]; there is one when ctx ends, whatever
// the Authenticator does.
func (e *Endpoint) Post(ctx context.Context, form url.Values, accept string, attempt int) (*Answer, error) {
	first, err := e.prove(ctx, attempt)
	if err != nil {
		return nil, err
	}
	answer, err := e.send(ctx, first, form, accept)
	if !refused(first, answer, err) {
		return answer, err
	}
	e.refresh(ctx)
	second, notProved := e.prove(ctx, attempt)
	if notProved != nil || second.equal(first) || ctx.Err() != nil {
		return answer, err
	}
	return e.send(ctx, second, form, accept)
}

// refresh has newer credentials fetched, if the Authenticator can. Whether that
// succeeded shows in the next proof. It is the user's, and may ignore its context:
// there is one call at a time, and nobody waits for one that takes too long.
func (e *Endpoint) refresh(ctx context.Context) {
	r, ok := e.auth.(Refresher)
	if !ok {
		return
	}
	e.mu.Lock()
	call := e.refreshing
	if call == nil {
		call = &refreshCall{make(chan struct{}), time.Now().Add(refreshTimeout)}
		e.refreshing = call
		go e.callRefresh(context.WithoutCancel(ctx), r, call)
	}
	e.mu.Unlock()
	ctx, cancel := context.WithDeadline(ctx, call.until)
	defer cancel()
	select {
	case <-call.done:
	case <-ctx.Done():
	}
}

func (e *Endpoint) callRefresh(ctx context.Context, r Refresher, call *refreshCall) {
	ctx, cancel := context.WithDeadline(ctx, call.until)
	defer cancel()
	defer func() {
		_ = recover() // as if it had failed
		e.mu.Lock()
		e.refreshing = nil
		e.mu.Unlock()
		close(call.done)
	}()
	_ = r.Refresh(ctx)
}

// authenticate calls the Authenticator. Those of this package end with ctx. A panic is
// the caller's, as it would be without this.
func (e *Endpoint) authenticate(ctx context.Context, r *Request) error {
	if _, own := e.auth.(checker); own {
		return e.auth.Authenticate(ctx, r)
	}
	_, err := within(ctx, e.slots, authenticatorName, func() (struct{}, error) { return struct{}{}, e.auth.Authenticate(ctx, r) })
	if p, ok := errors.AsType[*panicking](err); ok && p.name == authenticatorName {
		panic(p.with) //nolint:forbidigo // it is the user's own
	}
	return err
}

// prove finds the endpoint and authenticates.
func (e *Endpoint) prove(ctx context.Context, attempt int) (*proof, error) {
	p := &proof{endpoint: e.url, form: make(url.Values), header: make(http.Header)}
	if p.endpoint == "" {
		metadata, err := e.metadata(ctx)
		if err != nil {
			return nil, err
		}
		if p.endpoint, err = metadata.Endpoint(e.name); err != nil {
			return nil, &Error{Step: StepMetadata, Ours: true, Err: err}
		}
	}
	r := &Request{
		Issuer: e.issuer.Identifier(), Name: e.name, Endpoint: p.endpoint, Attempt: attempt,
		setForm: p.setForm, setHeader: p.setHeader, setCertificate: p.setCertificate, setKey: p.setCredential, metadata: e.issuer.Metadata,
	}
	if err := e.authenticate(ctx, r); err != nil {
		return nil, &Error{Step: StepProof, Ours: isMisconfigured(err), Err: fmt.Errorf("authenticate this service: %w", err)}
	}
	if err := p.check(); err != nil {
		return nil, &Error{Step: StepProof, Ours: true, Err: err}
	}
	if p.certificate != nil && e.url == "" {
		metadata, err := e.metadata(ctx)
		if err != nil {
			return nil, err
		}
		if p.endpoint, err = metadata.MTLSEndpoint(e.name); err != nil {
			return nil, &Error{Step: StepMetadata, Ours: true, Err: err}
		}
	}
	return p, nil
}

func (e *Endpoint) metadata(ctx context.Context) (*issuer.Metadata, error) {
	metadata, err := e.issuer.Metadata(ctx)
	if err == nil {
		return metadata, nil
	}
	failed := &Error{Step: StepMetadata, Err: err}
	if unavailable, ok := errors.AsType[*issuer.UnavailableError](err); ok {
		failed.RetryAfter = unavailable.RetryAfter
	}
	return nil, failed
}

func (e *Endpoint) send(ctx context.Context, p *proof, form url.Values, accept string) (*Answer, error) {
	all := maps.Clone(p.form)
	maps.Copy(all, form)
	var written atomic.Bool
	once := p.certificate != nil && e.name != IntrospectionEndpoint && e.name != RevocationEndpoint
	if once {
		// The body, without which nothing can be done, is written after this.
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	}
	sent := time.Now()
	a, err := e.http.PostForm(ctx, boundedhttp.Form{
		URL: p.endpoint, Values: all, Header: p.header, Accept: accept, Limit: e.limit, Certificate: p.certificate,
	})
	if err != nil {
		failed := &Error{Step: StepSend, Ours: errors.Is(err, boundedhttp.ErrCertificate), Err: discreet(err)}
		if p.certificate != nil {
			failed.Ours = failed.Ours || isAboutCertificate(err)
			failed.again = isAlert(err) || isEnd(err) && !(once && written.Load())
		}
		return nil, failed
	}
	return &Answer{Status: a.Status, MediaType: a.MediaType, Body: a.Body, RetryAfter: a.RetryAfter, SentAt: sent}, nil
}

// refused reports whether another proof may do better.
func refused(p *proof, a *Answer, err error) bool {
	if err != nil {
		failed, ok := errors.AsType[*Error](err)
		return ok && failed.again
	}
	switch {
	case a.Status == http.StatusUnauthorized:
		return true
	case a.Status == http.StatusBadRequest && p.certificate != nil && a.MediaType != mediaJSON:
		return true // what a proxy says that looked at the certificate
	default:
		return a.Status < 500 && a.Status != http.StatusForbidden && IsClientRefusal(a.ErrorCode())
	}
}
