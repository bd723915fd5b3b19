// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"crypto/sha256"

	"github.com/bearerkit/bearerkit/authtest"
)

// asks posts a token with an Accept header and, if it is not empty, a client id.
func asks(t *testing.T, i *authtest.Issuer, token, accept, client string) answer {
	t.Helper()
	form := url.Values{"token": {token}}
	if client != "" {
		form.Set("client_id", client)
	}
	return post(t, i, form, func(r *http.Request) { r.Header.Set("Accept", accept) })
}

// opened returns header and claims of a JWT whose ES256 signature is the issuer's.
func opened(t *testing.T, i *authtest.Issuer, jwt string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %s", jwt)
	}
	var decoded [3][]byte
	for n, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil {
			t.Fatal(err)
		}
		decoded[n] = b
	}
	var set struct {
		Keys []struct{ Kid, X, Y string }
	}
	if err := json.Unmarshal([]byte(mustGet(t, i, "/jwks").body), &set); err != nil {
		t.Fatal(err)
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	header, claims = object(t, string(decoded[0])), object(t, string(decoded[1]))
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, k := range set.Keys {
		public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(k.X), Y: number(k.Y)} //nolint:staticcheck // there is no other way from coordinates that is as short
		if k.Kid == header["kid"] && len(decoded[2]) == 64 && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(decoded[2][:32]), new(big.Int).SetBytes(decoded[2][32:])) {
			return header, claims
		}
	}
	t.Fatal("the signature is nobody's")
	return nil, nil
}

func TestSignedIntrospection(t *testing.T) {
	t.Parallel()
	both(t, authtest.Config{}, func(t *testing.T, i *authtest.Issuer) {
		for name, token := range map[string]string{"active": i.MintOpaque(authtest.Scopes("a")), "inactive": "unknown"} {
			a := asks(t, i, token, "application/json;q=0.5, application/token-introspection+jwt", "rs-1")
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/token-introspection+jwt" {
				t.Fatalf("%s: answer %v", name, a)
			}
			header, claims := opened(t, i, a.body)
			if header["typ"] != "token-introspection+jwt" || header["alg"] != "ES256" {
				t.Errorf("%s: header %v", name, header)
			}
			iat, _ := claims["iat"].(float64)
			if claims["iss"] != i.URL() || claims["aud"] != "rs-1" || time.Since(time.Unix(int64(iat), 0)) > time.Minute || claims["sub"] != nil || claims["exp"] != nil {
				t.Errorf("%s: claims %v", name, claims)
			}
			inner, _ := claims["token_introspection"].(map[string]any)
			if inner["active"] != (name == "active") {
				t.Errorf("%s: %v", name, inner)
			}
		}
		if a := asks(t, i, i.MintOpaque(), "application/json", "rs-1"); a.header.Get("Content-Type") != "application/json" {
			t.Errorf("signed without being asked for: %v", a)
		}
	})
}

func TestSignedIntrospectionChanged(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	old := i.MintOpaque()
	i.Fail(authtest.Introspection,
		i.SignedIntrospection(authtest.Header("typ", "JWT"), authtest.Claim("aud", "x"), authtest.WithoutClaim("token_introspection"), authtest.IssuedAt(time.Unix(1, 0))),
		i.SignedIntrospection(authtest.RawClaims("text")),
		i.SignedIntrospection(authtest.Signature(func([]byte) []byte { return nil })),
	)
	header, claims := opened(t, i, asks(t, i, old, "", "").body)
	if header["typ"] != "JWT" || len(claims) != 3 || claims["aud"] != "x" || claims["iat"] != float64(1) {
		t.Errorf("%v %v", header, claims)
	}
	if body := asks(t, i, old, "", "").body; strings.Split(body, ".")[1] != base64.RawURLEncoding.EncodeToString([]byte("text")) {
		t.Error(body)
	}
	if body := asks(t, i, old, "", "").body; !strings.HasSuffix(body, ".") {
		t.Error(body)
	}
}

func TestOAuthError(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true})
	i.Fail(authtest.Introspection, authtest.OAuthError(http.StatusBadRequest, "invalid_client"))
	a := asks(t, i, i.MintOpaque(), "", "")
	m := object(t, a.body)
	if a.status != http.StatusBadRequest || m["error"] != "invalid_client" || m["error_description"] != authtest.Confidential {
		t.Errorf("%v", a)
	}
}

func TestSetClient(t *testing.T) {
	t.Parallel()
	i := start(t, authtest.Config{InMemory: true, ClientID: "a", ClientSecret: "b"})
	form := func(secret string) url.Values {
		return url.Values{"token": {"x"}, "client_id": {"a"}, "client_secret": {secret}}
	}
	i.SetClient("a", "c")
	if a := post(t, i, form("b"), nil); a.status != http.StatusUnauthorized {
		t.Errorf("the old secret: %v", a)
	}
	if a := post(t, i, form("c"), nil); a.status != http.StatusOK {
		t.Errorf("the new secret: %v", a)
	}
	i.SetClient("", "")
	if a := post(t, i, url.Values{"token": {"x"}}, nil); a.status != http.StatusOK {
		t.Errorf("nobody's: %v", a)
	}
}
