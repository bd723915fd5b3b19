// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/internal/jws"
)

// What is cut and decodes is what Split takes.
func TestCut(t *testing.T) {
	const head, body, tail = "eyJhIjoxfQ", "e30", "AAECAw"
	for c := range 256 {
		for _, raw := range []string{
			head + string([]byte{byte(c)}) + "." + body + "." + tail,
			head + "." + string([]byte{byte(c)}) + body + "." + tail,
			head + "." + body + "." + tail + string([]byte{byte(c)}),
			head + "." + body + "." + tail[:4] + string([]byte{byte(c)}) + tail[4:],
		} {
			cut, ok := jws.Cut(raw)
			for _, segment := range []string{cut.Header, cut.Payload, cut.Signature} {
				_, err := jws.Decode(segment)
				ok = ok && err == nil
			}
			if split, is := jws.Split(raw); ok && (!is || split != cut) {
				t.Errorf("%q decodes, and Split does not take it", raw)
			}
		}
	}
}
