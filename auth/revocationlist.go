// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// RevocationListConfig describes a [RevocationList].
type RevocationListConfig struct {
	// MaxTokenLife is for how long a token of any issuer is good after it was issued,
	// at most. A revocation is forgotten after that, since there are no such tokens
	// any more, clocks considered. A token that lives for longer is refused as
	// unavailable: it might be a revoked one. Of tokens without iat that shows only
	// while more than that is left of their life. Required.
	MaxTokenLife time.Duration
	// Entries is how many revocations are kept. Default 100,000.
	Entries int
	// WhenFull says what becomes of one more.
	WhenFull WhenFull
}

// WhenFull says what a full [RevocationList] does. It never forgets one.
type WhenFull uint8

const (
	// RefuseRevocation has Revoke return [ErrRevocationsFull]. The default.
	RefuseRevocation WhenFull = iota
	// RevokeIssuer revokes all tokens that the issuer has issued so far, which is
	// one entry for each issuer. Everybody has to get a new token.
	RevokeIssuer
)

// ErrRevocationsFull says that a revocation was not accepted.
var ErrRevocationsFull = errors.New("auth: the list of revocations is full; raise RevocationListConfig.Entries, revoke by subject, client or key instead, or choose RevokeIssuer")

const (
	defaultRevocations = 100_000
	// revocationSlack is what clocks may add to the life of a token: the skew with
	// which exp is compared, and one with which iat may lie in the future.
	revocationSlack = 2 * 300 * time.Second
	// perBucket is how many revocations share a bucket when the list is full.
	perBucket = 4
)

// RevocationList is [Revocations] in the memory of this process. Nothing of it
// survives a restart, and other processes do not know of it. It is safe for
// concurrent use. Asking takes one atomic load while the list is empty, and no
// lock in any case.
type RevocationList struct {
	config RevocationListConfig

	kinds   atomic.Uint32 // a bit for each kind of which there was one since the list was empty
	seed    maphash.Seed
	buckets []atomic.Pointer[[]revocationEntry] // of immutable slices

	mu       sync.Mutex // of changes
	count    int
	next     time.Time // before which there is nothing to forget
	watchers map[*func()]struct{}
}

type revocationKind uint8

const (
	revokedToken revocationKind = iota // by jti
	revokedSession
	revokedSubject
	revokedClient
	revokedKey
	revokedIssuer
	revokedDigest
	revocationKinds
)

type revocationKey struct {
	kind          revocationKind
	issuer, value string
}

type revocationEntry struct {
	revocationKey

	limited bool
	before  int64 // if limited: in seconds, as token times are
	forget  time.Time
}

// NewRevocationList returns an empty list.
func NewRevocationList(c RevocationListConfig) (*RevocationList, error) {
	switch {
	case c.MaxTokenLife <= 0:
		return nil, errors.New("auth: RevocationListConfig.MaxTokenLife is not set; without it nobody knows when a revocation may be forgotten")
	case c.Entries < 0:
		return nil, errors.New("auth: RevocationListConfig.Entries is negative; leave it zero for the default")
	case c.WhenFull > RevokeIssuer:
		return nil, fmt.Errorf("auth: unknown RevocationListConfig.WhenFull %d; use RefuseRevocation or RevokeIssuer", c.WhenFull)
	}
	c.Entries = cmp.Or(c.Entries, defaultRevocations)
	return &RevocationList{
		config: c, seed: maphash.MakeSeed(), buckets: make([]atomic.Pointer[[]revocationEntry], c.Entries/perBucket+1), watchers: make(map[*func()]struct{}),
	}, nil
}

// Revoke revokes tokens. When it has returned, no call that begins is let through
// with one of them, and open streams end. The error says what is wrong with r, or
// matches [ErrRevocationsFull].
func (l *RevocationList) Revoke(r Revocation) error {
	e, err := l.entry(r)
	if err != nil {
		return err
	}
	l.mu.Lock()
	err = l.add(e)
	watchers := make([]func(), 0, len(l.watchers))
	for changed := range l.watchers {
		watchers = append(watchers, *changed)
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	for _, changed := range watchers {
		changed()
	}
	return nil
}

// RevokeToken revokes one opaque token.
func (l *RevocationList) RevokeToken(token Credential) error {
	if token.IsZero() {
		return errors.New("auth: RevokeToken without a token")
	}
	return l.Revoke(Revocation{Token: DigestToken(token)})
}

// Restore takes a revocation back, whatever its Before, and reports whether there
// was one.
func (l *RevocationList) Restore(r Revocation) bool {
	if r.Before.IsZero() {
		r.Before = time.Now()
	}
	e, err := l.entry(r)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keep(l.bucket(e.revocationKey), func(other revocationEntry) bool { return other.revocationKey != e.revocationKey }) > 0
}

// Len returns how many revocations are kept.
func (l *RevocationList) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Watch implements [Revocations].
func (l *RevocationList) Watch(changed func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[&changed] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, &changed)
	}
}

// Revoked implements [Revocations].
func (l *RevocationList) Revoked(c *Claims, token Credential) (bool, error) {
	if l.tooOld(c) {
		return false, fmt.Errorf("auth: the token lives for longer than RevocationListConfig.MaxTokenLife, %v; raise it, or have the issuer shorten its tokens", l.config.MaxTokenLife)
	}
	kinds := l.kinds.Load()
	if kinds == 0 {
		return false, nil
	}
	for _, by := range [...]revocationKey{
		{revokedToken, c.issuer, c.tokenID}, {revokedSession, c.issuer, c.sessionID}, {revokedSubject, c.issuer, c.subject},
		{revokedClient, c.issuer, c.clientID}, {revokedKey, c.issuer, c.keyID}, {revokedIssuer, c.issuer, ""},
	} {
		if kinds&(1<<by.kind) != 0 && (by.value != "" || by.kind == revokedIssuer) && l.has(by, c.IssuedAt()) {
			return true, nil
		}
	}
	if kinds&(1<<revokedDigest) == 0 {
		return false, nil
	}
	digest := DigestToken(token)
	return l.has(revocationKey{kind: revokedDigest, value: string(digest[:])}, c.IssuedAt()), nil
}

// tooOld reports whether a token may be one whose revocation is forgotten.
func (l *RevocationList) tooOld(c *Claims) bool {
	switch {
	case c.issuedAt == noInstant:
		// Nobody knows; but what is good for longer from now on is too old for sure.
		return c.expiry != noInstant && time.Until(c.Expiry()) > l.config.MaxTokenLife
	case c.expiry == noInstant:
		return time.Since(c.IssuedAt()) > l.config.MaxTokenLife
	default:
		return c.Expiry().Sub(c.IssuedAt()) > l.config.MaxTokenLife
	}
}

// has reports whether a token that was issued then is revoked by this key.
func (l *RevocationList) has(key revocationKey, issued time.Time) bool {
	entries := l.bucket(key).Load()
	if entries == nil {
		return false
	}
	for _, e := range *entries {
		if e.revocationKey == key {
			return (!e.limited || issued.IsZero() || issued.Unix() <= e.before) && time.Now().Before(e.forget)
		}
	}
	return false
}

func (l *RevocationList) bucket(key revocationKey) *atomic.Pointer[[]revocationEntry] {
	return &l.buckets[maphash.Comparable(l.seed, key)%uint64(len(l.buckets))]
}

// entry says what a revocation is kept as.
func (l *RevocationList) entry(r Revocation) (revocationEntry, error) {
	key, err := r.key()
	if err != nil {
		return revocationEntry{}, err
	}
	// They may be parts of something larger: those of Claims are.
	key.issuer, key.value = strings.Clone(key.issuer), strings.Clone(key.value)
	now := time.Now()
	if r.Before.IsZero() && (key.kind == revokedSubject || key.kind == revokedClient) {
		r.Before = now
	}
	entry := revocationEntry{revocationKey: key, forget: now.Add(l.config.MaxTokenLife + revocationSlack)}
	if !r.Before.IsZero() {
		entry.limited, entry.before = true, r.Before.Unix()
		if r.Before.After(now) {
			entry.forget = r.Before.Add(l.config.MaxTokenLife + revocationSlack)
		}
	}
	return entry, nil
}

func (r Revocation) key() (revocationKey, error) {
	key, set := revocationKey{kind: revokedIssuer, issuer: r.Issuer}, 0
	for kind, value := range map[revocationKind]string{
		revokedToken: r.TokenID, revokedSession: r.SessionID, revokedSubject: r.Subject, revokedClient: r.ClientID, revokedKey: r.KeyID,
	} {
		if value != "" {
			key.kind, key.value = kind, value
			set++
		}
	}
	if r.Token != (TokenDigest{}) {
		key.kind, key.value, key.issuer = revokedDigest, string(r.Token[:]), ""
		set++
	}
	switch {
	case set > 1:
		return key, errors.New("auth: a Revocation by several things; revoke by each of them, one after the other")
	case key.kind == revokedDigest:
		return key, nil
	case r.Issuer == "":
		return key, errors.New("auth: a Revocation without Issuer; names mean something only at their issuer")
	case set == 0 && r.Before.IsZero():
		return key, errors.New("auth: a Revocation of all tokens of an issuer needs Before, such as time.Now()")
	}
	return key, nil
}

// add adds an entry, or widens the one that is there.
func (l *RevocationList) add(e revocationEntry) error {
	b := l.bucket(e.revocationKey)
	same := func(other revocationEntry) bool { return other.revocationKey == e.revocationKey }
	entries := entriesOf(b)
	now := time.Now()
	if i := slices.IndexFunc(entries, same); i >= 0 {
		if now.Before(entries[i].forget) {
			e = e.widened(entries[i])
		}
		changed := slices.Clone(entries)
		changed[i] = e
		b.Store(&changed)
		return nil
	}
	if !now.Before(l.next) {
		l.forget(now)
		entries = entriesOf(b)
	}
	if l.count >= l.config.Entries && e.kind != revokedIssuer {
		if l.config.WhenFull != RevokeIssuer {
			return ErrRevocationsFull
		}
		if e.issuer == "" {
			return fmt.Errorf("%w: a digest does not say of which issuer", ErrRevocationsFull)
		}
		if e.limited && e.before > now.Unix() {
			return fmt.Errorf("%w: to revoke the issuer's tokens of the future would shut everybody out", ErrRevocationsFull)
		}
		e.revocationKey = revocationKey{kind: revokedIssuer, issuer: e.issuer}
		e.limited, e.before = true, now.Unix()
		return l.add(e)
	}
	if l.count == 0 || e.forget.Before(l.next) {
		l.next = e.forget
	}
	// The bit comes last: whoever sees it finds the entry.
	longer := append(slices.Clip(entries), e)
	b.Store(&longer)
	l.count++
	l.kinds.Store(l.kinds.Load() | 1<<e.kind)
	return nil
}

// widened returns what both entries mean.
func (e revocationEntry) widened(other revocationEntry) revocationEntry {
	e.limited = e.limited && other.limited
	e.before = max(e.before, other.before)
	if other.forget.After(e.forget) {
		e.forget = other.forget
	}
	return e
}

// forget removes what no token can be meant by any more.
func (l *RevocationList) forget(now time.Time) {
	l.next = now.Add(l.config.MaxTokenLife)
	kinds := uint32(0)
	for i := range l.buckets {
		l.keep(&l.buckets[i], func(e revocationEntry) bool {
			if !now.Before(e.forget) {
				return false
			}
			kinds |= 1 << e.kind
			if e.forget.Before(l.next) {
				l.next = e.forget
			}
			return true
		})
	}
	l.kinds.Store(kinds)
}

// keep keeps the entries of a bucket that are wanted, and returns how many were
// not.
func (l *RevocationList) keep(b *atomic.Pointer[[]revocationEntry], wanted func(revocationEntry) bool) (removed int) {
	var kept []revocationEntry
	entries := entriesOf(b)
	for _, e := range entries {
		if wanted(e) {
			kept = append(kept, e)
		}
	}
	if removed = len(entries) - len(kept); removed == 0 {
		return 0
	}
	left := kept // of what is kept only this is allocated, and only now
	b.Store(&left)
	if l.count -= removed; l.count == 0 {
		l.kinds.Store(0)
	}
	return removed
}

func entriesOf(b *atomic.Pointer[[]revocationEntry]) []revocationEntry {
	if p := b.Load(); p != nil {
		return *p
	}
	return nil
}
