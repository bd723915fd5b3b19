// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

// However many headers there are, few are kept, and the latest ones are.
func TestKnownHeadersAreFew(t *testing.T) {
	k := new(knownHeaders)
	if k.find("") != nil || (*knownHeaders)(nil).find("a") != nil {
		t.Fatal("found among none")
	}
	token := strings.Repeat("x", 100)
	const n = 3*maxKnownHeaders + 1
	for i := range n {
		k.add(&knownHeader{segment: fmt.Sprint(token, i)})
	}
	for i := range n {
		if found := k.find(fmt.Sprint(token, i)) != nil; found != (i >= n-maxKnownHeaders) {
			t.Errorf("header %d of %d: found %t", i, n, found)
		}
	}
	long := strings.Repeat("x", maxKnownHeader+1)
	if k.add(&knownHeader{segment: long}); k.find(long) != nil {
		t.Error("a long one is kept")
	}
}

// A header is remembered after a good signature, and not before: otherwise whoever
// can send tokens could choose what is.
func TestHeadersAreKnownFromGoodTokens(t *testing.T) {
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = as.Close() }()
	iss, err := issuer.New(as.URL(), issuer.WithTransport(as.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = iss.Close() }()
	v, err := New(iss, Config{Audiences: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		option authtest.TokenOption
		known  bool
	}{
		"good":   {authtest.Header("x", "1"), true},
		"forged": {authtest.Signature(func([]byte) []byte { return make([]byte, 64) }), false},
	} {
		token := as.Mint(tc.option, authtest.Header("name", name))
		c, err := auth.NewBearer(token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), c); (err == nil) != tc.known {
			t.Errorf("%s: %v", name, err)
		}
		segment, _, _ := strings.Cut(token, ".")
		if known := v.known.find(segment); (known != nil) != tc.known {
			t.Errorf("%s: known %v", name, known)
		}
	}
}
