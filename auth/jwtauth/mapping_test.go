// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"testing"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

func TestClaimNames(t *testing.T) {
	f := newFixture(t, "ES256")
	names := jwtauth.ClaimNames{
		Scopes: []string{"scope", "scp", "permissions", "/resource_access/api~1v1/roles"},
		Roles:  []string{"/realm_access/roles", "https://example.com/roles", "groups"},
		Tenant: "tenant_id", User: "/profile/name",
	}
	base := func(more ...authtest.TokenOption) string {
		return f.mint(append([]authtest.TokenOption{authtest.Claim("tenant_id", "t"), authtest.Claim("profile", map[string]any{"name": "n"})}, more...)...)
	}
	object := func(pairs ...any) map[string]any {
		o := make(map[string]any)
		for i := 0; i < len(pairs); i += 2 {
			o[pairs[i].(string)] = pairs[i+1]
		}
		return o
	}
	for name, tc := range map[string]struct {
		token string
		want  string // scopes, roles, tenant, user; or the check
	}{
		"all places": {base(
			authtest.Scopes("a", "b"), authtest.Claim("scp", []string{"c", "a"}), authtest.Claim("permissions", "d e"),
			authtest.Claim("resource_access", object("api/v1", object("roles", []string{"f", "g"}))),
			authtest.Claim("realm_access", object("roles", []string{"r1"})), authtest.Claim("https://example.com/roles", []string{"r2"}), authtest.Claim("groups", "r3"),
		), "[a b c d e f g] [r1 r2 r3] t n"},
		"a group with spaces":       {base(authtest.WithoutClaim("scope"), authtest.Claim("scp", []string{"friends of admin"})), "[friends of admin] [] t n"},
		"nothing but what must be":  {base(authtest.WithoutClaim("scope")), "[] [] t n"},
		"another name":              {base(authtest.WithoutClaim("scope"), authtest.Claim("scopes", "x"), authtest.Claim("Scope", "x")), "[] [] t n"},
		"a path through a string":   {base(authtest.WithoutClaim("scope"), authtest.Claim("resource_access", "x")), "[] [] t n"},
		"a path that ends early":    {base(authtest.WithoutClaim("scope"), authtest.Claim("resource_access", object("api/v1", []string{"x"}))), "[] [] t n"},
		"scopes are a number":       {base(authtest.Claim("scp", 5)), "jwt_scope"},
		"a scope is a number":       {base(authtest.Claim("scp", []any{"a", 5})), "jwt_scope"},
		"scopes are an object":      {base(authtest.Claim("permissions", object("a", true))), "jwt_scope"},
		"scopes are null":           {base(authtest.Claim("scp", nil)), "jwt_scope"},
		"a role is a number":        {base(authtest.Claim("groups", []any{5})), "jwt_mapping"},
		"roles are null":            {base(authtest.Claim("groups", nil)), "jwt_mapping"},
		"no tenant":                 {base(authtest.WithoutClaim("tenant_id")), "jwt_mapping"},
		"an empty tenant":           {base(authtest.Claim("tenant_id", "")), "jwt_mapping"},
		"a tenant that is a number": {base(authtest.Claim("tenant_id", 7)), "jwt_mapping"},
		"no user":                   {base(authtest.Claim("profile", object())), "jwt_mapping"},
	} {
		config := strict()
		config.Claims = names
		var got string
		claims, err := verify(t.Context(), f.verifier(t, config), tc.token)
		if err != nil {
			got = map[string]string{invalid(jwtauth.CheckScope): "jwt_scope", invalid(jwtauth.CheckMapping): "jwt_mapping"}[result(err)]
		} else {
			got = fmt.Sprint(claims.Scopes(), " ", claims.Roles(), " ", claims.Tenant(), " ", claims.User())
			if len(claims.Roles()) > 0 && !claims.HasRole(claims.Roles()[0]) || claims.HasRole("R1") {
				t.Errorf("%s: HasRole is wrong", name)
			}
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
	// The profile asks for scopes where the configuration says they are.
	legacy := jwtauth.Config{Audiences: []string{audience}, Profile: jwtauth.Legacy, Claims: jwtauth.ClaimNames{Scopes: []string{"scp", "permissions"}}}
	for claim, want := range map[string]string{"scp": ok, "permissions": ok, "scope": invalid(jwtauth.CheckScope)} {
		token := f.mint(authtest.WithoutHeader("typ"), authtest.WithoutClaim("scope"), authtest.Claim(claim, "a"))
		if _, err := verify(t.Context(), f.verifier(t, legacy), token); result(err) != want {
			t.Errorf("Legacy with %s: %s, want %s", claim, result(err), want)
		}
	}
	// An array is a scope only where the configuration says that it may be.
	if _, err := verify(t.Context(), f.verifier(t, strict()), f.mint(authtest.Claim("scope", []string{"a"}))); result(err) != invalid(jwtauth.CheckScope) {
		t.Errorf("scope as an array: %v", err)
	}
	config := strict()
	config.Claims.Scopes = []string{"scope"}
	if claims, err := verify(t.Context(), f.verifier(t, config), f.mint(authtest.Claim("scope", []string{"a"}))); err != nil || !claims.HasScope("a") {
		t.Errorf("scope as an array, configured: %v", err)
	}
}
