// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
)

// RequireDecision is [Middleware], to use in its place, which also withholds
// what a handler answers although guard has decided nothing while it ran: the
// caller gets an internal error, and the observer [auth.EventUndecided].
//
// On a mux that is wired well it never fires. It is for the one that is not, or
// no longer: a handler was mounted without [HandlerOptions], or something serves
// a method past them, as grpc-gateway does that is registered in process. The
// handler has run by then; only its answer is kept back.
//
// Answers with a status of 300 and above pass, since a mux and connect-go give
// those without a handler, and so do errors of the gRPC protocols without a
// message, preflights (OPTIONS) and [ResourceMetadataHandler]. Whatever else is
// meant for everybody belongs outside of it.
func RequireDecision(guard *auth.Guard) func(http.Handler) http.Handler {
	lending(guard)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			held := &heldWriter{inner: w, passes: r.Method == http.MethodOptions, cancel: cancel}
			l := &lent{writer: held, request: r, decided: &held.decided}
			defer l.finish()
			next.ServeHTTP(held, lend(ctx, guard, l))
			if !held.withheld() {
				return
			}
			// Only now: a handler that goes on after its answer was withheld must
			// not add to this one.
			clear(w.Header())
			answer, _ := adapter{guard: guard}.answer(guard.Undecided(r.Context(), r.URL.Path))
			if writer := connect.NewErrorWriter(); writer.IsSupported(r) {
				_ = writer.Write(w, r, answer)
				return
			}
			http.Error(w, answer.Message(), http.StatusInternalServerError)
		})
	}
}

var errWithheld = errors.New("connectauth: the answer is withheld, because no guard has decided this call")

// heldWriter is a response that begins only when the call is decided.
type heldWriter struct {
	inner   http.ResponseWriter
	decided atomic.Bool
	passes  bool
	cancel  context.CancelFunc // of the handler, once it has no caller any more

	begun, failed bool
	bodyless      bool // it may go on, but without a body
}

// open reports whether an answer with this status may go out.
func (h *heldWriter) open(status int) bool {
	switch {
	case h.failed:
		return false
	case h.begun || h.passes || status >= http.StatusMultipleChoices || h.decided.Load():
		return true
	case isGRPCError(h.inner.Header()):
		h.bodyless = true
		return true
	}
	h.failed = true
	h.cancel()
	return false
}

// isGRPCError reports whether the header is that of an answer that consists of
// an error, which connect-go gives before it asks the gate, for instance to an
// unknown compression: all of it is in the header or in trailers.
func isGRPCError(h http.Header) bool {
	status := cmp.Or(h.Get("Grpc-Status"), h.Get(http.TrailerPrefix+"Grpc-Status"))
	return status != "" && status != "0"
}

// withheld reports, when the handler has returned, whether somebody else must
// answer.
func (h *heldWriter) withheld() bool { return !h.open(http.StatusOK) }

func (h *heldWriter) Header() http.Header { return h.inner.Header() }

func (h *heldWriter) WriteHeader(status int) {
	if status < http.StatusOK && status != http.StatusSwitchingProtocols {
		// Informational: the answer is still to come, but headers go out with it.
		if !h.failed && (h.begun || h.passes || h.decided.Load()) {
			h.inner.WriteHeader(status)
		}
		return
	}
	if h.open(status) {
		h.begun = true
		h.inner.WriteHeader(status)
	}
}

func (h *heldWriter) Write(b []byte) (int, error) {
	if !h.open(http.StatusOK) || h.bodyless {
		return 0, errWithheld
	}
	h.begun = true
	return h.inner.Write(b)
}

// Flush implements [http.Flusher], without which connect-go does not stream.
func (h *heldWriter) Flush() { _ = h.FlushError() }

// FlushError is what an [http.ResponseController] calls.
func (h *heldWriter) FlushError() error {
	if !h.open(http.StatusOK) {
		return errWithheld
	}
	h.begun = true
	return http.NewResponseController(h.inner).Flush()
}

// Hijack implements [http.Hijacker]: a connection that is taken over answers on
// its own.
func (h *heldWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !h.open(http.StatusOK) {
		return nil, nil, errWithheld
	}
	h.begun = true
	return http.NewResponseController(h.inner).Hijack()
}

// Unwrap lends an [http.ResponseController] the rest, such as deadlines.
func (h *heldWriter) Unwrap() http.ResponseWriter { return h.inner }
