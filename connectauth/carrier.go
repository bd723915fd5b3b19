// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"crypto/tls"
	"net/http"

	"github.com/bearerkit/bearerkit/auth"
)

// carrierOf returns the [auth.Carrier] of an HTTP request, mostly without
// allocating one.
func carrierOf(header http.Header, l *lent) auth.Carrier {
	switch {
	case l == nil:
		return headerCarrier(header)
	case l.taken.CompareAndSwap(false, true):
		l.carrier = lentCarrier{headerCarrier(header), l}
		return &l.carrier
	default: // a handler that calls another one
		return &lentCarrier{headerCarrier(header), l}
	}
}

// headerCarrier knows the header only.
type headerCarrier http.Header

// Values implements [auth.Carrier].
func (h headerCarrier) Values(_ context.Context, name string) []string {
	if name == "authorization" {
		return h["Authorization"] // of every call: to write it the canonical way takes an allocation
	}
	return http.Header(h).Values(name)
}

// TLS implements [auth.Carrier].
func (headerCarrier) TLS(context.Context) *tls.ConnectionState { return nil }

// lentCarrier knows the connection too.
type lentCarrier struct {
	headerCarrier

	lent *lent
}

// TLS implements [auth.Carrier].
func (c *lentCarrier) TLS(context.Context) *tls.ConnectionState { return c.lent.request.TLS }
