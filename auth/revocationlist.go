// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// RevocationListConfig describes a [RevocationList].
type RevocationListConfig struct {
	// MaxTokenLife is for how long a token of any issuer is good after it was issued,
	// at most. A revocation is forgotten after that, since there are no such tokens
	// any more. A token that lives for longer is refused as unavailable: it might be
	// a revoked one. Required.
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
	// deltaRevocations is how many are put in before they are merged with the rest.
	deltaRevocations = 512
)

// RevocationList is [Revocations] in the memory of this process. Nothing of it
// survives a restart, and other processes do not know of it. It is safe for
// concurrent use. Asking takes one atomic load while the list is empty, and no
// lock in any case.
type RevocationList struct {
	config RevocationListConfig

	kept atomic.Pointer[revocations] // nil if there are none

	mu       sync.Mutex // of changes
	watchers map[*func()]struct{}
}

// revocations are immutable.
type revocations struct {
	kinds [revocationKinds]bool // of which there are any
	// delta is small, so that a change need not copy base.
	base, delta map[revocationKey]revocationEntry
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
	before  int64 // in seconds, as token times are; zero for no limit
	forget  time.Time
	removed bool // in delta: what base has does not count
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
	return &RevocationList{config: c, watchers: make(map[*func()]struct{})}, nil
}

// Revoke revokes tokens. When it has returned, no call that begins is let through
// with one of them, and open streams end. The error says what is wrong with r, or
// matches [ErrRevocationsFull].
func (l *RevocationList) Revoke(r Revocation) error {
	key, entry, err := l.entry(r)
	if err != nil {
		return err
	}
	l.mu.Lock()
	err = l.put(key, entry)
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
	key, _, err := l.entry(r)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.kept.Load().get(key); !ok {
		return false
	}
	l.store(key, revocationEntry{removed: true})
	return true
}

// Len returns how many revocations are kept.
func (l *RevocationList) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.Load().count()
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
	d := &c.data
	if l.tooOld(d) {
		return false, fmt.Errorf("auth: the token lives for longer than RevocationListConfig.MaxTokenLife, %v; raise it, or have the issuer shorten its tokens", l.config.MaxTokenLife)
	}
	kept := l.kept.Load()
	if kept == nil {
		return false, nil
	}
	for _, by := range [...]revocationKey{
		{revokedToken, d.Issuer, d.TokenID}, {revokedSession, d.Issuer, d.SessionID}, {revokedSubject, d.Issuer, d.Subject},
		{revokedClient, d.Issuer, d.ClientID}, {revokedKey, d.Issuer, d.KeyID}, {revokedIssuer, d.Issuer, ""},
	} {
		if kept.kinds[by.kind] && (by.value != "" || by.kind == revokedIssuer) && kept.has(by, d.IssuedAt) {
			return true, nil
		}
	}
	if !kept.kinds[revokedDigest] {
		return false, nil
	}
	digest := DigestToken(token)
	return kept.has(revocationKey{kind: revokedDigest, value: string(digest[:])}, d.IssuedAt), nil
}

// tooOld reports whether a token may be one whose revocation is forgotten.
func (l *RevocationList) tooOld(d *ClaimsData) bool {
	switch {
	case d.IssuedAt.IsZero():
		return false // and nobody knows
	case d.Expiry.IsZero():
		return time.Since(d.IssuedAt) > l.config.MaxTokenLife
	default:
		return d.Expiry.Sub(d.IssuedAt) > l.config.MaxTokenLife
	}
}

// has reports whether a token that was issued then is revoked by this key.
func (r *revocations) has(key revocationKey, issued time.Time) bool {
	e, ok := r.get(key)
	return ok && (e.before == 0 || issued.IsZero() || issued.Unix() <= e.before) && time.Now().Before(e.forget)
}

func (r *revocations) get(key revocationKey) (revocationEntry, bool) {
	if r == nil {
		return revocationEntry{}, false
	}
	if e, ok := r.delta[key]; ok {
		return e, !e.removed
	}
	e, ok := r.base[key]
	return e, ok
}

func (r *revocations) count() int {
	if r == nil {
		return 0
	}
	n := len(r.base)
	for key, e := range r.delta {
		_, known := r.base[key]
		switch {
		case e.removed && known:
			n--
		case !e.removed && !known:
			n++
		}
	}
	return n
}

// entry says what a revocation is kept as.
func (l *RevocationList) entry(r Revocation) (revocationKey, revocationEntry, error) {
	key, err := r.key()
	if err != nil {
		return key, revocationEntry{}, err
	}
	now := time.Now()
	if r.Before.IsZero() && (key.kind == revokedSubject || key.kind == revokedClient) {
		r.Before = now
	}
	entry := revocationEntry{forget: now.Add(l.config.MaxTokenLife)}
	if !r.Before.IsZero() {
		entry.before = r.Before.Unix()
		if r.Before.After(now) {
			entry.forget = r.Before.Add(l.config.MaxTokenLife)
		}
	}
	return key, entry, nil
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

// put adds an entry, or widens the one that is there.
func (l *RevocationList) put(key revocationKey, e revocationEntry) error {
	kept := l.kept.Load()
	if old, ok := kept.get(key); ok {
		if old.before == 0 || e.before == 0 {
			e.before = 0
		} else {
			e.before = max(e.before, old.before)
		}
		if old.forget.After(e.forget) {
			e.forget = old.forget
		}
		l.store(key, e)
		return nil
	}
	if kept.count() >= l.config.Entries {
		l.merge(time.Now())
		kept = l.kept.Load()
	}
	if kept.count() >= l.config.Entries && key.kind != revokedIssuer {
		if l.config.WhenFull != RevokeIssuer {
			return ErrRevocationsFull
		}
		if key.issuer == "" {
			return fmt.Errorf("%w: a digest does not say of which issuer", ErrRevocationsFull)
		}
		e.before = max(e.before, time.Now().Unix())
		return l.put(revocationKey{kind: revokedIssuer, issuer: key.issuer}, e)
	}
	l.store(key, e)
	return nil
}

// store makes revocations with one entry more, or another one.
func (l *RevocationList) store(key revocationKey, e revocationEntry) {
	next := &revocations{delta: make(map[revocationKey]revocationEntry)}
	if kept := l.kept.Load(); kept != nil {
		next.kinds, next.base = kept.kinds, kept.base
		maps.Copy(next.delta, kept.delta)
	}
	next.delta[key] = e
	next.kinds[key.kind] = true
	l.kept.Store(next)
	if len(next.delta) > deltaRevocations {
		l.merge(time.Now())
	}
}

// merge puts the delta and the base together, without what may be forgotten.
func (l *RevocationList) merge(now time.Time) {
	kept := l.kept.Load()
	if kept == nil {
		return
	}
	next := &revocations{base: make(map[revocationKey]revocationEntry, len(kept.base))}
	add := func(key revocationKey, e revocationEntry) {
		if !e.removed && now.Before(e.forget) {
			next.base[key] = e
			next.kinds[key.kind] = true
		}
	}
	for key, e := range kept.base {
		if _, ok := kept.delta[key]; !ok {
			add(key, e)
		}
	}
	for key, e := range kept.delta {
		add(key, e)
	}
	if len(next.base) == 0 {
		next = nil
	}
	l.kept.Store(next)
}
