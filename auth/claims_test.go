// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

func TestClaimsAreImmutable(t *testing.T) {
	d := auth.ClaimsData{Audiences: []string{"a"}, Scopes: []string{"s"}, Payload: []byte(`{"tenant":"t"}`), Unmarshal: json.Unmarshal}
	c := claims(t, d)
	d.Audiences[0], d.Scopes[0], d.Payload[2] = "x", "x", 'x'
	c.Audiences()[0], c.Scopes()[0] = "x", "x"
	tenant, err := auth.ClaimsAs[tenantClaims](auth.NewContext(t.Context(), c))
	if !c.HasAudience("a") || !c.HasScope("s") || err != nil || tenant.Tenant != "t" {
		t.Errorf("got audiences %q, scopes %q, %+v, %v", c.Audiences(), c.Scopes(), tenant, err)
	}
}

func TestNewClaimsNeedsSomethingToRelyOn(t *testing.T) {
	for says, d := range map[string]auth.ClaimsData{
		"issuer":   {Deadline: time.Now()},
		"deadline": {Issuer: "https://i"},
		"decoder":  {Issuer: "https://i", Deadline: time.Now(), Payload: []byte("{}")},
	} {
		if _, err := auth.NewClaims(d); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error with %q", err, says)
		}
	}
}

func TestClaimsPrintNoPayload(t *testing.T) {
	c := claims(t, auth.ClaimsData{Subject: "evil\r\nsubject", Payload: []byte(`{"email":"someone"}`), Unmarshal: json.Unmarshal})
	type holder struct{ Claims *auth.Claims }
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%+v", holder{c}), fmt.Sprintf("%v %+v %#v", *c, *c, struct{ C auth.Claims }{*c})} {
		if strings.Contains(text, "someone") || strings.Contains(text, "\n") {
			t.Errorf("printed as %s", text)
		}
	}
}

type tenantClaims struct {
	Tenant string `json:"tenant"`
}

func (c *tenantClaims) Validate() error {
	if c.Tenant == "" {
		return errors.New("no tenant")
	}
	return nil
}

func TestClaimsAs(t *testing.T) {
	decoded := 0
	unmarshal := func(data []byte, v any) error { decoded++; return json.Unmarshal(data, v) }
	payload := []byte(`{"tenant":"blue","age":7}`)
	custom, err := auth.Decode[tenantClaims]().Decode(payload, unmarshal)
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.NewContext(t.Context(), claims(t, auth.ClaimsData{Payload: payload, Unmarshal: unmarshal, Custom: custom}))
	decoded = 0
	for range 3 {
		if got, err := auth.ClaimsAs[tenantClaims](ctx); err != nil || got.Tenant != "blue" {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if decoded != 0 {
		t.Errorf("decoded %d times more", decoded)
	}
	type other struct {
		Age int `json:"age"`
	}
	if got, err := auth.ClaimsAs[other](ctx); err != nil || got.Age != 7 || decoded != 1 {
		t.Errorf("another type: %+v, %v", got, err)
	}
	type wrong struct {
		Tenant int `json:"tenant"`
	}
	if _, err := auth.ClaimsAs[wrong](ctx); err == nil || strings.Contains(err.Error(), "blue") {
		t.Errorf("a type that does not fit: %v", err)
	}
	if _, err := auth.ClaimsAs[other](t.Context()); !errors.Is(err, auth.ErrNoClaims) {
		t.Errorf("without claims: %v", err)
	}
	if _, err := auth.Decode[tenantClaims]().Decode([]byte(`{}`), unmarshal); err == nil || !strings.Contains(err.Error(), "no tenant") {
		t.Errorf("Validate was not asked: %v", err)
	}
	if _, err := auth.Decode[*tenantClaims]().Decode([]byte(`{}`), unmarshal); err == nil || !strings.Contains(err.Error(), "no tenant") {
		t.Errorf("Validate was not asked of a pointer: %v", err)
	}
	if v, err := auth.Decode[*tenantClaims]().Decode(payload, unmarshal); err != nil || v.(*tenantClaims).Tenant != "blue" {
		t.Errorf("a pointer: %v, %v", v, err)
	}
	if v, err := (auth.Decoder{}).Decode(payload, unmarshal); v != nil || err != nil {
		t.Errorf("the zero Decoder returned %v, %v", v, err)
	}
}

func TestRequire(t *testing.T) {
	with := auth.NewContext(t.Context(), claims(t, auth.ClaimsData{Scopes: []string{"a", "b"}}))
	without := t.Context()
	for _, tc := range []struct {
		name     string
		err      error
		check    auth.Check
		required []string
		missing  []string
	}{
		{"all there", auth.RequireScopes(with, "a", "b"), "", nil, nil},
		{"none asked", auth.RequireScopes(with), "", nil, nil},
		{"one missing", auth.RequireScopes(with, "a", "c"), auth.CheckHandlerScopes, []string{"a", "c"}, []string{"c"}},
		{"nobody", auth.RequireScopes(without, "a"), auth.CheckHandlerClaims, []string{"a"}, nil},
		{"nobody, none asked", auth.RequireScopes(without), auth.CheckHandlerClaims, nil, nil},
		{"any there", auth.RequireAnyScope(with, "x", "b"), "", nil, nil},
		{"any missing", auth.RequireAnyScope(with, "x", "y"), auth.CheckHandlerScopes, []string{"x"}, []string{"x"}},
		{"any of none", auth.RequireAnyScope(with), "", nil, nil},
		{"any, nobody", auth.RequireAnyScope(without, "x", "y"), auth.CheckHandlerClaims, []string{"x"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, _ := errors.AsType[*auth.Error](tc.err)
			if e == nil {
				e = new(auth.Error)
			}
			if e.Check != tc.check || !slices.Equal(e.RequiredScopes, tc.required) || !slices.Equal(e.MissingScopes, tc.missing) {
				t.Errorf("got %+v", e)
			}
		})
	}
	if !auth.HasScopes(with, "a") || auth.HasScopes(with, "a", "c") || auth.HasScopes(without) || auth.HasScopes(with, "A") {
		t.Error("HasScopes is wrong")
	}
}
