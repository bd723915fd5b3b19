// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"

	"github.com/bearerkit/bearerkit/auth"
)

// members are what this service reads of a token besides the standard claims:
// ext is where Ory Hydra puts what the login gave it.
type members struct {
	Ext struct {
		Suspended bool `json:"suspended"`
	} `json:"ext"`
}

// checkSuspended is the name of this service's own check in the log.
const checkSuspended auth.Check = "widgets_suspended"

// checkExt refuses members whose account is suspended, within the handler. It
// is there to show how a handler reads ext.
func checkExt(ctx context.Context) error {
	m, err := auth.ClaimsAs[members](ctx)
	switch {
	case errors.Is(err, auth.ErrNoClaims): // a public method
		return nil
	case err != nil:
		return err
	case m.Ext.Suspended:
		return &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonMethodDenied, Check: checkSuspended}
	default:
		return nil
	}
}
