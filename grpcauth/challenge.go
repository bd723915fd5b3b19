// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/grpc/status"
)

// Challenge reads from an RPC's error, on the client, what the server asks for:
// which scopes, which authentication, or how long to wait. The boolean is false
// for an error that is not a refusal by a guarded server.
func Challenge(err error) (auth.Challenge, bool) {
	s, ok := status.FromError(err)
	if !ok {
		return auth.Challenge{}, false
	}
	return rpcerror.ReadChallenge(s.Details(), nil)
}
