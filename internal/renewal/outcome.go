// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal

import "google.golang.org/grpc/codes"

// outcome is what came of presenting a token.
type outcome uint8

const (
	renewed outcome = iota
	failed          // it may work later
	missed          // the stream is not there; it may be behind another address
	refused         // the token is not good
	over            // it will never work
)

// outcomeOf judges an answer by its code, which has the same number on both
// transports.
func outcomeOf(c codes.Code) outcome {
	switch c {
	case codes.OK:
		return renewed
	case codes.NotFound:
		return missed
	case codes.Unauthenticated, codes.PermissionDenied:
		return refused
	case codes.Unimplemented, codes.Canceled:
		// A server without the service, and a connection that was closed: renewals
		// are canceled by nobody else who would still want to know.
		return over
	default:
		return failed
	}
}
