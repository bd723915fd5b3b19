// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/authtest"
)

func TestEveryOutcomeIsExpected(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, func(*server) {}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	_, lines, _ := strings.Cut(out.String(), "\n\n")
	const want = `token of alice: active, says the issuer to certificate 1001 of widget-service
clientauth.rotation_failed: certificate 1001 is in use
token of alice: active, says the issuer to certificate 1001 of widget-service
clientauth.rotated: certificate 1002 is in use
token of alice: active, says the issuer to certificate 1002 of widget-service
`
	if lines != want {
		t.Errorf("got\n%swant\n%s", lines, want)
	}
}

func TestWrongOutcomeIsNoticed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		perturb func(*server)
		says    string
	}{
		"endpoint is down": {func(s *server) { s.fake.FailAlways(authtest.Introspection, authtest.Status(http.StatusBadGateway)) }, "ask with certificate 1001"},
		"no alias":         {func(s *server) { s.fake.SetMetadata("mtls_endpoint_aliases", map[string]string{}) }, "ask with certificate 1001"},
		"another one's alias": {func(s *server) {
			s.fake.SetMetadata("mtls_endpoint_aliases", map[string]string{"introspection_endpoint": "http://127.0.0.1:1/"})
		}, "ask with certificate 1001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := run(t.Context(), &out, tc.perturb); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q\n%s", err, tc.says, out.String())
			}
		})
	}
}
