// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"
	"time"
)

// CacheConfig bounds what a cache of verified tokens keeps. Fields left at zero
// have the defaults.
type CacheConfig struct {
	// Entries is the greatest number of tokens with their claims. Default 65,536.
	Entries int
	// Bytes bounds the memory of these, as far as it is known here: what a
	// [Decoder] made of the claims is not counted. Default 128 MiB.
	Bytes int64
	// Refusals is the greatest number of refused tokens that are remembered, in a
	// space of their own. Default 8,192.
	Refusals int
}

const (
	defaultCacheEntries  = 1 << 16
	defaultCacheBytes    = 128 << 20
	defaultCacheRefusals = 1 << 13
	maxCacheEntries      = 1 << 26
)

func (c CacheConfig) withDefaults() (CacheConfig, error) {
	if c.Entries < 0 || c.Bytes < 0 || c.Refusals < 0 {
		return c, errors.New("auth: a negative bound in CacheConfig; leave it zero for the default")
	}
	if c.Entries > maxCacheEntries || c.Refusals > maxCacheEntries {
		return c, fmt.Errorf("auth: more than %d entries in CacheConfig", maxCacheEntries)
	}
	if c.Entries == 0 {
		c.Entries = defaultCacheEntries
	}
	if c.Bytes == 0 {
		c.Bytes = defaultCacheBytes
	}
	if c.Refusals == 0 {
		c.Refusals = defaultCacheRefusals
	}
	return c, nil
}

// Cache is a [Verifier] that remembers what another one proved. It keeps facts
// and no decisions: what a procedure requires is checked on every call.
//
// Claims are kept as long as their verifier says ([ClaimsData].FreshUntil, and
// StaleUntil while it cannot tell), never beyond their deadline, and only while
// what they rest on holds. Refusals are
// kept only if their verifier says so ([Error].FreshFor), apart from the others,
// so that made-up tokens displace no good ones. If the verifier asks the issuer,
// calls with one token share one question, which belongs to none of them.
//
// A token is known by its SHA-256 digest over a secret of this Cache, so that
// neither the token nor anything that could be computed from it elsewhere is
// kept. A Cache is safe for concurrent use.
type Cache struct {
	verifier Verifier
	asks     bool

	claims     *cacheTable
	refusals   *cacheTable
	generation atomic.Uint64 // of what may be stored
	prefix     []byte
	hashers    sync.Pool

	mu        sync.Mutex
	questions map[cacheKey]*question
}

// Cached returns a Cache before v, for use without a [Guard], which has one of
// its own.
func Cached(v Verifier, c CacheConfig) (*Cache, error) {
	if isNil(v) {
		return nil, errors.New("auth: Cached without a verifier; check the error of the verifier's constructor")
	}
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	k := &Cache{
		verifier:  v,
		claims:    newCacheTable(c.Entries, c.Bytes),
		refusals:  newCacheTable(c.Refusals, 0),
		prefix:    make([]byte, 16),
		questions: make(map[cacheKey]*question),
	}
	if d, ok := v.(Describer); ok {
		k.asks = d.Describe().Asks
	}
	_, _ = rand.Read(k.prefix) // it does not fail
	k.hashers.New = func() any { return &hasher{hash: sha256.New()} }
	return k, nil
}

// Describe implements [Describer] for the verifier behind.
func (k *Cache) Describe() Description {
	if d, ok := k.verifier.(Describer); ok {
		return d.Describe()
	}
	return Description{}
}

// Verify returns what is known of the credential, or asks the verifier.
func (k *Cache) Verify(ctx context.Context, c Credential) (*Claims, error) {
	key, now := k.key(c), time.Now()
	var stale *cacheEntry
	if e := k.claims.find(key); e != nil {
		switch {
		case e.claims.holds(now):
			return e.claims, nil
		case e.claims.holdsStale(now):
			stale = e
		default:
			k.claims.remove(key, e)
		}
	}
	if e := k.refusals.find(key); e != nil {
		if now.Before(e.until) {
			return nil, e.refusal
		}
		k.refusals.remove(key, e)
	}
	if stale != nil {
		return k.askOr(ctx, stale, c)
	}
	if k.asks {
		return k.ask(ctx, key, c)
	}
	return k.verify(ctx, key, c)
}

// stalePatience is how long the verifier has to say something new of a token of
// which something is known, before that is used. The question goes on.
const stalePatience = time.Second

// askOr asks the verifier, and goes by what was known if it cannot tell.
func (k *Cache) askOr(ctx context.Context, known *cacheEntry, c Credential) (*Claims, error) {
	patience, cancel := context.WithTimeout(ctx, stalePatience)
	defer cancel()
	claims, err := k.ask(patience, known.key, c)
	if err == nil || ctx.Err() != nil {
		return claims, err
	}
	if refusal, ok := errors.AsType[*Error](err); ok && refusal != nil && refusal.Kind != KindUnavailable {
		return claims, err
	}
	// It may have been invalidated, or refused to another call, in the meantime.
	if k.claims.find(known.key) == known && known.claims.holdsStale(time.Now()) {
		return known.claims, nil
	}
	if patience.Err() != nil {
		return k.ask(ctx, known.key, c) // there is time left for that
	}
	return claims, err
}

// fresh is Verify without what is known: the verifier is asked, now and for this
// call alone, and what it says is known from then on.
func (k *Cache) fresh(ctx context.Context, c Credential) (*Claims, error) {
	return k.verify(ctx, k.key(c), c)
}

// newer is Verify for one who has these claims already: it returns what was learnt
// since, or asks the verifier.
func (k *Cache) newer(ctx context.Context, c Credential, than *Claims) (*Claims, error) {
	key := k.key(c)
	if e := k.claims.find(key); e != nil && e.claims.ConfirmedAt().After(than.ConfirmedAt()) && e.claims.holds(time.Now()) {
		return e.claims, nil
	}
	if k.asks {
		return k.ask(ctx, key, c)
	}
	return k.verify(ctx, key, c)
}

// verify asks the verifier and keeps the answer, unless something was
// invalidated meanwhile: the answer may be from before.
func (k *Cache) verify(ctx context.Context, key cacheKey, c Credential) (*Claims, error) {
	generation := k.generation.Load()
	claims, err := k.verifier.Verify(ctx, c)
	current := func() bool { return k.generation.Load() == generation }
	now := time.Now()
	switch {
	case err == nil && claims != nil:
		if !claims.data.FreshUntil.IsZero() && claims.holds(now) {
			k.claims.store(&cacheEntry{key: key, claims: claims, size: claims.size()}, current)
		}
	case err != nil:
		refusal, ok := errors.AsType[*Error](err)
		if !ok || refusal == nil || refusal.Kind != KindUnauthenticated {
			break // nobody can tell
		}
		if k.claims.remove(key, nil) {
			// They were good until now. An answer that is under way may still say
			// so, and must not bring them back.
			generation = k.generation.Add(1)
		}
		if refusal.FreshFor > 0 {
			k.refusals.store(&cacheEntry{key: key, refusal: refusal, until: now.Add(refusal.FreshFor)}, current)
		}
	}
	return claims, err
}

// question is a call of the verifier that others with the same token wait for.
type question struct {
	done   chan struct{}
	claims *Claims
	err    error
}

// questionTimeout bounds a question, which no caller's deadline does. Verifiers
// that ask have bounds of their own; this is for one that has not.
const questionTimeout = 30 * time.Second

// ask joins the question about this token that is under way, or asks it.
func (k *Cache) ask(ctx context.Context, key cacheKey, c Credential) (*Claims, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k.mu.Lock()
	q, ok := k.questions[key]
	if !ok {
		q = &question{done: make(chan struct{})}
		k.questions[key] = q
		go k.run(context.WithoutCancel(ctx), q, key, c)
	}
	k.mu.Unlock()
	select {
	case <-q.done:
		return q.claims, q.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k *Cache) run(ctx context.Context, q *question, key cacheKey, c Credential) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil { // it would end the process
			q.claims, q.err = nil, panicked(p)
		}
		k.mu.Lock()
		if k.questions[key] == q { // unless it was invalidated meanwhile
			delete(k.questions, key)
		}
		k.mu.Unlock()
		close(q.done)
	}()
	q.claims, q.err = k.verify(ctx, key, c)
}

// Selection says which tokens are meant: those whose claims equal all fields
// that are not empty. The zero Selection means all.
type Selection struct {
	Issuer, Subject, ClientID, SessionID, TokenID, KeyID string
}

func (s Selection) matches(c *Claims) bool {
	d := &c.data
	return (s.Issuer == "" || s.Issuer == d.Issuer) &&
		(s.Subject == "" || s.Subject == d.Subject) &&
		(s.ClientID == "" || s.ClientID == d.ClientID) &&
		(s.SessionID == "" || s.SessionID == d.SessionID) &&
		(s.TokenID == "" || s.TokenID == d.TokenID) &&
		(s.KeyID == "" || s.KeyID == d.KeyID)
}

// Invalidate forgets the claims of these tokens, and the answers to questions
// that are under way. When it has returned, no call that begins gets them
// without the verifier being asked again. It does not revoke anything: a token
// that is still good at its issuer is good again.
func (k *Cache) Invalidate(s Selection) {
	k.invalidate(func() { k.claims.removeAll(func(e *cacheEntry) bool { return s.matches(e.claims) }) })
	if s == (Selection{}) {
		k.refusals.removeAll(func(*cacheEntry) bool { return true })
	}
}

// InvalidateToken forgets one token, also if it was refused.
func (k *Cache) InvalidateToken(c Credential) {
	key := k.key(c)
	k.invalidate(func() {
		k.claims.remove(key, nil)
		k.refusals.remove(key, nil)
	})
}

func (k *Cache) invalidate(remove func()) {
	// In this order: an answer that is stored after the count went up is not
	// stored at all, and one that was stored before is found and removed.
	k.generation.Add(1)
	k.mu.Lock()
	k.questions = make(map[cacheKey]*question)
	k.mu.Unlock()
	remove()
}

// Len returns how many tokens are known, good ones and refused ones.
func (k *Cache) Len() (claims, refusals int) {
	return int(k.claims.entries.Load()), int(k.refusals.entries.Load())
}

// cacheKey is the digest of a credential.
type cacheKey [sha256.Size]byte

// hasher is what a digest needs, kept to cost no allocation.
type hasher struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

// bearerPrefix is the scheme that nearly all credentials have, with its end. A
// scheme cannot have a NUL in it.
var bearerPrefix = []byte(SchemeBearer + "\x00")

// key returns the digest of a secret of this cache, the scheme and the token.
func (k *Cache) key(c Credential) cacheKey {
	h := k.hashers.Get().(*hasher) //nolint:forcetypeassert // nothing else is put there
	h.hash.Reset()
	h.hash.Write(k.prefix)
	if scheme := c.Scheme(); scheme == SchemeBearer {
		h.hash.Write(bearerPrefix)
	} else {
		h.hash.Write([]byte(scheme + "\x00"))
	}
	h.hash.Write(c.bytes())
	h.hash.Sum(h.sum[:0])
	key := cacheKey(h.sum)
	k.hashers.Put(h)
	return key
}
