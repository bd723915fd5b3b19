// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearerkit/bearerkit/auth/issuer"
)

// methodOfProof tells from a request how it is authenticated.
func methodOfProof(p *proof) Method {
	switch {
	case p.certificate != nil && isSelfSigned(p.certificate):
		return MethodSelfSignedTLSClientAuth
	case p.certificate != nil:
		return MethodTLSClientAuth
	case p.form.Has("client_assertion"):
		parts := strings.Split(p.form.Get("client_assertion"), ".")
		if header := decode(parts[0]); strings.Contains(header, `"alg":"HS`) {
			return MethodClientSecretJWT
		}
		return MethodPrivateKeyJWT
	case p.header.Get("Authorization") != "":
		return MethodClientSecretBasic
	case p.form.Has("client_secret"):
		return MethodClientSecretPost
	default:
		return MethodNone
	}
}

// every method in the order of strength, as a list of the issuer's in another one.
var everyMethod = []string{"client_secret_post", "client_secret_basic", "none", "private_key_jwt", "client_secret_jwt", "self_signed_tls_client_auth", "tls_client_auth", "attest_jwt_client_auth"}

func TestSelect(t *testing.T) {
	const list, algorithms = "introspection_endpoint" + methodsSuffix, "introspection_endpoint" + algorithmsSuffix
	ca, self := identityFor(t, "p256", false), identityFor(t, "p256", true)
	secret, short := SecretText(longSecret), SecretText("short")
	key := signingKey(t, "p256")
	assertion := SecretText(jwtOf(t, map[string]any{"exp": 1 << 40}))
	all := Credentials{ClientID: "c", Secret: secret, Key: key, Identity: ca}
	for name, tc := range map[string]struct {
		held       Credentials
		takes      any
		algorithms any
		want       Method
		says       []string // if nothing is usable
	}{
		"tls":                {all, everyMethod, nil, MethodTLSClientAuth, nil},
		"self-signed":        {Credentials{ClientID: "c", Secret: secret, Key: key, Identity: self}, everyMethod, nil, MethodSelfSignedTLSClientAuth, nil},
		"key":                {Credentials{ClientID: "c", Secret: secret, Key: key}, everyMethod, []string{"ES256", "HS256"}, MethodPrivateKeyJWT, nil},
		"assertion":          {Credentials{ClientID: "c", Secret: secret, Assertion: assertion}, everyMethod, []string{"ES256", "HS256"}, MethodPrivateKeyJWT, nil},
		"assertion, no id":   {Credentials{Assertion: assertion}, everyMethod, nil, MethodPrivateKeyJWT, nil},
		"secret":             {Credentials{ClientID: "c", Secret: secret}, everyMethod, []string{"ES256", "HS256"}, MethodClientSecretJWT, nil},
		"short secret":       {Credentials{ClientID: "c", Secret: short}, everyMethod, []string{"ES256", "HS256"}, MethodClientSecretBasic, nil},
		"short secret, read": {Credentials{ClientID: "c", Secret: SecretFile(writeFile(t, "short"))}, everyMethod, []string{"HS256"}, MethodClientSecretBasic, nil},

		"basic before post":       {all, []string{"client_secret_post", "client_secret_basic"}, nil, MethodClientSecretBasic, nil},
		"post":                    {all, []string{"client_secret_post"}, nil, MethodClientSecretPost, nil},
		"a method is no prefix":   {all, []string{"client_secret_post", "client_secret_basic_2", "tls"}, nil, MethodClientSecretPost, nil},
		"a method has its case":   {all, []string{"client_secret_post", "Client_Secret_Basic"}, nil, MethodClientSecretPost, nil},
		"HS512, and long enough":  {Credentials{ClientID: "c", Secret: secret}, []string{"client_secret_jwt", "client_secret_basic"}, []string{"HS512"}, MethodClientSecretJWT, nil},
		"HS512, and not":          {Credentials{ClientID: "c", Secret: SecretText(longSecret[:50])}, []string{"client_secret_jwt", "client_secret_basic"}, []string{"HS512"}, MethodClientSecretBasic, nil},
		"no algorithm of the key": {Credentials{ClientID: "c", Secret: secret, Key: key}, everyMethod, []string{"RS256", "HS256"}, MethodClientSecretJWT, nil},
		"not the algorithm that the key is pinned to": {Credentials{ClientID: "c", Secret: secret, Key: signingKey(t, "rsa", KeyAlgorithm("PS512"))}, everyMethod, []string{"PS256", "HS256"}, MethodClientSecretJWT, nil},
		"no algorithm in common at all":               {Credentials{ClientID: "c", Secret: secret, Key: key}, everyMethod, []string{}, MethodClientSecretBasic, nil},

		"registered for basic":                                  {Credentials{ClientID: "c", Secret: secret, Key: key, Methods: []Method{MethodClientSecretPost, MethodClientSecretBasic}}, everyMethod, nil, MethodClientSecretBasic, nil},
		"registered for a method that the issuer does not take": {Credentials{ClientID: "c", Secret: secret, Methods: []Method{MethodClientSecretPost}}, []string{"client_secret_basic"}, nil, "", []string{`["client_secret_basic"]`, "a secret"}},

		"self-signed, and the issuer wants an authority": {Credentials{ClientID: "c", Identity: self, Secret: secret}, []string{"tls_client_auth", "client_secret_basic"}, nil, MethodClientSecretBasic, nil},
		"an authority's, and the issuer wants its own":   {Credentials{ClientID: "c", Identity: ca}, []string{"self_signed_tls_client_auth"}, nil, "", []string{"for the other of the two", "IdentityMethod"}},
		"an authority's, registered as its own":          {Credentials{ClientID: "c", Identity: ca, IdentityMethod: MethodSelfSignedTLSClientAuth}, []string{"tls_client_auth", "self_signed_tls_client_auth"}, nil, MethodTLSClientAuth, nil},

		"nothing": {Credentials{ClientID: "c", Secret: secret}, []string{"tls_client_auth", "private_key_jwt"}, nil, "", []string{`["tls_client_auth" "private_key_jwt"]`, "a secret", list}},
		"nothing for two": {Credentials{ClientID: "c", Key: key, Identity: ca}, []string{"client_secret_basic"}, nil, "", []string{
			`["client_secret_basic"]`, "a signing key and a certificate for tls_client_auth",
		}},
		"nothing for a short secret": {Credentials{ClientID: "c", Secret: short}, []string{"client_secret_jwt"}, []string{"HS256"}, "", []string{"5 bytes and HS256 needs 32"}},
		"an empty list":              {all, []string{}, nil, "", []string{"has []"}},
		"none is not selected":       {all, []string{"none"}, nil, "", []string{`["none"]`}},
		"bearer is not selected":     {Credentials{ClientID: "c", Secret: secret, Token: secret}, []string{"bearer", "none"}, nil, "", []string{"a secret"}},
		"no list":                    {all, nil, nil, "", []string{"not in the issuer's metadata", "choose a method", list}},
		"not a list":                 {all, "client_secret_basic", nil, "", []string{"not a list"}},
		"a list with a number":       {all, []any{"client_secret_basic", 1}, nil, "", []string{"not a list"}},
		"a list of lists":            {all, []any{[]string{"client_secret_basic"}}, nil, "", []string{"not a list"}},
		"null":                       {all, json.RawMessage("null"), nil, "", []string{"not a list"}},
		"RSA, and no algorithms": {Credentials{ClientID: "c", Secret: secret, Key: signingKey(t, "rsa")}, everyMethod, nil, "", []string{
			"does not say which signing algorithms", "KeyAlgorithm",
		}},
		"a secret, and no algorithms": {Credentials{ClientID: "c", Secret: secret}, []string{"client_secret_jwt", "client_secret_basic"}, nil, "", []string{"AssertionAlgorithm"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := metadata{list: tc.takes, algorithms: tc.algorithms}
			// What others are announced for does not matter.
			m["token_endpoint"+methodsSuffix], m["token_endpoint"+algorithmsSuffix] = []string{"client_secret_post"}, []string{"ES512"}
			a := Select(tc.held)
			if err := Check(a); err != nil {
				t.Fatal(err)
			}
			p, err := attempt(t, a, IntrospectionEndpoint, m)
			if tc.want == "" {
				if err == nil || len(p.form)+len(p.header) > 0 || p.certificate != nil {
					t.Fatalf("%v, want an error", p)
				}
				for _, says := range tc.says {
					if !strings.Contains(err.Error(), says) {
						t.Errorf("%v, want %s", err, says)
					}
				}
				if strings.Contains(err.Error(), longSecret) {
					t.Error(err)
				}
				if !strings.Contains(err.Error(), "not a list") && !isMisconfigured(err) {
					t.Errorf("%v is not marked as a configuration's error", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := methodOfProof(p); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if err := p.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A certificate of an authority that is registered itself.
func TestSelectIdentityMethod(t *testing.T) {
	list := metadata{"token_endpoint" + methodsSuffix: []string{"self_signed_tls_client_auth", "client_secret_basic"}}
	c := Credentials{ClientID: "c", Identity: identityFor(t, "p256", false), Secret: SecretText("s"), IdentityMethod: MethodSelfSignedTLSClientAuth}
	p, err := attempt(t, Select(c), TokenEndpoint, list)
	if err != nil || p.certificate == nil || p.form.Get("client_id") != "c" {
		t.Errorf("%v %v", p, err)
	}
	c.IdentityMethod = MethodTLSClientAuth
	if p, err = attempt(t, Select(c), TokenEndpoint, list); err != nil || p.certificate != nil {
		t.Errorf("%v %v", p, err)
	}
}

// Each endpoint goes by its own list, and those without one by the token endpoint's.
func TestSelectByEndpoint(t *testing.T) {
	s := &fakeAS{metadata: metadata{
		"introspection_endpoint" + methodsSuffix: []string{"client_secret_post"}, "token_endpoint" + methodsSuffix: []string{"client_secret_basic"},
		"revocation_endpoint" + methodsSuffix: []string{"private_key_jwt"}, "device_authorization_endpoint" + methodsSuffix: []string{"client_secret_post"},
	}}
	iss := s.issuer(t)
	a := Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: signingKey(t, "p256")})
	for range 2 {
		for endpoint, want := range map[string]Method{
			IntrospectionEndpoint: MethodClientSecretPost, TokenEndpoint: MethodClientSecretBasic, RevocationEndpoint: MethodPrivateKeyJWT,
			DeviceAuthorizationEndpoint: MethodClientSecretBasic, "pushed_authorization_request_endpoint": MethodClientSecretBasic,
		} {
			p, err := attemptAt(t.Context(), a, endpoint, iss)
			if err != nil || methodOfProof(p) != want {
				t.Errorf("%s: %s %v, want %s", endpoint, methodOfProof(p), err, want)
			}
		}
	}
	// RFC 8414 has a default for these two, and a guess it would be all the same.
	for _, endpoint := range []string{TokenEndpoint, RevocationEndpoint} {
		if p, err := attempt(t, Select(Credentials{ClientID: "c", Secret: SecretText(longSecret)}), endpoint, nil); err == nil || len(p.header) > 0 {
			t.Errorf("%s: %v", endpoint, p)
		}
	}
}

// What one issuer announces says nothing about what another one is sent, even if the
// same credentials are for both.
func TestSelectByIssuer(t *testing.T) {
	const list = "introspection_endpoint" + methodsSuffix
	weak := func() metadata { return metadata{list: []string{"client_secret_post"}} }
	for name, tc := range map[string]struct {
		first, second metadata
		want          Method // of the second; empty if nothing may be sent
	}{
		"a weaker one first":   {weak(), metadata{list: everyMethod}, MethodPrivateKeyJWT},
		"a stronger one first": {metadata{list: everyMethod}, weak(), MethodClientSecretPost},
		"the second is silent": {weak(), nil, ""},
		"the second has none":  {weak(), metadata{list: []string{"none"}}, ""},
	} {
		a := Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: signingKey(t, "p256")})
		first, second := (&fakeAS{url: "https://one.test", metadata: tc.first}).issuer(t), (&fakeAS{url: "https://two.test", metadata: tc.second}).issuer(t)
		for range 2 {
			if _, err := attemptAt(t.Context(), a, IntrospectionEndpoint, first); err != nil {
				t.Fatal(err)
			}
			p, err := attemptAt(t.Context(), a, IntrospectionEndpoint, second)
			if (err == nil) != (tc.want != "") || err == nil && methodOfProof(p) != tc.want || err != nil && len(p.form)+len(p.header) > 0 {
				t.Errorf("%s: %s %v, want %s", name, methodOfProof(p), err, tc.want)
			}
		}
	}
}

// Nobody can talk this service out of a proof: neither by refusing it nor by
// announcing less afterwards.
func TestSelectDoesNotStepDown(t *testing.T) {
	list := "introspection_endpoint" + methodsSuffix
	iss := func(takes ...string) *issuer.Issuer { return (&fakeAS{metadata: metadata{list: takes}}).issuer(t) }
	a := Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: signingKey(t, "p256")})
	for n, now := range []*issuer.Issuer{iss(everyMethod...), iss("client_secret_basic", "client_secret_post"), iss("client_secret_post"), iss()} {
		p, err := attemptAt(t.Context(), a, IntrospectionEndpoint, now)
		if err != nil || methodOfProof(p) != MethodPrivateKeyJWT {
			t.Errorf("%d: %s %v", n, methodOfProof(p), err)
		}
	}
	for _, refusal := range []int{400, 401, 403} {
		s := &fakeAS{metadata: metadata{list: everyMethod}, reply: func(int, url.Values) (int, string) { return refusal, `{"error":"invalid_client"}` }}
		e := s.endpoint(t, IntrospectionEndpoint, Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: signingKey(t, "p256")}))
		for range 5 {
			if answer, err := e.Post(t.Context(), nil, "application/json", 1); err != nil || answer.Status != refusal {
				t.Errorf("%v %v", answer, err)
			}
		}
		for n, form := range s.asked {
			if !form.Has("client_assertion") || s.headers[n].Get("Authorization") != "" || form.Has("client_secret") {
				t.Errorf("%d: request %d is authenticated otherwise", refusal, n)
			}
		}
	}
	// What could not be selected for a while may be later.
	later := Select(Credentials{ClientID: "c", Secret: SecretText(longSecret)})
	if p, err := attemptAt(t.Context(), later, IntrospectionEndpoint, iss("private_key_jwt")); err == nil {
		t.Errorf("%v", p)
	}
	if _, err := attemptAt(t.Context(), later, IntrospectionEndpoint, iss("client_secret_basic")); err != nil {
		t.Error(err)
	}
}

// Metadata that cannot be read now say nothing about how to authenticate.
func TestSelectWithoutMetadata(t *testing.T) {
	iss, err := issuer.New(asURL, issuer.WithTransport(down{}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = iss.Close() }()
	p, err := attemptAt(t.Context(), Select(Credentials{ClientID: "c", Secret: SecretText(longSecret)}), TokenEndpoint, iss)
	if err == nil || isMisconfigured(err) || len(p.form)+len(p.header) > 0 {
		t.Errorf("%v %v", p, err)
	}
	// A secret that cannot be read now is no reason for another method.
	sealed := Credentials{ClientID: "c", Secret: SecretFunc(func(context.Context) (string, error) { return "", errors.New("vault sealed") })}
	if p, err := attempt(t, Select(sealed), TokenEndpoint, metadata{"token_endpoint" + methodsSuffix: everyMethod, "token_endpoint" + algorithmsSuffix: []string{"HS256"}}); err == nil || !strings.Contains(err.Error(), "vault sealed") || len(p.form)+len(p.header) > 0 {
		t.Errorf("%v %v", p, err)
	}
	// Nor for one that would stay when the secret can be read again.
	isSealed := true
	vault := SecretFunc(func(context.Context) (string, error) {
		if isSealed {
			return "", errors.New("vault sealed")
		}
		return longSecret, nil
	})
	all := (&fakeAS{metadata: metadata{"token_endpoint" + methodsSuffix: everyMethod, "token_endpoint" + algorithmsSuffix: []string{"HS256"}}}).issuer(t)
	a := Select(Credentials{ClientID: "c", Secret: vault})
	if _, err := attemptAt(t.Context(), a, TokenEndpoint, all); err == nil {
		t.Error("no error")
	}
	isSealed = false
	if p, err := attemptAt(t.Context(), a, TokenEndpoint, all); err != nil || methodOfProof(p) != MethodClientSecretJWT {
		t.Errorf("%s %v", methodOfProof(p), err)
	}
}

// Whose certificate it is shows in its signature, not in its names alone.
func TestIsSelfSigned(t *testing.T) {
	sign := func(subject, issuer, by string) *tls.Certificate {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}}
		der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: issuer}}, testKeys()["p256"].Public(), testKeys()[by])
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Certificate{Certificate: [][]byte{der}}
	}
	for name, tc := range map[string]struct {
		pair *tls.Certificate
		want bool
	}{
		"its own":                         {sign("a", "a", "p256"), true},
		"an authority's":                  {sign("a", "CA", "p384"), false},
		"an authority's of the same name": {sign("a", "a", "p384"), false},
		"its own key under another name":  {sign("a", "CA", "p256"), false},
		"none":                            {nil, false},
		"an empty one":                    {new(tls.Certificate), false},
		"garbage":                         {&tls.Certificate{Certificate: [][]byte{{1}}}, false},
	} {
		if got := isSelfSigned(tc.pair); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("down") }

func TestCredentialsThatCannotWork(t *testing.T) {
	key, secret := signingKey(t, "p256"), SecretText(longSecret)
	for name, tc := range map[string]struct {
		auth Authenticator
		says string
	}{
		"nothing":                    {Select(Credentials{}), "without a secret, key, assertion or identity"},
		"an id alone":                {Select(Credentials{ClientID: "c"}), "without a secret, key, assertion or identity"},
		"a token alone":              {Select(Credentials{ClientID: "c", Token: secret}), "without a secret, key, assertion or identity"},
		"no id":                      {Select(Credentials{Secret: secret}), "without a ClientID"},
		"no id beside an assertion":  {Select(Credentials{Secret: secret, Assertion: secret}), "without a ClientID"},
		"two kinds of assertion":     {Select(Credentials{ClientID: "c", Key: key, Assertion: secret}), "both Assertion and Key"},
		"zero key":                   {Select(Credentials{ClientID: "c", Key: new(SigningKey), Secret: secret}), "without a signing key"},
		"zero identity":              {Select(Credentials{ClientID: "c", Identity: new(Identity), Secret: secret}), "without a certificate"},
		"a method that is no method": {Select(Credentials{ClientID: "c", Secret: secret, IdentityMethod: MethodPrivateKeyJWT}), "IdentityMethod"},
		"methods without one held":   {Select(Credentials{ClientID: "c", Secret: secret, Methods: []Method{MethodPrivateKeyJWT, MethodTLSClientAuth}}), "enough for none of Methods [private_key_jwt tls_client_auth]"},
		"methods with an unknown":    {Select(Credentials{ClientID: "c", Secret: secret, Methods: []Method{MethodClientSecretBasic, "basic"}}), `"basic", which Select does not know`},
		"methods with bearer":        {Select(Credentials{ClientID: "c", Secret: secret, Token: secret, Methods: []Method{MethodBearer}}), `"bearer", which Select does not know`},
		"an option that cannot be":   {Select(Credentials{ClientID: "c", Key: key, AssertionOptions: []AssertionOption{AssertionLifetime(1)}}), "AssertionLifetime"},

		"use: unknown":             {Use("basic", Credentials{ClientID: "c", Secret: secret}), `unknown method "basic"`},
		"use: empty":               {Use("", Credentials{ClientID: "c", Secret: secret}), "unknown method"},
		"use: basic, no secret":    {Use(MethodClientSecretBasic, Credentials{ClientID: "c", Key: key}), "client_secret_basic without a secret"},
		"use: post, no id":         {Use(MethodClientSecretPost, Credentials{Secret: secret}), "client_secret_post without a client id"},
		"use: jwt, no secret":      {Use(MethodClientSecretJWT, Credentials{ClientID: "c", Key: key}), "client_secret_jwt without a secret"},
		"use: key, no key":         {Use(MethodPrivateKeyJWT, Credentials{ClientID: "c", Secret: secret}), "private_key_jwt without a signing key"},
		"use: tls, no identity":    {Use(MethodTLSClientAuth, Credentials{ClientID: "c", Secret: secret}), "tls_client_auth without a certificate"},
		"use: self, no identity":   {Use(MethodSelfSignedTLSClientAuth, Credentials{ClientID: "c", Secret: secret}), "self_signed_tls_client_auth without a certificate"},
		"use: bearer, no token":    {Use(MethodBearer, Credentials{ClientID: "c", Secret: secret}), "bearer without a token"},
		"use: a key and assertion": {Use(MethodPrivateKeyJWT, Credentials{ClientID: "c", Key: key, Assertion: secret}), "both Assertion and Key"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check(tc.auth); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
			if p, err := attempt(t, tc.auth, TokenEndpoint, metadata{"token_endpoint" + methodsSuffix: everyMethod}); err == nil || len(p.form)+len(p.header) > 0 || !isMisconfigured(err) {
				t.Errorf("%v %v", p, err)
			}
		})
	}
}

// A method that was chosen is that one, whatever the issuer announces.
func TestUse(t *testing.T) {
	all := Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: signingKey(t, "p256"), Identity: identityFor(t, "p256", false), Token: SecretText("t"), AssertionOptions: []AssertionOption{SendClientID()}}
	jwt := all
	jwt.AssertionOptions = []AssertionOption{AssertionAlgorithm("HS512")}
	selfSigned := all
	selfSigned.Identity = identityFor(t, "p256", true)
	for want, c := range map[Method]Credentials{
		MethodClientSecretBasic: all, MethodClientSecretPost: all, MethodClientSecretJWT: jwt, MethodPrivateKeyJWT: all,
		MethodTLSClientAuth: all, MethodSelfSignedTLSClientAuth: selfSigned, MethodNone: all,
	} {
		p, err := attempt(t, Use(want, c), TokenEndpoint, nil)
		if err != nil || methodOfProof(p) != want {
			t.Errorf("%s: %s %v", want, methodOfProof(p), err)
		}
		if sent := p.form.Get("client_id"); (sent == "c") != slices.Contains([]Method{MethodClientSecretPost, MethodTLSClientAuth, MethodSelfSignedTLSClientAuth, MethodPrivateKeyJWT, MethodNone}, want) {
			t.Errorf("%s: client_id %q", want, sent)
		}
	}
	if p, err := attempt(t, Use(MethodBearer, all), TokenEndpoint, nil); err != nil || p.header.Get("Authorization") != "Bearer t" {
		t.Errorf("%v %v", p, err)
	}
	if p, err := attempt(t, Use(MethodNone, Credentials{}), TokenEndpoint, nil); err != nil || len(p.form) > 0 {
		t.Errorf("%v %v", p, err)
	}
}

// refreshing is an identity's Authenticator that can get a newer certificate.
type refreshing struct {
	Authenticator
	count *int
	err   error
}

func (r *refreshing) Refresh(context.Context) error { *r.count++; return r.err }

// What was selected is refreshed, once however many lists chose it, and nothing else.
func TestSelectRefresh(t *testing.T) {
	failed := errors.New("no newer one")
	var wanted, other int
	s, _ := Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Identity: identityFor(t, "p256", false)}).(*selection)
	s.all[MethodTLSClientAuth] = &refreshing{s.all[MethodTLSClientAuth], &wanted, failed}
	s.all[MethodClientSecretBasic] = &refreshing{s.all[MethodClientSecretBasic], &other, nil}
	if err := s.Refresh(t.Context()); err != nil || wanted+other != 0 {
		t.Errorf("%v, %d %d", err, wanted, other)
	}
	both := metadata{"token_endpoint" + methodsSuffix: everyMethod, "introspection_endpoint" + methodsSuffix: everyMethod}
	iss := (&fakeAS{metadata: both}).issuer(t)
	for _, name := range []string{TokenEndpoint, IntrospectionEndpoint} {
		if _, err := attemptAt(t.Context(), s, name, iss); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Refresh(t.Context()); !errors.Is(err, failed) || wanted != 1 || other != 0 {
		t.Errorf("%v, %d %d", err, wanted, other)
	}
	var _ Refresher = s
}

// The first choice holds for all who ask at once.
func TestSelectAtOnce(t *testing.T) {
	iss := (&fakeAS{metadata: metadata{"token_endpoint" + methodsSuffix: everyMethod}}).issuer(t)
	a := Select(Credentials{ClientID: "c", Key: signingKey(t, "p256"), Secret: SecretText(longSecret)})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if p, err := attemptAt(t.Context(), a, TokenEndpoint, iss); err != nil || methodOfProof(p) != MethodPrivateKeyJWT {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
}

// An error holds so much of an issuer's list and no more.
func TestQuoteList(t *testing.T) {
	for want, list := range map[string][]string{
		"[]": nil, `["a" "b\n"]`: {"a", "b\n"}, `["` + strings.Repeat("x", 40) + `"]`: {strings.Repeat("x", 1000)},
		"[" + strings.Repeat(`"y" `, 11) + `"y" and 88 more]`: slices.Repeat([]string{"y"}, 100),
	} {
		if got := quoteList(list); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// fuzzIssuer is an issuer without lists.
var fuzzIssuer = sync.OnceValue(func() *issuer.Issuer {
	iss, err := issuer.New(asURL, issuer.WithTransport(&fakeAS{}))
	if err != nil {
		panic(err)
	}
	return iss
})

// Whatever an issuer announces: a method that it announced in so many words, with an
// algorithm that it announced, or an error of bounded size and no proof.
func FuzzMetadataLists(f *testing.F) {
	for _, seed := range [][2]string{
		{`["private_key_jwt","client_secret_basic"]`, `["ES256","RS256"]`}, {`["client_secret_jwt"]`, `["HS256"]`}, {`"client_secret_basic"`, `{}`},
		{`[]`, `[]`}, {`[null]`, `null`}, {`["none"]`, `["none"]`}, {`["client_secret_basic","client_secret_basic"]`, `["\u0045S256"]`}, {`["\ud800"]`, `[1]`},
		{`["` + strings.Repeat(`another_method","`, 500) + `"]`, `[]`},
		{`["` + strings.Repeat("x", 300) + `"]`, `["` + strings.Repeat("y", 300) + `"]`},
	} {
		f.Add(seed[0], seed[1])
	}
	key := signingKey(f, "p256")
	f.Fuzz(func(t *testing.T, methods, algorithms string) {
		if !json.Valid([]byte(methods)) || !json.Valid([]byte(algorithms)) {
			return
		}
		m := metadata{"token_endpoint" + methodsSuffix: json.RawMessage(methods), "token_endpoint" + algorithmsSuffix: json.RawMessage(algorithms)}
		p, err := attempt(t, Select(Credentials{ClientID: "c", Secret: SecretText(longSecret), Key: key}), TokenEndpoint, m)
		if err != nil {
			if len(p.form)+len(p.header) > 0 || len(err.Error()) > 4000 {
				t.Errorf("%v, %d bytes of error", p, len(err.Error()))
			}
			return
		}
		var takes, signs []string
		if err := json.Unmarshal([]byte(methods), &takes); err != nil || !slices.Contains(takes, string(methodOfProof(p))) {
			t.Errorf("%s, of %s", methodOfProof(p), methods)
		}
		if assertion := p.form.Get("client_assertion"); assertion != "" && json.Unmarshal([]byte(algorithms), &signs) == nil {
			var header struct {
				Algorithm string `json:"alg"`
			}
			if json.Unmarshal([]byte(decode(strings.Split(assertion, ".")[0])), &header) != nil || !slices.Contains(signs, header.Algorithm) {
				t.Errorf("%q, of %s", header.Algorithm, algorithms)
			}
		}
	})
}
