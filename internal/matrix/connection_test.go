// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// A rule's own function may ask how the call came: by which HTTP method, and
// over which connection. What binds a token to a connection or to a request will
// ask the same.
func TestConnection(t *testing.T) {
	t.Parallel()
	var method string
	var state *tls.ConnectionState
	f := newFixture(t, ruled(auth.Rule{Authorize: func(ctx context.Context, r *auth.Request, _ *auth.Claims) error {
		method, state = r.HTTPMethod, r.Carrier.TLS(ctx)
		return nil
	}}))
	judge := func(over matrix.Transport) []string {
		var wrong faults
		want := http.MethodPost
		if over.Protocol == matrix.ConnectGet {
			want = http.MethodGet
		}
		wrong.check(method == want, "method %q, want %q", method, want)
		if !over.ShowsTLS() {
			wrong.check(state == nil, "TLS state %+v", state)
			return wrong
		}
		if state == nil {
			wrong.check(false, "no TLS state")
			return wrong
		}
		protocol := "http/1.1"
		if over.HTTP2 {
			protocol = "h2"
		}
		wrong.check(state.HandshakeComplete && state.Version >= tls.VersionTLS12, "TLS %x, complete %v", state.Version, state.HandshakeComplete)
		wrong.check(state.ServerName == "rs.test", "server name %q", state.ServerName)
		wrong.check(state.NegotiatedProtocol == protocol, "protocol %q, want %q", state.NegotiatedProtocol, protocol)
		return wrong
	}
	for _, over := range matrix.Transports() {
		method, state = "", nil
		if o := f.Do(t, over, matrix.Call{Header: matrix.Bearer(f.mint())}); !o.Handled {
			t.Errorf("%s: %q, %v %s", over.Name, o.Transport, o.Code, o.Message)
		}
		for _, w := range judge(over) {
			t.Errorf("%s: %s", over.Name, w)
		}
		for _, client := range f.Clients(t, over) {
			method, state = "", nil
			if r := client.Call(t.Context(), f.mint()); r.Err != nil {
				t.Errorf("%s, client of %s: %v", over.Name, client.Name, r.Err)
			}
			for _, w := range judge(over) {
				t.Errorf("%s, client of %s: %s", over.Name, client.Name, w)
			}
		}
	}
}
