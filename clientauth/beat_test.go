// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
)

// What the reference systems do to authenticate, by the numbers of the lists of
// their behaviour, their tests and their defects, and what is done here. A dash
// stands for a behaviour that is kept. What they do about certificates that are
// replaced is with the rotation.
func TestReferenceSystems(t *testing.T) {
	const list = "introspection_endpoint" + methodsSuffix
	rsaKey := func() *SigningKey { return signingKey(t, "rsa", KeyAlgorithm("RS256")) }
	secret := SecretText(longSecret)
	algorithms := []string{"HS256", "RS256"}
	// selects makes a choice, or names what the error says.
	selects := func(c Credentials, want string, takes ...string) func(*testing.T) {
		return func(t *testing.T) {
			c.ClientID = "the-client-id"
			m := metadata{list: takes, "introspection_endpoint" + algorithmsSuffix: algorithms}
			if takes == nil {
				delete(m, list)
			}
			p, err := attempt(t, Select(c), IntrospectionEndpoint, m)
			if err != nil && (!strings.Contains(err.Error(), want) || len(p.form)+len(p.header) > 0) || err == nil && string(methodOfProof(p)) != want {
				t.Errorf("%s %v, want %s", methodOfProof(p), err, want)
			}
		}
	}
	sends := func(a func() Authenticator, authorization string, form ...string) func(*testing.T) {
		return func(t *testing.T) {
			p, err := attempt(t, a(), IntrospectionEndpoint, metadata{"introspection_endpoint" + algorithmsSuffix: algorithms})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.header.Get("Authorization"); got != authorization {
				t.Errorf("Authorization %q, want %q", got, authorization)
			}
			if got := sortedNames(p.form); !slices.Equal(got, form) {
				t.Errorf("form %q, want %q", got, form)
			}
		}
	}
	refuses := func(a func() Authenticator, says string) func(*testing.T) {
		return func(t *testing.T) {
			if err := Check(a()); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %q", err, says)
			}
		}
	}
	of := func(a Authenticator) func() Authenticator { return func() Authenticator { return a } }
	identity := func(selfSigned bool) *Identity { return identityFor(t, "p256", selfSigned) }

	for _, row := range []struct {
		number, name string
		check        func(t *testing.T)
	}{
		{"1.4", "basic is form-encoded", sends(of(ClientSecretBasic("a:b", SecretText("p%+ w"))), "Basic YSUzQWI6cCUyNSUyQit3")},
		{"1.4-", "basic is not, where a server wants that", sends(of(ClientSecretBasicUnencoded("client", SecretText("topsecret"))), "Basic Y2xpZW50OnRvcHNlY3JldA==")},
		{"1.4", "basic without a secret is no empty password", refuses(of(ClientSecretBasic("c", SecretText(""))), "client_secret_basic without a secret")},
		{"1.4", "post without a secret does not leave it out", refuses(of(ClientSecretPost("c", SecretText(""))), "client_secret_post without a secret")},
		{"1.4", "an assertion without a key, before any request", refuses(of(PrivateKeyJWT("c", nil)), "private_key_jwt without a signing key")},
		{"1.4", "a certificate's client names itself", sends(of(TLSClientAuth("c", identity(false))), "", "client_id")},
		{"1.4", "so does one with a certificate of its own making", sends(of(SelfSignedTLSClientAuth("c", identity(true))), "", "client_id")},
		{"1.4", "aud is the issuer, and the key has a name", func(t *testing.T) {
			p, err := attempt(t, PrivateKeyJWT("the-client-id", signingKey(t, "rsa", KeyAlgorithm("RS256"), KeyIDThumbprint())), IntrospectionEndpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			header, claims := readAssertion(t, p, testKeys()["rsa"].Public())
			if header["kid"] == nil || claims["aud"] != asURL {
				t.Errorf("header %v claims %v", header, claims)
			}
		}},
		{"1.4-", "a key of a PEM document switches the method", func(t *testing.T) {
			for alg, document := range map[string]string{"RS256": pkcs1(t, "rsa"), "ES256": sec1(t, "p256"), "EdDSA": pkcs8(t, "ed25519")} {
				a, err := PrivateKeyJWTFromPEM("c", []byte(document), KeyAlgorithm(alg))
				if err != nil {
					t.Fatal(err)
				}
				if p, err := attempt(t, a, IntrospectionEndpoint, nil); err != nil || methodOfProof(p) != MethodPrivateKeyJWT {
					t.Errorf("%s: %v", alg, err)
				}
				if a, err = PrivateKeyJWTFromFile("c", writeFile(t, document), KeyAlgorithm(alg)); err != nil || Check(a) != nil {
					t.Errorf("%s: %v", alg, err)
				}
			}
		}},
		{"1.4-", "so does a certificate", func(t *testing.T) {
			_, certificate := certificateOf(t, "p256", true)
			for _, documents := range [][]string{{certificate, pkcs8(t, "p256")}, {certificate + pkcs8(t, "p256")}} {
				parts := make([][]byte, len(documents))
				for n, d := range documents {
					parts[n] = []byte(d)
				}
				a, err := SelfSignedTLSClientAuthFromPEM("c", parts...)
				if err != nil {
					t.Fatal(err)
				}
				if p, err := attempt(t, a, IntrospectionEndpoint, nil); err != nil || methodOfProof(p) != MethodSelfSignedTLSClientAuth {
					t.Errorf("%v", err)
				}
				if a, err = TLSClientAuthFromPEM("c", parts...); err != nil || Check(a) != nil {
					t.Error(err)
				}
			}
		}},

		{"1.8-", "basic", sends(of(ClientSecretBasic("client", SecretText("secret"))), "Basic Y2xpZW50OnNlY3JldA==")},
		{"1.8-", "post", sends(of(ClientSecretPost("client", SecretText("secret"))), "", "client_id", "client_secret")},
		{"1.8-", "client_secret_jwt without a secret", refuses(of(ClientSecretJWT("c", SecretText(""))), "client_secret_jwt without a secret")},
		{"1.8-", "client_secret_jwt has the form's fields", sends(of(ClientSecretJWT("the-client-id", secret)), "", "client_assertion", "client_assertion_type")},
		{"1.8-", "the type, as it is sent", func(t *testing.T) {
			s := &fakeAS{}
			if _, err := s.endpoint(t, IntrospectionEndpoint, PrivateKeyJWT("c", rsaKey())).Post(t.Context(), nil, "application/json", 1); err != nil {
				t.Fatal(err)
			}
			if body := s.asked[0].Encode(); !strings.Contains(body, "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer") {
				t.Error(body)
			}
		}},
		{"1.8-", "signed with the secret, HS256", func(t *testing.T) {
			p, err := attempt(t, ClientSecretJWT("the-client-id", secret, AssertionLifetime(30*time.Second)), IntrospectionEndpoint, metadata{"introspection_endpoint" + algorithmsSuffix: algorithms})
			if err != nil {
				t.Fatal(err)
			}
			header, claims := readAssertion(t, p, []byte(longSecret))
			if header["alg"] != "HS256" || claims["iss"] != "the-client-id" || claims["sub"] != "the-client-id" || claims["jti"] == "" || claims["exp"].(float64)-claims["iat"].(float64) != 30 {
				t.Errorf("%v %v", header, claims)
			}
		}},
		{"1.8-", "signed with a key, RS256", func(t *testing.T) {
			p, err := attempt(t, PrivateKeyJWT("the-client-id", rsaKey()), IntrospectionEndpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			if header, claims := readAssertion(t, p, testKeys()["rsa"].Public()); header["alg"] != "RS256" || claims["iss"] != "the-client-id" || claims["sub"] != "the-client-id" {
				t.Errorf("%v %v", header, claims)
			}
		}},
		{"1.8-", "a PEM document that is garbage", func(t *testing.T) {
			if a, err := PrivateKeyJWTFromPEM("c", []byte("-----BEGIN PRIVATE KEY-----\nnot base64\n-----END PRIVATE KEY-----")); err == nil {
				t.Errorf("%v", a)
			}
		}},
		{"1.8-", "[basic]", selects(Credentials{Secret: secret}, "client_secret_basic", "client_secret_basic")},
		{"1.8-", "[post]", selects(Credentials{Secret: secret}, "client_secret_post", "client_secret_post")},
		{"1.8-", "[tls,pkjwt] and a secret", selects(Credentials{Secret: secret}, `"tls_client_auth"`, "tls_client_auth", "private_key_jwt")},
		{"1.8-", "[post,basic]", selects(Credentials{Secret: secret}, "client_secret_basic", "client_secret_post", "client_secret_basic")},
		{"1.8-", "[basic,post,csjwt] and a secret", selects(Credentials{Secret: secret}, "client_secret_jwt", "client_secret_basic", "client_secret_post", "client_secret_jwt")},
		{"1.8", "[csjwt,basic] and no secret is not basic", selects(Credentials{Key: rsaKey()}, "a signing key", "client_secret_jwt", "client_secret_basic")},
		{"1.8-", "[csjwt] and no secret", selects(Credentials{Key: rsaKey()}, "a signing key", "client_secret_jwt")},
		{"1.8-", "all four and a key", selects(Credentials{Secret: secret, Key: rsaKey()}, "private_key_jwt", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt")},
		{"1.8-", "[pkjwt,csjwt], a secret, no key", selects(Credentials{Secret: secret}, "client_secret_jwt", "private_key_jwt", "client_secret_jwt")},
		{"1.8-", "five methods and an identity", selects(Credentials{Secret: secret, Key: rsaKey(), Identity: identity(false)}, "tls_client_auth", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth")},
		{"1.8-", "[tls,basic] and no identity", selects(Credentials{Secret: secret}, "client_secret_basic", "tls_client_auth", "client_secret_basic")},
		{"1.8-", "[self_signed,tls] and an identity", selects(Credentials{Identity: identity(false)}, "tls_client_auth", "self_signed_tls_client_auth", "tls_client_auth")},
		{"1.8-", "[self_signed]", selects(Credentials{Identity: identity(true)}, "self_signed_tls_client_auth", "self_signed_tls_client_auth")},
		{"1.8", "absent is not basic", selects(Credentials{Secret: secret}, "choose a method")},

		{"1.9-8", "client_id, and the alias", func(t *testing.T) {
			s := &fakeAS{metadata: metadata{"mtls_endpoint_aliases": map[string]string{"introspection_endpoint": "https://mtls.as.test/introspection"}}}
			iss, err := issuer.New(asURL, issuer.WithTransport(s))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = iss.Close() }()
			e, err := NewEndpoint(iss, EndpointConfig{Name: IntrospectionEndpoint, Auth: TLSClientAuth("c", identity(false)), Transport: &http.Transport{}})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if p, err := e.prove(t.Context(), 1); err != nil || p.endpoint != "https://mtls.as.test/introspection" || p.form.Get("client_id") != "c" {
				t.Errorf("%v %v", p, err)
			}
		}},
		{"1.9-9", "absent, with an identity and a key", selects(Credentials{Secret: secret, Key: rsaKey(), Identity: identity(false)}, "choose a method")},
		{"1.9-10", "the order of options does not matter, and nothing is forgotten", func(t *testing.T) {
			c, _ := certificateOf(t, "rsa", true)
			options := []KeyOption{KeyID("k"), KeyAlgorithm("PS384"), KeyCertificate(c)}
			slices.Reverse(options)
			turned := signingKey(t, "rsa", options...).String()
			slices.Reverse(options)
			if got := signingKey(t, "rsa", options...).String(); got != turned || !strings.Contains(got, `alg=PS384 kid="k" x5t#S256=`) {
				t.Errorf("%s, %s", got, turned)
			}
		}},
		{"1.9-10", "a PEM document is read, whatever else is missing", func(t *testing.T) {
			if _, err := PrivateKeyJWTFromPEM("", []byte("garbage")); err == nil || !strings.Contains(err.Error(), "no PEM block") {
				t.Error(err)
			}
			if _, err := PrivateKeyJWTFromPEM("", []byte(pkcs8(t, "p256"))); err == nil || !strings.Contains(err.Error(), "without a client id") {
				t.Error(err)
			}
		}},
		{"1.9-11", "an attempt has a jti of its own", func(t *testing.T) {
			s := &fakeAS{reply: func(n int, _ url.Values) (int, string) { return []int{503, 200}[n-1], "{}" }}
			e := s.endpoint(t, IntrospectionEndpoint, PrivateKeyJWT("c", rsaKey()))
			for n := range 2 {
				if _, err := e.Post(t.Context(), nil, "application/json", n+1); err != nil {
					t.Fatal(err)
				}
			}
			_, first := readAssertion(t, &proof{form: s.asked[0]}, testKeys()["rsa"].Public())
			_, second := readAssertion(t, &proof{form: s.asked[1]}, testKeys()["rsa"].Public())
			if first["jti"] == second["jti"] {
				t.Errorf("jti %v twice", first["jti"])
			}
		}},
		{"1.9-11", "an identity that is not used is not refreshed, nor the request repeated", func(t *testing.T) {
			refreshed := 0
			s, _ := Select(Credentials{ClientID: "c", Secret: secret, Identity: identity(false)}).(*selection)
			s.all[MethodTLSClientAuth] = &refreshing{s.all[MethodTLSClientAuth], &refreshed, nil}
			as := &fakeAS{metadata: metadata{list: []string{"client_secret_basic"}}, reply: func(int, url.Values) (int, string) { return 401, "" }}
			if _, err := as.endpoint(t, IntrospectionEndpoint, s).Post(t.Context(), nil, "application/json", 1); err != nil || refreshed != 0 || len(as.asked) != 1 {
				t.Errorf("%v, refreshed %d times, asked %d times", err, refreshed, len(as.asked))
			}
		}},
		{"1.9-14", "keys and secrets do not print", func(t *testing.T) {
			for _, v := range []any{signingKey(t, "rsa"), Credentials{ClientID: "c", Secret: secret, Key: signingKey(t, "rsa")}, ClientSecretJWT("c", secret)} {
				for _, text := range prints(v) {
					if strings.Contains(text, longSecret) || quotes(text, pkcs8(t, "rsa")) {
						t.Error(text)
					}
				}
			}
		}},

		{"3.3-9", "id a:b and secret p%+ w", sends(of(ClientSecretBasic("a:b", SecretText("p%+ w"))), "Basic "+base64.StdEncoding.EncodeToString([]byte("a%3Ab:p%25%2B+w")))},
		{"3.3-9", "letters of other scripts", sends(of(ClientSecretBasic("b\u00e9", SecretText("\u20ac:"))), "Basic "+base64.StdEncoding.EncodeToString([]byte("b%C3%A9:%E2%82%AC%3A")))},

		{"4.3-6", "a service has a name and a secret of its own, from wherever it is kept", func(t *testing.T) {
			path := writeFile(t, "from-a-file\n")
			for want, s := range map[string]Secret{
				"from-a-file": SecretFile(path), "from-a-vault": SecretFunc(func(context.Context) (string, error) { return "from-a-vault", nil }), "from-text": SecretText("from-text"),
			} {
				if p, err := attempt(t, ClientSecretPost("widgets", s), IntrospectionEndpoint, nil); err != nil || p.form.Get("client_secret") != want {
					t.Errorf("%v %v", p.form, err)
				}
			}
		}},
		{"5.5", "a secret that cannot be had is no missing one", func(t *testing.T) {
			sealed := errors.New("service keyring not found")
			a := ClientSecretBasic("c", SecretFunc(func(context.Context) (string, error) { return "", sealed }))
			if p, err := attempt(t, a, IntrospectionEndpoint, nil); !errors.Is(err, sealed) || len(p.header) > 0 {
				t.Errorf("%v %v", p, err)
			}
		}},
		{"5.8-7", "a request that is given up does not wait for a secret", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			a := ClientSecretBasic("c", SecretFunc(func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }))
			if _, err := attemptAt(ctx, a, IntrospectionEndpoint, (&fakeAS{}).issuer(t)); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}},
		{"6", "an id without a secret is an error, not a request without authentication", refuses(of(ClientSecretBasic("c", SecretText(""))), "without a secret")},
		{"6", "who asks has a key, if not a secret", sends(of(PrivateKeyJWT("c", rsaKey())), "", "client_assertion", "client_assertion_type")},
		{"8-6", "all six, none and bearer", func(t *testing.T) {
			_, certificate := certificateOf(t, "p256", true)
			i, err := ParseCombinedIdentity(bytes.Join([][]byte{[]byte(certificate), []byte(pkcs8(t, "p256"))}, nil))
			if err != nil {
				t.Fatal(err)
			}
			c := Credentials{ClientID: "c", Secret: secret, Key: rsaKey(), Identity: i, Token: SecretText("t")}
			for _, m := range methodNames {
				if err := Check(Use(m, c)); err != nil || fmt.Sprint(Use(m, c)) == "" {
					t.Errorf("%s: %v", m, err)
				}
			}
		}},
	} {
		t.Run(row.number+" "+row.name, row.check)
	}
}
