// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// Issuer is one authorization server. It is safe for concurrent use; one Issuer
// serves every verifier that needs it.
type Issuer struct {
	identifier string
	http       boundedhttp.Config
	client     *boundedhttp.Client
	observer   auth.Observer
	timings    Timings
	tokenFile  string
	jwksURL    string
	discovery  discovery
	source     source
	keys       *refresher
	// What was reported of the keys in use. They belong to the one flight.
	stale, ended bool
}

// defaultUserAgent tells an operator of the issuer who is asking.
const defaultUserAgent = "bearerkit"

// New returns the issuer with this identifier, exactly as it stands in the iss
// claim of its tokens and in its metadata. The identifier must be an https URL
// without query and fragment (RFC 8414 section 2); plain http is accepted on a
// loopback host. New does no I/O. Call Close when the issuer is no longer
// needed.
func New(identifier string, options ...Option) (*Issuer, error) {
	if err := checkIdentifier(identifier); err != nil {
		return nil, fmt.Errorf("issuer: the identifier: %w", err) // which may hold a password
	}
	c := config{http: boundedhttp.Config{UserAgent: defaultUserAgent}}
	for _, o := range options {
		if o == nil {
			return nil, errors.New("issuer: a nil option")
		}
		if err := o.apply(&c); err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	timings, err := c.timings.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i := &Issuer{
		identifier: identifier,
		http:       c.http,
		client:     boundedhttp.New(c.http),
		observer:   c.observer,
		timings:    timings,
		tokenFile:  c.tokenFile,
		jwksURL:    c.jwksURL,
	}
	i.discovery.issuer = i
	seed := c.seed
	switch {
	case c.static != nil:
		seed = c.static
	case c.jwksURL != "":
		i.source = remote{i, c.jwksURL}
	case c.source != nil:
		i.source = custom{i, c.source}
	case c.file != "":
		i.source = custom{i, file(c.file)}
	default:
		i.source = discovered{i}
	}
	if seed != nil {
		seed.fetched = time.Now()
	}
	var fetch fetchFunc
	if i.source != nil {
		fetch = i.source.keys
	}
	i.keys = newRefresher(timings, seed, fetch)
	i.keys.report = i.reportFetch
	return i, nil
}

// Identifier returns the issuer identifier as given to [New].
func (i *Issuer) Identifier() string { return i.identifier }

// Reconsider fetches the keys again because a signature did not verify under the
// one with this kid for alg, and returns the one that is there afterwards, or
// nil. Since anybody can make a bad signature, it fetches once in five minutes,
// apart from fetches that are under way; otherwise it answers from the keys at
// hand. It waits within ctx.
func (i *Issuer) Reconsider(ctx context.Context, kid, alg string) crypto.PublicKey {
	if k := i.keys.reconsider(ctx, kid, alg); k != nil {
		return k.public
	}
	return nil
}

// HTTP returns a client for another endpoint of the issuer, which keeps as many
// connections, with what the options say of the way there. It is for packages of
// this module, and theirs to close.
func (i *Issuer) HTTP(connections int) *boundedhttp.Client {
	return boundedhttp.NewParallel(i.http, connections)
}

// Holds returns a function that reports, without fetching anything, whether
// public is still what the issuer publishes for tokens with this kid and alg:
// false once it was removed, replaced, joined by another one that a token
// without kid may mean, distrusted, past its hard stop at that time, or the
// issuer closed. Times are those of [time.Now].
// What was verified with it must be verified again then.
func (i *Issuer) Holds(kid, alg string, public crypto.PublicKey) func(now time.Time) bool {
	h := &hold{keys: i.keys, kid: kid, alg: alg, public: public}
	return h.holds
}

// Close ends the background work and waits for it. Keys already fetched are
// used until their hard stop; nothing is fetched any more. Close may be called
// more than once and always returns nil.
func (i *Issuer) Close() error {
	i.keys.close()
	i.client.Close()
	return nil
}

func checkIdentifier(identifier string) error {
	u, err := boundedhttp.ParseURL(identifier)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(identifier, "#") {
		return errors.New("an issuer identifier has no query and no fragment (RFC 8414 section 2)")
	}
	return nil
}

// Metadata returns what the issuer says of itself, reading it the first time,
// within ctx. Metadata that were read once are read again after an hour, behind
// the callers, and used on while newer ones cannot be had. The error is an
// [*UnavailableError].
func (i *Issuer) Metadata(ctx context.Context) (*Metadata, error) {
	return i.discovery.get(ctx)
}

// reportFetch reports how a fetch of keys went. It runs once at a time.
func (i *Issuer) reportFetch(last, now *snapshot, err error) {
	ctx := i.keys.ctx
	if err != nil {
		i.report(ctx, auth.Event{Name: auth.EventKeysFailed, Cause: err})
		if last == nil || last.age(time.Now()) < last.fresh {
			return
		}
		if !i.stale {
			i.stale = true
			i.report(ctx, auth.Event{Name: auth.EventKeysStale, Keys: len(last.keys), Cause: err})
		}
		if !i.ended && !i.keys.alive(last, time.Now()) {
			i.ended = true
			i.report(ctx, auth.Event{Name: auth.EventKeysExpired, Keys: len(last.keys), Cause: err})
		}
		return
	}
	if i.stale {
		i.report(ctx, auth.Event{Name: auth.EventKeysRecovered, Keys: len(now.all)})
	}
	i.stale, i.ended = false, false
	if now.unchanged {
		i.report(ctx, auth.Event{Name: auth.EventKeysUnchanged, Keys: len(now.all)})
		return
	}
	for _, d := range now.dropped {
		if d.expected {
			continue
		}
		i.report(ctx, auth.Event{Name: auth.EventKeyDropped, KeyID: d.kid, Cause: d.cause})
	}
	i.report(ctx, auth.Event{Name: auth.EventKeysFetched, Keys: len(now.all)})
	if last != nil {
		i.reportDifference(ctx, auth.EventKeyRemoved, last, now)
		i.reportDifference(ctx, auth.EventKeyAdded, now, last)
	}
}

// reportDifference reports the keys that are in one snapshot and not in the
// other.
func (i *Issuer) reportDifference(ctx context.Context, name auth.EventName, in, notIn *snapshot) {
	for _, k := range in.all {
		if !slices.ContainsFunc(notIn.all, func(other *key) bool { return k.kid == other.kid && k.same(other) }) {
			i.report(ctx, auth.Event{Name: name, KeyID: k.kid})
		}
	}
}

func (i *Issuer) report(ctx context.Context, e auth.Event) {
	if i.observer != nil {
		e.Issuer = i.identifier
		i.observer.Observe(ctx, e)
	}
}
