// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

const (
	maxKeySetSize = 1 << 20
	maxKeys       = 100
)

// snapshot is one fetched key set. It is immutable.
type snapshot struct {
	keys    []*key
	dropped []droppedKey
	// began is when the request for the set began: a token issued before then
	// was signed by a key that the set would name, if the issuer still stood by
	// it.
	began time.Time
	// fetched is when the set had arrived; its age counts from here.
	fetched time.Time
}

type droppedKey struct {
	kid   string
	cause error
}

// errAmbiguous says that several different keys fit a token.
var errAmbiguous = errors.New("several of the issuer's keys fit the token; its kid must name one")

// find returns the one key with this kid that may verify alg; an empty kid
// matches every key. It returns nil without an error if there is none.
func (s *snapshot) find(kid, alg string) (*key, error) {
	var found *key
	for _, k := range s.keys {
		if kid != "" && k.kid != kid || !slices.Contains(k.algorithms, alg) {
			continue
		}
		if found != nil && !found.same(k) {
			return nil, errAmbiguous
		}
		found = k
	}
	return found, nil
}

// same reports whether two entries are one key, listed for instance once with
// and once without alg.
func (k *key) same(other *key) bool {
	public, ok := k.public.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && public.Equal(other.public)
}

func (i *Issuer) readKeySet(ctx context.Context, location string) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timings.FetchTimeout)
	defer cancel()
	began := time.Now()
	body, err := i.client.GetJSON(ctx, location, maxKeySetSize)
	if err != nil {
		return nil, fmt.Errorf("issuer: fetch keys from %s: %w", location, err)
	}
	snap, err := parseKeySet(body)
	if err != nil {
		return nil, fmt.Errorf("issuer: keys at %s: %w", location, err)
	}
	snap.began, snap.fetched = began, time.Now()
	return snap, nil
}

// parseKeySet reads a JWK set (RFC 7517 section 5). A key that cannot be used
// is dropped and the others are kept; a set without any usable key is an error.
func parseKeySet(body []byte) (*snapshot, error) {
	object, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	raw, err := object.Array("keys")
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if len(raw) > maxKeys {
		return nil, fmt.Errorf("%d keys; at most %d are accepted", len(raw), maxKeys)
	}
	s := new(snapshot)
	for _, r := range raw {
		k, err := parseKey(r)
		if err != nil {
			d := droppedKey{cause: err}
			if k != nil {
				d.kid = k.kid
			}
			s.dropped = append(s.dropped, d)
			continue
		}
		// A key listed twice is still one key.
		if !slices.ContainsFunc(s.keys, func(other *key) bool { return reflect.DeepEqual(k, other) }) {
			s.keys = append(s.keys, k)
		}
	}
	if len(s.keys) == 0 {
		return nil, fmt.Errorf("none of the %d keys is usable%s", len(raw), s.firstCause())
	}
	return s, nil
}

func (s *snapshot) firstCause() string {
	if len(s.dropped) == 0 {
		return ""
	}
	return ": " + s.dropped[0].cause.Error()
}
