// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A refusal by a handler looks like one by the rule.
func TestHandlerErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wrap := func(err error) error { return fmt.Errorf("handler: canary-canary-canary: %w", err) }
	for _, tc := range []struct {
		name   string
		onCall func(context.Context) error
		want   string
		need   need
	}{
		{"RequireScopes: granted", func(ctx context.Context) error { return auth.RequireScopes(ctx, "read") }, OK, need{}},
		{"RequireScopes: missing", func(ctx context.Context) error { return auth.RequireScopes(ctx, "admin") }, IS, need{scope: "admin"}},
		{"RequireScopes: one of two missing", func(ctx context.Context) error { return auth.RequireScopes(ctx, "read", "admin") }, IS, need{scope: "read admin"}},
		{"RequireScopes: wrapped", func(ctx context.Context) error { return wrap(auth.RequireScopes(ctx, "admin")) }, IS, need{scope: "admin"}},
		{"RequireScopes: joined", func(ctx context.Context) error {
			return errors.Join(errors.New("canary-canary-canary"), auth.RequireScopes(ctx, "admin"))
		}, IS, need{scope: "admin"}},
		{"RequireAnyScope: missing", func(ctx context.Context) error { return auth.RequireAnyScope(ctx, "admin", "root") }, IS, need{scope: "admin"}},
		{"no claims", func(context.Context) error { return auth.RequireScopes(context.Background(), "admin") }, NC, need{scope: "admin"}},
		{"InvalidToken", func(context.Context) error {
			return auth.InvalidToken("custom", errors.New("canary-canary-canary"))
		}, IT, need{}},
		{"ExpiredToken", func(context.Context) error { return wrap(auth.ExpiredToken("custom", nil)) }, EX, need{}},
		{"Unavailable", func(context.Context) error {
			return auth.Unavailable("custom", 3*time.Second, errors.New("canary-canary-canary"))
		}, UN, need{}},
		{"A-87 step-up", func(context.Context) error {
			return wrap(&auth.Error{Kind: auth.KindUnauthenticated, Reason: auth.ReasonAuthenticationInsufficient, Check: "custom",
				RequiredScopes: []string{"admin"}, ACRValues: []string{"gold", "silver"}, MaxAge: 5 * time.Minute})
		}, SU, need{scope: "admin", acrValues: "gold silver", maxAge: "300"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.Service.OnCall = tc.onCall
			for _, over := range matrix.Transports() {
				f.takeEvents()
				token := f.mint()
				o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(token)})
				wrong := judge(over, o, tc.want, tc.need, true)
				wrong = append(wrong, leaks(o, f.takeEvents(), append(opaque.FindAllString(token, -1), "canary-canary-canary"))...)
				for _, w := range wrong {
					t.Errorf("%s: %s", over.Name, w)
				}
				if tc.want == UN && o.RetryAfter() != 3*time.Second {
					t.Errorf("%s: retry after %v", over.Name, o.RetryAfter())
				}
			}
		})
	}
	// The answer is the same as to a caller whom the rule refused, in all but the
	// scope that is asked for.
	t.Run("same as the rule", func(t *testing.T) {
		for _, over := range matrix.Transports() {
			f.Service.OnCall = func(ctx context.Context) error { return auth.RequireScopes(ctx, "read") }
			call := matrix.Call{Header: matrix.Bearer(f.mint(authtest.Scopes("write")))}
			byRule := f.Do(t, over, call)
			f.Service.OnCall = func(context.Context) error {
				return &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, Check: auth.CheckHandlerScopes, RequiredScopes: []string{"read"}, MissingScopes: []string{"read"}}
			}
			call.Header = matrix.Bearer(f.mint())
			byHandler := f.Do(t, over, call)
			if byRule.Handled || !byHandler.Handled {
				t.Errorf("%s: handled %v and %v", over.Name, byRule.Handled, byHandler.Handled)
			}
			for _, o := range []*matrix.Outcome{&byRule, &byHandler} {
				o.Handled, o.Bytes, o.Header = false, nil, nil
			}
			if a, b := fmt.Sprintf("%+v", byRule), fmt.Sprintf("%+v", byHandler); a != b {
				t.Errorf("%s:\nby rule    %s\nby handler %s", over.Name, a, b)
			}
		}
	})
	// What a handler says in the transport's own words stays.
	t.Run("the handler's own code", func(t *testing.T) {
		for _, over := range matrix.Transports() {
			f.Service.OnCall = func(ctx context.Context) error {
				refusal := auth.RequireScopes(ctx, "admin")
				if over.Native() {
					return status.Error(codes.NotFound, "no such widget")
				}
				return connect.NewError(connect.CodeNotFound, refusal)
			}
			o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint())})
			if o.Code != codes.NotFound || o.Challenges != nil || o.Info != nil || !o.Handled {
				t.Errorf("%s: %v, %q, %v", over.Name, o.Code, o.Challenges, o.Info)
			}
		}
	})
}

// The handler sees who is calling, and nobody else's claims.
func TestCallerIsVisible(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var seen atomic.Pointer[auth.Claims]
	f.Service.OnCall = func(ctx context.Context) error {
		claims, _ := auth.FromContext(ctx)
		seen.Store(claims)
		return nil
	}
	for n, over := range matrix.Transports() {
		subject := fmt.Sprint("caller-", n)
		o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint(authtest.Subject(subject), authtest.Scopes("read", "more")))})
		claims := seen.Swap(nil)
		if !o.Handled || claims == nil || claims.Issuer() != issuerURL || claims.Subject() != subject || claims.ClientID() != "client-1" || !slices.Equal(claims.Scopes(), []string{"read", "more"}) {
			t.Errorf("%s: handled %v, claims %v", over.Name, o.Handled, claims)
		}
		if !over.Streams() && !strings.Contains(string(o.Bytes), issuerURL+" "+subject) {
			t.Errorf("%s: the answer names another caller: %q", over.Name, o.Bytes)
		}
		// A public method does not know its caller, whatever came along.
		if over.Streams() || over.Protocol == matrix.ConnectGet {
			continue
		}
		o = f.Do(t, over, matrix.Call{Method: "Ping", Header: matrix.Bearer(f.mint(authtest.Subject(subject)))})
		if claims := seen.Swap(nil); !o.Handled || claims != nil {
			t.Errorf("%s: public: handled %v, claims %v", over.Name, o.Handled, claims)
		}
	}
}
