// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jws

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// methods are all that can be allowed: asymmetric ones only, so that no
// published key can ever serve as a shared secret (RFC 8725 section 3.1).
// EdDSA is here Ed25519, which RFC 9864 also names so.
var methods = map[string]jwt.SigningMethod{
	"RS256":   jwt.SigningMethodRS256,
	"RS384":   jwt.SigningMethodRS384,
	"RS512":   jwt.SigningMethodRS512,
	"PS256":   exactSalt(jwt.SigningMethodPS256),
	"PS384":   exactSalt(jwt.SigningMethodPS384),
	"PS512":   exactSalt(jwt.SigningMethodPS512),
	"ES256":   jwt.SigningMethodES256,
	"ES384":   jwt.SigningMethodES384,
	"ES512":   jwt.SigningMethodES512,
	"EdDSA":   jwt.SigningMethodEdDSA,
	"Ed25519": jwt.SigningMethodEdDSA,
}

// defaults are allowed unless the configuration says otherwise.
var defaults = []string{"RS256", "PS256", "ES256", "EdDSA"}

// exactSalt is the method with the one salt length RFC 7518 section 3.5 allows;
// golang-jwt accepts any.
func exactSalt(m *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: m.SigningMethodRSA,
		Options:          m.Options,
		VerifyOptions:    &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
	}
}

// CheckAlgorithms refuses a configuration that allows what is not known.
func CheckAlgorithms(names []string) error {
	for _, name := range names {
		if _, ok := methods[name]; ok {
			continue
		}
		remedy := ""
		if strings.HasPrefix(name, "HS") {
			remedy = "; HS is symmetric, and whoever can verify could sign: use an asymmetric one"
		}
		return fmt.Errorf("unknown algorithm %q; known are RS, PS and ES with 256, 384 or 512, EdDSA and Ed25519%s", name, remedy)
	}
	return nil
}

// Methods returns what verifies signatures, by the values of alg that the
// configuration allows: names that [CheckAlgorithms] accepts, or none for the
// defaults. The one algorithm that has two names is there under both. Its
// method's Alg is the name that keyfunc knows.
func Methods(names []string) map[string]jwt.SigningMethod {
	if len(names) == 0 {
		names = defaults
	}
	if slices.Contains(names, "EdDSA") || slices.Contains(names, "Ed25519") {
		names = append(slices.Clone(names), "EdDSA", "Ed25519")
	}
	allowed := make(map[string]jwt.SigningMethod, len(names))
	for _, name := range names {
		allowed[name] = methods[name]
	}
	return allowed
}
