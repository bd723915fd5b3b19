// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func join(documents ...[]byte) []byte { return bytes.Join(documents, nil) }

func TestIdentityDocuments(t *testing.T) {
	t.Parallel()
	root := NewAuthority(t, "root", nil)
	middle := NewAuthority(t, "middle", root)
	other := NewAuthority(t, "other", nil)
	pair, another := middle.Issue(t, Leaf{Serial: 0xabc}), middle.Issue(t, Leaf{})
	sec1, err := x509.MarshalECPrivateKey(pair.TLS.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Replace(pair.Cert, []byte("\n"), []byte("\n!"), 2)
	for name, tc := range map[string]struct {
		cert, key []byte
		says      string // empty: good
	}{
		"leaf alone":                {pair.Cert, pair.Key, ""},
		"with its issuer":           {join(pair.Cert, middle.PEM()), pair.Key, ""},
		"with the root":             {join(pair.Cert, middle.PEM(), root.PEM()), pair.Key, ""},
		"issuers in another order":  {join(pair.Cert, root.PEM(), middle.PEM()), pair.Key, "certificate 2 issued none of those before it"},
		"an unrelated one":          {join(pair.Cert, other.PEM()), pair.Key, "certificate 2 issued none of those before it"},
		"the issuer first":          {join(middle.PEM(), pair.Cert), pair.Key, "the private key is of certificate 2; put that one first"},
		"another's key":             {pair.Cert, another.Key, "the private key is of another certificate"},
		"the issuer alone":          {middle.PEM(), pair.Key, "the private key is of another certificate"},
		"SEC 1":                     {pair.Cert, pemOf("EC PRIVATE KEY", sec1), ""},
		"one document for both":     {join(pair.Cert, pair.Key), join(pair.Cert, pair.Key), ""},
		"key first":                 {join(pair.Key, pair.Cert), join(pair.Key, pair.Cert), ""},
		"text before":               {join([]byte("subject=widgets\n"), pair.Cert), pair.Key, ""},
		"two keys":                  {pair.Cert, join(pair.Key, another.Key), "more than one private key"},
		"no certificate":            {pair.Key, pair.Key, "certificate: no certificate"},
		"no key":                    {pair.Cert, pair.Cert, "private key: no private key"},
		"both empty":                {nil, nil, "certificate: no PEM block"},
		"garbage":                   {[]byte("garbage"), pair.Key, "certificate: no PEM block"},
		"garbage for a key":         {pair.Cert, []byte("garbage"), "private key: "},
		"a damaged certificate":     {damaged, pair.Key, "damaged PEM block"},
		"one of two damaged":        {join(pair.Cert, damaged), pair.Key, "damaged PEM block"},
		"half a certificate":        {pair.Cert[:len(pair.Cert)/2], pair.Key, "certificate: "},
		"half a key":                {pair.Cert, pair.Key[:len(pair.Key)/2], "private key: "},
		"text after":                {join(pair.Cert, []byte("x")), pair.Key, "something else than PEM blocks at the end"},
		"no DER":                    {pemOf("CERTIFICATE", []byte("x")), pair.Key, "certificate 1 cannot be read"},
		"a request for one":         {join(pemOf("CERTIFICATE REQUEST", []byte("x")), pair.Cert), pair.Key, "neither a certificate nor a private key"},
		"an encrypted key":          {pair.Cert, pemOf("ENCRYPTED PRIVATE KEY", []byte("x")), "encrypted"},
		"too large":                 {bytes.Repeat([]byte(" "), maxSecretSize+1), pair.Key, "bytes of PEM"},
		"too many":                  {join(pair.Cert, bytes.Repeat(middle.PEM(), maxChain)), pair.Key, "more than 10 certificates"},
		"DER instead of PEM":        {pair.TLS.Certificate[0], pair.Key, "certificate: "},
		"self-signed, of which one": {middle.Issue(t, Leaf{SelfSigned: true, Key: pair.TLS.PrivateKey.(crypto.Signer)}).Cert, pair.Key, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, err := ParseIdentity(tc.cert, tc.key)
			if tc.says == "" {
				if err != nil || i.certificate().Leaf == nil {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "clientauth: mTLS identity: ") || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
			for line := range bytes.Lines(tc.key) {
				if len(line) > 20 && !bytes.HasPrefix(line, []byte("-----")) && err != nil && strings.Contains(err.Error(), string(line[:20])) {
					t.Errorf("the error quotes the key: %v", err)
				}
			}
		})
	}
}

func TestIdentityKeyTypes(t *testing.T) {
	t.Parallel()
	a := NewAuthority(t, "root", nil)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"Ed25519": edwards, "RSA": rsaKey, "P-384": p384} {
		pair := a.Issue(t, Leaf{Key: key})
		i, err := ParseIdentity(pair.Cert, pair.Key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		before := i.certificate()
		if err := i.Rotate(pair.Cert, pair.Key); err != nil || i.certificate() != before {
			t.Errorf("%s: %v, and the same certificate is another", name, err)
		}
	}
	pair := a.Issue(t, Leaf{Key: rsaKey})
	if _, err := ParseIdentity(pair.Cert, pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))); err != nil {
		t.Errorf("PKCS #1: %v", err)
	}
}

func TestIdentityTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := NewAuthority(t, "root", nil)
		for _, tc := range []struct {
			before, life time.Duration
			says         string
		}{
			{-time.Hour, time.Second, ""},
			{-time.Hour, -time.Second, "the certificate has expired, at 1999-12-31T23:59:59Z; renew it"},
			{30 * time.Second, time.Hour, ""},
			{31 * time.Second, time.Hour, "is not valid before 2000-01-01T00:00:31Z"},
		} {
			pair := a.Issue(t, Leaf{Before: tc.before, Life: tc.life})
			_, err := ParseIdentity(pair.Cert, pair.Key)
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v to %v: got %v, want %q", tc.before, tc.life, err, tc.says)
			}
		}
	})
}

// session is a key that is elsewhere.
type session struct{ crypto.Signer }

func TestIdentityOfASigner(t *testing.T) {
	t.Parallel()
	pair := NewAuthority(t, "root", nil).Issue(t, Leaf{})
	key := pair.TLS.PrivateKey.(crypto.Signer)
	for name, tc := range map[string]struct {
		c    tls.Certificate
		says string
	}{
		"empty":            {tls.Certificate{}, "no certificate"},
		"no key":           {tls.Certificate{Certificate: pair.TLS.Certificate}, "no private key that can sign"},
		"cannot sign":      {tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: "key"}, "no private key that can sign"},
		"a nil key":        {tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: (*ecdsa.PrivateKey)(nil)}, "no private key that can sign"},
		"no DER":           {tls.Certificate{Certificate: [][]byte{{1}}, PrivateKey: key}, "certificate 1 cannot be read"},
		"another's key":    {tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: newECDSA(t)}, "of another certificate"},
		"somebody's Leaf":  {tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: key, Leaf: &x509.Certificate{}}, ""},
		"a key elsewhere":  {tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: session{key}}, ""},
		"as it was loaded": {pair.TLS, ""},
	} {
		i, err := NewIdentity(tc.c)
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
		if err == nil && i.Serial() != "2" {
			t.Errorf("%s: serial %s", name, i.Serial())
		}
	}

	given := tls.Certificate{Certificate: [][]byte{slices.Clone(pair.TLS.Certificate[0])}, PrivateKey: session{key}}
	i, err := NewIdentity(given)
	if err != nil {
		t.Fatal(err)
	}
	clear(given.Certificate[0])
	given.Certificate[0] = nil
	if now := i.certificate(); !bytes.Equal(now.Certificate[0], pair.TLS.Certificate[0]) {
		t.Error("what the caller does with its certificate changes the identity")
	}
	before := i.certificate()
	if err := i.Replace(tls.Certificate{Certificate: pair.TLS.Certificate, PrivateKey: session{key}}); err != nil || i.certificate() == before {
		t.Errorf("%v; a new session with the key must be taken, although the certificate is the same", err)
	}
}

func TestIdentityRotation(t *testing.T) {
	t.Parallel()
	a := NewAuthority(t, "root", nil)
	first, second := a.Issue(t, Leaf{Serial: 0xa1}), a.Issue(t, Leaf{Serial: 0xb2})
	i, err := ParseIdentity(first.Cert, first.Key)
	if err != nil {
		t.Fatal(err)
	}
	old := i.certificate()
	expired := a.Issue(t, Leaf{Before: -2 * time.Hour, Life: -time.Hour})
	for name, err := range map[string]error{
		"mixed":            i.Rotate(second.Cert, first.Key),
		"garbage":          i.Rotate([]byte("x"), []byte("x")),
		"combined garbage": i.RotateCombined([]byte("x")),
		"expired":          i.Rotate(expired.Cert, expired.Key),
		"nothing":          i.Replace(tls.Certificate{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "the one before it stays") || i.certificate() != old {
			t.Errorf("%s: %v; still the old one: %t", name, err, i.certificate() == old)
		}
	}
	if err := i.Rotate(first.Cert, first.Key); err != nil || i.certificate() != old {
		t.Errorf("the same one again: %v, and its connections would be closed", err)
	}
	for n, rotate := range []func() error{
		func() error { return i.Rotate(second.Cert, second.Key) },
		func() error { return i.RotateCombined(join(first.Key, first.Cert)) },
		func() error { return i.Replace(second.TLS) },
	} {
		before := i.certificate()
		if err := rotate(); err != nil || i.certificate() == before || i.Serial() != []string{"b2", "a1", "b2"}[n] {
			t.Errorf("%d: %v, serial %s", n, err, i.Serial())
		}
	}
	if old.Leaf.SerialNumber.Int64() != 0xa1 {
		t.Error("the old certificate has changed under those who use it")
	}

	for name, none := range map[string]*Identity{"nil": nil, "zero": {}} {
		for _, err := range []error{none.Rotate(first.Cert, first.Key), none.RotateCombined(join(first.Cert, first.Key)), none.Replace(first.TLS)} {
			if err == nil || !strings.Contains(err.Error(), "no mTLS identity to replace; make one") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if none.certificate() != nil || none.Serial() != "" || !none.NotAfter().IsZero() || none.String() != "no mTLS identity" {
			t.Errorf("%s: has a certificate", name)
		}
	}
}

func TestIdentityFiles(t *testing.T) {
	t.Parallel()
	pair := NewAuthority(t, "root", nil).Issue(t, Leaf{Serial: 0xf})
	dir := t.TempDir()
	certFile, keyFile := pair.Write(t, dir)
	i, err := LoadIdentity(certFile, keyFile)
	if err != nil || i.Serial() != "f" {
		t.Errorf("got %v, %v", i, err)
	}
	for _, files := range [][2]string{{filepath.Join(dir, "none"), keyFile}, {certFile, filepath.Join(dir, "none")}, {certFile, certFile}} {
		if _, err := LoadIdentity(files[0], files[1]); err == nil {
			t.Errorf("%q: no error", files)
		}
	}
}

func TestIdentityNeverPrintsItsKey(t *testing.T) {
	t.Parallel()
	pair := NewAuthority(t, "the root", nil).Issue(t, Leaf{Serial: 0xabc})
	i, err := ParseIdentity(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	decoded, _ := pem.Decode(pair.Key)
	private := pair.TLS.PrivateKey.(*ecdsa.PrivateKey)
	secret, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	a := TLSClientAuth("widgets", i)
	for _, v := range []any{i, a, struct{ I *Identity }{i}, struct{ i *Identity }{i}, struct{ a Authenticator }{a}, []any{i, a}, map[string]any{"i": i}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		logger.Info("log", "v", v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		out.Write(b)
	}
	for _, held := range [][]byte{secret, decoded.Bytes} {
		for _, form := range []string{string(held), fmt.Sprintf("%x", held), fmt.Sprintf("%X", held), fmt.Sprint(held), base64.StdEncoding.EncodeToString(held), private.D.String()} { //nolint:staticcheck // what a careless printer would print
			if strings.Contains(out.String(), form) {
				t.Errorf("the key was printed as %.20s...", form)
			}
		}
	}
	for _, want := range []string{`subject="CN=widgets"`, `issuer="CN=the root"`, "serial=abc", "expires=", "tls_client_auth"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in what is printed", want)
		}
	}
}

func TestMutualRequests(t *testing.T) {
	t.Parallel()
	pair := NewAuthority(t, "root", nil).Issue(t, Leaf{})
	i, err := ParseIdentity(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	document := join(pair.Cert, pair.Key)
	methods := map[string]func() (Authenticator, error){
		"tls_client_auth":                       func() (Authenticator, error) { return TLSClientAuth("widgets", i), nil },
		"self_signed_tls_client_auth":           func() (Authenticator, error) { return SelfSignedTLSClientAuth("widgets", i), nil },
		"tls_client_auth, PEM":                  func() (Authenticator, error) { return TLSClientAuthFromPEM("widgets", pair.Cert, pair.Key) },
		"self_signed_tls_client_auth, PEM":      func() (Authenticator, error) { return SelfSignedTLSClientAuthFromPEM("widgets", pair.Cert, pair.Key) },
		"tls_client_auth, combined":             func() (Authenticator, error) { return TLSClientAuthFromPEM("widgets", document) },
		"self_signed_tls_client_auth, combined": func() (Authenticator, error) { return SelfSignedTLSClientAuthFromPEM("widgets", document) },
	}
	for name, make := range methods {
		a, err := make()
		if err != nil || Check(a) != nil {
			t.Errorf("%s: %v, %v", name, err, Check(a))
			continue
		}
		form := map[string]string{}
		var sent *tls.Certificate
		r := &Request{
			setForm:        func(name, value string) { form[name] = value },
			setHeader:      func(name, _ string) { t.Errorf("header %s", name) },
			setCertificate: func(c *tls.Certificate) { sent = c },
		}
		if err := a.Authenticate(t.Context(), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(form) != 1 || form["client_id"] != "widgets" || sent == nil || !bytes.Equal(sent.Certificate[0], pair.TLS.Certificate[0]) {
			t.Errorf("%s: form %v, certificate %v", name, form, sent != nil)
		}
		if method, _, _ := strings.Cut(name, ","); !strings.HasPrefix(fmt.Sprint(a), method+" ") {
			t.Errorf("%s calls itself %v", name, a)
		}
		if _, ok := a.(Refresher); !ok {
			t.Errorf("%s is no Refresher", name)
		}
	}

	for name, tc := range map[string]struct {
		make func() (Authenticator, error)
		says string
	}{
		"no client id":      {func() (Authenticator, error) { return TLSClientAuth("", i), nil }, "tls_client_auth without a client id"},
		"nil identity":      {func() (Authenticator, error) { return TLSClientAuth("widgets", nil), nil }, "tls_client_auth without a certificate"},
		"zero identity":     {func() (Authenticator, error) { return SelfSignedTLSClientAuth("widgets", new(Identity)), nil }, "self_signed_tls_client_auth without a certificate"},
		"PEM, garbage":      {func() (Authenticator, error) { return TLSClientAuthFromPEM("widgets", []byte("x")) }, "certificate: "},
		"PEM, no client id": {func() (Authenticator, error) { return SelfSignedTLSClientAuthFromPEM("", document) }, "without a client id"},
	} {
		a, err := tc.make()
		if err == nil {
			err = Check(a)
			if again := a.Authenticate(t.Context(), &Request{}); again == nil || again.Error() != err.Error() {
				t.Errorf("%s: authenticates with %v", name, again)
			}
		}
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
}

func FuzzIdentityPEM(f *testing.F) {
	pair := NewAuthority(f, "root", nil).Issue(f, Leaf{})
	f.Add(pair.Cert, pair.Key)
	f.Add(join(pair.Cert, pair.Key), join(pair.Cert, pair.Key))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), []byte("x"))
	f.Fuzz(func(t *testing.T, certPEM, keyPEM []byte) {
		i, err := ParseIdentity(certPEM, keyPEM)
		if err != nil {
			return
		}
		// What is accepted can be used: with the key of the first certificate.
		c := i.certificate()
		if c.Leaf == nil || !bytes.Equal(c.Leaf.Raw, c.Certificate[0]) || !equalKeys(c.Leaf.PublicKey, c.PrivateKey.(crypto.Signer).Public()) {
			t.Errorf("an identity that contradicts itself: %v", i)
		}
		if err := i.Rotate(certPEM, keyPEM); err != nil || i.certificate() != c {
			t.Errorf("not the same the second time: %v", err)
		}
	})
}
