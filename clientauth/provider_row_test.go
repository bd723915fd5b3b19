// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"strings"
	"testing"
)

// What docs/client-authentication.md advises for a provider works with what that
// provider announces, and sends what it takes.
func TestProviderRows(t *testing.T) {
	oktaMethods := []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"}
	for provider, tc := range map[string]struct {
		// has are the options that the provider's row names.
		has      []string
		key      []KeyOption
		options  []AssertionOption
		metadata metadata
		endpoint string
		// What the assertion must be.
		alg, typ, audience string
		kid                any // nil for none
	}{
		"Keycloak": {
			has: []string{"`PrivateKeyJWT`", "No `kid`"},
			metadata: metadata{
				"introspection_endpoint" + methodsSuffix: []string{"private_key_jwt"}, "introspection_endpoint" + algorithmsSuffix: []string{"RS256", "PS256"},
			},
			endpoint: IntrospectionEndpoint, alg: "PS256", typ: typAssertion, audience: asURL,
		},
		"Okta": {
			has: []string{"`InsecureEndpointAudience`", "`KeyAlgorithm(\"RS256\")`"},
			key: []KeyOption{KeyAlgorithm("RS256")}, options: []AssertionOption{InsecureEndpointAudience()},
			metadata: metadata{"introspection_endpoint" + methodsSuffix: oktaMethods, "token_endpoint" + methodsSuffix: oktaMethods},
			endpoint: IntrospectionEndpoint, alg: "RS256", typ: typAssertion, audience: asURL + "/introspection",
		},
		"Ory Hydra": {
			has: []string{"`InsecureEndpointAudience`", "`KeyAlgorithm`", "`KeyID`"},
			key: []KeyOption{KeyAlgorithm("RS256"), KeyID("registered")}, options: []AssertionOption{InsecureEndpointAudience()},
			metadata: metadata{"token_endpoint" + methodsSuffix: []string{"client_secret_post", "client_secret_basic", "private_key_jwt", "none"}},
			endpoint: TokenEndpoint, alg: "RS256", typ: typAssertion, audience: asURL + "/token", kid: "registered",
		},
		"Microsoft Entra ID": {
			has: []string{"PS256", "`typ` JWT", "the token endpoint as `aud`", "`client_id`"},
			key: []KeyOption{KeyAlgorithm("PS256")}, options: []AssertionOption{InsecureEndpointAudience(), AssertionTypeJWT(), SendClientID()},
			metadata: metadata{"token_endpoint" + methodsSuffix: []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}},
			endpoint: TokenEndpoint, alg: "PS256", typ: "JWT", audience: asURL + "/token",
		},
		"Zitadel": {
			has:      []string{"`keyId`", "`KeyAlgorithm(\"RS256\")`"},
			key:      []KeyOption{KeyAlgorithm("RS256"), KeyID("1234")},
			endpoint: IntrospectionEndpoint, alg: "RS256", typ: typAssertion, audience: asURL, kid: "1234",
		},
	} {
		row := ""
		for line := range strings.Lines(readText(t, "../docs/client-authentication.md")) {
			if strings.HasPrefix(line, "| "+provider+" |") {
				row = line
			}
		}
		for _, name := range tc.has {
			if !strings.Contains(row, name) {
				t.Errorf("%s: the row lacks %s: %s", provider, name, row)
			}
		}
		for _, o := range tc.has {
			if o == "`InsecureEndpointAudience`" && !strings.Contains(row, "URL") {
				t.Errorf("%s: the row does not say what to do about tenants", provider)
			}
		}
		p, err := attempt(t, PrivateKeyJWT("c", signingKey(t, "rsa", tc.key...), tc.options...), tc.endpoint, tc.metadata)
		if err != nil {
			t.Errorf("%s: %v", provider, err)
			continue
		}
		header, claims := readAssertion(t, p, testKeys()["rsa"].Public())
		if header["alg"] != tc.alg || header["typ"] != tc.typ || header["kid"] != tc.kid || claims["aud"] != tc.audience {
			t.Errorf("%s: header %v, claims %v", provider, header, claims)
		}
	}
}
