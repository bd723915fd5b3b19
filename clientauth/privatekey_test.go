// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"
)

func TestParsePrivateKey(t *testing.T) {
	_, certificate := certificateOf(t, "p256", true)
	_, other := certificateOf(t, "rsa", true)
	parameters := block(t, "EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, nil)
	for name, tc := range map[string]struct {
		document     string
		key          string
		certificates int
	}{
		"PKCS #8 RSA":            {pkcs8(t, "rsa"), "rsa", 0},
		"PKCS #8 P-256":          {pkcs8(t, "p256"), "p256", 0},
		"PKCS #8 P-384":          {pkcs8(t, "p384"), "p384", 0},
		"PKCS #8 P-521":          {pkcs8(t, "p521"), "p521", 0},
		"PKCS #8 Ed25519":        {pkcs8(t, "ed25519"), "ed25519", 0},
		"PKCS #1":                {pkcs1(t, "rsa"), "rsa", 0},
		"SEC 1":                  {sec1(t, "p256"), "p256", 0},
		"SEC 1, as openssl does": {parameters + sec1(t, "p256"), "p256", 0},
		"combined":               {pkcs8(t, "p256") + certificate, "p256", 1},
		"certificates first":     {certificate + other + sec1(t, "p256"), "p256", 2},
		"in between":             {certificate + sec1(t, "p256") + other, "p256", 2},
		"text before":            {"Bag Attributes\n    friendlyName: x\n" + pkcs8(t, "p256"), "p256", 0},
		"CRLF":                   {strings.ReplaceAll(pkcs8(t, "rsa"), "\n", "\r\n"), "rsa", 0},
		"space at the end":       {pkcs8(t, "rsa") + " \n\t\r\n", "rsa", 0},
		"no line break at all":   {strings.TrimSuffix(pkcs8(t, "rsa"), "\n"), "rsa", 0},
		"a header":               {pkcs8(t, "p256", "kid", "k-1"), "p256", 0},
		"labelled wrongly":       {strings.ReplaceAll(pkcs1(t, "rsa"), "RSA PRIVATE", "PRIVATE"), "rsa", 0},
	} {
		t.Run(name, func(t *testing.T) {
			key, certificates, err := parsePrivateKey([]byte(tc.document))
			if err != nil {
				t.Fatal(err)
			}
			if !equalKeys(key.Public(), testKeys()[tc.key].Public()) || len(certificates) != tc.certificates {
				t.Errorf("another key, or %d certificates, want %d", len(certificates), tc.certificates)
			}
		})
	}
	// Certificates keep their order.
	if _, certificates, err := parsePrivateKey([]byte(other + pkcs8(t, "p256") + certificate)); err != nil || certificates[0].Subject.CommonName != "client rsa" || certificates[1].Subject.CommonName != "client p256" {
		t.Errorf("%v %v", certificates, err)
	}
}

// badKeys are documents that are not a private key, and what is said of them.
func badKeys(t testing.TB) map[string]struct{ document, says string } {
	t.Helper()
	good := pkcs8(t, "p256")
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(x)
	x25519 := block(t, "PRIVATE KEY", der, err)
	public, err := x509.MarshalPKIXPublicKey(testKeys()["p256"].Public())
	publicKey := block(t, "PUBLIC KEY", public, err)
	_, certificate := certificateOf(t, "p256", true)
	second := strings.Index(good, "\n") + 1
	damaged := good[:second] + "!!" + good[second+2:]
	truncated := good[:len(good)/2]
	cut, _ := pem.Decode([]byte(good))
	half := block(t, "PRIVATE KEY", cut.Bytes[:len(cut.Bytes)/2], nil)
	return map[string]struct{ document, says string }{
		"empty":                      {"", "no PEM block"},
		"text":                       {"hunter2-is-my-password", "no PEM block"},
		"DER":                        {string(cut.Bytes), "no PEM block"},
		"damaged":                    {damaged, "damaged"},
		"damaged before a good one":  {damaged + good, "damaged"},
		"truncated":                  {truncated, "damaged"},
		"truncated after a good one": {good + truncated, "damaged"},
		"damaged certificate":        {good + certificate[:100] + "!" + certificate[101:], "damaged"},
		"half a key":                 {half, "cannot be read"},
		"two keys":                   {good + pkcs8(t, "rsa"), "more than one private key"},
		"the same key twice":         {good + good, "more than one private key"},
		"garbage after":              {good + "hunter2-is-my-password", "something else"},
		"a certificate alone":        {certificate, "no private key"},
		"a public key":               {publicKey, "neither"},
		"a public key beside":        {good + publicKey, "neither"},
		"a request":                  {good + strings.ReplaceAll(certificate, "CERTIFICATE", "CERTIFICATE REQUEST"), "neither"},
		"a bad certificate":          {good + block(t, "CERTIFICATE", []byte{0x30, 0}, nil), "certificate 1 cannot be read"},
		"X25519":                     {x25519, "cannot sign"},
		"encrypted PKCS #8":          {block(t, "ENCRYPTED PRIVATE KEY", cut.Bytes, nil), "encrypted"},
		"encrypted PKCS #1":          {block(t, "RSA PRIVATE KEY", cut.Bytes, nil, "Proc-Type", "4,ENCRYPTED", "DEK-Info", "AES-256-CBC,00"), "encrypted"},
		"OpenSSH":                    {block(t, "OPENSSH PRIVATE KEY", cut.Bytes, nil), "ssh-keygen"},
		"too large":                  {good + strings.Repeat("\n", maxSecretSize), "more than"},
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	for name, tc := range badKeys(t) {
		t.Run(name, func(t *testing.T) {
			key, certificates, err := parsePrivateKey([]byte(tc.document))
			if err == nil || key != nil || certificates != nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("%v %v %v, want %q", key, certificates, err, tc.says)
			}
			for _, read := range []func() (any, error){
				func() (any, error) { return ParseSigningKey([]byte(tc.document)) },
				func() (any, error) { return PrivateKeyJWTFromPEM("client", []byte(tc.document)) },
				func() (any, error) { return LoadSigningKey(writeFile(t, tc.document)) },
				func() (any, error) { return PrivateKeyJWTFromFile("client", writeFile(t, tc.document)) },
			} {
				if got, err := read(); err == nil || quotes(err.Error(), tc.document) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%v %v", got, err)
				}
			}
		})
	}
}

// Whatever a file holds: a key with everything in the file understood, or an error
// that quotes none of it.
func FuzzParsePrivateKey(f *testing.F) {
	f.Add([]byte(pkcs8(f, "p256")))
	f.Add([]byte(sec1(f, "p256")))
	f.Add([]byte(pkcs8(f, "ed25519", "kid", "k-1")))
	_, certificate := certificateOf(f, "p256", true)
	f.Add([]byte(certificate + pkcs8(f, "p256")))
	for _, bad := range badKeys(f) {
		if len(bad.document) < 4096 {
			f.Add([]byte(bad.document))
		}
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		key, certificates, err := parsePrivateKey(document)
		if err != nil {
			if key != nil || certificates != nil {
				t.Error("an error, and a key")
			}
			// One of ours, whatever the document holds: nothing of it can be in them.
			known := regexp.MustCompile(`^(more than \d+ bytes of PEM|certificate \d+ cannot be read|more than one private key; [a-z ]+|a PEM block that is neither [a-z ]+|a damaged PEM block|no PEM block|something else than PEM blocks at the end|no private key|the private key is encrypted; [a-z, ]+|the private key has OpenSSH's own format; [A-Za-z0-9# -]+|the private key cannot be read; [A-Z0-9#, a-z]+|a private key that cannot sign; [A-Za-z0-9, ]+)$`)
			if !known.MatchString(err.Error()) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if key == nil || strings.Count(string(document), "PRIVATE KEY-----") < 1 {
			t.Fatal("no key, and no error")
		}
		k, err := ParseSigningKey(document)
		if err != nil {
			return // too weak, of another curve, of another certificate
		}
		p, err := attemptAt(t.Context(), PrivateKeyJWT("c", k), "token_endpoint", fuzzIssuer())
		if err == nil && p.form.Get("client_assertion") == "" {
			t.Error("no assertion, and no error")
		}
	})
}
