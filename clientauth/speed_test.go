// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/speedtest"
)

// cost is a [speedtest.Cost].
type cost struct {
	name   string
	allocs float64
	varies string
	do     func() bool
	beside func() bool
}

func (c cost) Cost() speedtest.Cost {
	return speedtest.Cost{Name: c.name, Allocs: c.allocs, Varies: c.varies, Do: c.do, Beside: c.beside}
}

// costs are the calls of this package by the benchmark that times them.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkAuthenticate": authenticateCosts,
	"BenchmarkSecret":       secretCosts,
	"BenchmarkSelect":       selectCosts,
	"BenchmarkMetadata":     metadataCosts,
	"BenchmarkPost":         postCosts,
	"BenchmarkErrorCode":    errorCodeCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkAuthenticate(b *testing.B) { benchmark(b) }
func BenchmarkSecret(b *testing.B)       { benchmark(b) }
func BenchmarkSelect(b *testing.B)       { benchmark(b) }
func BenchmarkMetadata(b *testing.B)     { benchmark(b) }
func BenchmarkPost(b *testing.B)         { benchmark(b) }
func BenchmarkErrorCode(b *testing.B)    { benchmark(b) }

// canned is an authorization server that costs next to nothing: what it says of
// itself is read once, and its endpoints answer anybody.
type canned struct{ *fakeAS }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		return c.fakeAS.RoundTrip(r)
	}
	const body = `{"active":false}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {mediaJSON}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// known is an issuer whose metadata are here.
func known(t testing.TB, m metadata) *issuer.Issuer {
	t.Helper()
	iss, err := issuer.New(asURL, issuer.WithTransport(canned{&fakeAS{metadata: m}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	if _, err := iss.Metadata(t.Context()); err != nil {
		t.Fatal(err)
	}
	return iss
}

// announces has lists for every method and algorithm here.
var announces = metadata{
	"token_endpoint" + methodsSuffix: everyMethod, "token_endpoint" + algorithmsSuffix: []string{"ES256", "RS256", "EdDSA", "HS256"},
}

// attempts has a prepare one request after the other in the same space, and reports
// whether it adds what is meant: a parameter, a header field or a certificate.
func attempts(t testing.TB, a Authenticator, what string) func() bool {
	t.Helper()
	if err := Check(a); err != nil {
		t.Fatal(err)
	}
	iss, p, ctx := known(t, announces), &proof{form: make(url.Values), header: make(http.Header)}, t.Context()
	r := &Request{
		Issuer: iss.Identifier(), Name: TokenEndpoint, Endpoint: iss.Identifier() + "/token", Attempt: 1,
		setForm: p.setForm, setHeader: p.setHeader, setCertificate: p.setCertificate, setKey: p.setCredential, metadata: iss.Metadata,
	}
	return func() bool {
		clear(p.form)
		clear(p.header)
		p.certificate, p.credential = nil, nil
		if err := a.Authenticate(ctx, r); err != nil {
			return false
		}
		return what == "" && len(p.form) == 0 || p.form.Has(what) || p.header.Get(what) != "" || what == "certificate" && p.certificate != nil
	}
}

// signs is why the allocations of a signature are a bound.
const signs = "those of the signature are the standard library's"

func authenticateCosts(t testing.TB) []cost {
	secret := SecretText(longSecret)
	var all []cost
	for _, c := range []struct {
		name   string
		allocs float64
		varies string
		by     Authenticator
		what   string
	}{
		{"None", 0, "", None(), ""},
		{"PublicClient", 1, "", PublicClient("c"), "client_id"},
		{"Bearer", 2, "", Bearer(SecretText("t")), "Authorization"},
		{"ClientSecretBasic", 5, "", ClientSecretBasic("c", secret), "Authorization"},
		{"ClientSecretBasic, encoded", 6, "", ClientSecretBasic("https://c", secret), "Authorization"},
		{"ClientSecretBasicUnencoded", 5, "", ClientSecretBasicUnencoded("https://c", secret), "Authorization"},
		{"ClientSecretPost", 2, "", ClientSecretPost("c", secret), "client_secret"},
		{"ClientSecretJWT", 31, "", ClientSecretJWT("c", secret, AssertionAlgorithm("HS256")), "client_assertion"},
		{"ClientSecretJWT, as announced", 37, "", ClientSecretJWT("c", secret), "client_assertion"},
		{"PrivateKeyJWT, ES256", 88, signs, PrivateKeyJWT("c", signingKey(t, "p256")), "client_assertion"},
		{"PrivateKeyJWT, RS256", 25, signs, PrivateKeyJWT("c", signingKey(t, "rsa", KeyAlgorithm("RS256"))), "client_assertion"},
		{"PrivateKeyJWT, RSA as announced", 31, signs, PrivateKeyJWT("c", signingKey(t, "rsa")), "client_assertion"},
		{"PrivateKeyJWT, EdDSA", 22, signs, PrivateKeyJWT("c", signingKey(t, "ed25519", KeyAlgorithm("EdDSA"))), "client_assertion"},
		{"JWTAssertion", 13, "", JWTAssertion("c", SecretText(workloadJWT())), "client_assertion"},
		{"TLSClientAuth", 2, "", TLSClientAuth("c", identityFor(t, "p256", false)), "certificate"},
		{"SelfSignedTLSClientAuth", 2, "", SelfSignedTLSClientAuth("c", identityFor(t, "p256", true)), "certificate"},
	} {
		all = append(all, cost{c.name, c.allocs, c.varies, attempts(t, c.by, c.what), nil})
	}
	return all
}

// workloadJWT is a JWT that somebody else made, for a day.
func workloadJWT() string {
	encode := func(o object) string { return base64.RawURLEncoding.EncodeToString(o.close()) }
	return encode(object{}.text("alg", "ES256")) + "." + encode(object{}.text("sub", "workload").number("exp", time.Now().Add(24*time.Hour).Unix())) + "." + strings.Repeat("x", 86)
}

// secretCosts are of where a secret may come from, beside one that stays.
func secretCosts(t testing.TB) []cost {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(longSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	beside := attempts(t, ClientSecretPost("c", SecretText(longSecret)), "client_secret")
	from := func(s Secret) func() bool { return attempts(t, ClientSecretPost("c", s), "client_secret") }
	return []cost{
		{"SecretFunc", 6, "", from(SecretFunc(func(context.Context) (string, error) { return longSecret, nil })), beside},
		{"SecretFile", 18, "those of reading a file are the standard library's", from(SecretFile(path)), beside},
	}
}

// selectCosts are of methods that were selected before.
func selectCosts(t testing.TB) []cost {
	all := Credentials{ClientID: "c", Secret: SecretText(longSecret), Identity: identityFor(t, "p256", false)}
	basic := all
	basic.Methods = []Method{MethodClientSecretBasic}
	return []cost{
		{"tls_client_auth", 1, "", attempts(t, Select(all), "certificate"), attempts(t, TLSClientAuth("c", all.Identity), "certificate")},
		{"client_secret_basic", 1, "", attempts(t, Select(basic), "Authorization"), attempts(t, ClientSecretBasic("c", all.Secret), "Authorization")},
	}
}

func metadataCosts(t testing.TB) []cost {
	r, ctx := &Request{metadata: known(t, nil).Metadata}, t.Context()
	return []cost{{"read before", 0, "", func() bool { m, err := r.Metadata(ctx); return err == nil && m.Issuer() == asURL }, nil}}
}

func postCosts(t testing.TB) []cost {
	form, ctx := url.Values{"token": {strings.Repeat("x", 900)}, "token_type_hint": {"access_token"}}, t.Context()
	posts := func(c EndpointConfig) func() bool {
		c.Name = IntrospectionEndpoint
		e, err := NewEndpoint(known(t, announces), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		return func() bool {
			a, err := e.Post(ctx, form, mediaJSON, 1)
			return err == nil && a.Status == http.StatusOK
		}
	}
	const rest = "those of net/http are among them"
	return []cost{
		{"None", 53, rest, posts(EndpointConfig{Auth: None()}), nil},
		{"None, a URL of its own", 48, rest, posts(EndpointConfig{Auth: None(), URL: asURL + "/introspection"}), nil},
		{"ClientSecretBasic", 60, rest, posts(EndpointConfig{Auth: ClientSecretBasic("c", SecretText(longSecret))}), nil},
		{"somebody's Authenticator", 59, rest, posts(EndpointConfig{Auth: custom{}}), nil},
	}
}

func errorCodeCosts(testing.TB) []cost {
	refused := &Answer{Status: http.StatusUnauthorized, MediaType: mediaJSON, Body: []byte(`{"error":"invalid_client","error_description":"who?"}`)}
	good := &Answer{Status: http.StatusOK, MediaType: mediaJSON, Body: []byte(`{"active":false}`)}
	return []cost{
		{"invalid_client", 7, "", func() bool { return IsClientRefusal(refused.ErrorCode()) }, nil},
		{"none", 4, "", func() bool { return good.ErrorCode() == "" }, nil},
	}
}
