// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
)

// HandlerOptions returns the option that guards every method of a service
// handler. An [*auth.Error] that a method returns becomes a Connect error like
// a refusal. Interceptors given in options before this one see it so.
//
// With a nil guard every call is refused as unavailable.
func HandlerOptions(guard *auth.Guard) connect.HandlerOption {
	a := adapter{guard: guard}
	return connect.WithHandlerOptions(
		connect.WithRequestGate(a.gate),
		connect.WithInterceptors(a),
	)
}

// adapter binds a guard to connect-go. It is a [connect.Interceptor] only to
// map the errors of handlers.
type adapter struct{ guard *auth.Guard }

func (a adapter) gate(ctx context.Context, spec connect.Spec, peer connect.Peer, header http.Header) (context.Context, error) {
	lent := lentTo(ctx, a.guard, header)
	lent.decide()
	method := httpMethod(lent, spec, header)
	decided, err := a.guard.Check(ctx, &auth.Request{
		Procedure:  spec.Procedure,
		HTTPMethod: method,
		Carrier:    carrierOf(header, lent),
	})
	if err == nil {
		return decided, nil
	}
	refusal, ok := errors.AsType[*auth.Error](err)
	if !ok {
		refusal = new(auth.Error)
	}
	answer, fields := a.answer(refusal)
	var to http.Header
	switch {
	case lent != nil:
		to = lent.writer.Header()
	case peer.Protocol != connect.ProtocolGRPC:
		to = answer.Meta()
	default:
		// The metadata of a gRPC error are trailers, and net/http drops this
		// field there, with a log line for every refusal.
		return nil, answer
	}
	if method == http.MethodGet {
		keepPrivate(to)
	}
	fields.setOn(to, header.Get("Origin"))
	return nil, answer
}

// httpMethod is a guess without the middleware: connect-go does not tell of a
// GET, which has no content type and is for unary methods without side effects
// only.
func httpMethod(lent *lent, spec connect.Spec, header http.Header) string {
	switch {
	case lent != nil:
		return lent.request.Method
	case spec.StreamType == connect.StreamTypeUnary && spec.IdempotencyLevel == connect.IdempotencyNoSideEffects && header.Get("Content-Type") == "":
		return http.MethodGet
	default:
		return http.MethodPost
	}
}

// WrapUnary implements [connect.Interceptor].
func (a adapter) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		response, err := next(ctx, request)
		private := request.HTTPMethod() == http.MethodGet && a.guard.ReadsCredentials(request.Spec().Procedure)
		if err == nil {
			if private {
				keepPrivate(response.Header())
			}
			return response, nil
		}
		var header http.Header
		if call, ok := connect.CallInfoForHandlerContext(ctx); ok {
			header = call.ResponseHeader()
			if private {
				keepPrivate(header)
			}
		}
		return nil, a.handlerError(err, request.Header().Get("Origin"), header)
	}
}

// keepPrivate tells caches between that the answer to a GET is this caller's.
func keepPrivate(h http.Header) {
	h.Add("Vary", "Authorization")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private")
	}
}

// WrapStreamingHandler implements [connect.Interceptor].
func (a adapter) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return a.serve(ctx, conn, next)
	}
}

// WrapStreamingClient implements [connect.Interceptor]; handlers have no use
// for it.
func (a adapter) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
