// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

const (
	mediaJSON = "application/json"
	mediaJWT  = "application/token-introspection+jwt"

	endpointName  = "introspection_endpoint"
	maxAnswerSize = 256 << 10
	// tryAgain is the delay a caller is given where nothing better is known.
	tryAgain = time.Second
)

// asker puts questions to the endpoint.
type asker struct {
	issuer   *issuer.Issuer
	http     *boundedhttp.Client
	auth     ClientAuth
	endpoint string // empty for the metadata's
	hint     string
	accept   string
	timeout  time.Duration
	retry    Retry
	gate     *gate
	alarms   *alarms
}

// reply is an answer with status 200, which may say anything.
type reply struct {
	sent  time.Time
	media string
	body  []byte
}

// failure is why an attempt brought no reply, and what follows from that.
type failure struct {
	check auth.Check
	cause error
	after time.Duration // the endpoint's, or the metadata's, Retry-After
	// again: another attempt soon may do better.
	again bool
	// down: it is the endpoint's fault, and would be for any token. What may be
	// about the one token does not count, as whoever sends it chooses it.
	down bool
	// ours: it is this service's fault.
	ours bool
	// unproved: the endpoint did not accept the client's proof.
	unproved bool
}

// ask asks about a token.
func (a *asker) ask(ctx context.Context, token string, regular bool) (*reply, *auth.Error) {
	if err := ctx.Err(); err != nil {
		return nil, auth.Unavailable(CheckRequest, 0, err)
	}
	began, caller := time.Now(), ctx
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	lane := a.gate.lane(regular)
	if err := lane.enter(); err != nil {
		return nil, err
	}
	defer lane.leave()
	var last *failure
	for n := 1; ; n++ {
		if err := lane.admit(); err != nil {
			if last != nil {
				err.Check, err.Cause = last.check, last.cause // of which the breaker is a consequence
			}
			return nil, err
		}
		r, f := a.attempt(ctx, token, n)
		if f == nil {
			lane.answered(caller)
			return r, nil
		}
		last = f
		f.after = min(f.after, a.gate.longest)
		open := a.conclude(caller, lane, f, ctx.Err() == nil || a.waited(caller, began))
		// What asked for a pause may ask everybody to come back at one time.
		wait := f.after + backoff(a.retry.MinBackoff, a.retry.MaxBackoff, n-1)
		if !f.again || open > 0 || n >= a.retry.Attempts || !pause(ctx, wait) {
			return nil, auth.Unavailable(f.check, max(f.after, open, tryAgain), f.cause)
		}
	}
}

// waited reports whether the endpoint had a fair chance: a caller with little
// patience says nothing of it.
func (a *asker) waited(caller context.Context, began time.Time) bool {
	return caller.Err() == nil || errors.Is(caller.Err(), context.DeadlineExceeded) && time.Since(began) >= a.timeout/2
}

// conclude draws the consequences of a failed attempt for those to come. It
// returns for how long none is made.
func (a *asker) conclude(ctx context.Context, l *lane, f *failure, fair bool) (open time.Duration) {
	if f.ours {
		a.alarms.refused(ctx, f.cause)
	}
	switch {
	case f.down && fair:
		a.gate.pause(f.after)
		return l.failed(ctx, f.cause)
	case !f.down && (f.check == CheckStatus || f.check == CheckAnswer):
		l.answered(ctx)
	default:
		l.release()
	}
	return 0
}

// pause waits, unless there is no time for that and another attempt.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt asks once; twice if the endpoint did not accept the client's proof and
// there is another one now.
func (a *asker) attempt(ctx context.Context, token string, n int) (*reply, *failure) {
	first, f := a.prepare(ctx, n)
	if f != nil {
		return nil, f
	}
	r, f := a.send(ctx, first, token)
	if f == nil || !f.unproved {
		return r, f
	}
	second, notPrepared := a.prepare(ctx, n)
	// A transport may have another certificate now, which cannot be seen.
	if notPrepared != nil || second.equal(first) && second.request.Transport == nil {
		return nil, f
	}
	return a.send(ctx, second, token)
}

// prepare finds the endpoint and authenticates.
func (a *asker) prepare(ctx context.Context, n int) (*proof, *failure) {
	p := &proof{form: make(url.Values), header: make(http.Header)}
	r := &Request{Issuer: a.issuer.Identifier(), Name: endpointName, Endpoint: a.endpoint, Attempt: n, setForm: p.setForm, setHeader: p.setHeader}
	p.request = r
	if r.Endpoint == "" {
		if f := a.discover(ctx, r); f != nil {
			return nil, f
		}
	}
	if err := a.auth.Authenticate(ctx, r); err != nil {
		return nil, &failure{check: CheckClientAuth, cause: fmt.Errorf("introspection: authenticate this service: %w", err)}
	}
	if err := p.check(); err != nil {
		return nil, &failure{check: CheckClientAuth, cause: err, ours: true}
	}
	if _, err := boundedhttp.ParseURL(r.Endpoint); err != nil {
		return nil, &failure{check: CheckEndpoint, cause: fmt.Errorf("introspection: the endpoint that the ClientAuth chose: %w", err), ours: true}
	}
	return p, nil
}

func (a *asker) discover(ctx context.Context, r *Request) *failure {
	var err error
	if r.Metadata, err = a.issuer.Metadata(ctx); err != nil {
		f := &failure{check: CheckEndpoint, cause: err}
		if unavailable, ok := errors.AsType[*issuer.UnavailableError](err); ok {
			f.after = unavailable.RetryAfter
		}
		return f
	}
	if r.Endpoint, err = r.Metadata.Endpoint(endpointName); err != nil {
		return &failure{check: CheckEndpoint, cause: fmt.Errorf("%w; set Config.Endpoint", err), ours: true}
	}
	return nil
}

func (a *asker) send(ctx context.Context, p *proof, token string) (*reply, *failure) {
	form := maps.Clone(p.form)
	form.Set("token", token)
	form.Del("token_type_hint")
	if a.hint != "" {
		form.Set("token_type_hint", a.hint)
	}
	sent := time.Now()
	answer, err := a.http.PostForm(ctx, boundedhttp.Form{
		URL: p.request.Endpoint, Values: form, Header: p.header, Accept: a.accept, Limit: maxAnswerSize, Transport: p.request.Transport,
	})
	if errors.Is(err, boundedhttp.ErrTooLarge) {
		return nil, &failure{check: CheckAnswer, cause: err}
	}
	if err != nil {
		_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
		_, address := errors.AsType[*boundedhttp.AddressError](err)
		return nil, &failure{check: CheckRequest, cause: fmt.Errorf("introspection: %w", discreet(err)), down: true, again: ctx.Err() == nil && !certificate && !address}
	}
	if answer.Status == http.StatusOK {
		return &reply{sent: sent, media: answer.MediaType, body: answer.Body}, nil
	}
	return nil, refusal(answer)
}

// discreet returns an error that quotes nothing of what the endpoint wrote. If it
// does not speak HTTP, net/http says what it speaks instead, and it was just told
// a token.
func discreet(err error) error {
	for _, target := range []any{new(*net.OpError), new(*net.DNSError), new(*tls.CertificateVerificationError), new(tls.RecordHeaderError), new(*boundedhttp.AddressError)} {
		if errors.As(err, target) {
			return err
		}
	}
	for _, target := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, http.ErrSchemeMismatch} {
		if errors.Is(err, target) {
			return err
		}
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return fmt.Errorf("no answer in HTTP (%T)", err)
}

// refusal says what another status than 200 means. Of the body only a registered
// error code is looked at; the rest is for nobody's log.
func refusal(a *boundedhttp.Answer) *failure {
	code := errorCode(a)
	f := &failure{check: CheckStatus, after: a.RetryAfter, cause: fmt.Errorf("introspection: the endpoint answered HTTP status %d", a.Status)}
	if code != "" {
		f.cause = fmt.Errorf("%w, %s", f.cause, code)
	}
	client := code == "invalid_client" || code == "unauthorized_client"
	switch s := a.Status; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s < 500 && client:
		f.check, f.ours, f.down, f.unproved = CheckClientAuth, true, true, s != http.StatusForbidden
		f.cause = fmt.Errorf("%w: it does not accept this service; look at Config.Auth, and at what the issuer lets this client do", f.cause)
	case s >= 300 && s < 400:
		f.ours, f.down = true, true
		f.cause = fmt.Errorf("%w: redirects are not followed; set Config.Endpoint to the final URL", f.cause)
	case s == http.StatusNotFound || s == http.StatusMethodNotAllowed || s == http.StatusNotAcceptable || s == http.StatusGone || s == http.StatusUnsupportedMediaType:
		f.ours, f.down = true, true
		f.cause = fmt.Errorf("%w: is this the introspection endpoint? Set Config.Endpoint", f.cause)
	case s == http.StatusTooManyRequests || s == http.StatusBadGateway || s == http.StatusServiceUnavailable || s == http.StatusGatewayTimeout:
		f.down, f.again = true, true
	case s >= 500:
		f.down = true
	}
	return f
}

// errorCodes are those that may be named in a log (RFC 6749 section 5.2, RFC 7009
// section 2.2.1).
var errorCodes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_token_type", "access_denied", "server_error", "temporarily_unavailable"}

func errorCode(a *boundedhttp.Answer) string {
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
