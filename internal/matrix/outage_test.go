// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// an outage of the issuer is nobody's fault and lets nobody in. Callers
// throw a token away that is called invalid, so it must not be.
func TestIssuerDown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		endpoint authtest.Endpoint
		fault    authtest.Fault
	}{
		{"A-18 metadata: 500", authtest.Discovery, authtest.Status(http.StatusInternalServerError)},
		{"A-18 metadata: 404", authtest.Discovery, authtest.Status(http.StatusNotFound)},
		{"A-18 metadata: reset", authtest.Discovery, authtest.Reset()},
		{"A-18 K14 metadata: of another issuer", authtest.Discovery, authtest.Garbage("application/json", `{"issuer":"https://as.test.evil","jwks_uri":"https://as.test/jwks"}`)},
		{"A-18 keys: 500", authtest.JWKS, authtest.Status(http.StatusInternalServerError)},
		{"A-18 keys: 401", authtest.JWKS, authtest.Status(http.StatusUnauthorized)},
		{"A-18 K10 keys: none", authtest.JWKS, authtest.Garbage("application/json", `{"keys":[]}`)},
		{"A-18 K12 keys: a page", authtest.JWKS, authtest.Garbage("text/html", `<html>`)},
		{"A-18 K12 keys: redirect", authtest.JWKS, authtest.Redirect("https://as.test/jwks")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.as.FailAlways(tc.endpoint, tc.fault)
			f.run(t, []row{
				{"A-18 good", minted(), UN, nil},
				{"A-18 none", fields(), NC, nil},
			})
		})
	}
	t.Run("every kind of call", func(t *testing.T) {
		f := newFixture(t)
		f.as.FailAlways(authtest.Discovery, authtest.Status(http.StatusInternalServerError))
		post := map[string]string{"GET": transport}
		f.run(t, []row{
			{"A-18 good, for a method with another rule", calling("CreateWidget", "", minted()), UN, post},
			{"A-18 good, for a method without a rule", calling("DeleteWidget", "", minted()), UN, post},
			{"A-18 forged, which nobody can tell", minted(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), UN, nil},
			{"A-18 expired, which nobody can tell", minted(authtest.IssuedAt(time.Now().Add(-time.Hour)), authtest.Lifetime(time.Minute)), UN, nil},
			{"A-18 bad without a key", minted(authtest.Header("alg", "none")), IT, nil},
			{"A-18 malformed", value("Bearer"), IR, nil},
			{"A-18 public", calling("Ping", "", minted()), OK, map[string]string{"stream": UN, "GET": transport}},
		})
	})
}

// A client library tells an outage from a bad token, and how long to wait.
func TestClientsOfIssuerDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.as.FailAlways(authtest.JWKS, authtest.Status(http.StatusInternalServerError))
	for _, r := range []ruledRow{
		{"good", token(), UN, jwtauth.CheckKeys, ""},
		{"none", nil, NC, auth.CheckCredentialAbsent, ""},
	} {
		t.Run("A-18 "+r.name, func(t *testing.T) {
			for _, over := range matrix.Transports() {
				for _, client := range f.Clients(t, over) {
					f.checkClient(t, r, need{scope: "read"}, over, client)
				}
			}
		})
	}
}

// An outage that comes later stops neither those whose key is known, nor tells
// those apart whose key is not.
func TestIssuerGoesDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run(t, []row{{"A-18 before", minted(), OK, nil}})
	known := f.as.KeyID()
	f.as.FailAlways(authtest.JWKS, authtest.Status(http.StatusServiceUnavailable))
	f.as.Rotate()
	f.run(t, []row{
		{"A-18 good", minted(authtest.SignedBy(known)), OK, nil},
		{"A-18 bad", minted(authtest.SignedBy(known), authtest.Audience("https://evil.test")), IT, nil},
		{"A-18 lacks the scope", minted(authtest.SignedBy(known), authtest.Scopes("write")), IS, nil},
		{"A-18 K18 of the next key", minted(), UN, nil},
	})
}
