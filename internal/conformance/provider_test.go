// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// jwk is a key of the server's key set, with every member it came with.
type jwk map[string]string

func TestJWTAccessTokens(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	for _, tt := range []struct{ resource, alg, kid string }{
		{"urn:api:jwt", "RS256", "rsa-1"},
		{"urn:api:jwt:es256", "ES256", "ec-1"},
		{"urn:api:jwt:eddsa", "EdDSA", "ed-1"},
	} {
		before := time.Now().Unix()
		raw := token(t, p, TokenRequest{Resource: tt.resource, Scope: "read"})
		header, claims := verify(t, keySet(t, p), raw)
		if want := map[string]any{"alg": tt.alg, "typ": "at+jwt", "kid": tt.kid}; !reflect.DeepEqual(header, want) {
			t.Errorf("%s: header %v, want %v", tt.resource, header, want)
		}
		if id, _ := claims["jti"].(string); id == "" {
			t.Errorf("%s: jti %v, want a string", tt.resource, claims["jti"])
		}
		iat, _ := claims["iat"].(float64)
		if after := time.Now().Unix(); int64(iat) < before || int64(iat) > after {
			t.Errorf("%s: iat %v, want %d to %d", tt.resource, claims["iat"], before, after)
		}
		delete(claims, "jti")
		want := map[string]any{
			"iss": p.Issuer(), "sub": ClientID, "client_id": ClientID, "aud": tt.resource, "scope": "read",
			"iat": iat, "exp": iat + 600,
		}
		if !reflect.DeepEqual(claims, want) {
			t.Errorf("%s: claims %v, want %v", tt.resource, claims, want)
		}
	}
}

func TestOpaqueAccessTokens(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	for _, tt := range []struct {
		name     string
		request  TokenRequest
		clientID string
		audience any
	}{
		{"with a resource", TokenRequest{Resource: "urn:api:opaque", Scope: "read"}, ClientID, "urn:api:opaque"},
		{"without a resource", TokenRequest{Scope: "read"}, ClientID, nil},
		{"with a scope unknown to the server", TokenRequest{Scope: "read admin"}, ClientID, nil},
		{"odd client", TokenRequest{ClientID: "rs:basic+odd", ClientSecret: "p:%+&=/ ~sec ret-0123456789-0123456789", Scope: "read"}, "rs:basic+odd", nil},
	} {
		raw := token(t, p, tt.request)
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(raw) {
			t.Errorf("%s: token %q, want 43 characters of base64url", tt.name, raw)
		}
		got := introspect(t, p, raw)
		iat, _ := got["iat"].(float64)
		want := map[string]any{
			"active": true, "iss": p.Issuer(), "client_id": tt.clientID, "scope": "read", "token_type": "Bearer",
			"iat": iat, "exp": iat + 600,
		}
		if tt.audience != nil {
			want["aud"] = tt.audience
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: introspection %v, want %v", tt.name, got, want)
		}
	}
	if got, want := introspect(t, p, "unknown"), (map[string]any{"active": false}); !reflect.DeepEqual(got, want) {
		t.Errorf("unknown token: introspection %v, want %v", got, want)
	}
}

func TestTokenRefused(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	for _, tt := range []struct {
		name    string
		request TokenRequest
		want    string
	}{
		{"wrong secret", TokenRequest{ClientID: ClientID, ClientSecret: "wrong"}, "invalid_client"},
		{"unknown client", TokenRequest{ClientID: "nobody", ClientSecret: "wrong"}, "invalid_client"},
		{"scope of users", TokenRequest{Scope: "openid"}, "invalid_scope"},
		{"relative resource", TokenRequest{Resource: "widgets"}, "invalid_target"},
	} {
		raw, err := p.Token(t.Context(), tt.request)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: token %q, error %v, want %s", tt.name, raw, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Token(ctx, TokenRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
}

func TestAccessTokenTTL(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{AccessTokenTTL: 2 * time.Second})
	opaque := token(t, p, TokenRequest{})
	_, claims := verify(t, keySet(t, p), token(t, p, TokenRequest{Resource: "urn:api:jwt"}))
	if life := claims["exp"].(float64) - claims["iat"].(float64); life != 2 {
		t.Errorf("a JWT lives %v s, want 2", life)
	}
	if got := introspect(t, p, opaque)["active"]; got != true {
		t.Errorf("active %v at first", got)
	}
	for deadline := time.Now().Add(10 * time.Second); introspect(t, p, opaque)["active"] != false; {
		if time.Now().After(deadline) {
			t.Fatal("an opaque token of 2 s is still active after 10 s")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	resp := get(t, p.HTTPClient(), p.Issuer()+"/jwks")
	if got, want := resp.Header.Get("Content-Type"), "application/jwk-set+json; charset=utf-8"; got != want {
		t.Errorf("Content-Type %q, want %q", got, want)
	}
	for _, name := range []string{"Cache-Control", "ETag", "Last-Modified"} {
		if got := resp.Header.Get(name); got != "" {
			t.Errorf("%s %q, want none", name, got)
		}
	}
	want := []struct {
		fixed jwk
		more  []string
	}{
		{jwk{"kid": "rsa-1", "kty": "RSA", "alg": "RS256", "use": "sig"}, []string{"e", "n"}},
		{jwk{"kid": "ec-1", "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig"}, []string{"x", "y"}},
		{jwk{"kid": "ed-1", "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}, []string{"x"}},
	}
	keys := keySet(t, p)
	if len(keys) != len(want) {
		t.Fatalf("%d keys, want %d", len(keys), len(want))
	}
	for i, w := range want {
		for name, value := range w.fixed {
			if keys[i][name] != value {
				t.Errorf("key %d: %s %q, want %q", i, name, keys[i][name], value)
			}
		}
		// No other member at all, and so no private one.
		for name := range keys[i] {
			if _, ok := w.fixed[name]; !ok && !slices.Contains(w.more, name) {
				t.Errorf("key %d: unexpected member %s", i, name)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	opaque := token(t, p, TokenRequest{})
	old := token(t, p, TokenRequest{Resource: "urn:api:jwt"})
	step := func(name, signer string, published ...string) {
		t.Helper()
		keys := keySet(t, p)
		if got := kids(keys); !slices.Equal(got, published) {
			t.Errorf("%s: key set %q, want %q", name, got, published)
		}
		header, _ := verify(t, keys, token(t, p, TokenRequest{Resource: "urn:api:jwt"}))
		if header["kid"] != signer {
			t.Errorf("%s: signed by %v, want %s", name, header["kid"], signer)
		}
	}
	step("at first", "rsa-1", "rsa-1", "ec-1", "ed-1")
	before := keySet(t, p)
	p.AddKey("rsa-2", "RS256")
	step("added", "rsa-1", "rsa-1", "ec-1", "ed-1", "rsa-2")
	p.FirstKey("rsa-2")
	step("moved to the front", "rsa-2", "rsa-2", "rsa-1", "ec-1", "ed-1")
	verify(t, keySet(t, p), old)
	p.RemoveKey("rsa-1")
	step("removed", "rsa-2", "rsa-2", "ec-1", "ed-1")

	after := keySet(t, p)
	if !reflect.DeepEqual(before[1:], after[1:]) {
		t.Error("the rotation of one key changed the others")
	}
	if got := introspect(t, p, opaque)["active"]; got != true {
		t.Errorf("an opaque token from before the rotation: active %v", got)
	}
}

func TestRotationOfOtherAlgorithms(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	for _, tt := range []struct{ resource, alg, kid string }{
		{"urn:api:es256", "ES256", "ec-2"},
		{"urn:api:eddsa", "EdDSA", "ed-2"},
	} {
		p.AddKey(tt.kid, tt.alg)
		p.FirstKey(tt.kid)
		header, _ := verify(t, keySet(t, p), token(t, p, TokenRequest{Resource: tt.resource}))
		if header["kid"] != tt.kid || header["alg"] != tt.alg {
			t.Errorf("%s: header %v, want kid %s", tt.alg, header, tt.kid)
		}
	}
}

func TestControlRefusals(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	for _, path := range []string{
		"/keys/add?alg=RS256", "/keys/add?alg=HS256&kid=new", "/keys/add?kid=new", "/keys/add?alg=RS256&kid=ec-1",
		"/keys/first?kid=unknown", "/keys/remove?kid=unknown", "/keys/remove", "/nowhere",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.control+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.do(req, nil); err == nil || !strings.HasPrefix(err.Error(), "400 ") {
			t.Errorf("%s: error %v, want status 400", path, err)
		}
	}
	if got, want := kids(keySet(t, p)), []string{"rsa-1", "ec-1", "ed-1"}; !slices.Equal(got, want) {
		t.Errorf("key set %q afterwards, want %q", got, want)
	}
}

// Every server has new keys under the same ids.
func TestRestart(t *testing.T) {
	t.Parallel()
	first, second := keySet(t, Start(t, Options{})), keySet(t, Start(t, Options{}))
	if !slices.Equal(kids(first), kids(second)) {
		t.Errorf("ids %q, then %q", kids(first), kids(second))
	}
	if first[0]["n"] == second[0]["n"] {
		t.Error("the same RSA key twice")
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{TLS: false}, {TLS: true}} {
		p := Start(t, o)
		scheme := "http://127.0.0.1:"
		if o.TLS {
			scheme = "https://127.0.0.1:"
		}
		if !strings.HasPrefix(p.Issuer(), scheme) {
			t.Errorf("issuer %s, want %s...", p.Issuer(), scheme)
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			var doc map[string]any
			if err := json.Unmarshal(get(t, p.HTTPClient(), p.Issuer()+path).body, &doc); err != nil {
				t.Fatal(err)
			}
			for name, suffix := range map[string]string{
				"issuer":                        "",
				"jwks_uri":                      "/jwks",
				"token_endpoint":                "/token",
				"introspection_endpoint":        "/token/introspection",
				"revocation_endpoint":           "/token/revocation",
				"authorization_endpoint":        "/auth",
				"device_authorization_endpoint": "/device/auth",
				"end_session_endpoint":          "/session/end",
				"userinfo_endpoint":             "/me",
			} {
				if doc[name] != p.Issuer()+suffix {
					t.Errorf("TLS %v, %s: %s %v, want %s", o.TLS, path, name, doc[name], p.Issuer()+suffix)
				}
			}
			for _, name := range []string{"introspection_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"} {
				if got, ok := doc[name]; ok {
					t.Errorf("TLS %v, %s: %s %v, want none", o.TLS, path, name, got)
				}
			}
			aliases, _ := doc["mtls_endpoint_aliases"].(map[string]any)
			alias, _ := aliases["token_endpoint"].(string)
			if !strings.HasPrefix(alias, "https://127.0.0.1:") {
				t.Errorf("TLS %v, %s: mtls_endpoint_aliases %v", o.TLS, path, aliases)
			}
		}
	}
}

func TestTLSIssuer(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{TLS: true})
	raw := token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"})
	if _, claims := verify(t, keySet(t, p), raw); claims["iss"] != p.Issuer() {
		t.Errorf("iss %v, want %s", claims["iss"], p.Issuer())
	}
	// The certificate is good for the name as well as for the address.
	get(t, p.HTTPClient(), strings.Replace(p.Issuer(), "127.0.0.1", "localhost", 1)+"/jwks")

	var unknown x509.UnknownAuthorityError
	stranger := &http.Client{Transport: &http.Transport{}}
	if resp, err := stranger.Get(p.Issuer() + "/jwks"); !errors.As(err, &unknown) {
		if err == nil {
			_ = resp.Body.Close()
		}
		t.Errorf("a client that does not trust the CA: error %v, want an unknown authority", err)
	}
}

// The HTTPS listener binds a token to the certificate of the caller, also where
// the issuer is the HTTP origin.
func TestCertificateBoundToken(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	raw, thumbprint := bindToken(t, p, "urn:api:jwt")
	_, claims := verify(t, keySet(t, p), raw)
	want := map[string]any{"x5t#S256": thumbprint}
	if !reflect.DeepEqual(claims["cnf"], want) {
		t.Errorf("cnf %v, want %v", claims["cnf"], want)
	}
	if _, ok := claims["scope"]; ok {
		t.Errorf("scope %v, want none", claims["scope"])
	}
}

// bindToken obtains a token that is bound to a new certificate.
func bindToken(t *testing.T, p *Provider, resource string) (raw, thumbprint string) {
	t.Helper()
	var metadata struct {
		Aliases struct {
			Token string `json:"token_endpoint"`
		} `json:"mtls_endpoint_aliases"`
	}
	if err := json.Unmarshal(get(t, p.HTTPClient(), p.Issuer()+"/.well-known/openid-configuration").body, &metadata); err != nil {
		t.Fatal(err)
	}
	files := p.ca.issue(t, "client", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "cc-bound"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	pair, err := tls.LoadX509KeyPair(files.certFile, files.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.CA(), Certificates: []tls.Certificate{pair}}}
	defer transport.CloseIdleConnections()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, metadata.Aliases.Token, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("cc-bound", ClientSecret)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s (%v)", resp.Status, err)
	}
	digest := sha256.Sum256(pair.Certificate[0])
	return reply.AccessToken, base64.RawURLEncoding.EncodeToString(digest[:])
}

func TestStats(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	if got := p.Stats(); got != (Stats{}) {
		t.Errorf("%+v at first, want none", got)
	}
	token(t, p, TokenRequest{Resource: "urn:api:jwt"})
	for _, path := range []string{"/jwks", "/jwks?again", "/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		get(t, p.HTTPClient(), p.Issuer()+path)
	}
	introspect(t, p, "unknown")
	p.AddKey("rsa-2", "RS256")
	if got, want := p.Stats(), (Stats{JWKS: 3, Discovery: 2, Introspection: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The server ends on its own when the test binary is killed: all that it can
// notice then is the end of its stdin.
func TestServerEndsWithStdin(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	if err := p.server.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.server.done:
	case <-time.After(5 * time.Second):
		t.Error("the server is still running 5 s after its stdin was closed")
	}
}

func TestServerEndsWithTest(t *testing.T) {
	t.Parallel()
	var p *Provider
	t.Run("inner", func(t *testing.T) {
		p = Start(t, Options{})
		get(t, p.HTTPClient(), p.Issuer()+"/jwks")
	})
	if p == nil {
		t.Skip("no server")
	}
	select {
	case <-p.server.done:
	default:
		t.Error("the server outlived its test")
	}
}

func token(t *testing.T, p *Provider, r TokenRequest) string {
	t.Helper()
	raw, err := p.Token(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type response struct {
	http.Header
	body []byte
}

// get expects status 200.
func get(t *testing.T, client *http.Client, url string) response {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s (%v)", url, resp.Status, body, err)
	}
	return response{resp.Header, body}
}

func introspect(t *testing.T, p *Provider, raw string) map[string]any {
	t.Helper()
	form := strings.NewReader(url.Values{"token": {raw}}.Encode())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer()+"/token/introspection", form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(ClientID, ClientSecret)
	var reply map[string]any
	if err := p.do(req, &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func keySet(t *testing.T, p *Provider) []jwk {
	t.Helper()
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(get(t, p.HTTPClient(), p.Issuer()+"/jwks").body, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func kids(keys []jwk) []string {
	var ids []string
	for _, key := range keys {
		ids = append(ids, key["kid"])
	}
	return ids
}

// verify checks the signature with the key that the token names, and nothing
// else.
func verify(t *testing.T, keys []jwk, raw string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", raw)
	}
	for i, v := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(decode(t, parts[i]), v); err != nil {
			t.Fatal(err)
		}
	}
	i := slices.IndexFunc(keys, func(key jwk) bool { return key["kid"] == header["kid"] })
	if i < 0 {
		t.Fatalf("kid %v is not in the key set %q", header["kid"], kids(keys))
	}
	key := keys[i]
	if header["alg"] != key["alg"] {
		t.Fatalf("alg %v, and the key's is %s", header["alg"], key["alg"])
	}
	signed, signature := []byte(parts[0]+"."+parts[1]), decode(t, parts[2])
	digest := sha256.Sum256(signed)
	number := func(name string) *big.Int { return new(big.Int).SetBytes(decode(t, key[name])) }
	var good bool
	switch key["alg"] {
	case "RS256":
		public := &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
		good = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	case "ES256":
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, decode(t, key["x"]), decode(t, key["y"])))
		if err != nil || len(signature) != 64 {
			t.Fatalf("public key: %v; signature of %d bytes", err, len(signature))
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		good = ecdsa.Verify(public, digest[:], r, s)
	case "EdDSA":
		good = ed25519.Verify(decode(t, key["x"]), signed, signature)
	}
	if !good {
		t.Fatalf("the %v signature of key %v does not verify", header["alg"], header["kid"])
	}
	return header, claims
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
