// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
)

func guard(t *testing.T) *auth.Guard {
	t.Helper()
	verify := auth.VerifierFunc(func(context.Context, auth.Credential) (*auth.Claims, error) { return nil, auth.ErrNotHandled })
	g, err := auth.NewGuard(verify, auth.Rules{"/a.B/C": {}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// What lies behind a refusal is for the log, also when it is an error of
// connect-go.
func TestHandlerError(t *testing.T) {
	own := connect.NewError(connect.CodeNotFound, errors.New("no such widget"))
	a := adapter{guard: guard(t)}
	for err, want := range map[error]connect.Code{
		auth.InvalidToken("x", own):                            connect.CodeUnauthenticated,
		fmt.Errorf("wrapped: %w", auth.InvalidToken("x", own)): connect.CodeUnauthenticated,
		own: connect.CodeNotFound,
		errors.Join(own, auth.InvalidToken("x", nil)): connect.CodeNotFound,
		(*auth.Error)(nil):                            connect.CodeInternal,
	} {
		got := a.handlerError(err, "", make(http.Header))
		if connect.CodeOf(got) != want || want != connect.CodeNotFound && strings.Contains(got.Error(), "widget") {
			t.Errorf("%v became %v, want %v", err, got, want)
		}
	}
}

// The middleware lends to the handlers of its own guard, and to nobody else.
func TestMiddlewareLends(t *testing.T) {
	mine, other := guard(t), guard(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a.B/C", nil)
	request.TLS = &tls.ConnectionState{ServerName: "rs.test"}
	request.Header["Authorization"] = []string{"a", "b"}
	recorder := httptest.NewRecorder()
	called := false
	Middleware(mine)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called = true
		lent := lentTo(r.Context(), mine, r.Header)
		if lent == nil || lent.writer != recorder || lent.request.Method != http.MethodGet {
			t.Errorf("lent %+v", lent)
		}
		c := carrierOf(r.Header, lent)
		if state := c.TLS(r.Context()); state == nil || state.ServerName != "rs.test" {
			t.Errorf("TLS state %+v", state)
		}
		if got := c.Values(r.Context(), "authorization"); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("values %q", got)
		}
		if lentTo(r.Context(), other, r.Header) != nil {
			t.Error("lent to another guard")
		}
	})).ServeHTTP(recorder, request)
	if !called {
		t.Error("the middleware decided something")
	}
	if state := carrierOf(request.Header, nil).TLS(t.Context()); state != nil {
		t.Errorf("TLS state %+v without the middleware", state)
	}
}
