// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"slices"
	"testing"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

func TestAlgorithms(t *testing.T) {
	all := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
	byDefault := []string{"RS256", "PS256", "ES256", "EdDSA", "Ed25519"}
	twins := []string{"EdDSA", "Ed25519"} // two names of one algorithm
	f := newFixture(t, all[0])
	ids := map[string]string{all[0]: f.as.KeyID()}
	for _, alg := range all[1:] {
		ids[alg] = f.as.AddKey(alg)
	}
	config := func(algorithms ...string) jwtauth.Config {
		c := strict()
		c.Algorithms = algorithms
		return c
	}
	for _, alg := range all {
		token := with(authtest.SignedBy(ids[alg]))
		want := map[bool]string{true: ok, false: invalid(jwtauth.CheckAlgorithm)}
		f.run(t, config(alg), []row{{alg + " allowed alone", token, ok}})
		f.run(t, config(), []row{{alg + " by default", token, want[slices.Contains(byDefault, alg)]}})
		others := slices.DeleteFunc(slices.Clone(all), func(a string) bool {
			return a == alg || slices.Contains(twins, alg) && slices.Contains(twins, a)
		})
		f.run(t, config(others...), []row{{alg + " not allowed", token, invalid(jwtauth.CheckAlgorithm)}})
		if !slices.Contains(twins, alg) {
			continue
		}
		for _, name := range twins {
			f.run(t, config(alg), []row{{alg + " allowed, header " + name, with(authtest.SignedBy(ids[alg]), authtest.Header("alg", name)), ok}})
		}
	}
}
