// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"errors"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
)

// Challenge reads from an RPC's error, on the client, what the server asks for:
// which scopes, which authentication, or how long to wait. The boolean is false
// for an error that is not a refusal. Other servers' WWW-Authenticate headers
// are read as well.
func Challenge(err error) (auth.Challenge, bool) {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return auth.Challenge{}, false
	}
	var details []any
	for _, d := range e.Details() {
		if value, err := d.Value(); err == nil {
			details = append(details, value)
		}
	}
	return rpcerror.ReadChallenge(details, e.Meta().Values(challengeHeader))
}
