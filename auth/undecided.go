// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
)

// Undecided reports that a call reached a place behind the Guard without its
// decision, and returns what to answer: an internal error, because the server is
// wired wrongly and nobody can mend that by a token. The RequireDecision
// functions of the adapters call it.
func (g *Guard) Undecided(ctx context.Context, procedure string) *Error {
	e := &Error{Check: CheckUndecided, Cause: errors.New("auth: no Guard has decided this call; look for a handler that is registered without it, or an interceptor that replaces the context")}
	if g != nil && g.observer != nil {
		g.observer.Observe(ctx, Event{Name: EventUndecided, Procedure: procedure, Error: e})
	}
	return e
}
