// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"crypto"
	"encoding/json"
	"fmt"
)

// Rotate generates a key, publishes it and signs with it from now on. Older keys
// stay published. The algorithm is that of the current key unless one is given.
// It returns the new key's id and panics on an unknown algorithm.
func (i *Issuer) Rotate(algorithm ...string) string {
	id := i.AddKey(algorithm...)
	i.UseKey(id)
	return id
}

// AddKey generates a key and publishes it, but does not sign with it yet. The
// algorithm is that of the current key unless one is given. It returns the new
// key's id and panics on an unknown algorithm.
func (i *Issuer) AddKey(algorithm ...string) string {
	i.mu.Lock()
	n, alg := len(i.keys)+1, i.current.algorithm
	i.mu.Unlock()
	// Generating takes time, and the endpoints need the lock.
	k, err := newKey(n, choose(alg, algorithm))
	if err != nil {
		panic(err.Error())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, k)
	return k.id
}

// ReplaceKey generates another private key under an id that exists, as an issuer
// does that reuses its key ids. The old key is gone. The algorithm is that of
// the old key unless one is given. It panics on an unknown id or algorithm.
func (i *Issuer) ReplaceKey(id string, algorithm ...string) {
	k, err := newNamedKey(id, choose(i.algorithm(id), algorithm))
	if err != nil {
		panic(err.Error())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, old := range i.keys {
		if old.id != id {
			continue
		}
		k.published = old.published
		i.keys[n] = k
		if i.current == old {
			i.current = k
		}
	}
}

func choose(fallback string, algorithm []string) string {
	switch len(algorithm) {
	case 0:
		return fallback
	case 1:
		return algorithm[0]
	default:
		panic("authtest: several algorithms for one key")
	}
}

// UseKey signs with this key from now on, published or not. It panics on an
// unknown id.
func (i *Issuer) UseKey(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = i.find(id)
}

// WithdrawKey takes a key out of the published set. The issuer can still sign
// with it, and does if it is the current one. It panics on an unknown id.
func (i *Issuer) WithdrawKey(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.find(id).published = false
}

// PublishKey undoes [Issuer.WithdrawKey]. It panics on an unknown id.
func (i *Issuer) PublishKey(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.find(id).published = true
}

// KeyID returns the id of the key that signs now.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current.id
}

// KeyIDs returns the ids of the published keys, oldest first.
func (i *Issuer) KeyIDs() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var ids []string
	for _, k := range i.keys {
		if k.published {
			ids = append(ids, k.id)
		}
	}
	return ids
}

// Key returns a private key. It panics on an unknown id.
func (i *Issuer) Key(id string) crypto.Signer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.find(id).signer
}

// PublicJWK returns a key as it is published: kty, kid, use, alg and the public
// members (RFC 7517 section 4). It panics on an unknown id.
func (i *Issuer) PublicJWK(id string) json.RawMessage {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.find(id).jwk()
}

// find returns a key the issuer has or had. The caller holds i.mu.
func (i *Issuer) find(id string) *key {
	for _, k := range i.keys {
		if k.id == id {
			return k
		}
	}
	panic(fmt.Sprintf("authtest: the issuer never had a key %q", id))
}

func (i *Issuer) algorithm(id string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.find(id).algorithm
}

// signer returns the key with this id, or the current one for an empty id.
func (i *Issuer) signer(id string) *key {
	i.mu.Lock()
	defer i.mu.Unlock()
	if id == "" {
		return i.current
	}
	return i.find(id)
}
