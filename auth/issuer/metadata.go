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
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

const (
	maxMetadataSize = 256 << 10
	// metadataLife is how long metadata is used before it is read again.
	metadataLife = time.Hour
)

// metadata is what an issuer says of itself, as far as it is used.
type metadata struct {
	jwksURI string
	origin  string // of jwksURI
	read    time.Time
}

// metadataSource reads and remembers metadata. Only the one running fetch uses
// it, so it needs no lock.
type metadataSource struct {
	issuer  *Issuer
	current *metadata
	stale   bool
}

// expire has the next fetch read the metadata again.
func (s *metadataSource) expire() { s.stale = true }

// get returns current metadata. If they cannot be read again, the old ones
// stay in use: it is the keys that decide whether the issuer is down.
func (s *metadataSource) get(ctx context.Context) (*metadata, error) {
	if s.current != nil && !s.stale && time.Since(s.current.read) < metadataLife {
		return s.current, nil
	}
	read, err := s.issuer.discover(ctx)
	if err == nil && s.current != nil && read.origin != s.current.origin {
		// Whoever can alter one metadata document must not be able to move the
		// keys to a host of their own.
		err = errors.New("the metadata now place the keys on another origin; restart to accept that")
	}
	if err != nil {
		if s.current != nil {
			s.issuer.report(ctx, auth.Event{Name: auth.EventKeysFailed, Cause: err})
			return s.current, nil
		}
		return nil, err
	}
	s.current, s.stale = read, false
	return read, nil
}

// discover asks at the OpenID Connect path first, and at the path of RFC 8414
// only if the first does not exist.
func (i *Issuer) discover(ctx context.Context) (*metadata, error) {
	openID, oauth := wellKnown(i.identifier)
	meta, err := i.readMetadata(ctx, openID)
	var status *boundedhttp.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		meta, err = i.readMetadata(ctx, oauth)
	}
	return meta, err
}

// wellKnown returns the two places of the metadata document: appended to the
// identifier (OpenID Connect Discovery section 4) and inserted between its host
// and path (RFC 8414 section 3.1).
func wellKnown(identifier string) (openID, oauth string) {
	trimmed := strings.TrimSuffix(identifier, "/")
	u, err := url.Parse(trimmed)
	if err != nil { // New has parsed it
		return "", ""
	}
	return trimmed + "/.well-known/openid-configuration",
		boundedhttp.Origin(u) + "/.well-known/oauth-authorization-server" + u.EscapedPath()
}

func (i *Issuer) readMetadata(ctx context.Context, location string) (*metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timings.FetchTimeout)
	defer cancel()
	body, err := i.client.GetJSON(ctx, location, maxMetadataSize)
	if err != nil {
		return nil, fmt.Errorf("issuer: fetch metadata from %s: %w", location, err)
	}
	meta, err := parseMetadata(body, i.identifier)
	if err != nil {
		return nil, fmt.Errorf("issuer: metadata at %s: %w", location, err)
	}
	return meta, nil
}

// parseMetadata reads a metadata document, which must be identifier's own (RFC
// 8414 section 3.3): compared exactly, as the iss claim will be.
func parseMetadata(body []byte, identifier string) (*metadata, error) {
	object, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	named, err := object.String("issuer")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if named != identifier {
		return nil, fmt.Errorf("they name another issuer than %q; configure the issuer exactly as it names itself, trailing slash included", identifier)
	}
	raw, err := object.String("jwks_uri")
	if err != nil {
		return nil, fmt.Errorf("jwks_uri: %w", err)
	}
	u, err := boundedhttp.ParseURL(raw)
	if err != nil {
		return nil, fmt.Errorf("jwks_uri: %w", err)
	}
	if u.Scheme == "http" && strings.HasPrefix(identifier, "https:") {
		return nil, errors.New("jwks_uri: plain http under an https issuer")
	}
	return &metadata{jwksURI: raw, origin: boundedhttp.Origin(u), read: time.Now()}, nil
}
