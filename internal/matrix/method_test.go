// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// Every kind of method, every kind of stream.
func TestMethods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good, none, bad := minted(), fields(), value("Bearer canary-canary-canary")
	for _, stream := range []string{"WatchWidgets", "ImportWidgets", "SyncWidgets"} {
		except := map[string]string{}
		if stream == "SyncWidgets" {
			except["http1 stream"] = transport // both directions at once need HTTP/2
		}
		f.run(t, []row{
			{stream + ": good", calling("", stream, good), OK, except},
			{stream + ": none", calling("", stream, none), NC, except},
			{stream + ": bad", calling("", stream, bad), IT, except},
			{stream + ": two", calling("", stream, fields("authorization", "Bearer TOKEN", "authorization", "Bearer TOKEN")), IR, except},
			{stream + ": lacks the scope", calling("", stream, minted(authtest.Scopes("write"))), IS, except},
			{stream + ": expired", calling("", stream, minted(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute))), EX, except},
		})
	}
	// Streaming transports call WatchWidgets in these, and only GetWidget may be
	// called with GET.
	streams := func(want string) map[string]string { return map[string]string{"stream": want, "GET": transport} }
	f.run(t, []row{
		{"CreateWidget: lacks write", calling("CreateWidget", "", good), IS, streams(OK)},
		{"CreateWidget: none", calling("CreateWidget", "", none), NC, streams(NC)},
		{"CreateWidget: write", calling("CreateWidget", "", minted(authtest.Scopes("read", "write"))), OK, streams(OK)},
		{"H16 no rule: none", calling("DeleteWidget", "", none), NC, streams(NC)},
		{"H16 no rule: bad", calling("DeleteWidget", "", bad), IT, streams(IT)},
		{"H16 no rule: good", calling("DeleteWidget", "", good), MD, streams(OK)},
		{"H16 no rule: every scope", calling("DeleteWidget", "", minted(authtest.Scopes("read", "write", "admin"))), MD, streams(OK)},
		// Public means that credentials are not read.
		{"public: none", calling("Ping", "", none), OK, streams(NC)},
		{"public: bad", calling("Ping", "", bad), OK, streams(IT)},
		{"public: two", calling("Ping", "", fields("authorization", "Bearer a", "authorization", "Bearer b")), OK, streams(IR)},
		{"H16 health, which is not served", func(*fixture) matrix.Call { return matrix.Call{Path: "/grpc.health.v1.Health/Check"} }, transport, nil},
		{"H16 reflection, which is not served", func(*fixture) matrix.Call {
			return matrix.Call{Path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}
		}, transport, nil},
	})
}
