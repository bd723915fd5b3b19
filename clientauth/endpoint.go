// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/strictjson"
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
	e := &Endpoint{issuer: iss, auth: c.Auth, name: c.Name, url: c.URL, limit: c.MaxAnswerSize}
	if c.Transport == nil {
		e.http = iss.HTTP(c.Connections)
	} else {
		e.http = boundedhttp.NewParallel(boundedhttp.Config{Transport: c.Transport, UserAgent: c.UserAgent}, c.Connections)
	}
	return e, nil
}

// Close lets go of idle connections. Requests under way are not affected.
func (e *Endpoint) Close() { e.http.Close() }

// Answer is what an endpoint said, with whatever status.
type Answer struct {
	Status int
	// MediaType is that of the body in lower case, without parameters; empty if
	// there is none.
	MediaType string
	// Body may be cut if the status is not 200.
	Body []byte
	// RetryAfter is how long the endpoint asks to be left alone.
	RetryAfter time.Duration
	// SentAt is when the request was made.
	SentAt time.Time
}

// Step says how far a request got.
type Step uint8

// The steps.
const (
	StepMetadata Step = iota + 1 // finding the endpoint
	StepProof                    // authenticating
	StepSend                     // asking
)

// Error is why there is no [Answer].
type Error struct {
	// Step did not succeed.
	Step Step
	// Ours says that this service is configured wrongly: no other attempt helps.
	Ours bool
	// RetryAfter is how long to wait before the metadata are asked again.
	RetryAfter time.Duration
	// Err is the cause. It holds no secret of this service. What the endpoint sent
	// may be quoted in it, as net/http does.
	Err error
}

func (e *Error) Error() string { return "clientauth: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrTooLarge is matched by the error for an answer that exceeds its bound.
var ErrTooLarge = boundedhttp.ErrTooLarge

// Post asks the endpoint with these parameters, for an answer of the media type
// accept. If the endpoint does not accept the proof, or the connection fails in
// TLS while there is a certificate, it asks once more with a new one. The error is
// an [*Error].
func (e *Endpoint) Post(ctx context.Context, form url.Values, accept string, attempt int) (*Answer, error) {
	first, err := e.prove(ctx, attempt)
	if err != nil {
		return nil, err
	}
	answer, err := e.send(ctx, first, form, accept)
	if !first.refused(answer, err) {
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
// succeeded shows in the next proof.
func (e *Endpoint) refresh(ctx context.Context) {
	if r, ok := e.auth.(Refresher); ok {
		ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
		defer cancel()
		_ = r.Refresh(ctx)
	}
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
	if err := e.auth.Authenticate(ctx, r); err != nil {
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
	sent := time.Now()
	a, err := e.http.PostForm(ctx, boundedhttp.Form{
		URL: p.endpoint, Values: all, Header: p.header, Accept: accept, Limit: e.limit, Certificate: p.certificate,
	})
	if err != nil {
		return nil, &Error{Step: StepSend, Ours: errors.Is(err, boundedhttp.ErrCertificate), Err: err}
	}
	return &Answer{Status: a.Status, MediaType: a.MediaType, Body: a.Body, RetryAfter: a.RetryAfter, SentAt: sent}, nil
}

// refused reports whether another proof may do better.
func (p *proof) refused(a *Answer, err error) bool {
	if err != nil {
		return p.certificate != nil && isTLS(err)
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

// isTLS reports whether a connection may have failed over the client's
// certificate: by an alert, or by an end without one, which is how some servers
// refuse, and how an alert looks that came while the request was written.
func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	// HTTP/2 has no other name for a connection that ended before its first request
	// was written, as one with an alert for the certificate may in TLS 1.3.
	return strings.HasSuffix(err.Error(), "http2: client conn could not be established")
}

const mediaJSON = "application/json"

// errorCodes are those that may be named in a log (RFC 6749 section 5.2, RFC 7009
// section 2.2.1).
var errorCodes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_token_type", "access_denied", "server_error", "temporarily_unavailable"}

// ErrorCode returns the registered error code of an answer (RFC 6749 section 5.2);
// empty if there is none. Nothing else of the body is fit for a log.
func (a *Answer) ErrorCode() string {
	if a.MediaType != mediaJSON {
		return ""
	}
	o, err := strictjson.Parse(a.Body)
	if err != nil {
		return ""
	}
	code, err := o.StringOr("error", "")
	if err != nil || !slices.Contains(errorCodes, code) {
		return ""
	}
	return code
}

// IsClientRefusal reports whether an error code is about the client that asks,
// and not about what it asks.
func IsClientRefusal(code string) bool {
	return code == "invalid_client" || code == "unauthorized_client"
}
