// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
)

func TestEveryOutcomeIsExpected(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, bound, func(*authtest.Issuer) {}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"grpc", "connect", "44 calls, 44 as expected"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), clientSecret) {
		t.Errorf("a secret was printed:\n%s", out.String())
	}
}

func TestWrongOutcomeIsNoticed(t *testing.T) {
	t.Parallel()
	for name, perturb := range map[string]func(*authtest.Issuer){
		"endpoint is down":        func(i *authtest.Issuer) { i.FailAlways(authtest.Introspection, authtest.Status(http.StatusBadGateway)) },
		"our secret was replaced": func(i *authtest.Issuer) { i.SetClient(clientID, "another") },
		"issuer names another":    func(i *authtest.Issuer) { i.SetMetadata("issuer", "https://other.test") },
		"answers with a web page": func(i *authtest.Issuer) { i.Fail(authtest.Introspection, authtest.Garbage("text/html", "<html>")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), &out, 100*time.Millisecond, perturb)
			if err == nil || !strings.Contains(err.Error(), "outcomes are not the expected ones") || !strings.Contains(out.String(), "WRONG: expected ok") {
				t.Errorf("got %v\n%s", err, out.String())
			}
		})
	}
}
