// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"

	"github.com/bearerkit/bearerkit/auth"
)

// The events of this package.
const (
	// EventRotated: a certificate or a key of this service was replaced while in
	// use. Event.KeyID is the new one's serial number or kid, and Event.Cause says
	// more.
	EventRotated auth.EventName = "clientauth.rotated"
	// EventRotationFailed: a certificate or a key of this service could not be
	// replaced, for the reason in Event.Cause, or should have been and has expired.
	// The one in use stays in use. It comes with each attempt.
	EventRotationFailed auth.EventName = "clientauth.rotation_failed"
)

func report(ctx context.Context, o auth.Observer, e auth.Event) {
	if o != nil {
		o.Observe(ctx, e)
	}
}
