// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/bearerkit/bearerkit/authtest"
)

// published returns the key set as a client sees it, by key id.
func published(t *testing.T, i *authtest.Issuer) map[string]map[string]any {
	t.Helper()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	body := mustGet(t, i, "/jwks").body
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	if set.Keys == nil {
		t.Errorf("no array of keys in %s", body)
	}
	out := make(map[string]map[string]any)
	for _, k := range set.Keys {
		id, _ := k["kid"].(string)
		out[id] = k
	}
	return out
}

func kid(t *testing.T, token string) string {
	t.Helper()
	id, _ := headerOf(t, token)["kid"].(string)
	return id
}

func TestKeys(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	first := i.KeyID()
	second := i.Rotate()
	third := i.AddKey("EdDSA")
	if got := i.KeyIDs(); !slices.Equal(got, []string{first, second, third}) {
		t.Errorf("keys %v", got)
	}
	keys := published(t, i)
	if len(keys) != 3 || keys[third]["alg"] != "EdDSA" || keys[second]["alg"] != "ES256" {
		t.Errorf("keys %v", keys)
	}
	for id, jwk := range keys {
		token := i.Mint(authtest.SignedBy(id))
		if kid(t, token) != id || !verifies(t, token, jwk) {
			t.Errorf("token of %s: %s", id, token)
		}
	}
	if got := kid(t, i.Mint()); got != second {
		t.Errorf("signed by %s, want the rotated %s", got, second)
	}
	i.UseKey(third)
	if got := headerOf(t, i.Mint()); got["kid"] != third || got["alg"] != "EdDSA" || i.KeyID() != third {
		t.Errorf("header %v", got)
	}

	i.WithdrawKey(first)
	if keys := published(t, i); len(keys) != 2 || keys[first] != nil {
		t.Errorf("keys %v", keys)
	}
	withdrawn := i.Mint(authtest.SignedBy(first))
	if !verifies(t, withdrawn, object(t, string(i.PublicJWK(first)))) {
		t.Error("a withdrawn key does not sign")
	}
	i.PublishKey(first)
	if keys := published(t, i); len(keys) != 3 {
		t.Errorf("keys %v", keys)
	}
	for _, id := range i.KeyIDs() {
		i.WithdrawKey(id)
	}
	if keys := published(t, i); len(keys) != 0 {
		t.Errorf("keys %v", keys)
	}
	if _, ok := i.Key(first).(*ecdsa.PrivateKey); !ok {
		t.Errorf("key %T", i.Key(first))
	}
	for name, f := range map[string]func(){
		"UseKey": func() { i.UseKey("x") }, "WithdrawKey": func() { i.WithdrawKey("x") },
		"PublishKey": func() { i.PublishKey("x") }, "Key": func() { i.Key("x") },
		"PublicJWK": func() { i.PublicJWK("x") }, "ReplaceKey": func() { i.ReplaceKey("x") },
	} {
		t.Run(name, func(t *testing.T) { mustPanic(t, "never had a key", f) })
	}
	mustPanic(t, "algorithm", func() { i.Rotate("HS256") })
	mustPanic(t, "several", func() { i.AddKey("ES256", "ES384") })
}

func TestReplaceKey(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	id := i.KeyID()
	before := published(t, i)[id]
	old := i.Mint()
	i.ReplaceKey(id)
	after := published(t, i)[id]
	if i.KeyID() != id || before["x"] == after["x"] {
		t.Errorf("keys %v and %v", before, after)
	}
	now := i.Mint()
	if !verifies(t, now, after) || verifies(t, now, before) || verifies(t, old, after) {
		t.Error("the replaced key still signs")
	}
	i.WithdrawKey(id)
	i.ReplaceKey(id, "ES384")
	if len(published(t, i)) != 0 || headerOf(t, i.Mint())["alg"] != "ES384" {
		t.Error("a withdrawn key came back, or with another algorithm")
	}
}

func TestSetJWKS(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	i.SetJWKS([]byte("not json"))
	if a := mustGet(t, i, "/jwks"); a.body != "not json" || a.header.Get("Content-Type") != "application/jwk-set+json" {
		t.Errorf("answer %v", a)
	}
	i.SetJWKS([]byte{})
	if a := mustGet(t, i, "/jwks"); a.body != "" {
		t.Errorf("answer %v", a)
	}
	i.SetJWKS(nil)
	if len(published(t, i)) != 1 {
		t.Error("the real keys did not come back")
	}
}

func TestIssuersDiffer(t *testing.T) {
	t.Parallel()
	a := start(t, authtest.Config{InMemory: true})
	b := start(t, authtest.Config{InMemory: true})
	if a.KeyID() == b.KeyID() || string(a.PublicJWK(a.KeyID())) == string(b.PublicJWK(b.KeyID())) {
		t.Error("two issuers share a key or its id")
	}
}

func TestKeysConcurrently(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			id := i.Rotate()
			i.WithdrawKey(id)
			i.Mint(authtest.SignedBy(id))
			i.SetMetadata("issuer", "x")
			i.SetHeader(authtest.JWKS, "X", "y")
			i.Revoke(i.MintOpaque())
			i.Fail(authtest.JWKS, authtest.Status(500))
			mustGet(t, i, "/jwks")
			i.LastRequest(authtest.JWKS)
			mustGet(t, i, "/.well-known/openid-configuration")
		})
	}
	wg.Wait()
	if got := i.Requests(authtest.JWKS); got != 8 {
		t.Errorf("%d requests", got)
	}
	if ids := i.KeyIDs(); len(ids) != 1 {
		t.Errorf("keys %v", ids)
	}
}
