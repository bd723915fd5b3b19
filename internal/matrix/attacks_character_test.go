// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/attacks"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// characters are those of base64url, in the order of what they stand for.
const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// slips are ways to get one character of a token wrong. One that changes nothing of
// a character is no case.
var slips = map[string]func(c byte) string{
	"removed": func(byte) string { return "" },
	"twice":   func(c byte) string { return string([]byte{c, c}) },
	"the other one that differs in the lowest bit": func(c byte) string {
		if at := strings.IndexByte(characters, c); at >= 0 {
			return characters[at^1 : at^1+1]
		}
		return "A"
	},
	"in the other case": func(c byte) string {
		if upper := strings.ToUpper(string(c)); upper != string(c) {
			return upper
		}
		return strings.ToLower(string(c))
	},
	"as base64 has it": func(c byte) string { return strings.NewReplacer("-", "+", "_", "/").Replace(string(c)) },
}

// No character of a token is without meaning: with any of them changed it is another
// token, to a server that knows the good one as to one that remembers nothing.
func TestEveryCharacterOfATokenCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []*attacks.Case{
		// Old enough that a key which is not there is the token's fault, however long it
		// takes.
		{Name: "JWT", ClaimsRaw: map[string]string{"iat": "${now -300}"}},
		{Name: "opaque", Opaque: true},
	} {
		by := c.Judges()[0]
		sites := []*attacked{newAttacked(t, "without a cache", by, auth.WithoutCache()), newAttacked(t, "with a cache", by)}
		for _, name := range []string{"grpc-go unary", "connect unary h1"} {
			t.Run(c.Name+" over "+name, func(t *testing.T) {
				made, err := c.Make()
				if err != nil {
					t.Fatal(err)
				}
				over := slices.IndexFunc(matrix.Transports(), func(over matrix.Transport) bool { return over.Name == name })
				scene, good := made.Scene(t), made.Token
				known := func(when string) {
					for _, s := range sites {
						if seen := s.present(t, attacks.Bearer(good)); seen.Verdict != attacks.Accepted {
							t.Fatalf("%s, the good token %s: %s", when, s.site.Name, seen.Verdict)
						}
					}
				}
				for _, s := range sites {
					s.over = matrix.Transports()[over]
					s.site.Relay.To(scene.Verifier(t, by))
				}
				known("at first")
				for at := range len(good) {
					for slip, change := range slips {
						token := good[:at] + change(good[at]) + good[at+1:]
						if token == good {
							continue
						}
						what := fmt.Sprintf("character %d of %d %s", at, len(good), slip)
						uncached, cached := sites[0].present(t, attacks.Bearer(token)), sites[1].present(t, attacks.Bearer(token))
						if uncached.Verdict == attacks.Accepted || uncached != cached {
							t.Errorf("%s: %s %s, and %s %s", what, uncached.Verdict, sites[0].site.Name, cached.Verdict, sites[1].site.Name)
						}
					}
				}
				known("afterwards")
				if n := sites[1].site.Relay.Judged()[good].Times; n != 1 {
					t.Errorf("with a cache, the good token was judged %d times", n)
				}
			})
		}
	}
}
