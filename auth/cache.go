// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// CacheConfig bounds what a cache of verified tokens keeps. Fields left at zero
// have the defaults.
type CacheConfig struct {
	// Entries is the greatest number of tokens with their claims. Default 65,536.
	// The table for them grows when it has to, up to 23 bytes for each of these.
	// Meanwhile new tokens wait, and those that are known do not: for some
	// milliseconds with the default, and for tens or hundreds of them with a million.
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

	claims   *cacheTable[Claims]
	refusals *cacheTable[refused]
	order    atomic.Int64       // of calls of the verifier
	prefixes [bearer + 1][]byte // of what is digested, by scheme

	mu        sync.Mutex
	flights   map[*flight]struct{}
	questions map[cacheKey]*questions
	orphans   int // questions that nobody waits for
}

// refused is what a verifier said of a token, and until when that holds.
type refused struct {
	err   *Error
	until time.Time
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
		claims:    newCacheTable[Claims](c.Entries, c.Bytes),
		refusals:  newCacheTable[refused](c.Refusals, 0),
		flights:   make(map[*flight]struct{}),
		questions: make(map[cacheKey]*questions),
	}
	if d, ok := v.(Describer); ok {
		k.asks = d.Describe().Asks
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // it does not fail
	for s := range k.prefixes {
		// A scheme cannot have a NUL in it.
		k.prefixes[s] = append(append(secret[:], scheme(s).String()...), 0)
	}
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
	return k.find(ctx, k.key(c), c)
}

// known returns claims that are known, newer than others if there are any, and nil if
// the verifier has to be asked, or something besides. What has this key was a good
// token when they were learnt, so it need not be looked at any more.
func (k *Cache) known(key cacheKey, now time.Time, than *Claims) *Claims {
	if e := k.claims.find(key); e != nil && (than == nil || e.known.ConfirmedAt().After(than.ConfirmedAt())) && e.known.holds(now) {
		return &e.known
	}
	return nil
}

func (k *Cache) find(ctx context.Context, key cacheKey, c Credential) (*Claims, error) {
	now := time.Now()
	var stale *cacheEntry[Claims]
	if e := k.claims.find(key); e != nil {
		switch {
		case e.known.holds(now):
			return &e.known, nil
		case e.known.holdsStale(now):
			stale = e
		default:
			k.claims.remove(key, e)
		}
	}
	if e := k.refusals.find(key); e != nil {
		if now.Before(e.known.until) {
			return nil, e.known.err
		}
		k.refusals.remove(key, e)
	}
	if stale != nil {
		return k.askOr(ctx, stale, c)
	}
	return k.know(ctx, key, c, false, nil)
}

// know has the verifier say what it knows now: to all who ask at the same time, if
// it asks the issuer; see ask.
func (k *Cache) know(ctx context.Context, key cacheKey, c Credential, fresh bool, than *Claims) (*Claims, error) {
	if k.asks {
		return k.ask(ctx, key, c, fresh, than)
	}
	f := k.begin(key)
	defer k.end(f)
	return k.verify(ctx, f, c)
}

// sizeOf is about how much memory it takes to remember these claims.
func sizeOf(c *Claims) uint32 {
	const entry = unsafe.Sizeof(cacheEntry[Claims]{}) - unsafe.Sizeof(Claims{})
	return uint32(min(uint64(c.size())+uint64(entry), math.MaxUint32)) //nolint:gosec // in the range
}

// stalePatience is how long the verifier has to say something new of a token of
// which something is known, before that is used. The question goes on.
const stalePatience = time.Second

// askOr asks the verifier, and goes by what was known if it cannot tell.
func (k *Cache) askOr(ctx context.Context, known *cacheEntry[Claims], c Credential) (*Claims, error) {
	patience, cancel := context.WithTimeout(ctx, stalePatience)
	defer cancel()
	claims, err := k.ask(patience, known.key, c, false, nil)
	if err == nil || ctx.Err() != nil {
		return claims, err
	}
	if refusal, ok := errors.AsType[*Error](err); ok && refusal != nil && refusal.Kind != KindUnavailable {
		return claims, err
	}
	// It may have been invalidated, or refused to another call, in the meantime.
	if k.claims.find(known.key) == known && known.known.holdsStale(time.Now()) {
		return &known.known, nil
	}
	if patience.Err() != nil {
		return k.ask(ctx, known.key, c, false, nil) // there is time left for that
	}
	return claims, err
}

// fresh is Verify without what is known: the verifier is asked from now on, and
// what it says is known then.
func (k *Cache) fresh(ctx context.Context, c Credential) (*Claims, error) {
	return k.know(ctx, k.key(c), c, true, nil)
}

// newer is Verify for one who has these claims already: it returns what was learnt
// since, or asks the verifier.
func (k *Cache) newer(ctx context.Context, c Credential, than *Claims) (*Claims, error) {
	key := k.key(c)
	if claims := k.known(key, time.Now(), than); claims != nil {
		return claims, nil
	}
	return k.know(ctx, key, c, false, than)
}

// verify asks the verifier and keeps the answer, unless something has come
// meanwhile that it may be from before of.
func (k *Cache) verify(ctx context.Context, f *flight, c Credential) (*Claims, error) {
	claims, err := k.verifier.Verify(ctx, c)
	now := time.Now()
	switch {
	case err == nil && claims != nil:
		if claims.kept() && claims.holds(now) {
			e := &cacheEntry[Claims]{key: f.key, asked: f.asked, size: sizeOf(claims), known: *claims}
			claims = &e.known
			k.claims.store(e, func() bool { return k.keeps(f, claims) })
			k.refusals.removeBefore(f.key, f.asked)
		}
	case err != nil:
		refusal, ok := errors.AsType[*Error](err)
		if !ok || refusal == nil || refusal.Kind != KindUnauthenticated {
			break // nobody can tell
		}
		k.refused(f)
		k.claims.removeBefore(f.key, f.asked)
		if e := k.claims.find(f.key); refusal.FreshFor > 0 && e == nil {
			k.refusals.store(&cacheEntry[refused]{key: f.key, asked: f.asked, known: refused{err: refusal, until: now.Add(refusal.FreshFor)}}, func() bool { return k.keeps(f, nil) })
		}
	}
	return claims, err
}

// Selection says which tokens are meant: those whose claims equal all fields
// that are not empty. The zero Selection means all.
type Selection struct {
	Issuer, Subject, ClientID, SessionID, TokenID, KeyID string
}

func (s Selection) matches(c *Claims) bool {
	return (s.Issuer == "" || s.Issuer == c.issuer) &&
		(s.Subject == "" || s.Subject == c.subject) &&
		(s.ClientID == "" || s.ClientID == c.clientID) &&
		(s.SessionID == "" || s.SessionID == c.sessionID) &&
		(s.TokenID == "" || s.TokenID == c.tokenID) &&
		(s.KeyID == "" || s.KeyID == c.keyID)
}

// Invalidate forgets the claims of these tokens, and the answers about them that
// are under way. When it has returned, no call that begins gets them without the
// verifier being asked again. It does not revoke anything: a token that is still
// good at its issuer is good again.
func (k *Cache) Invalidate(s Selection) {
	// In this order: an answer that is stored from now on is held against s, and one
	// that was stored before is found and removed.
	k.mu.Lock()
	for f := range k.flights {
		f.outdated(s)
	}
	k.mu.Unlock()
	k.claims.removeAll(s.matches)
	if s == (Selection{}) {
		k.refusals.removeAll(func(*refused) bool { return true })
	}
}

// InvalidateToken forgets one token, also if it was refused.
func (k *Cache) InvalidateToken(c Credential) {
	key := k.key(c)
	k.mu.Lock()
	for f := range k.flights {
		if f.key == key {
			f.void = true
		}
	}
	k.mu.Unlock()
	k.claims.remove(key, nil)
	k.refusals.remove(key, nil)
}

// Len returns how many tokens are known, good ones and refused ones.
func (k *Cache) Len() (claims, refusals int) {
	return int(k.claims.entries.Load()), int(k.refusals.entries.Load())
}

// cacheKey is the digest of a credential.
type cacheKey [sha256.Size]byte

// key returns the digest of a secret of this cache, the scheme and the token.
func (k *Cache) key(c Credential) cacheKey {
	digest := sha256.New() // on the stack, as the tests of allocations see to
	digest.Write(k.prefixes[c.scheme])
	digest.Write(c.bytes()) // without a copy of it
	var key cacheKey
	digest.Sum(key[:0])
	return key
}
