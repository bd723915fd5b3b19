// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

const (
	maxKeySetSize = 1 << 20
	maxKeys       = 100
)

// snapshot is one fetched key set. It is immutable.
type snapshot struct {
	all     []*key // as published
	keys    []*key // without those that are distrusted
	dropped []droppedKey
	// began is when the request for the set began, or, if a cache answered, when
	// that got it: a token issued before then was signed by a key that the set
	// would name, if the issuer still stood by it. It is zero for seed keys.
	began time.Time
	// fetched is when the set had arrived; its age counts from here.
	fetched time.Time
	// fresh is how long from then on nobody need ask again.
	fresh time.Duration

	// digest is that of the document, and url and validators say which version of
	// it was read, and whole when that was in full.
	digest     [sha256.Size]byte
	url        string
	validators boundedhttp.Validators
	whole      time.Time
	// unchanged says that it is the document of the fetch before.
	unchanged bool
	// distrusted are the keys that must not be used whatever the issuer says.
	distrusted *distrusted
}

type droppedKey struct {
	kid      string
	cause    error
	expected bool // nobody need know
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

// without returns the snapshot without the keys that are distrusted.
func (s *snapshot) without(d *distrusted) *snapshot {
	trusted := *s
	trusted.distrusted = d
	trusted.keys = s.all
	if d != nil {
		trusted.keys = slices.DeleteFunc(slices.Clone(s.all), d.covers)
	}
	return &trusted
}

// asked returns when the set was asked for, by the clock as it goes now: it may
// have been set since.
func (s *snapshot) asked() time.Time {
	if s.began.IsZero() {
		return s.began
	}
	return time.Now().Add(-time.Since(s.began))
}

// age is how long ago the set arrived.
func (s *snapshot) age(now time.Time) time.Duration { return now.Sub(s.fetched) }

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
		s.add(parseKey(r))
	}
	return s, s.check()
}

// add takes a key that was parsed, or notes why it was not.
func (s *snapshot) add(k *key, err error) {
	if err != nil {
		// Many issuers publish a key for encryption, which is none of ours.
		d := droppedKey{cause: err, expected: errors.Is(err, errOtherUse)}
		if k != nil {
			d.kid = k.kid
		}
		s.dropped = append(s.dropped, d)
		return
	}
	// A key listed twice is still one key.
	if !slices.ContainsFunc(s.all, func(other *key) bool { return reflect.DeepEqual(k, other) }) {
		s.all = append(s.all, k)
	}
}

// check refuses a set that would leave nothing to verify with.
func (s *snapshot) check() error {
	if len(s.all) == 0 {
		return fmt.Errorf("none of the %d keys is usable%s", len(s.dropped), s.firstCause())
	}
	return nil
}

func (s *snapshot) firstCause() string {
	if len(s.dropped) == 0 {
		return ""
	}
	return ": " + s.dropped[0].cause.Error()
}
