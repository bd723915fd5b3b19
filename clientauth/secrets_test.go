// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// prints returns every form in which a value may meet a log.
func prints(v any) []string {
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Error("printed", "v", v)
	slog.New(slog.NewJSONHandler(&logged, nil)).Error("printed", "v", v)
	encoded, _ := json.Marshal(v) // what cannot be encoded shows nothing
	list := []string{logged.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		list = append(list, fmt.Sprintf(verb, v))
	}
	return list
}

// hidden keeps things where no method of theirs is asked when it is printed.
type hidden struct {
	auth  Authenticator
	any   any
	list  []Authenticator
	table map[string]any
}

// 1.9-14, law 8: no secret prints, whatever it sits in and whatever it is printed
// with.
func TestSecretsNeverPrint(t *testing.T) {
	const secret = "verysecret-value-verysecret-value"
	source := SecretFunc(func(context.Context) (string, error) { return secret, nil })
	file := SecretFile(writeFile(t, secret))
	private, _ := testKeys()["p256"].(*ecdsa.PrivateKey)
	d, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, identity := signingKey(t, "p256", KeyID("k-1")), identityFor(t, "p256", false)
	foreign, err := NewSigningKey(elsewhere{Signer: private})
	if err != nil {
		t.Fatal(err)
	}
	// A JWT that somebody else made is as good as a secret.
	assertion := jwtOf(t, map[string]any{"exp": 1 << 40})
	secrets := []string{
		secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))), base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%d", []byte(secret)),
		fmt.Sprintf("%d", d)[1:30], hex.EncodeToString(d), base64.RawURLEncoding.EncodeToString(d), base64.StdEncoding.EncodeToString(d), new(ecdsaD).text(private), assertion,
	}
	all := Credentials{ClientID: "c", Secret: SecretText(secret), Key: key, Identity: identity, Token: SecretText(secret), AssertionOptions: []AssertionOption{SendClientID()}}
	announced := metadata{"token_endpoint" + methodsSuffix: everyMethod, "token_endpoint" + algorithmsSuffix: []string{"HS256", "ES256"}}
	iss := (&fakeAS{metadata: announced}).issuer(t)

	values := map[string]any{
		"secret": SecretText(secret), "secret of a file": file, "secret of a function": source, "key": key, "key elsewhere": foreign, "copy of credentials": all, "credentials": &all,
		"unexported credentials": struct{ c Credentials }{all}, "endpoint's configuration": EndpointConfig{Name: TokenEndpoint, Auth: Select(all)}, "identity": identity,
	}
	for name, a := range map[string]Authenticator{
		"basic": ClientSecretBasic("c", SecretText(secret)), "basic, not encoded": ClientSecretBasicUnencoded("c", source), "post": ClientSecretPost("c", file), "bearer": Bearer(SecretText(secret)),
		"secret jwt": ClientSecretJWT("c", SecretText(secret)), "secret jwt of a function": ClientSecretJWT("c", source), "key jwt": PrivateKeyJWT("c", key), "key jwt elsewhere": PrivateKeyJWT("c", foreign),
		"somebody's jwt": JWTAssertion("c", SecretText(assertion)), "tls": TLSClientAuth("c", identity), "self-signed": SelfSignedTLSClientAuth("c", identity),
		"selected": Select(all), "used": Use(MethodClientSecretJWT, all), "short": ClientSecretJWT("c", SecretText(secret[:20])), "wrong": Select(Credentials{Secret: SecretText(secret)}),
	} {
		values[name] = a
		values[name+", hidden"] = hidden{a, a, []Authenticator{a}, map[string]any{"a": a}}
		values[name+", hidden pointer"] = struct{ p *hidden }{&hidden{auth: a}}
		_, err := attemptAt(t.Context(), a, TokenEndpoint, iss)
		values[name+", error"] = err
		e := (&fakeAS{metadata: announced}).issuer(t)
		if endpoint, err := NewEndpoint(e, EndpointConfig{Name: TokenEndpoint, Auth: a}); err == nil {
			values[name+", endpoint"], values[name+", hidden endpoint"] = endpoint, struct{ e *Endpoint }{endpoint}
			endpoint.Close()
		}
		if text := fmt.Sprint(a); text == "" || strings.Contains(text, "0x") || strings.Contains(text, "{") {
			t.Errorf("%s prints as %q, which says nothing", name, text)
		}
	}
	// A request that was authenticated.
	p := &proof{form: map[string][]string{}, header: map[string][]string{}}
	r := &Request{Issuer: asURL, Name: TokenEndpoint, setForm: p.setForm, setHeader: p.setHeader, setCertificate: p.setCertificate, setKey: p.setCredential, metadata: iss.Metadata}
	if err := ClientSecretPost("c", SecretText(secret)).Authenticate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	said := Answer{Status: 200, MediaType: "application/json", Body: []byte(`{"access_token":"` + secret + `"}`)}
	secrets = append(secrets, base64.StdEncoding.EncodeToString(said.Body), fmt.Sprintf("%d", said.Body))
	values["answer"], values["pointer to an answer"], values["list of answers"], values["answers"] = said, &said, []Answer{said}, struct{ Answer *Answer }{&said}
	values["request"], values["copy of the request"], values["hidden request"] = r, *r, hidden{any: *r}

	for name, value := range values {
		for _, text := range prints(value) {
			for n, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s prints secret %d: %.300s", name, n, text)
				}
			}
		}
	}
	for want, v := range map[string]any{
		`private_key_jwt client="c"`:                                              PrivateKeyJWT("c", key),
		`client_secret_jwt client="c"`:                                            ClientSecretJWT("c", SecretText(secret)),
		`private_key_jwt`:                                                         JWTAssertion("", SecretText(assertion)),
		`signing key alg=ES256 kid="k-1"`:                                         key,
		`selected client="c" with a secret and a signing key`:                     Select(Credentials{ClientID: "c", Secret: SecretText(secret), Key: key}),
		`selected client="c" with a secret and a certificate for tls_client_auth`: Select(Credentials{ClientID: "c", Secret: SecretText(secret), Identity: identity}),
		`selected client="" with nothing`:                                         Select(Credentials{}),
		`selected client="" with an assertion`:                                    Select(Credentials{Assertion: SecretText(assertion)}),
		`selected client="c" with a certificate for self_signed_tls_client_auth`:  Select(Credentials{ClientID: "c", Identity: identityFor(t, "p256", true)}),
		`HTTP status 200, "application/json", 52 bytes`:                           said,
		`HTTP status 204, "no media type", 0 bytes`:                               &Answer{Status: 204},
		`a secret`:  SecretText(secret),
		`no secret`: SecretText(""),
	} {
		if got := fmt.Sprintf("%#v", v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := slog.AnyValue(v).Resolve().String(); got != want {
			t.Errorf("slog: %s, want %s", got, want)
		}
	}
}

// ecdsaD writes the private number as %v would.
type ecdsaD struct{}

func (*ecdsaD) text(k *ecdsa.PrivateKey) string { return k.D.String() } //nolint:staticcheck // it is what must not print
