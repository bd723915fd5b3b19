// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
	"github.com/golang-jwt/jwt/v5"
)

// Clients of oidcprovider/server.mjs that authenticate otherwise than ClientID, and
// what they share or do not.
const (
	oddClient   = "rs:basic+odd"
	oddSecret   = "p:%+&=/ ~sec ret-0123456789-0123456789"
	postClient  = "rs-post"
	csjwtClient = "rs-csjwt"
	shortSecret = "short-secret"
)

// everyMethod is what the server takes, at every endpoint.
var everyMethod = []string{
	"none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth",
}

// machineClient is a client that gets tokens for itself, also by the device flow.
func machineClient(id, method string, more map[string]any) map[string]any {
	c := map[string]any{
		"client_id": id, "token_endpoint_auth_method": method, "scope": "read write", "response_types": []string{}, "redirect_uris": []string{},
		"grant_types": []string{"client_credentials", "urn:ietf:params:oauth:grant-type:device_code"},
	}
	for name, value := range more {
		c[name] = value
	}
	return c
}

// registeredKey is a public key as a client registers it.
func registeredKey(t testing.TB, kid, alg string, public crypto.PublicKey) map[string]any {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	k := map[string]any{"kid": kid, "use": "sig", "alg": alg}
	switch public := public.(type) {
	case *rsa.PublicKey:
		k["kty"], k["n"], k["e"] = "RSA", encode(public.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		k["kty"], k["crv"], k["x"], k["y"] = "EC", public.Curve.Params().Name, encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PublicKey:
		k["kty"], k["crv"], k["x"] = "OKP", "Ed25519", encode(public)
	}
	return k
}

func jwks(keys ...map[string]any) map[string]any {
	return map[string]any{"jwks": map[string]any{"keys": keys}}
}

// registered is a server with a client for each way to authenticate, and what those
// clients have.
type registered struct {
	*Provider
	keys       map[string]crypto.Signer    // by algorithm; the client is rs-pkjwt- and the algorithm
	identities map[string]*tls.Certificate // by client, and some that no client has
}

// clientKeys are made once: what is registered of them is public.
func clientKeys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}
}

func pair(t testing.TB, files keyPair) *tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(files.certFile, files.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

func clientCertificate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "rs-tls", Organization: []string{"Test RS"}}, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// selfSigned makes a certificate that nobody issued.
func selfSigned(t testing.TB, name string) *tls.Certificate {
	t.Helper()
	c, key := sign(t, clientCertificate(name), nil)
	return &tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

// startRegistered starts the server. The certificates need an authority before it
// is there, and so the one of another test's kind: its own.
func startRegistered(t *testing.T, metadata map[string]any) *registered {
	t.Helper()
	r := &registered{keys: clientKeys(t), identities: map[string]*tls.Certificate{"rs-self": selfSigned(t, "rs.example"), "another self-signed": selfSigned(t, "rs.example")}}
	leaf, err := x509.ParseCertificate(r.identities["rs-self"].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	self := registeredKey(t, "self", "ES256", leaf.PublicKey)
	self["x5c"] = []string{base64.StdEncoding.EncodeToString(leaf.Raw)}
	clients := []map[string]any{
		machineClient("rs-short", "client_secret_basic", map[string]any{"client_secret": shortSecret}),
		machineClient("rs-tls-dns", "tls_client_auth", map[string]any{"tls_client_auth_san_dns": "rs.example"}),
		machineClient("rs-tls-dn", "tls_client_auth", map[string]any{"tls_client_auth_subject_dn": "CN=rs-tls,O=Test RS"}),
		machineClient("rs-self", "self_signed_tls_client_auth", jwks(self)),
	}
	for alg, key := range r.keys {
		clients = append(clients, machineClient("rs-pkjwt-"+alg, "private_key_jwt", jwks(registeredKey(t, "client-"+alg, alg, key.Public()))))
	}
	for id, method := range map[string]string{ClientID: "client_secret_basic", oddClient: "client_secret_basic", postClient: "client_secret_post", csjwtClient: "client_secret_jwt"} {
		c := machineClient(id+"-device", method, map[string]any{"client_secret": ClientSecret})
		if id == oddClient {
			c["client_secret"] = oddSecret
		}
		clients = append(clients, c)
	}
	r.Provider = Start(t, Options{Clients: clients, Metadata: metadata})
	r.identities["rs-tls-dns"] = pair(t, r.ca.issue(t, "rs-tls", clientCertificate("rs.example")))
	r.identities["rs-tls-dn"] = r.identities["rs-tls-dns"]
	other := clientCertificate("other.example")
	other.Subject.CommonName = "other"
	r.identities["another name"] = pair(t, r.ca.issue(t, "other", other))
	r.identities["another authority"] = pair(t, newAuthority(t).issue(t, "untrusted", clientCertificate("rs.example")))
	return r
}

func (r *registered) key(t testing.TB, alg string) *clientauth.SigningKey {
	t.Helper()
	k, err := clientauth.NewSigningKey(r.keys[alg], clientauth.KeyAlgorithm(alg), clientauth.KeyID("client-"+alg))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (r *registered) identity(t testing.TB, name string) *clientauth.Identity {
	t.Helper()
	i, err := clientauth.NewIdentity(*r.identities[name])
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// options have the issuer's endpoints reached as users reach them: with the default
// transport and one more authority.
func (r *registered) options(t testing.TB) []issuer.Option {
	t.Helper()
	bundle, err := os.ReadFile(r.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	return []issuer.Option{issuer.WithRootCAs(bundle)}
}

// every endpoint is asked by the same Authenticator.
func (r *registered) everyEndpoint(t *testing.T, a clientauth.Authenticator) {
	t.Helper()
	iss, err := issuer.New(r.Issuer(), r.options(t)...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = iss.Close() }()
	for name, ask := range map[string]struct {
		form url.Values
		says string
	}{
		clientauth.IntrospectionEndpoint:       {url.Values{"token": {"unknown"}}, `"active":false`},
		clientauth.TokenEndpoint:               {url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}, `"access_token":`},
		clientauth.RevocationEndpoint:          {url.Values{"token": {"unknown"}}, ""},
		clientauth.DeviceAuthorizationEndpoint: {url.Values{"scope": {"read"}}, `"device_code":`},
	} {
		e, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{Name: name, Auth: a})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := e.Post(t.Context(), ask.form, "application/json", 1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if answer.Status != 200 || !strings.Contains(string(answer.Body), ask.says) {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
		e.Close()
	}
}

// All six methods, at every endpoint that wants to know who asks.
func TestClientAuthMethods(t *testing.T) {
	t.Parallel()
	r := startRegistered(t, nil)
	raw := opaqueToken(t, r.Provider, "read")
	secret := clientauth.SecretText(ClientSecret)
	hs256 := clientauth.AssertionAlgorithm("HS256")
	for name, a := range map[string]clientauth.Authenticator{
		"client_secret_basic":                  clientauth.ClientSecretBasic(ClientID+"-device", secret),
		"client_secret_basic, odd characters":  clientauth.ClientSecretBasic(oddClient+"-device", clientauth.SecretText(oddSecret)),
		"client_secret_post":                   clientauth.ClientSecretPost(postClient+"-device", secret),
		"client_secret_jwt":                    clientauth.ClientSecretJWT(csjwtClient+"-device", secret, hs256),
		"client_secret_jwt, client_id":         clientauth.ClientSecretJWT(csjwtClient+"-device", secret, hs256, clientauth.SendClientID()),
		"private_key_jwt, RS256":               clientauth.PrivateKeyJWT("rs-pkjwt-RS256", r.key(t, "RS256")),
		"private_key_jwt, PS256":               clientauth.PrivateKeyJWT("rs-pkjwt-PS256", r.key(t, "PS256")),
		"private_key_jwt, ES256":               clientauth.PrivateKeyJWT("rs-pkjwt-ES256", r.key(t, "ES256")),
		"private_key_jwt, EdDSA":               clientauth.PrivateKeyJWT("rs-pkjwt-EdDSA", r.key(t, "EdDSA")),
		"private_key_jwt, client_id":           clientauth.PrivateKeyJWT("rs-pkjwt-ES256", r.key(t, "ES256"), clientauth.SendClientID()),
		"private_key_jwt, typ JWT":             clientauth.PrivateKeyJWT("rs-pkjwt-ES256", r.key(t, "ES256"), clientauth.AssertionTypeJWT()),
		"private_key_jwt, the endpoint as aud": clientauth.PrivateKeyJWT("rs-pkjwt-ES256", r.key(t, "ES256"), clientauth.InsecureEndpointAudience()),
		"tls_client_auth, SAN":                 clientauth.TLSClientAuth("rs-tls-dns", r.identity(t, "rs-tls-dns")),
		"tls_client_auth, subject":             clientauth.TLSClientAuth("rs-tls-dn", r.identity(t, "rs-tls-dn")),
		"self_signed_tls_client_auth":          clientauth.SelfSignedTLSClientAuth("rs-self", r.identity(t, "rs-self")),
	} {
		t.Run(name, func(t *testing.T) {
			v := newIntrospection(t, r.Issuer(), introspection.Config{Auth: a}, r.options(t)...)
			credential, err := auth.NewBearer(raw)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a connection that is kept, and a new assertion
				if claims, err := v.Verify(t.Context(), credential); err != nil || claims.ClientID() != ClientID {
					t.Errorf("%v %v", claims, err)
				}
			}
			if strings.Contains(name, "the endpoint as aud") {
				return // at other endpoints of the same server it is another audience
			}
			r.everyEndpoint(t, a)
		})
	}
}

// authenticatorFunc is a client that does as it likes.
type authenticatorFunc func(r *clientauth.Request) error

func (f authenticatorFunc) Authenticate(_ context.Context, r *clientauth.Request) error { return f(r) }

// assertion makes one with claims that are not as they should be.
func (r *registered) assertion(t testing.TB, change map[string]any) clientauth.Authenticator {
	t.Helper()
	return authenticatorFunc(func(q *clientauth.Request) error {
		now := time.Now().Unix()
		claims := jwt.MapClaims{"iss": "rs-pkjwt-ES256", "sub": "rs-pkjwt-ES256", "aud": q.Issuer, "iat": now, "exp": now + 60, "jti": rand.Text()}
		for name, value := range change {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		token.Header["kid"] = "client-ES256"
		raw, err := token.SignedString(r.keys["ES256"])
		q.SetForm("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		q.SetForm("client_assertion", raw)
		return err
	})
}

// What the server does not accept is this service's fault: nobody can tell about
// the token, the operator is told, and no caller is called unauthenticated.
func TestClientAuthRefused(t *testing.T) {
	t.Parallel()
	r := startRegistered(t, nil)
	raw := opaqueToken(t, r.Provider, "read")
	credential, err := auth.NewBearer(raw)
	if err != nil {
		t.Fatal(err)
	}
	wrong := clientauth.SecretText("wrong-" + ClientSecret)
	hs256 := clientauth.AssertionAlgorithm("HS256")
	now := time.Now().Unix()
	stranger, err := clientauth.NewSigningKey(clientKeys(t)["ES256"], clientauth.KeyID("client-ES256"))
	if err != nil {
		t.Fatal(err)
	}
	replayed := r.assertion(t, map[string]any{"jti": "captured"})
	if _, err := newIntrospection(t, r.Issuer(), introspection.Config{Auth: replayed}).Verify(t.Context(), credential); err != nil {
		t.Fatalf("the first use: %v", err)
	}
	for name, a := range map[string]clientauth.Authenticator{
		"wrong secret, basic":           clientauth.ClientSecretBasic(ClientID, wrong),
		"wrong secret, post":            clientauth.ClientSecretPost(postClient, wrong),
		"wrong secret, jwt":             clientauth.ClientSecretJWT(csjwtClient, wrong, hs256),
		"no such client":                clientauth.ClientSecretBasic("nobody", clientauth.SecretText(ClientSecret)),
		"another key under that kid":    clientauth.PrivateKeyJWT("rs-pkjwt-ES256", stranger),
		"another client's key":          clientauth.PrivateKeyJWT("rs-pkjwt-EdDSA", r.key(t, "ES256")),
		"replayed assertion":            replayed,
		"expired assertion":             r.assertion(t, map[string]any{"iat": now - 700, "exp": now - 640}),
		"wrong audience":                r.assertion(t, map[string]any{"aud": "https://honest.test"}),
		"assertion without exp":         r.assertion(t, map[string]any{"exp": nil}),
		"assertion without jti":         r.assertion(t, map[string]any{"jti": nil}),
		"assertion of somebody else":    r.assertion(t, map[string]any{"sub": "rs-pkjwt-EdDSA"}),
		"wrong certificate":             clientauth.TLSClientAuth("rs-tls-dns", r.identity(t, "another name")),
		"untrusted certificate":         clientauth.TLSClientAuth("rs-tls-dns", r.identity(t, "another authority")),
		"missing certificate":           clientauth.PublicClient("rs-tls-dns"),
		"self-signed for an authority":  clientauth.TLSClientAuth("rs-tls-dns", r.identity(t, "rs-self")),
		"wrong self-signed certificate": clientauth.SelfSignedTLSClientAuth("rs-self", r.identity(t, "another self-signed")),
		"an authority's, self-signed":   clientauth.SelfSignedTLSClientAuth("rs-self", r.identity(t, "rs-tls-dns")),
		"missing self-signed":           clientauth.PublicClient("rs-self"),
	} {
		t.Run(name, func(t *testing.T) {
			var events eventCount
			v := newIntrospection(t, r.Issuer(), introspection.Config{Auth: a, Observer: &events}, r.options(t)...)
			asked := r.Stats().Introspection
			claims, err := v.Verify(t.Context(), credential)
			refusal, ok := errors.AsType[*auth.Error](err)
			if !ok || refusal.Kind != auth.KindUnavailable || refusal.Check != introspection.CheckClientAuth {
				t.Fatalf("%v %v, want unavailable", claims, err)
			}
			if n := events.of(introspection.EventMisconfigured); n != 1 {
				t.Errorf("%d alarms, want 1", n)
			}
			if r.Stats().Introspection == asked {
				t.Error("the server was not asked")
			}
			if text := fmt.Sprintf("%+v %v", err, refusal.Cause); strings.Contains(text, ClientSecret) || strings.Contains(text, raw) {
				t.Error(text)
			}
		})
	}
	// Not form-encoded, the server cannot read them: that is a refusal of its own.
	t.Run("odd characters, not encoded", func(t *testing.T) {
		v := newIntrospection(t, r.Issuer(), introspection.Config{Auth: clientauth.ClientSecretBasicUnencoded(oddClient, clientauth.SecretText(oddSecret))})
		if _, err := v.Verify(t.Context(), credential); !isUnavailable(err) {
			t.Errorf("%v, want unavailable", err)
		}
	})
}

func isUnavailable(err error) bool {
	refusal, ok := errors.AsType[*auth.Error](err)
	return ok && refusal.Kind == auth.KindUnavailable
}

// What a service has decides how it authenticates, among what the server says.
// Each of these clients is registered for one method, and is refused with another.
func TestClientAuthSelected(t *testing.T) {
	t.Parallel()
	algorithms := []string{"HS256", "RS256", "PS256", "ES256", "Ed25519", "EdDSA"}
	announced := func(methods []string) map[string]any {
		return map[string]any{
			"introspection_endpoint_auth_methods_supported": methods, "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
			"revocation_endpoint_auth_methods_supported": methods, "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
		}
	}
	secret := clientauth.SecretText(ClientSecret)
	every := startRegistered(t, announced(everyMethod))
	plain := startRegistered(t, announced([]string{"client_secret_post"}))
	silent := startRegistered(t, nil)
	raw := map[*registered]string{}
	for _, r := range []*registered{every, plain, silent} {
		raw[r] = opaqueToken(t, r.Provider, "read")
	}
	edKey, err := clientauth.NewSigningKey(every.keys["EdDSA"], clientauth.KeyID("client-EdDSA"), clientauth.KeyAlgorithm("EdDSA"))
	if err != nil {
		t.Fatal(err)
	}
	rsKey, err := clientauth.NewSigningKey(every.keys["PS256"], clientauth.KeyID("client-PS256"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		r    *registered
		held clientauth.Credentials
		all  bool // at every endpoint
		want auth.Kind
	}{
		"certificate of an authority": {every, clientauth.Credentials{ClientID: "rs-tls-dns", Identity: every.identity(t, "rs-tls-dns"), Key: edKey, Secret: secret}, true, 0},
		"certificate of its own":      {every, clientauth.Credentials{ClientID: "rs-self", Identity: every.identity(t, "rs-self"), Key: edKey, Secret: secret}, true, 0},
		"key, ES256":                  {every, clientauth.Credentials{ClientID: "rs-pkjwt-ES256", Key: every.key(t, "ES256"), Secret: secret}, true, 0},
		"key, EdDSA":                  {every, clientauth.Credentials{ClientID: "rs-pkjwt-EdDSA", Key: edKey, Secret: secret}, true, 0},
		"key, PS before RS":           {every, clientauth.Credentials{ClientID: "rs-pkjwt-PS256", Key: rsKey, Secret: secret}, true, 0},
		"secret":                      {every, clientauth.Credentials{ClientID: csjwtClient + "-device", Secret: secret}, true, 0},
		"secret that is short":        {every, clientauth.Credentials{ClientID: "rs-short", Secret: clientauth.SecretText(shortSecret)}, true, 0},
		"secret, and post alone":      {plain, clientauth.Credentials{ClientID: postClient, Secret: secret}, false, 0},
		"key, and post alone":         {plain, clientauth.Credentials{ClientID: "rs-pkjwt-ES256", Key: plain.key(t, "ES256")}, false, auth.KindUnavailable},
		// As the strongest is not what this client is registered for, it is refused,
		// and nothing weaker is tried.
		"registered for basic":     {every, clientauth.Credentials{ClientID: ClientID + "-device", Secret: secret, Methods: []clientauth.Method{clientauth.MethodClientSecretBasic}}, true, 0},
		"secret of a basic client": {every, clientauth.Credentials{ClientID: ClientID, Secret: secret}, false, auth.KindUnavailable},
		"no list":                  {silent, clientauth.Credentials{ClientID: ClientID, Secret: secret}, false, auth.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var events eventCount
			a := clientauth.Select(tc.held)
			v := newIntrospection(t, tc.r.Issuer(), introspection.Config{Auth: a, Observer: &events}, tc.r.options(t)...)
			credential, err := auth.NewBearer(raw[tc.r])
			if err != nil {
				t.Fatal(err)
			}
			claims, err := v.Verify(t.Context(), credential)
			if tc.want == 0 && err != nil || tc.want != 0 && (!isUnavailable(err) || events.of(introspection.EventMisconfigured) == 0) {
				refusal, _ := errors.AsType[*auth.Error](err)
				t.Fatalf("%v %v %+v, %d alarms", claims, err, refusal, events.of(introspection.EventMisconfigured))
			}
			if tc.all {
				tc.r.everyEndpoint(t, a)
			}
		})
	}
	// The token endpoint has a list always, and the device's goes by it.
	t.Run("no list for introspection", func(t *testing.T) {
		iss, err := issuer.New(silent.Issuer(), silent.options(t)...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = iss.Close() }()
		a := clientauth.Select(clientauth.Credentials{ClientID: "rs-self", Identity: silent.identity(t, "rs-self")})
		for _, name := range []string{clientauth.TokenEndpoint, clientauth.DeviceAuthorizationEndpoint} {
			e, err := clientauth.NewEndpoint(iss, clientauth.EndpointConfig{Name: name, Auth: a})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := e.Post(t.Context(), url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}, "application/json", 1)
			if err != nil || answer.Status != 200 || !json.Valid(answer.Body) {
				t.Errorf("%s: %v %v", name, answer, err)
			}
			e.Close()
		}
	})
}

// I14: a signing key that is replaced while questions are asked, on both sides: none
// fails.
func TestClientAuthKeyRotation(t *testing.T) {
	t.Parallel()
	first, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := Start(t, Options{Clients: []map[string]any{
		machineClient("rs-two-keys", "private_key_jwt", jwks(registeredKey(t, "one", "ES256", first.Public()), registeredKey(t, "two", "ES256", second.Public()))),
	}})
	key, err := clientauth.NewSigningKey(first, clientauth.KeyID("one"))
	if err != nil {
		t.Fatal(err)
	}
	v := newIntrospection(t, p.Issuer(), introspection.Config{Auth: clientauth.PrivateKeyJWT("rs-two-keys", key)})
	credential, err := auth.NewBearer(opaqueToken(t, p, "read"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 60 {
		switch n {
		case 20:
			if err := key.Rotate([]byte("broken")); err == nil {
				t.Error("a broken key is taken")
			}
		case 30:
			next, err := clientauth.NewSigningKey(second, clientauth.KeyID("two"))
			if err != nil {
				t.Fatal(err)
			}
			if err := key.Replace(next); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := v.Verify(t.Context(), credential); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
}
