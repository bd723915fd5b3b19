// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// ProvideConfig describes a [Provider]. The zero ProvideConfig has the defaults.
type ProvideConfig struct {
	// Observer is told of certificates that were replaced and of attempts that
	// failed. Default: nobody.
	Observer auth.Observer
	// Timeout bounds each call of the function that gets a certificate. Default
	// 10 seconds.
	Timeout time.Duration
}

const (
	defaultProvideTimeout = 10 * time.Second
	// Certificates are renewed when this part of what is left of their life is over,
	// up to provideJitter of that earlier, but neither sooner nor later than these.
	provideAt       = 0.8
	provideJitter   = 0.05
	provideSoonest  = time.Minute
	provideLatest   = 24 * time.Hour
	longestBackoff  = 10 * time.Minute
	provideCooldown = 10 * time.Second
	provideSlowest  = 2 * time.Minute
)

// Provider gets new certificates for an [Identity] before the old ones expire. It
// is safe for concurrent use.
type Provider struct {
	identity *Identity
	source   *source
	rotation rotation[*tls.Certificate]
}

// Provide has the certificates of i come from a function, such as a client of
// Vault, SPIRE or another authority. It is called at once, again when 80 % of what
// was left of a certificate's life is over, a minute after it failed, less often if
// it goes on failing, and when the issuer does not accept the certificate in use,
// at most once in ten seconds, and while that goes on less often, down to once in two
// minutes. It is called by one goroutine at a time. Its context
// ends with the time-out; if it does not return then, it counts as failed, and is
// not called again before it has.
//
// A certificate that [NewIdentity] would refuse is a failure too. After one, what
// is in use stays in use. The error of the function is reported and must hold
// nothing secret.
//
// Make Authenticators of i after this, as there may be no certificate until the
// function has returned the first time; requests wait for it within their time.
// Call Close when i is no longer needed.
func Provide(i *Identity, get func(ctx context.Context) (*tls.Certificate, error), c ProvideConfig) (*Provider, error) {
	switch {
	case i == nil:
		return nil, errors.New("clientauth: Provide without an identity; a new(Identity) has its first certificate provided")
	case get == nil:
		return nil, errors.New("clientauth: Provide without a function that gets certificates")
	case c.Timeout < 0:
		return nil, errors.New("clientauth: ProvideConfig.Timeout is negative; leave it zero for the default")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultProvideTimeout
	}
	p := &Provider{identity: i}
	p.rotation = rotation[*tls.Certificate]{
		fetch: checking(get), install: p.install, timeout: c.Timeout, cooldown: provideCooldown, slowest: provideSlowest, observer: c.Observer,
	}
	p.source = &source{refresh: p.rotation.refresh}
	if err := i.attach(p.source); err != nil {
		return nil, err
	}
	p.rotation.begin()
	p.rotation.done.Go(p.run)
	return p, nil
}

// Refresh has a certificate fetched now, or waits within ctx for a fetch that is
// under way.
func (p *Provider) Refresh(ctx context.Context) error {
	if err := p.rotation.force(ctx); err != nil {
		return fmt.Errorf("clientauth: provide an mTLS identity: %w", err)
	}
	return nil
}

// Close ends the background work and waits for it, though not for a function that
// goes on after the end of its context. The certificate in use stays in use. Close
// may be called more than once and always returns nil. The Observer must not call it,
// as it would wait for itself.
func (p *Provider) Close() error {
	p.rotation.end()
	p.identity.source.CompareAndSwap(p.source, nil)
	return nil
}

// checking returns a function whose certificates can be used. What a KMS has to be
// asked for that is asked within the function's time.
func checking(get func(ctx context.Context) (*tls.Certificate, error)) func(ctx context.Context) (*tls.Certificate, error) {
	return func(ctx context.Context) (*tls.Certificate, error) {
		c, err := get(ctx)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, errors.New("mTLS identity: neither a certificate nor an error was provided")
		}
		checked, err := checkCertificate(*c)
		if err != nil {
			return nil, fmt.Errorf("mTLS identity: %w", err)
		}
		return checked, nil
	}
}

func (p *Provider) install(c *tls.Certificate) (*auth.Event, error) {
	return p.identity.replaced(c), nil
}

// run calls the function whenever it is time.
func (p *Provider) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			_, _, _ = p.rotation.join(0)
		case <-p.rotation.landed: // whoever wanted it
			timer.Reset(p.next())
		case <-p.rotation.ctx.Done():
			return
		}
	}
}

// next returns when to call the function again.
func (p *Provider) next() time.Duration {
	left := time.Until(p.identity.NotAfter())
	if failures := p.rotation.failed(); failures > 0 {
		// The less time is left, the more often; and never more than ten times within
		// the rest of it.
		return min(provideSoonest<<min(failures-1, 10), max(provideSoonest, min(left/10, longestBackoff)))
	}
	due := min(time.Duration(float64(left)*provideAt), provideLatest)
	return max(due-time.Duration(float64(due)*provideJitter*rand.Float64()), provideSoonest) //nolint:gosec // no secret
}
