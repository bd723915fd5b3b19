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
)

// discovery reads an issuer's metadata, once for all who ask at a time, and
// keeps them.
type discovery struct {
	issuer *Issuer
	flight singleflight.Group

	mu       sync.Mutex
	first    *Metadata // what later ones are pinned to
	current  *Metadata
	read     time.Time
	stale    bool
	failed   error // of the last attempt
	failedAt time.Time
}

// expire has the metadata read again the next time they are needed.
func (d *discovery) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stale = true
}

// cached returns the metadata while they need not be read again.
func (d *discovery) cached() *Metadata {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil && !d.stale && time.Since(d.read) < metadataLife {
		return d.current
	}
	return nil
}

// get returns the metadata, older ones if newer cannot be had. It waits within
// ctx; the reading itself has its own time.
func (d *discovery) get(ctx context.Context) (*Metadata, error) {
	if m := d.cached(); m != nil {
		return m, nil
	}
	result := d.flight.DoChan("", func() (any, error) {
		m, err := d.refresh()
		return m, err
	})
	select {
	case r := <-result:
		m, _ := r.Val.(*Metadata)
		return m, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// patient is get for callers who are not paced by the key engine: after a
// failure it waits before it asks again.
func (d *discovery) patient(ctx context.Context) (*Metadata, error) {
	d.mu.Lock()
	older, failed, wait := d.current, d.failed, d.issuer.timings.MinBackoff-time.Since(d.failedAt)
	d.mu.Unlock()
	switch {
	case failed == nil || wait <= 0:
	case older != nil:
		return older, nil
	default:
		return nil, &UnavailableError{RetryAfter: wait, cause: failed}
	}
	m, err := d.get(ctx)
	if err != nil {
		return nil, &UnavailableError{RetryAfter: d.issuer.timings.MinBackoff, cause: err}
	}
	return m, nil
}

// refresh runs once at a time.
func (d *discovery) refresh() (m *Metadata, err error) {
	defer func() {
		// singleflight would end the process.
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("issuer: panic while reading metadata: %v", p)
		}
	}()
	if m := d.cached(); m != nil {
		return m, nil // read since the caller looked
	}
	ctx := d.issuer.keys.ctx
	m, err = d.issuer.discover(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed = err; err != nil {
		d.failedAt = time.Now()
		if d.current == nil {
			return nil, err
		}
		d.issuer.report(ctx, auth.Event{Name: auth.EventMetadataFailed, Cause: err})
		return d.current, nil
	}
	if d.first == nil {
		d.first = m
	}
	m, err = m.pinTo(d.first)
	if err != nil {
		d.issuer.report(ctx, auth.Event{Name: auth.EventMetadataPinned, Cause: err})
	}
	d.current, d.read, d.stale = m, time.Now(), false
	return m, nil
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
