// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

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
	// Ours says that this service is configured wrongly, or that its certificate is
	// not accepted: no other attempt helps.
	Ours bool
	// RetryAfter is how long to wait before the metadata are asked again.
	RetryAfter time.Duration
	// Err is the cause. It holds no secret of this service, and quotes nothing of an
	// answer, which may.
	Err error

	again bool // with a newer certificate, if there is one
}

func (e *Error) Error() string { return "clientauth: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrTooLarge is matched by the error for an answer that exceeds its bound.
var ErrTooLarge = boundedhttp.ErrTooLarge

// isAlert reports whether a connection failed over an alert of TLS, of either side.
func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// certificateAlerts are those by which a server refuses a client's certificate (RFC
// 8446 section 6.2): from bad_certificate to certificate_unknown, unknown_ca,
// access_denied and certificate_required.
var certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}

// isAboutCertificate reports whether the server refused this service's certificate.
func isAboutCertificate(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && slices.ContainsFunc(certificateAlerts, func(a tls.AlertError) bool { return op.Err.Error() == a.Error() })
}

// ends are how a connection ends without an alert. So do some servers refuse a
// certificate, and so does an alert look that came while the request was written.
var ends = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE}

func isEnd(err error) bool {
	return slices.ContainsFunc(ends, func(end error) bool { return errors.Is(err, end) }) || isNotEstablished(err)
}

// isNotEstablished reports what net/http has no other name for: a connection that
// ended before its first request was written, as one with an alert for the
// certificate may in TLS 1.3.
func isNotEstablished(err error) bool {
	text := err.Error()
	return strings.HasSuffix(text, "http2: client conn could not be established") || strings.HasSuffix(text, "http: server closed idle connection")
}

// discreet returns an error that quotes nothing of what the endpoint wrote. If that
// is not HTTP, net/http says what it is instead, and the endpoint was just told a
// secret. So only errors that are known not to are kept as they are.
func discreet(err error) error {
	for _, known := range []any{new(*net.OpError), new(*net.DNSError), new(*tls.CertificateVerificationError), new(tls.RecordHeaderError), new(*boundedhttp.AddressError)} {
		if errors.As(err, known) {
			return err
		}
	}
	for _, known := range append([]error{context.Canceled, context.DeadlineExceeded, http.ErrSchemeMismatch, boundedhttp.ErrTooLarge, boundedhttp.ErrCertificate}, ends...) {
		if errors.Is(err, known) {
			return err
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || isNotEstablished(err) {
		return err
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return fmt.Errorf("no answer in HTTP (%T)", err)
}
