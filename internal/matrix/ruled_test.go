// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
)

// ruledRows are rows for methods with one rule, behind a guard of their own.
type ruledRows struct {
	name    string
	rule    auth.Rule
	need    need // as challenges spell it
	options []auth.GuardOption
	rows    []ruledRow
}

// ruledRow is a call with one token, or without if token is nil.
type ruledRow struct {
	name  string
	token func(*fixture) string
	want  string
	// check is the exact one that failed.
	check auth.Check
	// missing are the scopes that the answer calls missing.
	missing string
}

// token mints one.
func token(options ...authtest.TokenOption) func(*fixture) string {
	return func(f *fixture) string { return f.mint(options...) }
}

// runRuled makes each call over every transport with every generated client that
// speaks the protocol, and byte by byte; that over TLS only the first, see
// runSampled.
func runRuled(t *testing.T, tables []ruledRows) {
	t.Helper()
	for _, table := range tables {
		t.Run(table.name, func(t *testing.T) {
			f := newFixture(t, append(table.options, ruled(table.rule))...)
			clients := make(map[string][]matrix.Client)
			for _, over := range matrix.Transports() {
				clients[over.Name] = f.Clients(t, over)
			}
			for i, r := range table.rows {
				t.Run(r.name, func(t *testing.T) {
					for _, over := range matrix.Transports() {
						if !over.TLS || i == 0 {
							f.checkRuled(t, r, table.need, over)
						}
						for _, client := range clients[over.Name] {
							f.checkClient(t, r, table.need, over, client)
						}
					}
				})
			}
		})
	}
}

// credential is the row's token and what of it must not come back.
func (r ruledRow) credential(f *fixture) (secret string, call matrix.Call) {
	if r.token == nil {
		return "", matrix.Call{}
	}
	secret = r.token(f)
	return secret, matrix.Call{Header: matrix.Bearer(secret)}
}

func (f *fixture) checkRuled(t *testing.T, r ruledRow, n need, over matrix.Transport) {
	t.Helper()
	_, c := r.credential(f)
	f.takeEvents()
	o := f.Do(t, over, c)
	events := f.takeEvents()
	wrong := append(judge(over, o, r.want, n, r.want == OK), judgeEvents(events, c.Procedure(over), r.want, r.check)...)
	if missing := o.Info.GetMetadata()[rpcerror.KeyMissingScopes]; missing != r.missing {
		t.Errorf("%s: missing scopes %q, want %q", over.Name, missing, r.missing)
	}
	for _, w := range append(wrong, leaks(o, events, presented(r.name, c))...) {
		t.Errorf("%s: %s", over.Name, w)
	}
}

func (f *fixture) checkClient(t *testing.T, r ruledRow, n need, over matrix.Transport, client matrix.Client) {
	t.Helper()
	secret, c := r.credential(f)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f.takeEvents()
	reply := client.Call(ctx, secret)
	wrong := append(judgeReply(reply, r.want, n), judgeEvents(f.takeEvents(), c.Procedure(over), r.want, r.check)...)
	for _, w := range wrong {
		t.Errorf("%s, client of %s: %s", over.Name, client.Name, w)
	}
}
