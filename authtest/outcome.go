// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// outcome is what became of one call to a verifier.
type outcome struct {
	claims  *auth.Claims
	err     error
	failure string // why there is neither
}

func call(ctx context.Context, v auth.Verifier, token string) outcome {
	credential, err := auth.NewBearer(token)
	if err != nil {
		return outcome{failure: "the token cannot travel as a bearer token: " + err.Error()}
	}
	return callWith(ctx, v, credential)
}

// callWith gives the verifier until ctx is done and a little longer. A call that
// takes more is left behind.
func callWith(ctx context.Context, v auth.Verifier, credential auth.Credential) outcome {
	answer := make(chan outcome, 1)
	go func() {
		o := outcome{failure: "the verifier ended its goroutine"}
		defer func() {
			if p := recover(); p != nil {
				o = outcome{failure: fmt.Sprintf("the verifier panicked: %v", p)}
			}
			answer <- o
		}()
		claims, err := v.Verify(ctx, credential)
		if e, ok := err.(*auth.Error); ok && e == nil { //nolint:errorlint // this very value
			o = outcome{failure: "a nil *auth.Error as an error, which is not nil; return nil itself"}
			return
		}
		o = outcome{claims: claims, err: err}
	}()
	select {
	case o := <-answer:
		return o
	case <-ctx.Done():
	}
	timer := time.NewTimer(contractPromptness)
	defer timer.Stop()
	select {
	case o := <-answer:
		return o
	case <-timer.C:
		return outcome{failure: fmt.Sprintf("no answer %v after the context was done", contractPromptness)}
	}
}

// broken says what is wrong with an outcome whatever the token was.
func (o outcome) broken() string {
	switch {
	case o.failure != "":
		return o.failure
	case o.err == nil && o.claims == nil:
		return "neither claims nor an error"
	case o.err != nil && o.claims != nil:
		return "claims together with an error"
	default:
		return ""
	}
}

// kind returns the kind of the error. What is no *auth.Error counts as
// unavailable, as for the Guard.
func (o outcome) kind() auth.Kind {
	var e *auth.Error
	if errors.As(o.err, &e) {
		return e.Kind
	}
	if errors.Is(o.err, auth.ErrNotHandled) {
		return auth.KindUnauthenticated
	}
	return auth.KindUnavailable
}

func (c Contract) judgeGood(o outcome) string {
	if problem := o.broken(); problem != "" {
		return problem
	}
	if o.err != nil {
		return fmt.Sprintf("a good token was refused (%s): %s", o.kind(), chain(o.err))
	}
	if o.claims.Issuer() == "" {
		return "claims without an issuer"
	}
	if !time.Now().Before(o.claims.Deadline()) {
		return "claims with a deadline that has passed"
	}
	if d, ok := c.Verifier.(auth.Describer); ok {
		if issuers := d.Describe().Issuers; len(issuers) > 0 && !slices.Contains(issuers, o.claims.Issuer()) {
			return fmt.Sprintf("claims of issuer %q, and Describe names %q", o.claims.Issuer(), issuers)
		}
	}
	return ""
}

func judgeForeign(o outcome) string {
	if problem := judgeNotAccepted(o); problem != "" {
		return problem
	}
	if !errors.Is(o.err, auth.ErrNotHandled) {
		return "a foreign token was judged, where auth.ErrNotHandled lets the next verifier try: " + chain(o.err)
	}
	return ""
}

func judgeBad(o outcome) string {
	if problem := judgeNotAccepted(o); problem != "" {
		return problem
	}
	if errors.Is(o.err, auth.ErrNotHandled) {
		return "a bad token was passed on with auth.ErrNotHandled, and another verifier may accept it: " + chain(o.err)
	}
	var e *auth.Error
	if !errors.As(o.err, &e) || e.Kind != auth.KindUnauthenticated {
		return fmt.Sprintf("a bad token was answered %s, not unauthenticated: %s", o.kind(), chain(o.err))
	}
	return ""
}

// judgeRefused is for what no verifier can accept nor blame on an outage.
func judgeRefused(o outcome) string {
	if problem := judgeNotAccepted(o); problem != "" {
		return problem
	}
	if kind := o.kind(); kind != auth.KindUnauthenticated {
		return fmt.Sprintf("answered %s, not unauthenticated: %s", kind, chain(o.err))
	}
	return ""
}

func judgeNotAccepted(o outcome) string {
	if problem := o.broken(); problem != "" {
		return problem
	}
	if o.err == nil {
		return "accepted"
	}
	return ""
}

// judgeBlameless is for a good token that perhaps nobody could verify.
func (c Contract) judgeBlameless(o outcome) string {
	if o.failure == "" && o.err == nil {
		return c.judgeGood(o)
	}
	if problem := o.broken(); problem != "" {
		return problem
	}
	switch kind := o.kind(); kind {
	case auth.KindUnavailable, auth.KindCanceled, auth.KindDeadlineExceeded:
		return ""
	default:
		return fmt.Sprintf("a good token that could not be checked was answered %s, not unavailable: %s", kind, chain(o.err))
	}
}

// minLeak is the size in bytes of the shortest text that counts as a part of a
// token. Shorter ones turn up in any text by chance.
const minLeak = 9

// leak finds the token, or a part of it, in what prints of the error.
func (o outcome) leak(token string) string {
	if o.err == nil {
		return ""
	}
	parts := append([]string{token}, strings.Split(token, ".")...)
	for _, e := range unwrap(o.err) {
		for _, p := range prints(e) {
			for _, part := range parts {
				if len(part) >= minLeak && strings.Contains(p.text, part) {
					return fmt.Sprintf("the error (%T, printed with %s) holds a part of the token", e, p.form)
				}
			}
		}
	}
	return ""
}

// printed is an error in one form in which it may meet a log.
type printed struct{ form, text string }

func prints(err error) []printed {
	all := []printed{{"Error", err.Error()}}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		all = append(all, printed{verb, fmt.Sprintf(verb, err)})
	}
	var text, json bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("refused", "error", err)
	slog.New(slog.NewJSONHandler(&json, nil)).Info("refused", "error", err)
	return append(all, printed{"slog text", text.String()}, printed{"slog JSON", json.String()})
}

// unwrap returns err and everything it wraps.
func unwrap(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // the chain is walked by hand
	case interface{ Unwrap() error }:
		all = append(all, unwrap(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, unwrap(one)...)
		}
	}
	return all
}

// chain returns the texts of err and everything it wraps: an *auth.Error alone
// says only what callers may know.
func chain(err error) string {
	var texts []string
	for _, e := range unwrap(err) {
		texts = append(texts, e.Error())
	}
	return strings.Join(texts, " < ")
}

// describe returns everything comparable about claims.
func describe(c *auth.Claims) string {
	return fmt.Sprintf("%q", []any{
		c.Issuer(), c.Subject(), c.ClientID(), c.Principal().String(), c.TokenID(), c.SessionID(), c.KeyID(),
		c.Audiences(), c.Scopes(), c.IssuedAt().String(), c.NotBefore().String(), c.Expiry().String(),
	})
}
