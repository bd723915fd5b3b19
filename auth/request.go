// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/tls"
	"strings"
)

// Request is the transport-neutral view of one call, as far as a decision may
// depend on it. The adapters fill it in.
type Request struct {
	// Procedure is the full method name, "/package.Service/Method". It is
	// compared exactly.
	Procedure string
	// HTTPMethod is the HTTP method the call arrived with.
	HTTPMethod string
	// Carrier reads what else came with the call. Without one there are no
	// credentials.
	Carrier Carrier
}

// Carrier reads what a transport received with the call that ctx belongs to. It
// is asked only for what the decision needs.
type Carrier interface {
	// Values returns every value of the header field or metadata entry with
	// this lower-case name, in order. The slice must not be changed.
	Values(ctx context.Context, name string) []string
	// TLS returns the state of the caller's connection, or nil on a plain
	// connection and where it is not known.
	TLS(ctx context.Context) *tls.ConnectionState
}

// hasProof reports whether the call carries a DPoP proof, which no anonymous
// caller has (RFC 9449 section 4.1).
func (r *Request) hasProof(ctx context.Context) bool {
	return r.Carrier != nil && len(r.Carrier.Values(ctx, "dpop")) > 0
}

// validProcedure reports whether s has the canonical form "/service/Method"
// that both transports use.
func validProcedure(s string) bool {
	service, method, ok := strings.Cut(strings.TrimPrefix(s, "/"), "/")
	return ok && strings.HasPrefix(s, "/") && isIdentifierPath(service) && isIdentifierPath(method) && !strings.Contains(method, ".")
}

func isIdentifierPath(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && c != '_' && c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
