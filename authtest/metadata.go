// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// metadataValue is what SetMetadata asked for: another value, or none.
type metadataValue struct {
	json    json.RawMessage
	removed bool
}

// SetMetadata replaces a member of the metadata document, for example to name a
// wrong issuer; nil removes it. It panics on a value that JSON cannot hold.
func (i *Issuer) SetMetadata(name string, value any) {
	v := metadataValue{removed: value == nil}
	if value != nil {
		v.json = mustJSON(value)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.metadata[name] = v
}

// discovery returns the metadata of OpenID Connect Discovery 1.0 section 3 and
// RFC 8414 section 2. Both require an authorization and a token endpoint to be
// named; here they lead nowhere.
func (i *Issuer) discovery() []byte {
	url := i.URL()
	i.mu.Lock()
	defer i.mu.Unlock()
	var algorithms []string
	for _, k := range i.keys {
		if k.published {
			algorithms = append(algorithms, k.algorithm)
		}
	}
	methods := []string{"client_secret_basic", "client_secret_post"}
	if i.config.ClientID == "" {
		methods = []string{"none"}
	}
	document := map[string]any{
		"issuer":                                        url,
		"jwks_uri":                                      url + "/jwks",
		"introspection_endpoint":                        url + "/introspect",
		"authorization_endpoint":                        url + "/authorize",
		"token_endpoint":                                url + "/token",
		"response_types_supported":                      []string{"code"},
		"subject_types_supported":                       []string{"public"},
		"id_token_signing_alg_values_supported":         unique(algorithms),
		"introspection_endpoint_auth_methods_supported": methods,
	}
	for name, v := range i.metadata {
		if v.removed {
			delete(document, name)
			continue
		}
		document[name] = v.json
	}
	return mustJSON(document)
}

// SetJWKS serves this exact document as the key set, whatever it is. Nil returns
// to the real one. It is copied.
func (i *Issuer) SetJWKS(raw []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.jwks = bytes.Clone(raw)
}

// keySet returns the JWK Set (RFC 7517 section 5).
func (i *Issuer) keySet() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.jwks != nil {
		return i.jwks
	}
	keys := []json.RawMessage{} // an empty set is an empty array, not null
	for _, k := range i.keys {
		if k.published {
			keys = append(keys, k.jwk())
		}
	}
	return mustJSON(map[string]any{"keys": keys})
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("authtest: %T has no JSON form: %v", v, err))
	}
	return b
}

// unique returns the distinct elements of in, in order, and never nil.
func unique(in []string) []string {
	out := []string{}
	seen := make(map[string]bool)
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
