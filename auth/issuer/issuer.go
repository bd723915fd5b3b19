// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// Issuer is one authorization server. It is safe for concurrent use; one Issuer
// serves every verifier that needs it.
type Issuer struct {
	identifier string
	client     *boundedhttp.Client
	observer   auth.Observer
	timings    Timings
	keys       *refresher
	metadata   metadataSource
}

// Option configures [New].
type Option interface{ apply(*config) error }

type config struct {
	transport http.RoundTripper
	observer  auth.Observer
	timings   Timings
}

type optionFunc func(*config) error

func (f optionFunc) apply(c *config) error { return f(c) }

// WithTransport fetches through t, for instance to reach an issuer through a
// proxy or with a private CA. The default transport uses no proxy. Redirects are
// not followed either way.
func WithTransport(t http.RoundTripper) Option {
	return optionFunc(func(c *config) error {
		if t == nil {
			return errors.New("WithTransport(nil); leave the option out for the default")
		}
		c.transport = t
		return nil
	})
}

// WithObserver has fetched, failed and dropped keys reported to o.
func WithObserver(o auth.Observer) Option {
	return optionFunc(func(c *config) error {
		if o == nil {
			return errors.New("WithObserver(nil); leave the option out to report nothing")
		}
		c.observer = o
		return nil
	})
}

// WithTimings replaces the default [Timings]. Fields left at zero keep their
// defaults.
func WithTimings(t Timings) Option {
	return optionFunc(func(c *config) error {
		c.timings = t
		return nil
	})
}

// userAgent tells an operator of the issuer who is asking.
const userAgent = "bearerkit"

// New returns the issuer with this identifier, exactly as it stands in the iss
// claim of its tokens and in its metadata. The identifier must be an https URL
// without query and fragment (RFC 8414 section 2); plain http is accepted on a
// loopback host. New does no I/O. Call Close when the issuer is no longer
// needed.
func New(identifier string, options ...Option) (*Issuer, error) {
	if err := checkIdentifier(identifier); err != nil {
		return nil, fmt.Errorf("issuer: identifier %q: %w", identifier, err)
	}
	var c config
	for _, o := range options {
		if o == nil {
			return nil, errors.New("issuer: a nil option")
		}
		if err := o.apply(&c); err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
	}
	timings, err := c.timings.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i := &Issuer{
		identifier: identifier,
		client:     boundedhttp.New(c.transport, userAgent),
		observer:   c.observer,
		timings:    timings,
	}
	i.metadata.issuer = i
	i.keys = newRefresher(timings, i.fetchKeys)
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

// fetchKeys gets metadata if needed, then the keys.
func (i *Issuer) fetchKeys(ctx context.Context) (*snapshot, error) {
	snap, err := i.fetchSnapshot(ctx)
	if err != nil {
		i.report(ctx, auth.Event{Name: auth.EventKeysFailed, Cause: err})
		return nil, err
	}
	for _, d := range snap.dropped {
		i.report(ctx, auth.Event{Name: auth.EventKeyDropped, KeyID: d.kid, Cause: d.cause})
	}
	i.report(ctx, auth.Event{Name: auth.EventKeysFetched, Keys: len(snap.keys)})
	return snap, nil
}

func (i *Issuer) fetchSnapshot(ctx context.Context) (*snapshot, error) {
	meta, err := i.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := i.readKeySet(ctx, meta.jwksURI)
	if err != nil {
		// The keys may have moved: look at the metadata again next time.
		i.metadata.expire()
		return nil, err
	}
	return snap, nil
}

func (i *Issuer) report(ctx context.Context, e auth.Event) {
	if i.observer != nil {
		e.Issuer = i.identifier
		i.observer.Observe(ctx, e)
	}
}
