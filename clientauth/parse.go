// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"fmt"
	"strings"
)

// methodNames are the registered names and their short forms. Hyphens count as
// underscores.
var methodNames = map[string]Method{
	"client_secret_basic":         MethodClientSecretBasic,
	"basic":                       MethodClientSecretBasic,
	"client_secret_post":          MethodClientSecretPost,
	"post":                        MethodClientSecretPost,
	"client_secret_jwt":           MethodClientSecretJWT,
	"jwt":                         MethodClientSecretJWT,
	"private_key_jwt":             MethodPrivateKeyJWT,
	"tls_client_auth":             MethodTLSClientAuth,
	"mtls":                        MethodTLSClientAuth,
	"self_signed_tls_client_auth": MethodSelfSignedTLSClientAuth,
	"self_signed_mtls":            MethodSelfSignedTLSClientAuth,
	"bearer":                      MethodBearer,
	"none":                        MethodNone,
}

// ParseMethod reads the name of a method as people write it in configuration:
// basic, post, jwt (client_secret_jwt), mtls, self_signed_mtls, or a registered
// name, in any case, with hyphens or underscores, and with space around it.
func ParseMethod(name string) (Method, error) {
	const longest = 64
	trimmed := strings.TrimSpace(name)
	if len(trimmed) <= longest {
		plain := []byte(trimmed)
		for n, c := range plain {
			switch {
			case 'A' <= c && c <= 'Z':
				plain[n] = c + 'a' - 'A'
			case c == '-':
				plain[n] = '_'
			}
		}
		if m, ok := methodNames[string(plain)]; ok {
			return m, nil
		}
	}
	return "", fmt.Errorf("clientauth: unknown method %.*q; known are client_secret_basic (basic), client_secret_post (post), client_secret_jwt (jwt), private_key_jwt, tls_client_auth (mtls), self_signed_tls_client_auth (self_signed_mtls), bearer and none", longest, trimmed)
}
