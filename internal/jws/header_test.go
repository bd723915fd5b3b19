// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws_test

import (
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

func TestKeyID(t *testing.T) {
	longest := strings.Repeat("k", 256)
	for header, want := range map[string]string{
		`{}`:                         "",
		`{"kid":"k"}`:                "k",
		`{"kid":"` + longest + `"}`:  longest,
		`{"kid":"` + longest + `k"}`: "refused",
		`{"kid":""}`:                 "refused",
		`{"kid":null}`:               "refused",
		`{"kid":5}`:                  "refused",
		`{"kid":["k"]}`:              "refused",
	} {
		o, err := strictjson.Parse([]byte(header))
		if err != nil {
			t.Fatal(err)
		}
		got, err := jws.KeyID(o)
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%.20s: %s, %v", header, got, err)
		}
	}
}

func TestMediaType(t *testing.T) {
	for typ, want := range map[string]string{
		"at+jwt": "at+jwt", "AT+JWT": "at+jwt", "application/at+jwt": "at+jwt", "Application/At+Jwt": "at+jwt",
		"": "", "application/": "", "text/at+jwt": "text/at+jwt", "at+jwt;x=1": "at+jwt;x=1",
	} {
		if got := jws.MediaType(typ); got != want {
			t.Errorf("%s: %s", typ, got)
		}
	}
}
