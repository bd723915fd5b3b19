// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// verifierOf returns a verifier for one document, and closes its issuer with the
// test.
func verifierOf(t testing.TB, options ...issuer.Option) *jwtauth.Verifier {
	t.Helper()
	iss, err := issuer.New(issuerURL, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	v, err := jwtauth.New(iss, strict())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// keysOf has the issuer's keys in a document.
func keysOf(document []byte) issuer.Option {
	return issuer.WithKeySource(issuer.KeySourceFunc(func(context.Context) (issuer.KeySet, error) {
		return issuer.KeySet{Document: document}, nil
	}))
}

// publishedKey is a key of a key set, as the standard library reads it.
type publishedKey struct {
	kid    string
	public interface{ Equal(crypto.PublicKey) bool }
}

// readKey returns the key if it may verify alg, which is ES256 or EdDSA.
func readKey(raw json.RawMessage, alg string) (publishedKey, bool) {
	o, err := object(raw)
	if err != nil {
		return publishedKey{}, false
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, private := o[name]; private {
			return publishedKey{}, false
		}
	}
	is := func(name string, values ...string) bool {
		_, present := o[name]
		return !present || slices.Contains(values, member(o, name))
	}
	var operations []string
	if raw, restricted := o["key_ops"]; restricted && json.Unmarshal(raw, &operations) != nil {
		operations = []string{member(o, "key_ops")}
	}
	if _, restricted := o["key_ops"]; !is("use", "sig") || restricted && !slices.Contains(operations, "verify") {
		return publishedKey{}, false
	}
	if kid, named := o["kid"]; named && (kid[0] != '"' || len(member(o, "kid")) > 256) {
		return publishedKey{}, false
	}
	bytesOf := func(name string) []byte {
		b, err := base64.RawURLEncoding.Strict().DecodeString(member(o, name))
		if err != nil || !base64url.MatchString(member(o, name)) {
			return nil
		}
		return b
	}
	k := publishedKey{kid: member(o, "kid")}
	x, y := bytesOf("x"), bytesOf("y")
	switch {
	case alg == "ES256" && member(o, "kty") == "EC" && member(o, "crv") == "P-256" && is("alg", "ES256") && len(x) == 32 && len(y) == 32:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		k.public = public
		return k, err == nil
	case alg == "EdDSA" && member(o, "kty") == "OKP" && member(o, "crv") == "Ed25519" && is("alg", "EdDSA", "Ed25519") && len(x) == ed25519.PublicKeySize:
		k.public = ed25519.PublicKey(x)
		return k, true
	default:
		return publishedKey{}, false
	}
}

// objectsKeySet says why no token of this key may be accepted on the word of the
// document, or nothing. An empty kid is a token without one.
func objectsKeySet(document []byte, kid, alg string, signer crypto.PublicKey) error {
	o, err := object(document)
	if err != nil {
		return err
	}
	if err := sameAgain(document); err != nil {
		return err
	}
	var keys []json.RawMessage
	if err := json.Unmarshal(o["keys"], &keys); err != nil || len(keys) > 100 {
		return fmt.Errorf("%d keys, %w", len(keys), err)
	}
	found := false
	for _, raw := range keys {
		k, fits := readKey(raw, alg)
		if !fits || kid != "" && k.kid != kid {
			continue
		}
		// Another key that fits as well makes it anybody's guess. Points of small
		// order are no keys, and the standard library does not know them.
		if !k.public.Equal(signer) && alg != "EdDSA" {
			return errors.New("another key fits as well")
		}
		found = found || k.public.Equal(signer)
	}
	if !found {
		return errors.New("it does not have the key")
	}
	return nil
}

// FuzzKeySet: a token is accepted on the word of whatever the fuzzer makes of a
// key set only if the standard library finds its key there, and nothing else
// that would do.
func FuzzKeySet(f *testing.F) {
	o := &oracle{}
	o.ec, o.ed = fuzzKeys(f)
	point, err := o.ec.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	ec := fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"use":"sig","alg":"ES256","x":%q,"y":%q}`, fuzzEC, b64(point[1:33]), b64(point[33:]))
	ed := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"key_ops":["verify"],"x":%q}`, fuzzEd, b64(o.ed.Public().(ed25519.PublicKey)))
	other := `{"kty":"EC","crv":"P-256","kid":"other","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}` // RFC 7517 appendix A.1
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	for _, seed := range []string{
		set(ec, ed), set(ec), set(ed), set(ec, ec), set(ec, other), set(strings.Replace(other, `"other"`, `"`+fuzzEC+`"`, 1), ec), set(), `{"keys":null}`, `{"keys":{}}`, `{}`, `[]`, ``,
		set(ec) + "x", `{"keys":[` + ec + `],"keys":[]}`, `{"KEYS":[` + ec + `]}`, set(`5`, `null`, `{}`, ec), set(`{"kty":"oct","k":"AQ"}`, ec),
		strings.Replace(set(ec), `"sig"`, `"enc"`, 1), strings.Replace(set(ec), `"ES256"`, `"ES384"`, 1), strings.Replace(set(ec), `"P-256"`, `"P-384"`, 1), strings.Replace(set(ec), `"use"`, `"d":"AQ","use"`, 1),
		strings.Replace(set(ec), `"kid"`, `"kid":"x","kid"`, 1), strings.Replace(set(ec), `"kid"`, `"KID"`, 1), strings.Replace(set(ec), `"`+fuzzEC+`"`, `5`, 1), strings.Replace(set(ed), `"verify"`, `"sign"`, 1), strings.Replace(set(ed), `["verify"]`, `"verify"`, 1),
		strings.Replace(set(ed), `"key_ops"`, `"alg":"RS256","key_ops"`, 1), strings.Replace(set(ec), `"ES256"`, `null`, 1), set(strings.Replace(ec, `"kid":"`+fuzzEC+`",`, "", 1)),
	} {
		f.Add([]byte(seed))
	}
	if _, err := verify(f.Context(), verifierOf(f, keysOf([]byte(set(ec, ed)))), o.sign("ES256", fuzzHeader("ES256"), fuzzClaims)); err != nil {
		f.Fatal(err, causes(err))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if block, _ := pem.Decode(document); block != nil {
			t.Skip("PEM, which is another format")
		}
		v := verifierOf(t, keysOf(document))
		for _, alg := range []string{"ES256", "EdDSA"} {
			kid, signer := fuzzEd, o.ed.Public()
			if alg == "ES256" {
				kid, signer = fuzzEC, &o.ec.PublicKey
			}
			for _, name := range []string{kid, ""} {
				header := fuzzHeader(alg)
				if name == "" {
					header = strings.Replace(header, `,"kid":"`+kid+`"`, "", 1)
				}
				claims, err := verify(t.Context(), v, o.sign(alg, header, fuzzClaims))
				if err == nil {
					if objection := objectsKeySet(document, name, alg, signer); objection != nil {
						t.Errorf("%s with kid %q accepted on the word of %q: %v", alg, name, document, objection)
					}
					continue
				}
				if refusal, ok := errors.AsType[*auth.Error](err); !ok || claims != nil || !slices.Contains([]auth.Check{jwtauth.CheckKey, jwtauth.CheckKeys, jwtauth.CheckSignature}, refusal.Check) {
					t.Errorf("%q: claims %v, error %v", document, claims, err)
				}
			}
		}
	})
}

// oneDocument answers for the metadata with a document, and for everything else
// with keys, of which it notes where they were asked for.
type oneDocument struct {
	metadata, keys []byte
	asked          []string
}

func (d *oneDocument) RoundTrip(r *http.Request) (*http.Response, error) {
	body := d.metadata
	if r.URL.String() != issuerURL+"/.well-known/openid-configuration" {
		d.asked = append(d.asked, r.URL.String())
		body = d.keys
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

// objectsMetadata says why nothing may be asked at this place on the word of the
// metadata, or nothing.
func objectsMetadata(document []byte, asked []string) error {
	o, err := object(document)
	if err != nil {
		return err
	}
	if err := sameAgain(document); err != nil {
		return err
	}
	if member(o, "issuer") != issuerURL {
		return fmt.Errorf("they are those of %s", o["issuer"])
	}
	u, err := url.Parse(member(o, "jwks_uri"))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("jwks_uri %s: %w", o["jwks_uri"], err)
	}
	if len(asked) != 1 || asked[0] != u.String() {
		return fmt.Errorf("asked at %q for keys at %q", asked, u)
	}
	return nil
}

// FuzzDiscovery: keys are asked for at the place that the standard library finds
// in the metadata, if these are the issuer's, and nowhere else.
func FuzzDiscovery(f *testing.F) {
	o := &oracle{}
	o.ec, o.ed = fuzzKeys(f)
	keys := fmt.Appendf(nil, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}]}`, fuzzEd, b64(o.ed.Public().(ed25519.PublicKey)))
	const good = `{"issuer":"` + issuerURL + `","jwks_uri":"https://keys.test/jwks?v=1"}`
	for _, seed := range []string{
		good, `{}`, `[]`, ``, good + "x", strings.Replace(good, `"issuer"`, `"Issuer"`, 1), strings.Replace(good, `{`, `{"issuer":"https://evil.test",`, 1), strings.Replace(good, `as.test"`, `as.test/"`, 1),
		strings.Replace(good, `{`, `{"JWKS_URI":"https://evil.test/",`, 1), strings.Replace(good, "https://keys", "http://keys", 1), strings.Replace(good, "https://keys.test", "http://127.0.0.1", 1), strings.Replace(good, "https://keys.test", "file:///etc", 1),
		strings.Replace(good, "keys.test", "a:b@keys.test", 1), strings.Replace(good, "?v=1", "#x", 1), strings.Replace(good, "keys.test", "KEYS.test:443", 1), strings.Replace(good, "keys.test", "[::1]", 1), strings.Replace(good, "https://keys.test", "", 1),
		strings.Replace(good, `{`, `{"mtls_endpoint_aliases":{"jwks_uri":"https://evil.test/"},`, 1), strings.Replace(good, `"https://keys.test/jwks?v=1"`, `["https://keys.test/"]`, 1), strings.Replace(good, `keys`, `\u006beys`, 1),
	} {
		f.Add([]byte(seed))
	}
	if _, err := verify(f.Context(), verifierOf(f, issuer.WithTransport(&oneDocument{metadata: []byte(good), keys: keys})), o.sign("EdDSA", fuzzHeader("EdDSA"), fuzzClaims)); err != nil {
		f.Fatal(err, causes(err))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		network := &oneDocument{metadata: document, keys: keys}
		claims, err := verify(t.Context(), verifierOf(t, issuer.WithTransport(network)), o.sign("EdDSA", fuzzHeader("EdDSA"), fuzzClaims))
		if err == nil || len(network.asked) > 0 {
			if objection := objectsMetadata(document, network.asked); objection != nil {
				t.Errorf("%q: %v", document, objection)
			}
		}
		if err == nil {
			return
		}
		if refusal, ok := errors.AsType[*auth.Error](err); !ok || claims != nil || refusal.Check != jwtauth.CheckKeys {
			t.Errorf("%q: claims %v, error %v", document, claims, err)
		}
	})
}
