// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"golang.org/x/sync/singleflight"
)

const (
	maxMetadataSize = 256 << 10
	// metadataLife is how long metadata are used before they are read again.
	metadataLife = time.Hour
	// metadataDoubt is how long they are used where a key is missing, which may
	// have moved.
	metadataDoubt = time.Minute
)

// discovery reads an issuer's metadata, once for all who ask at a time, and
// keeps them.
type discovery struct {
	issuer *Issuer
	flight singleflight.Group

	mu       sync.Mutex
	first    *Metadata // what later ones are pinned to: those that worked
	current  *Metadata
	read     time.Time
	stale    bool
	failures int // since the last success
	failed   error
	retryAt  time.Time
}

// expire has the metadata read again the next time they are needed.
func (d *discovery) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stale = true
}

// pin makes metadata those that later ones are held against, unless there are
// such already. It is called when they have led to keys: others could never be
// mended by the issuer.
func (d *discovery) pin(m *Metadata) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = m
	}
}

// cached returns the metadata at hand, and whether they are to be read again
// once they are that old.
func (d *discovery) cached(life time.Duration) (m *Metadata, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current, d.current == nil || d.stale || time.Since(d.read) >= life
}

// forKeys returns the metadata for a fetch of keys, which has a pace of its own.
// Where older ones are at hand it does not wait long for newer.
func (d *discovery) forKeys(ctx context.Context, why cause) (*Metadata, error) {
	life := metadataLife
	if why == causeUnknownKey || why == causeOperator {
		life = metadataDoubt
	}
	older, again := d.cached(life)
	if !again {
		return older, nil
	}
	var patience <-chan time.Time
	if older != nil {
		timer := time.NewTimer(d.issuer.timings.FetchTimeout / 5)
		defer timer.Stop()
		patience = timer.C
	}
	result := d.start(life)
	select {
	case r := <-result:
		if r.Err != nil && older != nil {
			return older, nil
		}
		m, _ := r.Val.(*Metadata)
		return m, r.Err
	case <-patience:
		return older, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// get returns the metadata at hand, and has newer ones read behind them, or
// waits for the first ones within ctx. After failures it waits before it asks
// again.
func (d *discovery) get(ctx context.Context) (*Metadata, error) {
	m, again := d.cached(metadataLife)
	if !again {
		return m, nil
	}
	d.mu.Lock()
	failed, wait := d.failed, time.Until(d.retryAt)
	d.mu.Unlock()
	switch {
	case wait > 0 && m != nil:
		return m, nil
	case wait > 0:
		return nil, &UnavailableError{RetryAfter: wait, cause: failed}
	}
	result := d.start(metadataLife)
	if m != nil {
		return m, nil
	}
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, &UnavailableError{RetryAfter: d.issuer.timings.MinBackoff, cause: r.Err}
		}
		m, _ = r.Val.(*Metadata)
		return m, nil
	case <-ctx.Done():
		return nil, &UnavailableError{cause: ctx.Err()}
	}
}

// start reads the metadata, or joins whoever does.
func (d *discovery) start(life time.Duration) <-chan singleflight.Result {
	return d.flight.DoChan("", func() (any, error) {
		m, err := d.refresh(life)
		return m, err
	})
}

// refresh runs once at a time.
func (d *discovery) refresh(life time.Duration) (*Metadata, error) {
	if m, again := d.cached(life); !again {
		return m, nil // read since the caller looked
	}
	keys := d.issuer.keys
	if !keys.begin() {
		return nil, errClosed
	}
	defer keys.done.Done()
	ctx := keys.ctx
	m, _, err := within(ctx, requestsPerFetch*keys.timings.FetchTimeout, d.issuer.discoverSafely)
	if ctx.Err() != nil {
		return nil, errClosed
	}
	m, event, err := d.keep(m, err)
	if event.Name != "" {
		d.issuer.report(ctx, event)
	}
	return m, err
}

// keep takes what was read, or notes why it was not.
func (d *discovery) keep(m *Metadata, err error) (_ *Metadata, event auth.Event, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed = err; err != nil {
		d.failures++
		d.retryAt = time.Now().Add(delayAfterFailure(d.issuer.timings, d.failures, err))
		if d.current == nil {
			return nil, event, err
		}
		return d.current, auth.Event{Name: auth.EventMetadataFailed, Cause: err}, nil
	}
	if _, ok := d.issuer.source.(discovered); !ok && d.first == nil {
		d.first = m // no keys will tell whether they are right
	}
	if d.first != nil {
		var pinned error
		if m, pinned = m.pinTo(d.first); pinned != nil {
			event = auth.Event{Name: auth.EventMetadataPinned, Cause: pinned}
		}
	}
	d.current, d.read, d.stale, d.failures, d.retryAt = m, time.Now(), false, 0, time.Time{}
	return m, event, nil
}

// discoverSafely turns a panic, with which singleflight would end the process,
// into metadata that could not be read.
func (i *Issuer) discoverSafely(ctx context.Context) (m *Metadata, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("issuer: panic while reading metadata: %v", p)
		}
	}()
	return i.discover(ctx)
}

// discover reads the metadata from where OpenID Connect puts them, and from
// where RFC 8414 puts them if there is nothing at all in the first place: an
// issuer that fails there must not be asked in another, where somebody else may
// answer.
func (i *Issuer) discover(ctx context.Context) (*Metadata, error) {
	openID, oauth := wellKnown(i.identifier)
	meta, err := i.readMetadata(ctx, openID)
	if status, ok := errors.AsType[*boundedhttp.StatusError](err); ok && status.Code == http.StatusNotFound {
		meta, err = i.readMetadata(ctx, oauth)
	}
	return meta, err
}

// wellKnown returns the two places of an issuer's metadata. OpenID Connect
// Discovery section 4 appends the suffix to the path; RFC 8414 section 3.1 puts
// it before.
func wellKnown(identifier string) (openID, oauth string) {
	trimmed := strings.TrimSuffix(identifier, "/")
	u, err := url.Parse(trimmed)
	if err != nil { // New has parsed it
		return "", ""
	}
	return trimmed + "/.well-known/openid-configuration",
		boundedhttp.Origin(u) + "/.well-known/oauth-authorization-server" + u.EscapedPath()
}

func (i *Issuer) readMetadata(ctx context.Context, location string) (*Metadata, error) {
	document, err := i.fetch(ctx, boundedhttp.Get{URL: location, Limit: maxMetadataSize})
	if err != nil {
		return nil, fmt.Errorf("issuer: fetch metadata from %s: %w", location, err)
	}
	meta, err := parseMetadata(document.Body, i.identifier)
	if err != nil {
		return nil, fmt.Errorf("issuer: metadata at %s: %w", location, err)
	}
	return meta, nil
}
