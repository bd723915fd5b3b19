// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// algorithm is one JWS algorithm a token may name.
type algorithm struct {
	// name is how keyfunc knows it.
	name   string
	method jwt.SigningMethod
}

// algorithms are all that can be allowed: asymmetric ones only, so that no
// published key can ever serve as a shared secret (RFC 8725 section 3.1).
// EdDSA is here Ed25519, which RFC 9864 also names so.
var algorithms = map[string]algorithm{
	"RS256":   {"RS256", jwt.SigningMethodRS256},
	"RS384":   {"RS384", jwt.SigningMethodRS384},
	"RS512":   {"RS512", jwt.SigningMethodRS512},
	"PS256":   {"PS256", exactSalt(jwt.SigningMethodPS256)},
	"PS384":   {"PS384", exactSalt(jwt.SigningMethodPS384)},
	"PS512":   {"PS512", exactSalt(jwt.SigningMethodPS512)},
	"ES256":   {"ES256", jwt.SigningMethodES256},
	"ES384":   {"ES384", jwt.SigningMethodES384},
	"ES512":   {"ES512", jwt.SigningMethodES512},
	"EdDSA":   {"EdDSA", jwt.SigningMethodEdDSA},
	"Ed25519": {"EdDSA", jwt.SigningMethodEdDSA},
}

// defaultAlgorithms are allowed unless the configuration says otherwise.
var defaultAlgorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}

// exactSalt is the method with the one salt length RFC 7518 section 3.5 allows;
// golang-jwt accepts any.
func exactSalt(m *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: m.SigningMethodRSA,
		Options:          m.Options,
		VerifyOptions:    &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
	}
}

// withAliases adds the other name of the one algorithm that has two.
func withAliases(names []string) []string {
	if slices.Contains(names, "EdDSA") || slices.Contains(names, "Ed25519") {
		return append(slices.Clone(names), "EdDSA", "Ed25519")
	}
	return names
}

func checkAlgorithms(names []string) error {
	for _, name := range names {
		if _, ok := algorithms[name]; ok {
			continue
		}
		if strings.HasPrefix(name, "HS") {
			return fmt.Errorf("algorithm %s is symmetric: whoever can verify could sign; use an asymmetric one", name)
		}
		return fmt.Errorf("unknown algorithm %q; known are RS, PS and ES with 256, 384 or 512, EdDSA and Ed25519", name)
	}
	return nil
}
