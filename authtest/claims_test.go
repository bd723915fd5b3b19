// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

type tenant struct {
	Name string `json:"tenant"`
}

func TestWithClaims(t *testing.T) {
	t.Parallel()
	ctx := authtest.WithClaims(t.Context(), auth.ClaimsData{Subject: "u", Scopes: []string{"read"}, Custom: tenant{"t1"}})
	claims, ok := auth.FromContext(ctx)
	if !ok || claims.Issuer() != "https://issuer.test" || claims.Subject() != "u" || !claims.HasScope("read") {
		t.Errorf("claims %v, %v", claims, ok)
	}
	if left := time.Until(claims.Deadline()); left < 59*time.Minute || left > time.Hour {
		t.Errorf("deadline in %v", left)
	}
	if got, err := auth.ClaimsAs[tenant](ctx); err != nil || got.Name != "t1" {
		t.Errorf("custom %v, %v", got, err)
	}
	if err := auth.RequireScopes(ctx, "read"); err != nil {
		t.Error(err)
	}
	if err := auth.RequireScopes(ctx, "write"); err == nil {
		t.Error("a scope that was not granted")
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	past := time.Unix(1, 0)
	claims := authtest.Claims(auth.ClaimsData{Issuer: "https://a.test", Deadline: past})
	if claims.Issuer() != "https://a.test" || !claims.Deadline().Equal(past) {
		t.Errorf("claims %v until %v", claims, claims.Deadline())
	}
	if authtest.Claims(auth.ClaimsData{}).Issuer() == "" {
		t.Error("claims of nothing have no issuer")
	}
	ctx := authtest.WithClaims(t.Context(), auth.ClaimsData{Payload: []byte(`{"tenant":"t2"}`)})
	if got, err := auth.ClaimsAs[tenant](ctx); err != nil || got.Name != "t2" {
		t.Errorf("payload %v, %v", got, err)
	}
}
