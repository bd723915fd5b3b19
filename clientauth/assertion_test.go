// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// what an assertion has in it, and nothing else, by every algorithm,
// from keys in this process and elsewhere.
func TestPrivateKeyJWT(t *testing.T) {
	for alg, name := range map[string]string{
		"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
		"ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519", "Ed25519": "ed25519",
	} {
		for _, remote := range []bool{false, true} {
			t.Run(fmt.Sprint(alg, remote), func(t *testing.T) {
				signer := testKeys()[name]
				if remote {
					signer = elsewhere{Signer: signer}
				}
				key, err := NewSigningKey(signer, KeyAlgorithm(alg), KeyID("k-1"))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now().Unix()
				p, err := attempt(t, PrivateKeyJWT("rs:1 \"\u00e9", key), IntrospectionEndpoint, nil)
				if err != nil {
					t.Fatal(err)
				}
				if alg == "Ed25519" { // which the other implementation does not know by that name
					checkEd25519Name(t, p)
					return
				}
				header, claims := readAssertion(t, p, signer.Public())
				if got := fmt.Sprint(header); got != "map[alg:"+alg+" kid:k-1 typ:client-authentication+jwt]" {
					t.Errorf("header %v", got)
				}
				if got, want := sortedNames(claims), []string{"aud", "exp", "iat", "iss", "jti", "sub"}; !slices.Equal(got, want) {
					t.Errorf("claims %q, want %q", got, want)
				}
				if claims["iss"] != "rs:1 \"\u00e9" || claims["sub"] != claims["iss"] || claims["aud"] != asURL { // a string
					t.Errorf("claims %v", claims)
				}
				iat, _ := claims["iat"].(float64)
				exp, _ := claims["exp"].(float64)
				if int64(iat) < began || int64(iat) > time.Now().Unix() || exp-iat != 60 {
					t.Errorf("iat %v exp %v", iat, exp)
				}
				if got, want := sortedNames(p.form), []string{"client_assertion", "client_assertion_type"}; !slices.Equal(got, want) {
					t.Errorf("form %q, want %q", got, want)
				}
				if len(p.header) > 0 || p.certificate != nil {
					t.Errorf("header %v certificate %v", p.header, p.certificate)
				}
				if strings.HasPrefix(alg, "PS") { // the other implementation takes any salt
					checkSalt(t, p, alg, signer.Public().(*rsa.PublicKey))
				}
			})
		}
	}
}

func checkEd25519Name(t *testing.T, p *proof) {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(p.form.Get("client_assertion"), ".")[0])
	if err != nil || !strings.Contains(string(header), `"alg":"Ed25519"`) {
		t.Errorf("header %s", header)
	}
}

func checkSalt(t *testing.T, p *proof, alg string, public *rsa.PublicKey) {
	t.Helper()
	parts := strings.Split(p.form.Get("client_assertion"), ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	hash := hashes[alg].New()
	hash.Write([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPSS(public, hashes[alg], hash.Sum(nil), signature, &rsa.PSSOptions{SaltLength: hashes[alg].Size()}); err != nil {
		t.Errorf("salt: %v", err)
	}
}

func TestClientSecretJWT(t *testing.T) {
	for _, alg := range []string{"HS256", "HS384", "HS512"} {
		for name, secret := range map[string]Secret{"text": SecretText(longSecret), "file": SecretFile(writeFile(t, longSecret+"\r\n"))} {
			p, err := attempt(t, ClientSecretJWT("client", secret, AssertionAlgorithm(alg)), TokenEndpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			header, claims := readAssertion(t, p, []byte(longSecret))
			if got := fmt.Sprint(header); got != "map[alg:"+alg+" typ:client-authentication+jwt]" {
				t.Errorf("%s: header %v", name, got)
			}
			if claims["iss"] != "client" || claims["sub"] != "client" || claims["aud"] != asURL {
				t.Errorf("%s: claims %v", name, claims)
			}
			for _, values := range p.form {
				if strings.Contains(values[0], longSecret) {
					t.Errorf("%s: the secret itself is sent", name)
				}
			}
		}
	}
}

func writeFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every attempt has an assertion of its own, of which nobody can guess the id.
func TestAssertionIDs(t *testing.T) {
	iss := (&fakeAS{}).issuer(t)
	a := PrivateKeyJWT("client", signingKey(t, "p256"))
	seen := make(map[any]bool)
	for range 256 {
		p, err := attemptAt(t.Context(), a, TokenEndpoint, iss)
		if err != nil {
			t.Fatal(err)
		}
		_, claims := readAssertion(t, p, testKeys()["p256"].Public())
		jti, _ := claims["jti"].(string)
		// 26 letters of base32 are 130 bits. Some servers take no more than 64.
		if seen[jti] || len(jti) < 26 || len(jti) > 64 {
			t.Fatalf("jti %q", jti)
		}
		seen[jti] = true
	}
}

func TestAssertionOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		options []AssertionOption
		check   func(header map[string]any, claims jwt.MapClaims, form url.Values) bool
	}{
		"lifetime": {[]AssertionOption{AssertionLifetime(5 * time.Minute)}, func(_ map[string]any, c jwt.MapClaims, _ url.Values) bool {
			iat, _ := c["iat"].(float64)
			exp, _ := c["exp"].(float64)
			return exp-iat == 300
		}},
		"type":      {[]AssertionOption{AssertionTypeJWT()}, func(h map[string]any, _ jwt.MapClaims, _ url.Values) bool { return h["typ"] == "JWT" }},
		"client id": {[]AssertionOption{SendClientID()}, func(_ map[string]any, _ jwt.MapClaims, f url.Values) bool { return f.Get("client_id") == "client" }},
		"algorithm": {[]AssertionOption{AssertionAlgorithm("RS512")}, func(h map[string]any, _ jwt.MapClaims, _ url.Values) bool { return h["alg"] == "RS512" }},
		"audience": {[]AssertionOption{InsecureEndpointAudience()}, func(_ map[string]any, c jwt.MapClaims, _ url.Values) bool {
			return c["aud"] == asURL+"/token"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := PrivateKeyJWT("client", signingKey(t, "rsa"), tc.options...)
			p, err := attempt(t, a, TokenEndpoint, metadata{"token_endpoint_auth_signing_alg_values_supported": []string{"RS256"}})
			if err != nil {
				t.Fatal(err)
			}
			header, claims := readAssertion(t, p, testKeys()["rsa"].Public())
			if !tc.check(header, claims, p.form) {
				t.Errorf("header %v claims %v form %v", header, claims, p.form)
			}
		})
	}
}

// What cannot work is said when it is made, and does not reach the network.
func TestAssertionsThatCannotWork(t *testing.T) {
	key, secret := signingKey(t, "p256"), SecretText(longSecret)
	var none *SigningKey
	for name, tc := range map[string]struct {
		auth Authenticator
		says string
	}{
		"no client":            {PrivateKeyJWT("", key), "without a client id"},
		"no key":               {PrivateKeyJWT("c", none), "without a signing key"},
		"zero key":             {PrivateKeyJWT("c", new(SigningKey)), "without a signing key"},
		"algorithm of another": {PrivateKeyJWT("c", key, AssertionAlgorithm("RS256")), "the key signs with ES256"},
		"none":                 {PrivateKeyJWT("c", key, AssertionAlgorithm("none")), "the key signs with ES256"},
		"HS for a key":         {PrivateKeyJWT("c", key, AssertionAlgorithm("HS256")), "the key signs with ES256"},
		"empty algorithm":      {PrivateKeyJWT("c", key, AssertionAlgorithm("")), "leave it out"},
		"lifetime 0":           {PrivateKeyJWT("c", key, AssertionLifetime(0)), "AssertionLifetime"},
		"lifetime 4s":          {PrivateKeyJWT("c", key, AssertionLifetime(4*time.Second)), "AssertionLifetime"},
		"lifetime 11m":         {PrivateKeyJWT("c", key, AssertionLifetime(11*time.Minute)), "AssertionLifetime"},
		"lifetime 5.5s":        {PrivateKeyJWT("c", key, AssertionLifetime(5500*time.Millisecond)), "whole seconds"},
		"client not UTF-8":     {PrivateKeyJWT("c\xff", key), "UTF-8"},
		"secret, no client":    {ClientSecretJWT("", secret), "without a client id"},
		"no secret":            {ClientSecretJWT("c", SecretText("")), "without a secret"},
		"A-65 short secret":    {ClientSecretJWT("c", SecretText(longSecret[:31])), "31 bytes and HS256 needs 32"},
		"A-65 short for HS512": {ClientSecretJWT("c", SecretText(longSecret[:63]), AssertionAlgorithm("HS512")), "63 bytes and HS512 needs 64"},
		"RS for a secret":      {ClientSecretJWT("c", secret, AssertionAlgorithm("RS256")), "a secret signs with HS256"},
		"no assertion":         {JWTAssertion("c", SecretFile("")), "without an assertion"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(tc.auth)
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), longSecret[:31]) {
				t.Errorf("Check: %v; want %q", err, tc.says)
			}
			s := new(fakeAS)
			if _, err := NewEndpoint(s.issuer(t), EndpointConfig{Name: TokenEndpoint, Auth: tc.auth}); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("NewEndpoint: %v; want %q", err, tc.says)
			}
			if p, err := attempt(t, tc.auth, TokenEndpoint, nil); err == nil || len(p.form)+len(p.header) > 0 || !isMisconfigured(err) {
				t.Errorf("Authenticate: %v, %v", p, err)
			}
		})
	}
	if Check(ClientSecretJWT("c", SecretText(longSecret[:32]))) != nil || Check(ClientSecretJWT("c", secret, AssertionAlgorithm("HS512"))) != nil {
		t.Error("a secret of the hash's length is refused")
	}
	// A secret that is read at use is looked at then.
	short := ClientSecretJWT("c", SecretFile(writeFile(t, "short-secret")), AssertionAlgorithm("HS256"))
	if err := Check(short); err != nil {
		t.Error(err)
	}
	if p, err := attempt(t, short, TokenEndpoint, nil); err == nil || !strings.Contains(err.Error(), "12 bytes and HS256 needs 32") || strings.Contains(err.Error(), "short-secret") || len(p.form) > 0 {
		t.Errorf("%v", err)
	}
}

// which algorithm, where nobody chose one.
func TestAssertionAlgorithm(t *testing.T) {
	const token, introspection, revocation = "token_endpoint" + algorithmsSuffix, "introspection_endpoint" + algorithmsSuffix, "revocation_endpoint" + algorithmsSuffix
	for name, tc := range map[string]struct {
		key      string // of testKeys; a secret of so many bytes if it is a number
		size     int
		endpoint string
		announce metadata
		want     string // the algorithm, or what the error says
	}{
		"ours first":                    {"rsa", 0, TokenEndpoint, metadata{token: []string{"RS512", "RS256", "PS256"}}, "PS256"},
		"RS before another hash":        {"rsa", 0, TokenEndpoint, metadata{token: []string{"PS512", "PS384", "RS256"}}, "RS256"},
		"what there is":                 {"rsa", 0, TokenEndpoint, metadata{token: []string{"HS256", "none", "RS512"}}, "RS512"},
		"introspection":                 {"rsa", 0, IntrospectionEndpoint, metadata{introspection: []string{"RS384"}, token: []string{"RS256"}}, "RS384"},
		"revocation":                    {"rsa", 0, RevocationEndpoint, metadata{revocation: []string{"PS384"}, token: []string{"RS256"}}, "PS384"},
		"device goes by token":          {"rsa", 0, DeviceAuthorizationEndpoint, metadata{token: []string{"PS512"}}, "PS512"},
		"introspection does not":        {"rsa", 0, IntrospectionEndpoint, metadata{token: []string{"RS256"}}, "KeyAlgorithm"},
		"silence, RSA":                  {"rsa", 0, TokenEndpoint, nil, "choose one of PS256, RS256"},
		"silence, one choice":           {"p256", 0, TokenEndpoint, nil, "ES256"},
		"silence, P-521":                {"p521", 0, TokenEndpoint, nil, "ES512"},
		"silence, Ed25519":              {"ed25519", 0, TokenEndpoint, nil, "EdDSA"},
		"new name of Ed25519":           {"ed25519", 0, TokenEndpoint, metadata{token: []string{"EdDSA", "Ed25519"}}, "Ed25519"},
		"old name of Ed25519":           {"ed25519", 0, TokenEndpoint, metadata{token: []string{"EdDSA", "RS256"}}, "EdDSA"},
		"none in common":                {"rsa", 0, TokenEndpoint, metadata{token: []string{"ES256"}}, "no signing algorithm in common"},
		"none at all":                   {"ed25519", 0, TokenEndpoint, metadata{token: []string{}}, "no signing algorithm in common"},
		"not a list":                    {"rsa", 0, TokenEndpoint, metadata{token: "RS256"}, "not a list"},
		"a number in it":                {"rsa", 0, TokenEndpoint, metadata{token: []any{1, "RS256"}}, "not a list"},
		"only none":                     {"rsa", 0, TokenEndpoint, metadata{token: []string{"none"}}, "no signing algorithm in common"},
		"secret":                        {"", 64, TokenEndpoint, metadata{token: []string{"HS512", "HS256", "RS256"}}, "HS256"},
		"secret, HS384 and long enough": {"", 48, TokenEndpoint, metadata{token: []string{"HS512", "HS384"}}, "HS384"},
		"secret too short for HS512":    {"", 48, TokenEndpoint, metadata{token: []string{"HS512"}}, "no signing algorithm in common"},
		"secret, silence":               {"", 64, TokenEndpoint, nil, "choose one of HS256, HS384, HS512"},
		"secret good for one, silence":  {"", 40, TokenEndpoint, nil, "HS256"},
	} {
		t.Run(name, func(t *testing.T) {
			a, verifier := ClientSecretJWT("c", SecretText(longSecret[:tc.size])), any([]byte(longSecret[:tc.size]))
			if tc.key != "" {
				a, verifier = PrivateKeyJWT("c", signingKey(t, tc.key)), testKeys()[tc.key].Public()
			}
			p, err := attempt(t, a, tc.endpoint, tc.announce)
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) || len(p.form) > 0 {
					t.Errorf("%v, want %s", err, tc.want)
				}
				return
			}
			if tc.want == "Ed25519" {
				checkEd25519Name(t, p)
				return
			}
			if header, _ := readAssertion(t, p, verifier); header["alg"] != tc.want {
				t.Errorf("alg %v, want %s", header["alg"], tc.want)
			}
		})
	}
}

// An algorithm that was chosen needs no metadata, so that an issuer without any can
// be asked.
func TestChosenAlgorithmNeedsNoMetadata(t *testing.T) {
	for name, a := range map[string]Authenticator{
		"key":       PrivateKeyJWT("c", signingKey(t, "rsa", KeyAlgorithm("RS256"))),
		"assertion": PrivateKeyJWT("c", signingKey(t, "rsa"), AssertionAlgorithm("RS256")),
		"only one":  PrivateKeyJWT("c", signingKey(t, "p256")),
		"secret":    ClientSecretJWT("c", SecretText(longSecret), AssertionAlgorithm("HS256")),
	} {
		s := new(fakeAS)
		e, err := NewEndpoint(s.issuer(t), EndpointConfig{Name: TokenEndpoint, Auth: a, URL: asURL + "/token"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Post(t.Context(), url.Values{}, "application/json", 1); err != nil || s.document != 0 {
			t.Errorf("%s: metadata read %d times, %v", name, s.document, err)
		}
		e.Close()
	}
}

// I15: metadata that name another server's endpoint as their own get an assertion
// that is of no use there; with the audience that old servers want they get none.
func TestAssertionForAnotherServer(t *testing.T) {
	for _, name := range []string{TokenEndpoint, IntrospectionEndpoint} {
		for _, tc := range []struct {
			auth Authenticator
			key  any
		}{
			{PrivateKeyJWT("client", signingKey(t, "p256")), testKeys()["p256"].Public()},
			{ClientSecretJWT("client", SecretText(longSecret), AssertionAlgorithm("HS256")), []byte(longSecret)},
		} {
			s := &fakeAS{metadata: metadata{name: "https://honest.test/token"}}
			if _, err := s.endpoint(t, name, tc.auth).Post(t.Context(), url.Values{}, "application/json", 1); err != nil {
				t.Fatal(err)
			}
			_, claims := readAssertion(t, &proof{form: s.asked[0]}, tc.key)
			if claims["aud"] != asURL {
				t.Errorf("aud %v, want the configured issuer", claims["aud"])
			}
		}
		for elsewhere, refused := range map[string]bool{
			"https://honest.test/token": true, "https://as.test:8443/token": true, "https://as.test.evil.test/token": true, "https://AS.test:443/token": false, "https://as.test/other": false,
		} {
			s := &fakeAS{metadata: metadata{name: elsewhere}}
			legacy := PrivateKeyJWT("client", signingKey(t, "p256"), InsecureEndpointAudience())
			_, err := s.endpoint(t, name, legacy).Post(t.Context(), url.Values{}, "application/json", 1)
			if failed, ok := errors.AsType[*Error](err); refused != (ok && failed.Ours && failed.Step == StepProof) || refused && len(s.asked) > 0 || !refused && err != nil {
				t.Errorf("%s: %v, %d requests", elsewhere, err, len(s.asked))
			}
		}
	}
}

// One that is not accepted is made anew only if it would be with another key: the
// same key in a new assertion is no newer credential.
func TestRefusedAssertion(t *testing.T) {
	refuse := func(int, url.Values) (int, string) { return 401, `{"error":"invalid_client"}` }
	t.Run("same key", func(t *testing.T) {
		s := &fakeAS{reply: refuse}
		answer, err := s.endpoint(t, TokenEndpoint, PrivateKeyJWT("c", signingKey(t, "p256"))).Post(t.Context(), nil, "application/json", 1)
		if err != nil || answer.Status != 401 || len(s.asked) != 1 {
			t.Errorf("%v %v, asked %d times", answer, err, len(s.asked))
		}
	})
	t.Run("same secret", func(t *testing.T) {
		s := &fakeAS{reply: refuse}
		a := ClientSecretJWT("c", SecretFile(writeFile(t, longSecret)), AssertionAlgorithm("HS256"))
		if answer, err := s.endpoint(t, TokenEndpoint, a).Post(t.Context(), nil, "application/json", 1); err != nil || answer.Status != 401 || len(s.asked) != 1 {
			t.Errorf("%v %v, asked %d times", answer, err, len(s.asked))
		}
	})
	t.Run("rotated key", func(t *testing.T) {
		key := signingKey(t, "p256")
		s := &fakeAS{reply: func(n int, _ url.Values) (int, string) {
			if n > 1 {
				return 200, "{}"
			}
			if err := key.Rotate([]byte(pkcs8(t, "p256-2"))); err != nil {
				t.Error(err)
			}
			return 401, ""
		}}
		if answer, err := s.endpoint(t, TokenEndpoint, PrivateKeyJWT("c", key)).Post(t.Context(), nil, "application/json", 1); err != nil || answer.Status != 200 || len(s.asked) != 2 {
			t.Fatalf("%v %v, asked %d times", answer, err, len(s.asked))
		}
		_, first := readAssertion(t, &proof{form: s.asked[0]}, testKeys()["p256"].Public())
		_, second := readAssertion(t, &proof{form: s.asked[1]}, testKeys()["p256-2"].Public())
		if first["jti"] == second["jti"] {
			t.Error("the same jti twice")
		}
	})
	t.Run("rotated secret", func(t *testing.T) {
		path := writeFile(t, longSecret)
		s := &fakeAS{reply: func(n int, _ url.Values) (int, string) {
			if n > 1 {
				return 200, "{}"
			}
			if err := os.WriteFile(path, []byte("other-"+longSecret), 0o600); err != nil {
				t.Error(err)
			}
			return 401, ""
		}}
		a := ClientSecretJWT("c", SecretFile(path), AssertionAlgorithm("HS256"))
		if answer, err := s.endpoint(t, TokenEndpoint, a).Post(t.Context(), nil, "application/json", 1); err != nil || answer.Status != 200 || len(s.asked) != 2 {
			t.Fatalf("%v %v, asked %d times", answer, err, len(s.asked))
		}
	})
}

// jwtOf is a JWT with these claims that nobody signed.
func jwtOf(t testing.TB, claims map[string]any) string {
	t.Helper()
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"cluster"}`)) + "." + encode(b) + "." + encode([]byte("signature-of-the-cluster"))
}

func TestJWTAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := (&fakeAS{}).issuer(t)
		defer func() { _ = iss.Close() }()
		in := func(d time.Duration) map[string]any {
			return map[string]any{"iss": "https://cluster", "sub": "system:serviceaccount:a:b", "exp": time.Now().Add(d).Unix()}
		}
		good := jwtOf(t, in(time.Hour))
		for name, tc := range map[string]struct {
			raw, says string
		}{
			"good":           {good, ""},
			"a second left":  {jwtOf(t, in(time.Second)), ""},
			"expired":        {jwtOf(t, in(-90*time.Second)), "expired 1m30s ago"},
			"just now":       {jwtOf(t, in(0)), "expired 0s ago"},
			"no exp":         {jwtOf(t, map[string]any{"sub": "x"}), "has no exp"},
			"exp is text":    {jwtOf(t, map[string]any{"exp": "4102444800"}), "has no exp"},
			"empty":          {"", "empty"},
			"text":           {"hunter2-hunter2", "not a JWT"},
			"unsigned":       {good[:strings.LastIndexByte(good, '.')+1], "not a JWT"},
			"two parts":      {good[:strings.LastIndexByte(good, '.')], "not a JWT"},
			"five parts":     {good + ".a.b", "not a JWT"},
			"a line break":   {good[:20] + "\n" + good[20:], "not a JWT"},
			"header no JSON": {"bm90LWpzb24" + good[strings.IndexByte(good, '.'):], "header"},
			"claims no JSON": {good[:strings.IndexByte(good, '.')] + ".bm90LWpzb24.c2ln", "claims"},
			"claims twice":   {good[:strings.IndexByte(good, '.')] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1,"exp":4102444800}`)) + ".c2ln", "claims"},
		} {
			for _, id := range []string{"", "client"} {
				p, err := attemptAt(t.Context(), JWTAssertion(id, SecretFile(writeFile(t, tc.raw+"\n"))), TokenEndpoint, iss)
				if tc.says != "" {
					if err == nil || !strings.Contains(err.Error(), tc.says) || len(p.form) > 0 {
						t.Errorf("%s: %v, want %q", name, err, tc.says)
					}
					if err != nil && tc.raw != "" && strings.Contains(err.Error(), tc.raw[:min(10, len(tc.raw))]) {
						t.Errorf("%s: %v quotes the assertion", name, err)
					}
					continue
				}
				want := url.Values{"client_assertion_type": {assertionType}, "client_assertion": {tc.raw}}
				if id != "" {
					want.Set("client_id", id)
				}
				if err != nil || p.form.Encode() != want.Encode() {
					t.Errorf("%s: %v %v", name, p.form, err)
				}
			}
		}
		// What renews the file is followed.
		path := writeFile(t, good)
		a := JWTAssertion("", SecretFile(path))
		next := jwtOf(t, in(3*time.Hour))
		time.Sleep(2 * time.Hour)
		if _, err := attemptAt(t.Context(), a, TokenEndpoint, iss); err == nil || !isMisconfigured(err) {
			t.Errorf("an assertion that expired: %v", err)
		}
		if err := os.WriteFile(path, []byte(next), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := attemptAt(t.Context(), a, TokenEndpoint, iss); err != nil || p.form.Get("client_assertion") != next {
			t.Error(err)
		}
	})
}

// A key that a certificate is known by is named by it.
func TestCertificateThumbprint(t *testing.T) {
	c, certificate := certificateOf(t, "p256", true)
	_, other := certificateOf(t, "p256-2", true)
	sum := sha256.Sum256(c.Raw)
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	for name, document := range map[string]string{
		"beside": pkcs8(t, "p256") + certificate, "before": certificate + pkcs8(t, "p256"), "of a chain": sec1(t, "p256") + certificate + other, "another first": other + certificate + sec1(t, "p256"),
	} {
		a, err := PrivateKeyJWTFromPEM("client", []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		p, err := attempt(t, a, TokenEndpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		if header, _ := readAssertion(t, p, testKeys()["p256"].Public()); header["x5t#S256"] != want {
			t.Errorf("%s: header %v, want %s", name, header, want)
		}
	}
	p, err := attempt(t, PrivateKeyJWT("client", signingKey(t, "p256", KeyCertificate(c))), TokenEndpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header, _ := readAssertion(t, p, testKeys()["p256"].Public()); header["x5t#S256"] != want {
		t.Errorf("header %v, want %s", header, want)
	}
}
