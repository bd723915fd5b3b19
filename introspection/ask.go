// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

const (
	mediaJSON = "application/json"
	mediaJWT  = "application/token-introspection+jwt"

	maxAnswerSize = 256 << 10
	// tryAgain is the delay a caller is given where nothing better is known.
	tryAgain = time.Second
)

// asker puts questions to the endpoint.
type asker struct {
	endpoint *clientauth.Endpoint
	hint     []string // none to send none, whatever the Authenticator sets
	accept   string
	timeout  time.Duration
	retry    Retry
	gate     *gate
	alarms   *alarms
	read     func(ctx context.Context, r *reply) (*answer, *auth.Error)
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
}

// question is one about a token, with all its attempts.
type question struct {
	*asker
	token  string
	caller context.Context //nolint:containedctx // whose deadline says what a failure is worth
	began  time.Time
	lane   *lane
}

// ask asks about a token. Its room and its time include the reading of the answer,
// for which keys may have to be fetched.
func (a *asker) ask(ctx context.Context, token string, regular bool) (*answer, *auth.Error) {
	if err := ctx.Err(); err != nil {
		return nil, auth.Unavailable(CheckRequest, 0, err)
	}
	q := &question{asker: a, token: token, caller: ctx, began: time.Now(), lane: a.gate.lane(regular)}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := q.lane.enter(); err != nil {
		return nil, err
	}
	defer q.lane.leave()
	r, err := q.put(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := a.read(ctx, r)
	if err != nil && ctx.Err() == nil && !isOutage(err) {
		a.alarms.useless(q.caller, regular, err.Cause)
	}
	return answer, err
}

// isOutage reports whether an answer could not be read for want of keys.
func isOutage(err error) bool {
	_, ok := errors.AsType[*issuer.UnavailableError](err)
	return ok
}

// put asks until there is a reply, or no use in going on.
func (q *question) put(ctx context.Context) (*reply, *auth.Error) {
	var last *failure
	for n := 1; ; n++ {
		t, err := q.lane.admit()
		if err != nil {
			if last != nil {
				err.Check, err.Cause = last.check, last.cause // of which the breaker is a consequence
			}
			return nil, err
		}
		once := q.once
		if t.probe {
			once = q.probe
		}
		o := once(ctx, t, n)
		f := o.failure
		if f == nil {
			return o.reply, nil
		}
		last = f
		// What asked for a pause may ask everybody to come back at one time.
		wait := f.after + backoff(q.retry.MinBackoff, q.retry.MaxBackoff, n-1)
		if !f.again || o.open > 0 || n >= q.retry.Attempts || !pause(ctx, wait) {
			return nil, auth.Unavailable(f.check, max(f.after, o.open, tryAgain), f.cause)
		}
	}
}

// outcome is that of an attempt.
type outcome struct {
	reply   *reply
	failure *failure      // nil if there is a reply
	open    time.Duration // for how long nothing is asked, because of failures
}

// once makes an attempt, and draws the consequences for those to come.
func (q *question) once(ctx context.Context, t *try, n int) outcome {
	defer t.release() // if it ends in a panic
	r, f := q.attempt(ctx, q.token, n)
	if f == nil {
		t.answered(q.caller)
		return outcome{reply: r}
	}
	f.after = min(f.after, q.gate.longest)
	return outcome{failure: f, open: q.conclude(t, f, ctx.Err() == nil || q.waited())}
}

// probe makes the attempt that decides whether others are made. It is given its
// full time, whatever the caller's patience, or callers who leave early could have
// it never come to a verdict. There is one of a lane at a time. It keeps the room
// of its question.
func (q *question) probe(ctx context.Context, t *try, n int) outcome {
	detached := *q
	detached.caller = context.WithoutCancel(q.caller)
	q.lane.hold()
	done := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(detached.caller, q.timeout)
		o := outcome{failure: &failure{check: CheckRequest, cause: errors.New("introspection: a panic while asking; look at Config.Auth and Config.Transport")}}
		defer func() {
			_ = recover() // it would end the process
			cancel()
			q.lane.leave()
			done <- o
		}()
		o = detached.once(ctx, t, n)
	}()
	select {
	case o := <-done:
		return o
	case <-ctx.Done():
		return outcome{failure: &failure{check: CheckRequest, cause: fmt.Errorf("introspection: %w", ctx.Err())}}
	}
}

// waited reports whether the endpoint had a fair chance: a caller with little
// patience says nothing of it.
func (q *question) waited() bool {
	err := q.caller.Err()
	return err == nil || errors.Is(err, context.DeadlineExceeded) && time.Since(q.began) >= q.timeout/2
}

// conclude draws the consequences of a failed attempt for those to come. It
// returns for how long none is made.
func (q *question) conclude(t *try, f *failure, fair bool) (open time.Duration) {
	ctx, regular := q.caller, q.lane.regular
	if f.ours {
		q.alarms.refused(ctx, regular, f.cause)
	}
	switch {
	case f.down && fair:
		return t.failed(ctx, f.cause, f.after)
	case !f.down && (f.check == CheckStatus || f.check == CheckAnswer):
		t.answered(ctx)
		q.alarms.useless(ctx, regular, f.cause)
	default:
		t.release()
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
	form := url.Values{"token": {token}, "token_type_hint": a.hint}
	answer, err := a.endpoint.Post(ctx, form, a.accept, n)
	if err != nil {
		return nil, notAsked(ctx, err)
	}
	if answer.Status == http.StatusOK {
		return &reply{sent: answer.SentAt, media: answer.MediaType, body: answer.Body}, nil
	}
	return nil, refusal(answer)
}

// notAsked says what it means that there is no answer.
func notAsked(ctx context.Context, err error) *failure {
	failed, ok := errors.AsType[*clientauth.Error](err)
	if !ok {
		return &failure{check: CheckRequest, cause: err, ours: true}
	}
	f := &failure{cause: fmt.Errorf("introspection: %w", failed.Err), after: failed.RetryAfter, ours: failed.Ours}
	switch {
	case failed.Step == clientauth.StepMetadata:
		f.check = CheckEndpoint
		if failed.Ours {
			f.cause = fmt.Errorf("%w; set Config.Endpoint", f.cause)
		}
	case failed.Step == clientauth.StepProof || failed.Ours:
		f.check, f.down = CheckClientAuth, failed.Step == clientauth.StepSend
	case errors.Is(err, clientauth.ErrTooLarge):
		f.check = CheckAnswer
	default:
		_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
		_, address := errors.AsType[*boundedhttp.AddressError](err)
		f.check = CheckRequest
		f.down, f.again = true, ctx.Err() == nil && !certificate && !address
	}
	return f
}

// refusal says what another status than 200 means. Of the body only a registered
// error code is looked at; the rest is for nobody's log.
func refusal(a *clientauth.Answer) *failure {
	code := a.ErrorCode()
	f := &failure{check: CheckStatus, after: a.RetryAfter, cause: fmt.Errorf("introspection: the endpoint answered HTTP status %d", a.Status)}
	if code != "" {
		f.cause = fmt.Errorf("%w, %s", f.cause, code)
	}
	switch s := a.Status; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s < 500 && clientauth.IsClientRefusal(code):
		f.check, f.ours, f.down = CheckClientAuth, true, true
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
