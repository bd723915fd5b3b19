// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package tokencache has caches that stand before a verifier: the one of package
// auth, and the same job done with libraries. All are asked alike and verify
// with the same function, so that only what is between differs.
package tokencache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/bearerkit/bearerkit/auth"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/maypok86/otter/v2"
)

// Sizes are how many good tokens and how many refused ones a cache may know.
type Sizes struct{ Claims, Refusals int }

// Kind is a way to keep what a verifier found.
type Kind struct {
	Name string
	New  func(v auth.Verifier, s Sizes) (auth.Verifier, error)
}

// The kinds' names.
const (
	Ours       = "auth.Cache"
	Otter      = "otter"
	OtterOne   = "otter, one for both"
	HashiCorps = "golang-lru"
)

// Kinds returns all of them, ours first.
func Kinds() []Kind {
	return []Kind{
		{Ours, func(v auth.Verifier, s Sizes) (auth.Verifier, error) {
			return auth.Cached(v, auth.CacheConfig{Entries: s.Claims, Refusals: s.Refusals, Bytes: 1 << 40})
		}},
		{Otter, func(v auth.Verifier, s Sizes) (auth.Verifier, error) {
			claims, err := newOtter(s.Claims)
			if err != nil {
				return nil, err
			}
			refusals, err := newOtter(s.Refusals)
			return &byOtter{verifier: v, claims: claims, refusals: refusals}, err
		}},
		{OtterOne, func(v auth.Verifier, s Sizes) (auth.Verifier, error) {
			both, err := newOtter(s.Claims + s.Refusals)
			return &byOtter{verifier: v, claims: both, refusals: both}, err
		}},
		{HashiCorps, func(v auth.Verifier, s Sizes) (auth.Verifier, error) {
			both, err := lru.New[digest, answer](s.Claims + s.Refusals)
			return &byLRU{verifier: v, answers: both}, err
		}},
	}
}

// ByName returns the kind of that name.
func ByName(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("no cache %q", name)
}

type digest [sha256.Size]byte

func digestOf(c auth.Credential) digest {
	token := c.Token()
	return sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
}

// answer is what a verifier said, and until when it counts.
type answer struct {
	claims  *auth.Claims
	refusal *auth.Error
	until   time.Time
}

func (a answer) result() (*auth.Claims, error) {
	if a.refusal != nil {
		return nil, a.refusal
	}
	return a.claims, nil
}

// answerOf returns what may be kept of what a verifier said.
func answerOf(claims *auth.Claims, err error) (answer, bool) {
	if err == nil {
		return answer{claims: claims, until: claims.Deadline()}, true
	}
	refusal, ok := errors.AsType[*auth.Error](err)
	if !ok || refusal.FreshFor <= 0 {
		return answer{}, false
	}
	return answer{refusal: refusal, until: time.Now().Add(refusal.FreshFor)}, true
}

// byOtter keeps answers as the user guide of otter shows, each with its own
// expiry.
type byOtter struct {
	verifier         auth.Verifier
	claims, refusals *otter.Cache[digest, answer]
}

func newOtter(size int) (*otter.Cache[digest, answer], error) {
	return otter.New(&otter.Options[digest, answer]{
		MaximumSize:      max(1, size),
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[digest, answer]) time.Duration { return time.Until(e.Value.until) }),
	})
}

func (c *byOtter) Verify(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
	key := digestOf(credential)
	if a, ok := c.claims.GetIfPresent(key); ok {
		return a.result()
	}
	if c.refusals != c.claims {
		if a, ok := c.refusals.GetIfPresent(key); ok {
			return a.result()
		}
	}
	claims, err := c.verifier.Verify(ctx, credential)
	if a, ok := answerOf(claims, err); ok {
		if a.refusal != nil {
			c.refusals.Set(key, a)
		} else {
			c.claims.Set(key, a)
		}
	}
	return claims, err
}

// byLRU keeps them in a plain list of the least recently used.
type byLRU struct {
	verifier auth.Verifier
	answers  *lru.Cache[digest, answer]
}

func (c *byLRU) Verify(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
	key := digestOf(credential)
	if a, ok := c.answers.Get(key); ok {
		if time.Now().Before(a.until) {
			return a.result()
		}
		c.answers.Remove(key)
	}
	claims, err := c.verifier.Verify(ctx, credential)
	if a, ok := answerOf(claims, err); ok {
		c.answers.Add(key, a)
	}
	return claims, err
}
