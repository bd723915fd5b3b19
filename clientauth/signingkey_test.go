// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What a key must be for the algorithms that there are.
func TestSigningKeyRefuses(t *testing.T) {
	c, certificate := certificateOf(t, "p256", true)
	var noRSA *rsa.PrivateKey
	for name, tc := range map[string]struct {
		signer  crypto.Signer
		options []KeyOption
		says    string // nothing if it is accepted
	}{
		"RSA":                      {testKeys()["rsa"], nil, ""},
		"no signer":                {nil, nil, "no signer"},
		"nil pointer":              {noRSA, nil, "no signer"},
		"Ed25519 of another size":  {ed25519.PrivateKey("short"), nil, "another size"},
		"RSA of 1024 bits":         {testKeys()["rsa-small"], nil, "1024 bits"},
		"P-224":                    {testKeys()["p224"], nil, "P-224"},
		"a key that is something":  {odd{}, nil, "a key of type struct {}"},
		"an even RSA exponent":     {withPublic{testKeys()["rsa"], &rsa.PublicKey{N: big.NewInt(1), E: 2}}, nil, "public part is none"},
		"RSA without a modulus":    {withPublic{testKeys()["rsa"], &rsa.PublicKey{E: 3}}, nil, "public part is none"},
		"ES384 by P-256":           {testKeys()["p256"], []KeyOption{KeyAlgorithm("ES384")}, "cannot do ES384; it can do ES256"},
		"RS256 by P-256":           {testKeys()["p256"], []KeyOption{KeyAlgorithm("RS256")}, "cannot do RS256"},
		"ES256 by RSA":             {testKeys()["rsa"], []KeyOption{KeyAlgorithm("ES256")}, "cannot do ES256"},
		"EdDSA by RSA":             {testKeys()["rsa"], []KeyOption{KeyAlgorithm("EdDSA")}, "cannot do EdDSA"},
		"HS256":                    {testKeys()["rsa"], []KeyOption{KeyAlgorithm("HS256")}, "cannot do HS256"},
		"none":                     {testKeys()["rsa"], []KeyOption{KeyAlgorithm("none")}, `unknown algorithm "none"`},
		"lower case":               {testKeys()["rsa"], []KeyOption{KeyAlgorithm("rs256")}, "unknown algorithm"},
		"empty kid":                {testKeys()["rsa"], []KeyOption{KeyID("")}, "kid"},
		"long kid":                 {testKeys()["rsa"], []KeyOption{KeyID(strings.Repeat("k", 257))}, "kid"},
		"kid no text":              {testKeys()["rsa"], []KeyOption{KeyID("k\xff")}, "kid"},
		"certificate":              {testKeys()["p256"], []KeyOption{KeyCertificate(c)}, ""},
		"certificate of another":   {testKeys()["p256-2"], []KeyOption{KeyCertificate(c)}, "of another key"},
		"no certificate":           {testKeys()["p256"], []KeyOption{KeyCertificate(nil)}, "without a certificate"},
		"certificate, not parsed":  {testKeys()["p256"], []KeyOption{KeyCertificate(new(x509.Certificate))}, "without a certificate"},
		"every option, one by one": {testKeys()["p256"], []KeyOption{KeyCertificate(c), KeyID("k"), KeyAlgorithm("ES256"), KeyIDThumbprint()}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := NewSigningKey(tc.signer, tc.options...)
			if tc.says == "" && err != nil || tc.says != "" && (err == nil || k != nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("%v %v, want %q", k, err, tc.says)
			}
		})
	}
	if _, err := ParseSigningKey([]byte(pkcs8(t, "p256-2") + certificate)); err == nil || !strings.Contains(err.Error(), "of another key") {
		t.Error(err)
	}
	if _, err := LoadSigningKey(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// odd is a signer of a kind that is not known.
type odd struct{}

func (odd) Public() crypto.PublicKey                                  { return struct{}{} }
func (odd) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

// withPublic is a signer that says it has another public key.
type withPublic struct {
	crypto.Signer
	public crypto.PublicKey
}

func (w withPublic) Public() crypto.PublicKey { return w.public }

// The examples of RFC 7638 section 3.1 and RFC 8037 appendix A.3.
func TestKeyThumbprint(t *testing.T) {
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	n := "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	for want, public := range map[string]crypto.PublicKey{
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs": &rsa.PublicKey{N: new(big.Int).SetBytes(decode(n)), E: 65537},
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k": ed25519.PublicKey(decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
	} {
		if got := keyThumbprint(public); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, name := range []string{"p256", "p384", "p521"} {
		public, _ := testKeys()[name].Public().(*ecdsa.PublicKey)
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		encode := base64.RawURLEncoding.EncodeToString
		sum := sha256.Sum256([]byte(`{"crv":"` + public.Curve.Params().Name + `","kty":"EC","x":"` + encode(x) + `","y":"` + encode(y) + `"}`))
		if got, want := keyThumbprint(public), encode(sum[:]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// What a rotation takes over from the key before, and what it must be told.
func TestSigningKeyRotation(t *testing.T) {
	c, _ := certificateOf(t, "p256", true)
	_, second := certificateOf(t, "p256-2", true)
	load := func(document string, options ...KeyOption) *SigningKey {
		k, err := ParseSigningKey([]byte(document), options...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	thumbprint := keyThumbprint(testKeys()["p256-2"].Public())
	for name, tc := range map[string]struct {
		key  *SigningKey
		next string
		want string // what the key says it is afterwards
		says string // the error; the key stays as it was
	}{
		"plain":                          {load(pkcs8(t, "p256")), sec1(t, "p256-2"), `signing key alg=ES256`, ""},
		"another kind":                   {load(pkcs8(t, "p256")), pkcs1(t, "rsa"), `signing key alg=PS256|RS256|PS384|RS384|PS512|RS512`, ""},
		"kid of the documents":           {load(pkcs8(t, "p256", "kid", "k-1")), pkcs8(t, "p256-2", "kid", "k-2"), `signing key alg=ES256 kid="k-2"`, ""},
		"kid given, then of a document":  {load(pkcs8(t, "p256"), KeyID("k-1")), pkcs8(t, "p256-2", "kid", "k-2"), `signing key alg=ES256 kid="k-2"`, ""},
		"kid given, then none":           {load(pkcs8(t, "p256"), KeyID("k-1")), pkcs8(t, "p256-2"), "", "the KeyID was that of the key before"},
		"kid given, and the same key":    {load(pkcs8(t, "p256"), KeyID("k-1")), sec1(t, "p256"), `signing key alg=ES256 kid="k-1"`, ""},
		"kid given over the document's":  {load(pkcs8(t, "p256", "kid", "k-1"), KeyID("k-9")), sec1(t, "p256"), `signing key alg=ES256 kid="k-9"`, ""},
		"thumbprint":                     {load(pkcs8(t, "p256"), KeyIDThumbprint()), pkcs8(t, "p256-2"), `signing key alg=ES256 kid="` + thumbprint + `"`, ""},
		"thumbprint, not the document's": {load(pkcs8(t, "p256"), KeyIDThumbprint()), pkcs8(t, "p256-2", "kid", "k-2"), `signing key alg=ES256 kid="` + thumbprint + `"`, ""},
		"algorithm kept":                 {load(pkcs8(t, "rsa"), KeyAlgorithm("RS512")), pkcs1(t, "rsa-2"), `signing key alg=RS512`, ""},
		"algorithm that does not fit":    {load(pkcs8(t, "rsa"), KeyAlgorithm("RS512")), pkcs8(t, "p256"), "", "cannot do RS512"},
		"certificate given, then none":   {load(pkcs8(t, "p256"), KeyCertificate(c)), pkcs8(t, "p256-2"), "", "the KeyCertificate was that of the key before"},
		"certificate of another":         {load(pkcs8(t, "p256"), KeyCertificate(c)), pkcs8(t, "p256") + second, "", "of another key"},
		"weak":                           {load(pkcs8(t, "rsa")), pkcs1(t, "rsa-small"), "", "1024 bits"},
		"garbage":                        {load(pkcs8(t, "p256")), "garbage", "", "no PEM block"},
		"nothing":                        {load(pkcs8(t, "p256")), "", "", "no PEM block"},
		"half written":                   {load(pkcs8(t, "p256")), pkcs8(t, "p256-2")[:80], "", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			before, was := tc.key.snapshot(), tc.key.String()
			err := tc.key.Rotate([]byte(tc.next))
			if tc.says != "" {
				if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "stays") || tc.key.snapshot() != before || tc.key.String() != was || quotes(err.Error(), tc.next) {
					t.Errorf("%v %v, want %q", tc.key, err, tc.says)
				}
				return
			}
			if err != nil || tc.key.String() != tc.want || tc.key.snapshot() == before {
				t.Errorf("%v %v, want %s", tc.key, err, tc.want)
			}
		})
	}
	// The certificate given before is still that of the same key.
	k := load(pkcs8(t, "p256"), KeyCertificate(c))
	was := k.String()
	if err := k.Rotate([]byte(sec1(t, "p256"))); err != nil || k.String() != was || !strings.Contains(was, "x5t#S256=") {
		t.Errorf("%v %v, want %s", k, err, was)
	}
	// Nothing to rotate.
	var none *SigningKey
	for _, k := range []*SigningKey{none, new(SigningKey)} {
		for _, err := range []error{k.Rotate([]byte(pkcs8(t, "p256"))), k.Replace(load(pkcs8(t, "p256")))} {
			if err == nil || !strings.Contains(err.Error(), "no signing key to replace") || !strings.Contains(err.Error(), "NewSigningKey") {
				t.Error(err)
			}
		}
		if k.String() != "no signing key" {
			t.Error(k)
		}
	}
	// Replaced with all that goes with the new one, and by nothing.
	if err := k.Replace(load(pkcs8(t, "rsa"), KeyID("r"), KeyAlgorithm("PS256"))); err != nil || k.String() != `signing key alg=PS256 kid="r"` {
		t.Errorf("%v %v", k, err)
	}
	for _, nothing := range []*SigningKey{none, new(SigningKey)} {
		if err := k.Replace(nothing); err == nil || k.String() != `signing key alg=PS256 kid="r"` {
			t.Errorf("%v %v", k, err)
		}
	}
}

// A key that is replaced while it signs: every assertion is of one key, the kid
// that of the key that signed.
func TestSigningKeyRotationUnderLoad(t *testing.T) {
	documents := map[string]string{"k-1": pkcs8(t, "p256", "kid", "k-1"), "k-2": pkcs8(t, "p256-2", "kid", "k-2")}
	public := map[string]crypto.PublicKey{"k-1": testKeys()["p256"].Public(), "k-2": testKeys()["p256-2"].Public()}
	key, err := ParseSigningKey([]byte(documents["k-1"]))
	if err != nil {
		t.Fatal(err)
	}
	iss, a := (&fakeAS{}).issuer(t), PrivateKeyJWT("client", key)
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := key.Rotate([]byte(documents[[]string{"k-1", "k-2"}[n%2]])); err != nil {
				t.Error(err)
			}
			if key.Rotate([]byte("broken")) == nil {
				t.Error("a broken key")
			}
		}
	})
	seen := make(map[any]bool)
	for n := 0; n < 300 || len(seen) < 2 && n < 100000; n++ {
		p, err := attemptAt(t.Context(), a, TokenEndpoint, iss)
		if err != nil {
			t.Fatal(err)
		}
		k, _ := p.credential.(*signing)
		header, _ := readAssertion(t, p, public[k.keyID])
		if header["kid"] != k.keyID {
			t.Errorf("kid %v, signed by %s", header["kid"], k.keyID)
		}
		seen[header["kid"]] = true
	}
	close(stop)
	work.Wait()
	if len(seen) != 2 {
		t.Errorf("keys %v", seen)
	}
}

// A signer that is elsewhere may be slow, fail or be wrong; a request knows in time,
// and is not sent.
func TestRemoteSigner(t *testing.T) {
	secret := errors.New("KMS: access denied")
	type sign = func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error)
	local := func(name string) sign { return testKeys()[name].Sign }
	for name, tc := range map[string]struct {
		key  string
		alg  string
		sign sign
		says string
	}{
		"fails":  {"p256", "ES256", func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, secret }, "access denied"},
		"panics": {"p256", "ES256", func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { panic("0xSECRET") }, "the signer panicked"},
		"hangs": {"p256", "ES256", func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}, "did not answer"},
		"another key": {"p256", "ES256", local("p256-2"), "not one of the signer's public key"},
		"nothing":     {"p256", "ES256", func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }, "not one of the signer's public key"},
		"another scheme": {"rsa", "PS256", func(r io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
			return local("rsa")(r, d, crypto.SHA256)
		}, "not one of the signer's public key"},
		"another salt": {"rsa", "PS256", func(r io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
			return local("rsa")(r, d, &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA256})
		}, "not one of the signer's public key"},
		"PKCS #1 asked, PSS made": {"rsa", "RS256", func(r io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
			return local("rsa")(r, d, &rsa.PSSOptions{Hash: crypto.SHA256})
		}, "not one of the signer's public key"},
		"r and s side by side": {"p256", "ES256", func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			s, err := local("p256")(r, d, o)
			if err != nil {
				return nil, err
			}
			public, _ := testKeys()["p256"].Public().(*ecdsa.PublicKey)
			return fixedWidth(public, s)
		}, "not one of the signer's public key"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key, err := NewSigningKey(elsewhere{testKeys()[tc.key], tc.sign}, KeyAlgorithm(tc.alg))
				if err != nil {
					t.Fatal(err)
				}
				iss := (&fakeAS{}).issuer(t)
				defer func() { _ = iss.Close() }()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				p, err := attemptAt(ctx, PrivateKeyJWT("client", key), TokenEndpoint, iss)
				if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "0xSECRET") || len(p.form) > 0 {
					t.Errorf("%v %v, want %q", p.form, err, tc.says)
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("took %v", took)
				}
				if name == "fails" && !errors.Is(err, secret) || name == "hangs" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
				time.Sleep(2 * time.Hour) // the one that hangs
			})
		})
	}
}

// One that never returns costs a bounded number of goroutines, and a key that takes
// its place is not held up by it.
func TestRemoteSignerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, release := make(chan struct{}, 100), make(chan struct{})
		key, err := NewSigningKey(elsewhere{testKeys()["p256"], func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
			calls <- struct{}{}
			<-release
			return nil, errors.New("too late")
		}})
		if err != nil {
			t.Fatal(err)
		}
		iss := (&fakeAS{}).issuer(t)
		defer func() { _ = iss.Close() }()
		a := PrivateKeyJWT("client", key)
		var busy int
		for range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := attemptAt(ctx, a, TokenEndpoint, iss)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			} else if strings.Contains(err.Error(), "busy") {
				busy++
			}
		}
		if len(calls) != maxSigning || busy != 40-maxSigning {
			t.Errorf("%d calls, %d did not get that far", len(calls), busy)
		}
		if err := key.Replace(signingKey(t, "p256-2")); err != nil {
			t.Fatal(err)
		}
		if _, err := attemptAt(t.Context(), a, TokenEndpoint, iss); err != nil {
			t.Error(err)
		}
		close(release)
		synctest.Wait()
	})
}

// RFC 7518 section 3.4: r and s are as wide as the order, whatever they are.
func TestFixedWidth(t *testing.T) {
	public, _ := testKeys()["p521"].Public().(*ecdsa.PublicKey)
	order := public.Curve.Params().N
	encode := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := big.NewInt(1)
	out, err := fixedWidth(public, encode(one, new(big.Int).Sub(order, one)))
	if err != nil || len(out) != 132 || out[65] != 1 || out[64] != 0 {
		t.Errorf("%x %v", out, err)
	}
	for name, bad := range map[string][]byte{
		"r is 0": encode(big.NewInt(0), one), "s is 0": encode(one, big.NewInt(0)), "r is the order": encode(order, one), "s is the order": encode(one, order),
		"r below 0": encode(big.NewInt(-1), one), "s below 0": encode(one, big.NewInt(-1)), "more after it": append(encode(one, one), 0), "no ASN.1": make([]byte, 132), "nothing": nil,
	} {
		if out, err := fixedWidth(public, bad); err == nil {
			t.Errorf("%s: %x", name, out)
		}
	}
	// Signatures of which a half begins with zeros are as long as others.
	k, _ := testKeys()["p256"].(*ecdsa.PrivateKey)
	s := &signing{signer: k, public: k.Public(), local: true}
	for range 600 {
		b := make([]byte, 8)
		_, _ = rand.Read(b)
		if signature, err := s.sign(t.Context(), "ES256", b); err != nil || len(signature) != 64 {
			t.Fatalf("%d bytes, %v", len(signature), err)
		}
	}
}
