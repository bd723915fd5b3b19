// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

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
		lent := lentTo(r.Context(), mine)
		if lent == nil || lent.writer != recorder || lent.request.Method != http.MethodGet {
			t.Errorf("lent %+v", lent)
		}
		c := carrier{header: r.Header, lent: lent}
		if state := c.TLS(r.Context()); state == nil || state.ServerName != "rs.test" {
			t.Errorf("TLS state %+v", state)
		}
		if got := c.Values(r.Context(), "authorization"); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("values %q", got)
		}
		if lentTo(r.Context(), other) != nil {
			t.Error("lent to another guard")
		}
	})).ServeHTTP(recorder, request)
	if !called {
		t.Error("the middleware decided something")
	}
	if state := (carrier{header: request.Header}).TLS(t.Context()); state != nil {
		t.Errorf("TLS state %+v without the middleware", state)
	}
}
