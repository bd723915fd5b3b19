// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
)

const (
	defaultMaxTenants = 1000
	// maxNewTenants is how many issuers may be known at a time without a token of
	// theirs that proved good, and how many of those may begin in newTenantsTime.
	maxNewTenants  = 64
	newTenantsTime = 10 * time.Second
	// tenantIdle is how long the keys of an issuer are kept up to date for nobody.
	tenantIdle = time.Hour
)

// TenantsConfig describes [Tenants].
type TenantsConfig struct {
	// Admits says whether an issuer is one of the tenants. It is asked with what
	// stands in a token that nobody has verified, before anything is fetched, and
	// whoever it admits can issue tokens: it should compare with a list of exact
	// names, and at least with a pattern that nobody else can get a name in. It
	// must be quick and safe for concurrent use. Required.
	Admits func(issuer string) bool
	// Config is that of every tenant. Its GrantableScopes are required.
	Config Config
	// Options are those of every tenant's [issuer.Issuer]. Where tenants choose
	// the names of their issuers, block private addresses
	// ([issuer.WithBlockedAddresses]). An option that says where keys are would
	// give all tenants the same ones.
	Options []issuer.Option
	// Max is how many issuers are kept at a time; beyond, the one that was idle
	// for longest is forgotten. Default 1000.
	Max int
}

// Tenants verifies tokens of many issuers of one kind, whose names need not be
// known at start, such as the tenants of an identity provider. Each has an
// [issuer.Issuer] of its own, made when its first token arrives: keys, locks and
// limits are apart, so that a dead issuer slows nobody else.
//
// It is an [auth.Verifier], safe for concurrent use. Tokens that prove bad never
// make it forget an issuer that had a good one. Issuers that nobody has seen before
// have a pace, 64 in ten seconds that had no good token yet: while names are made
// up, which Admits should prevent as far as it can, the first token of a new tenant
// may be answered "unavailable", with the time at which to try again.
type Tenants struct {
	config TenantsConfig

	mu     sync.Mutex
	closed bool
	known  map[string]*tenant
	proven *list.List // of *tenant, the latest used first
	fresh  *list.List // of *tenant without a good token, the latest first
	begun  int        // of maxNewTenants, since
	since  time.Time
	timer  *time.Timer // forgets idle ones

	distrusted map[string][]string // kids, by issuer; what is forgotten comes back with them
}

type tenant struct {
	name     string
	issuer   *issuer.Issuer
	verifier *Verifier
	at       *list.Element
	proven   bool
	used     time.Time
	users    int // calls under way, which must not lose it
}

// NewTenants returns a Verifier of the tenants' tokens. It does no I/O. Call
// Close when it is no longer needed.
func NewTenants(c TenantsConfig) (*Tenants, error) {
	switch {
	case c.Admits == nil:
		return nil, errors.New("jwtauth: TenantsConfig.Admits is missing; without it anybody could be an issuer")
	case c.Config.GrantableScopes == nil:
		return nil, errors.New("jwtauth: TenantsConfig.Config.GrantableScopes is missing; without it every tenant could grant every scope")
	case c.Max < 0:
		return nil, errors.New("jwtauth: TenantsConfig.Max is negative; leave it zero for the default")
	case c.Max == 0:
		c.Max = defaultMaxTenants
	}
	t := &Tenants{config: c, known: make(map[string]*tenant), proven: list.New(), fresh: list.New()}
	// What is wrong with the configuration is wrong now, and not with the first
	// token.
	probe, err := t.begin("https://issuer.invalid")
	if err != nil {
		return nil, err
	}
	_ = probe.issuer.Close()
	return t, nil
}

// Describe implements [auth.Describer].
func (t *Tenants) Describe() auth.Description {
	return auth.Description{Admits: t.config.Admits, Audiences: t.config.Config.Audiences, LimitsScopes: true}
}

// Verify proves a bearer token of one of the tenants. It returns an error
// matching [auth.ErrNotHandled] for a credential that is no JWT or of another
// issuer.
func (t *Tenants) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	if c.Scheme() != auth.SchemeBearer {
		return nil, auth.NotHandled(CheckScheme, errors.New("not a bearer token"))
	}
	parsed := tokens.Get().(*token) //nolint:forcetypeassert // nothing else is in there
	claims, refusal := t.verify(ctx, parsed, c.Token())
	parsed.release()
	if refusal != nil {
		return nil, refusal
	}
	return claims, nil
}

func (t *Tenants) verify(ctx context.Context, parsed *token, raw string) (*auth.Claims, *auth.Error) {
	if refusal := parsed.parse(raw, nil); refusal != nil {
		return nil, refusal
	}
	name, err := parsed.claims.String("iss")
	if err != nil {
		return nil, auth.InvalidToken(CheckIssuer, err)
	}
	if !t.config.Admits(name) {
		return nil, auth.NotHandled(CheckIssuer, errors.New("iss is not one of the tenants' issuers"))
	}
	one, refusal := t.enter(name)
	if refusal != nil {
		return nil, refusal
	}
	good := false
	defer func() { t.leave(one, good) }() // also when the user's decoder panics
	claims, refusal := one.verifier.verifyParsed(ctx, parsed)
	if refusal != nil {
		return nil, refusal
	}
	good = true
	return claims, nil
}

// Distrust takes a key of a tenant out of use, as [issuer.Issuer.Distrust] does,
// also if the tenant is forgotten and comes back. It returns false if there is no
// such key now.
func (t *Tenants) Distrust(name, kid string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.distrusted == nil {
		t.distrusted = make(map[string][]string)
	}
	t.distrusted[name] = append(t.distrusted[name], kid)
	one, ok := t.known[name]
	return ok && one.issuer.Distrust(kid)
}

// Issuer returns the issuer of a tenant, for instance to see how its keys are,
// and false if no token of it has arrived lately.
func (t *Tenants) Issuer(name string) (*issuer.Issuer, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.known[name]
	if !ok {
		return nil, false
	}
	return one.issuer, true
}

// Close closes every issuer. Tokens are refused as unavailable from then on. It
// may be called more than once and always returns nil.
func (t *Tenants) Close() error {
	t.mu.Lock()
	t.closed = true
	all := t.known
	t.known = nil
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	for _, one := range all {
		_ = one.issuer.Close()
	}
	return nil
}

// enter returns a tenant that is kept until leave.
func (t *Tenants) enter(name string) (*tenant, *auth.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, auth.Unavailable(CheckTenant, 0, errors.New("the tenants are closed"))
	}
	one, ok := t.known[name]
	if !ok {
		if err := t.makeRoom(); err != nil {
			return nil, err
		}
		var err error
		if one, err = t.begin(name); err != nil {
			return nil, auth.InvalidToken(CheckTenant, err) // no issuer can have that name
		}
		one.at = t.fresh.PushFront(one)
		t.known[name] = one
		if t.timer == nil {
			t.timer = time.AfterFunc(tenantIdle, t.forgetIdle)
		}
	}
	one.users++
	one.used = time.Now()
	return one, nil
}

// begin makes a tenant. It does no I/O.
func (t *Tenants) begin(name string) (*tenant, error) {
	iss, err := issuer.New(name, t.config.Options...)
	if err != nil {
		return nil, err
	}
	v, err := New(iss, t.config.Config)
	if err != nil {
		_ = iss.Close()
		return nil, err
	}
	for _, kid := range t.distrusted[name] {
		iss.Distrust(kid)
	}
	return &tenant{name: name, issuer: iss, verifier: v}, nil
}

// leave gives a tenant back, and moves one whose token was good to those that
// only other such ones can displace.
func (t *Tenants) leave(one *tenant, good bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one.users--
	switch {
	case !good || t.known[one.name] != one:
	case one.proven:
		t.proven.MoveToFront(one.at)
	default:
		t.fresh.Remove(one.at)
		one.at, one.proven = t.proven.PushFront(one), true
		t.begun = max(0, t.begun-1)
	}
}

// makeRoom forgets what it has to for one tenant more, or refuses it. Names in
// tokens cost nothing to make up, so new ones have a small space and a pace of
// their own. A good token gives its part of the pace back, so that any number of
// newcomers can come one after the other. While names are made up they share it with those, since no
// signature can be looked at before that issuer's keys are here, and shares by
// name would be as many as there are names: a newcomer may be told when the next
// round begins.
func (t *Tenants) makeRoom() *auth.Error {
	now := time.Now()
	if now.Sub(t.since) >= newTenantsTime {
		t.since, t.begun = now, 0
	}
	if t.begun >= maxNewTenants {
		return auth.Unavailable(CheckTenant, t.since.Add(newTenantsTime).Sub(now), errors.New("too many issuers at a time that nobody has seen before"))
	}
	if t.fresh.Len() >= min(maxNewTenants, t.config.Max) && !t.forget(t.fresh) {
		return auth.Unavailable(CheckTenant, time.Second, errors.New("too many issuers that nobody has seen before, and all are being asked"))
	}
	if len(t.known) >= t.config.Max && !t.forget(t.fresh) && !t.forget(t.proven) {
		return auth.Unavailable(CheckTenant, time.Second, fmt.Errorf("%d issuers in use; raise TenantsConfig.Max", len(t.known)))
	}
	t.begun++
	return nil
}

// forget removes the least lately used tenant of a list that no call is using,
// if there is one.
func (t *Tenants) forget(from *list.List) bool {
	for e := from.Back(); e != nil; e = e.Prev() {
		if one := e.Value.(*tenant); one.users == 0 { //nolint:forcetypeassert // nothing else is in there
			t.remove(one, from)
			return true
		}
	}
	return false
}

func (t *Tenants) remove(one *tenant, from *list.List) {
	from.Remove(one.at)
	delete(t.known, one.name)
	// Its fetch, if one is under way, is for nobody; closing waits for that.
	go func() { _ = one.issuer.Close() }()
}

// forgetIdle removes tenants that nobody has used for a while.
func (t *Tenants) forgetIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	for _, from := range []*list.List{t.fresh, t.proven} {
		for e := from.Back(); e != nil; {
			one := e.Value.(*tenant) //nolint:forcetypeassert // nothing else is in there
			e = e.Prev()
			if one.users == 0 && time.Since(one.used) >= tenantIdle {
				t.remove(one, from)
			}
		}
	}
	t.timer.Reset(tenantIdle)
}
