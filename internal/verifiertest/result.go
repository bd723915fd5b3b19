// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package verifiertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/bearerkit/bearerkit/auth"
)

// Verify offers a token as an adapter would.
func Verify(ctx context.Context, v auth.Verifier, token string) (*auth.Claims, error) {
	c, err := auth.NewBearer(token)
	if err != nil {
		return nil, err
	}
	return v.Verify(ctx, c)
}

// OK is what became of a token that was accepted.
const OK = "ok"

// Invalid is what became of a token that is not good.
func Invalid(c auth.Check) string { return "unauthenticated/TOKEN_INVALID/" + string(c) }

// Expired is what became of one that was good.
func Expired(c auth.Check) string { return "unauthenticated/TOKEN_EXPIRED/" + string(c) }

// Foreign is what became of one about which the next verifier of a chain is asked.
func Foreign(c auth.Check) string { return "foreign " + Invalid(c) }

// Malformed is what became of one that no verifier sees.
func Malformed(c auth.Check) string { return "unauthenticated/CREDENTIALS_MALFORMED/" + string(c) }

// Unavailable is what became of one that nobody could judge.
func Unavailable(c auth.Check) string { return "unavailable/AUTHORITY_UNAVAILABLE/" + string(c) }

// Result says what became of a token by the error of its verifier.
func Result(err error) string {
	if err == nil {
		return OK
	}
	e, isRefusal := errors.AsType[*auth.Error](err)
	if !isRefusal {
		return fmt.Sprintf("%T", err)
	}
	line := fmt.Sprintf("%v/%s/%s", e.Kind, e.Reason, e.Check)
	if errors.Is(err, auth.ErrNotHandled) {
		line = "foreign " + line
	}
	return line
}
