// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// KeySource is where an issuer's keys come from, for those that neither
// discovery nor an URL can reach. The engine around it is the same: keys are
// kept while the source fails, it is asked as often as an issuer would be, and
// one call at a time. Its context ends with [Timings].FetchTimeout and with
// [Issuer.Close]; a source that does not return then counts as failed, is not
// called again before it has returned, and is not waited for by Close.
type KeySource interface {
	ReadKeys(ctx context.Context) (KeySet, error)
}

// KeySet is an answer of a [KeySource].
type KeySet struct {
	// Document is a JSON Web Key Set (RFC 7517 section 5), or public keys in PEM.
	Document []byte
	// Fresh is how long the source wants it kept, within the bounds of
	// [Timings]; zero leaves that to [Timings].Fresh.
	Fresh time.Duration
}

// KeySourceFunc makes a function a [KeySource].
type KeySourceFunc func(ctx context.Context) (KeySet, error)

// ReadKeys calls f.
func (f KeySourceFunc) ReadKeys(ctx context.Context) (KeySet, error) { return f(ctx) }

// source gets the keys, of which last is what was got before, or nil.
type source interface {
	keys(ctx context.Context, last *snapshot, why cause) (*snapshot, error)
}

// discovered keys are where the metadata say.
type discovered struct{ issuer *Issuer }

func (s discovered) keys(ctx context.Context, last *snapshot, why cause) (*snapshot, error) {
	discovery := &s.issuer.discovery
	meta, err := discovery.forKeys(ctx, why)
	if err != nil {
		return nil, err
	}
	location, err := meta.Endpoint(jwksURI)
	if err != nil {
		discovery.expire()
		return nil, err
	}
	snap, err := remote{s.issuer, location}.keys(ctx, last, why)
	if err != nil {
		// The keys may have moved: look at the metadata again next time.
		discovery.expire()
		return nil, err
	}
	discovery.pin(meta)
	return snap, nil
}

// remote keys are at an URL.
type remote struct {
	issuer *Issuer
	url    string
}

func (s remote) keys(ctx context.Context, last *snapshot, why cause) (*snapshot, error) {
	get := boundedhttp.Get{URL: s.url, Limit: maxKeySetSize}
	// What another URL said of its document says nothing of this one's. And now
	// and then the whole document is read: if somebody in between once gave wrong
	// keys under the right validator, the issuer would confirm them for ever.
	if last != nil && last.url == s.url && why != causeOperator && time.Since(last.whole) < s.issuer.timings.MaxFresh && s.issuer.keys.succeeds() {
		get.Have = last.validators
	}
	began := time.Now()
	document, err := s.issuer.fetch(ctx, get)
	if err != nil {
		return nil, fmt.Errorf("issuer: fetch keys from %s: %w", s.url, err)
	}
	snap := &snapshot{}
	if document.NotModified {
		snap.take(last)
	} else if err := snap.read(document.Body, last); err != nil {
		return nil, fmt.Errorf("issuer: keys at %s: %w", s.url, err)
	}
	snap.url, snap.validators, snap.whole = s.url, document.Validators, began
	if document.NotModified {
		snap.whole = last.whole
	}
	snap.began, snap.fetched = began.Add(-document.Age), time.Now()
	snap.fresh = s.issuer.timings.Fresh
	if document.Limited {
		snap.fresh = s.issuer.timings.clamp(document.MaxAge)
	}
	return snap, nil
}

// custom keys are the user's own.
type custom struct {
	issuer *Issuer
	source KeySource
}

func (s custom) keys(ctx context.Context, last *snapshot, _ cause) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.issuer.timings.FetchTimeout)
	defer cancel()
	began := time.Now()
	set, err := s.source.ReadKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("issuer: read keys: %w", err)
	}
	snap := &snapshot{}
	if err := snap.read(set.Document, last); err != nil {
		return nil, fmt.Errorf("issuer: keys of the source: %w", err)
	}
	snap.began, snap.fetched = began, time.Now()
	snap.fresh = s.issuer.timings.Fresh
	if set.Fresh > 0 {
		snap.fresh = s.issuer.timings.clamp(set.Fresh)
	}
	return snap, nil
}

// file reads keys from a file each time.
func file(path string) KeySource {
	return KeySourceFunc(func(context.Context) (KeySet, error) {
		f, err := os.Open(path)
		if err != nil {
			return KeySet{}, err
		}
		defer func() { _ = f.Close() }()
		document, err := io.ReadAll(io.LimitReader(f, maxKeySetSize+1))
		return KeySet{Document: document}, err
	})
}

// read parses a document, unless it is the one that last has.
func (s *snapshot) read(document []byte, last *snapshot) error {
	if len(document) > maxKeySetSize {
		return fmt.Errorf("more than %d bytes", maxKeySetSize)
	}
	digest := sha256.Sum256(document)
	if last != nil && digest == last.digest {
		s.take(last)
		return nil
	}
	parse := parseKeySet
	if bytes.Contains(document, []byte("-----BEGIN ")) {
		parse = parsePEM
	}
	parsed, err := parse(document)
	if err != nil {
		return err
	}
	s.all, s.dropped, s.digest = parsed.all, parsed.dropped, digest
	return nil
}

// take has the keys of last, which are still the ones.
func (s *snapshot) take(last *snapshot) {
	s.all, s.dropped, s.digest, s.unchanged = last.all, last.dropped, last.digest, true
}

// fetch gets a document from the issuer, with the token it wants for that.
func (i *Issuer) fetch(ctx context.Context, get boundedhttp.Get) (*boundedhttp.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timings.FetchTimeout)
	defer cancel()
	if i.tokenFile != "" && i.trusts(get.URL) {
		token, err := readTokenFile(i.tokenFile)
		if err != nil {
			return nil, err
		}
		get.Authorization = auth.SchemeBearer + " " + token
	}
	return i.client.GetJSON(ctx, get)
}

// trusts reports whether the token may be sent there: metadata must not be able
// to name a host that gets it.
func (i *Issuer) trusts(location string) bool {
	to, err := boundedhttp.ParseURL(location)
	if err != nil {
		return false
	}
	for _, configured := range []string{i.identifier, i.jwksURL} {
		if u, err := boundedhttp.ParseURL(configured); err == nil && boundedhttp.Origin(u) == boundedhttp.Origin(to) {
			return true
		}
	}
	return false
}

// readTokenFile reads it each time, since whoever writes it replaces it.
func readTokenFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, auth.MaxTokenSize+2))
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	credential, err := auth.NewBearer(string(bytes.TrimRight(b, "\r\n")))
	if err != nil {
		return "", errors.New("token file: it does not hold one bearer token")
	}
	return credential.Token(), nil
}
