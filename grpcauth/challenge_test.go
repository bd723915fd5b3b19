// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestChallenge(t *testing.T) {
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	guard, err := auth.NewGuard(verify, auth.Rules{"/a.B/C": {}}, auth.WithRealm("api"))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(e *auth.Error) (auth.Challenge, bool) { return Challenge(answer(t.Context(), guard, e)) }

	c, ok := refuse(&auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, RequiredScopes: []string{"a", "b"}})
	if !ok || c.Reason != auth.ReasonScopeInsufficient || c.Realm != "api" || c.Error != "insufficient_scope" || !slices.Equal(c.Scopes, []string{"a", "b"}) {
		t.Errorf("scope: %+v, %v", c, ok)
	}
	c, ok = refuse(auth.Unavailable("x", 3*time.Second, nil))
	if !ok || c.Reason != auth.ReasonAuthorityUnavailable || c.RetryAfter != 3*time.Second || c.Scheme != "" {
		t.Errorf("outage: %+v, %v", c, ok)
	}
	for _, err := range []error{nil, errors.New("x"), status.Error(codes.Unauthenticated, "x")} {
		if c, ok := Challenge(err); ok {
			t.Errorf("%v: %+v", err, c)
		}
	}
}

// A status that a handler chose itself is its own business.
func TestAnswerLeavesOtherErrors(t *testing.T) {
	own := status.Error(codes.NotFound, "no such widget")
	// What lies behind a refusal is for the log, also when it is a status.
	for _, e := range []error{
		auth.InvalidToken("x", own),
		fmt.Errorf("wrapped: %w", auth.InvalidToken("x", own)),
		errors.Join(errors.New("y"), auth.InvalidToken("x", own), own),
	} {
		if s := status.Convert(answer(t.Context(), nil, e)); s.Code() != codes.Unauthenticated || strings.Contains(s.Message(), "widget") {
			t.Errorf("%v became %v", e, s)
		}
	}
	if s := status.Convert(answer(t.Context(), nil, (*auth.Error)(nil))); s.Code() != codes.Internal {
		t.Errorf("a nil *auth.Error became %v", s)
	}
	plain := errors.New("plain")
	for _, err := range []error{own, plain, errors.Join(own, auth.InvalidToken("x", nil))} {
		if got := answer(t.Context(), nil, err); got != err { //nolint:errorlint // the very same
			t.Errorf("%v became %v", err, got)
		}
	}
}
