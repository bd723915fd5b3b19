// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"slices"
	"strings"
	"testing"
)

// The short forms are those of the first reference system.
func TestParseMethod(t *testing.T) {
	for want, names := range map[Method][]string{
		MethodClientSecretBasic:       {"basic", "client_secret_basic", "client-secret-basic", "BASIC", " Basic\n", "Client_Secret_Basic"},
		MethodClientSecretPost:        {"post", "client_secret_post", "\tPOST "},
		MethodClientSecretJWT:         {"jwt", "client_secret_jwt", "JWT"},
		MethodPrivateKeyJWT:           {"private_key_jwt", "private-key-jwt", "Private-Key_JWT"},
		MethodTLSClientAuth:           {"tls_client_auth", "tls-client-auth", "mtls", "mTLS", "MTLS"},
		MethodSelfSignedTLSClientAuth: {"self_signed_tls_client_auth", "self-signed-tls-client-auth", "self_signed_mtls", "self-signed-mtls"},
		MethodBearer:                  {"bearer"},
		MethodNone:                    {"none", "None"},
	} {
		for _, name := range names {
			if got, err := ParseMethod(name); err != nil || got != want {
				t.Errorf("%q: %q %v, want %q", name, got, err, want)
			}
		}
	}
	for _, name := range []string{
		"", " ", "jwt-bearer", "jwt_bearer", "basic ,post", "client_secret", "b asic", "basic\x00", "private_\u212aey_jwt", "ba\u017fic", "\uff42asic",
		"urn:ietf:params:oauth:client-assertion-type:jwt-bearer", strings.Repeat("x", 10000),
	} {
		if got, err := ParseMethod(name); err == nil || got != "" || len(err.Error()) > 500 || !strings.Contains(err.Error(), "private_key_jwt") {
			t.Errorf("%.40q: %q %v", name, got, err)
		}
	}
}

func FuzzParseMethod(f *testing.F) {
	for name, m := range methodNames {
		f.Add(name)
		f.Add(" " + strings.ToUpper(string(m)) + "\r\n")
	}
	f.Add("private_\u212aey_jwt")
	f.Fuzz(func(t *testing.T, name string) {
		m, err := ParseMethod(name)
		if err != nil {
			if m != "" || len(err.Error()) > 700 {
				t.Errorf("%q %v", m, err)
			}
			return
		}
		if !slices.Contains([]Method{MethodClientSecretBasic, MethodClientSecretPost, MethodClientSecretJWT, MethodPrivateKeyJWT, MethodTLSClientAuth, MethodSelfSignedTLSClientAuth, MethodBearer, MethodNone}, m) {
			t.Errorf("%q", m)
		}
		if again, err := ParseMethod(string(m)); err != nil || again != m {
			t.Errorf("%q: %q %v", m, again, err)
		}
		for _, c := range strings.TrimSpace(name) {
			if c >= 0x80 {
				t.Errorf("%q is %q", name, m)
			}
		}
	})
}
