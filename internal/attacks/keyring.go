// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"sync"

	"github.com/bearerkit/bearerkit/authtest"
)

// ring are the keys that the corpus names. All cases share them: it is the
// tokens that differ.
type ring struct {
	issuer *authtest.Issuer
	ids    map[string]string
	// weak is a key that no issuer should have: rs256-1024.
	weak *rsa.PrivateKey
}

// ringAlgorithms are the names of the keys and what they sign. A stranger's key
// is published nowhere.
var ringAlgorithms = map[string]string{
	"rs256": "RS256", "ps256": "PS256", "es256": "ES256", "es256-2": "ES256", "es384": "ES384", "eddsa": "EdDSA", "stranger": "ES256",
}

var keyring = sync.OnceValue(func() *ring {
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: Issuer})
	if err != nil {
		mistake(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		mistake(err)
	}
	r := &ring{issuer: as, ids: make(map[string]string), weak: weak}
	for name, alg := range ringAlgorithms {
		r.ids[name] = as.AddKey(alg)
	}
	// The last bit of an Ed25519 key is a sign, which every other one has. With it
	// set, a mistake in reading it shows.
	for !negative(as.Key(r.ids["eddsa"])) {
		as.ReplaceKey(r.ids["eddsa"])
	}
	return r
})

func negative(key crypto.Signer) bool { return key.Public().(ed25519.PublicKey)[31]&0x80 != 0 }

func algorithmOf(name string) string {
	alg, ok := ringAlgorithms[name]
	if !ok {
		mistake("no key " + name)
	}
	return alg
}

func privateOf(name string) crypto.Signer {
	if name == "rs256-1024" {
		return keyring().weak
	}
	algorithmOf(name) // there is one
	return keyring().issuer.Key(keyring().ids[name])
}

func publicOf(name string) crypto.PublicKey { return privateOf(name).Public() }

// jwkOf is the key as it is published: its name is its kid.
func jwkOf(name string) string {
	id := keyring().ids[name]
	return strings.Replace(string(keyring().issuer.PublicJWK(id)), asJSON(id), asJSON(name), 1)
}
