// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// SigningKey is a private key that signs assertions, and what goes with it. It can
// be replaced while it is in use: a request keeps the key that it began with. Make
// one with [NewSigningKey], [ParseSigningKey] or [LoadSigningKey]. It is safe for
// concurrent use, and prints no key.
type SigningKey struct {
	rotation sync.Mutex
	current  atomic.Pointer[signing]
	source   atomic.Pointer[source] // of newer ones; nil if nothing brings them
}

// keyIDSource says where a kid comes from.
type keyIDSource uint8

const (
	keyIDNone       keyIDSource = iota
	keyIDDocument               // the PEM block's header
	keyIDGiven                  // for this very key
	keyIDThumbprint             // of whatever key
)

// KeyOption changes a [SigningKey].
type KeyOption func(*keyConfig) error

type keyConfig struct {
	algorithm   string
	keyID       string
	keyIDFrom   keyIDSource
	certificate *x509.Certificate
}

// KeyAlgorithm is the one algorithm that the key is used with: RS256, RS384,
// RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or Ed25519. Without it
// the issuer's metadata decide between those that fit the key; for an RSA key
// they must say so.
func KeyAlgorithm(alg string) KeyOption {
	return func(c *keyConfig) error {
		if _, ok := hashes[alg]; !ok {
			return fmt.Errorf("unknown algorithm %q; known are RS, PS and ES with 256, 384 or 512, EdDSA and Ed25519", alg)
		}
		c.algorithm = alg
		return nil
	}
}

// maxKeyIDSize bounds a kid.
const maxKeyIDSize = 256

// KeyID is the kid by which the issuer knows this key. Another key has another
// one; see [SigningKey.Rotate].
func KeyID(kid string) KeyOption {
	return func(c *keyConfig) error {
		if kid == "" || len(kid) > maxKeyIDSize || !utf8.ValidString(kid) {
			return fmt.Errorf("a kid that is empty, longer than %d bytes or no text", maxKeyIDSize)
		}
		c.keyID, c.keyIDFrom = kid, keyIDGiven
		return nil
	}
}

// KeyIDThumbprint has every key go by its JWK thumbprint (RFC 7638) with SHA-256. It
// is for a JWK set that names its keys so, as those that this service publishes may;
// an issuer that was given a certificate or a PEM file names the key as it likes.
func KeyIDThumbprint() KeyOption {
	return func(c *keyConfig) error {
		c.keyID, c.keyIDFrom = "", keyIDThumbprint
		return nil
	}
}

// KeyCertificate is the certificate of the key, for issuers that know the key by
// it: its thumbprint is sent as x5t#S256 (RFC 7515 section 4.1.8). One beside the
// key in a PEM document needs no option.
func KeyCertificate(certificate *x509.Certificate) KeyOption {
	return func(c *keyConfig) error {
		if certificate == nil || len(certificate.Raw) == 0 {
			return errors.New("KeyCertificate without a certificate")
		}
		c.certificate = certificate
		return nil
	}
}

// NewSigningKey returns a key whose private part may be anywhere, such as in a KMS.
// A signer that takes its time is given up on when the request's time ends; its
// errors are reported, and must hold nothing secret.
func NewSigningKey(signer crypto.Signer, options ...KeyOption) (*SigningKey, error) {
	s, err := newSigning(signer, nil, "", options)
	if err != nil {
		return nil, fmt.Errorf("clientauth: signing key: %w", err)
	}
	k := new(SigningKey)
	k.current.Store(s)
	return k, nil
}

// ParseSigningKey reads a private key from a PEM document: PKCS #8, PKCS #1 or SEC
// 1, not encrypted. Certificates may stand beside it, of which one must be the
// key's. A header "kid: name" in the key's block is its kid.
func ParseSigningKey(document []byte, options ...KeyOption) (*SigningKey, error) {
	s, err := parseSigning(document, options)
	if err != nil {
		return nil, fmt.Errorf("clientauth: signing key: %w", err)
	}
	k := new(SigningKey)
	k.current.Store(s)
	return k, nil
}

// LoadSigningKey is [ParseSigningKey] of a file.
func LoadSigningKey(path string, options ...KeyOption) (*SigningKey, error) {
	document, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("clientauth: signing key: %w", err)
	}
	return ParseSigningKey(document, options...)
}

var errNoKey = errors.New("clientauth: no signing key to replace; make one with NewSigningKey, ParseSigningKey or LoadSigningKey")

// Rotate replaces the key by that of a PEM document, as [ParseSigningKey] reads it.
// [KeyAlgorithm] and [KeyIDThumbprint] hold for it too; a [KeyID] or a
// [KeyCertificate] was the old key's, so the document must name the new one's, or
// else use [SigningKey.Replace]. On an error the old key stays.
func (k *SigningKey) Rotate(document []byte) error {
	if k == nil {
		return errNoKey
	}
	k.rotation.Lock()
	defer k.rotation.Unlock()
	old := k.current.Load()
	if old == nil {
		return errNoKey
	}
	var kept []KeyOption
	if old.pinned {
		kept = append(kept, KeyAlgorithm(old.algorithms[0]))
	}
	if old.keyIDFrom == keyIDThumbprint {
		kept = append(kept, KeyIDThumbprint())
	}
	next, err := parseSigning(document, kept)
	if err == nil {
		err = next.follow(old)
	}
	if err != nil {
		return fmt.Errorf("clientauth: signing key: %w; the one before it stays", err)
	}
	k.current.Store(next)
	return nil
}

// follow lets a key take the place of another one of which something is said that
// its document cannot say.
func (s *signing) follow(old *signing) error {
	same := equalKeys(s.public, old.public)
	if old.keyIDFrom == keyIDGiven && s.keyIDFrom == keyIDNone {
		if !same {
			return errors.New("the KeyID was that of the key before; put a header kid into the PEM block, use KeyIDThumbprint, or Replace the key")
		}
		s.keyID, s.keyIDFrom = old.keyID, old.keyIDFrom
	}
	if old.named && s.thumbprint == "" {
		if !same {
			return errors.New("the KeyCertificate was that of the key before; put the new one into the PEM document, or Replace the key")
		}
		s.thumbprint, s.named = old.thumbprint, true
	}
	return nil
}

// Replace replaces the key by another one, with all that goes with that.
func (k *SigningKey) Replace(by *SigningKey) error {
	if k == nil || k.current.Load() == nil {
		return errNoKey
	}
	next := by.snapshot()
	if next == nil {
		return errors.New("clientauth: signing key: nothing to replace it by; the one before it stays")
	}
	k.rotation.Lock()
	defer k.rotation.Unlock()
	k.current.Store(next)
	return nil
}

// attach makes s what brings newer keys.
func (k *SigningKey) attach(s *source) error {
	if !k.source.CompareAndSwap(nil, s) {
		return errors.New("clientauth: the signing key is watched already; close the one that does")
	}
	return nil
}

// refresh looks for a newer key, if something can.
func (k *SigningKey) refresh(ctx context.Context) error {
	if s := k.source.Load(); s != nil {
		return s.refresh(ctx)
	}
	return errors.New("nothing brings newer keys; see WatchSigningKey")
}

// snapshot returns the key as it is now; nil if there is none.
func (k *SigningKey) snapshot() *signing {
	if k == nil {
		return nil
	}
	return k.current.Load()
}

// String names the key's algorithms, kid and certificate.
func (k *SigningKey) String() string {
	s := k.snapshot()
	if s == nil {
		return "no signing key"
	}
	text := "signing key alg=" + strings.Join(s.algorithms, "|")
	if s.keyID != "" {
		text += fmt.Sprintf(" kid=%q", s.keyID)
	}
	if s.thumbprint != "" {
		text += " x5t#S256=" + s.thumbprint
	}
	return text
}

// Format writes the same text for every verb.
func (k *SigningKey) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }

// LogValue implements [slog.LogValuer].
func (k *SigningKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (k *SigningKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func parseSigning(document []byte, options []KeyOption) (*signing, error) {
	signer, certificates, err := parsePrivateKey(document)
	if err != nil {
		return nil, err
	}
	return newSigning(signer, certificates, keyIDIn(document), options)
}

// keyIDIn returns the kid that the private key's block names.
func keyIDIn(document []byte) string {
	for block, rest := pem.Decode(document); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block.Headers["kid"]
		}
	}
	return ""
}

func newSigning(signer crypto.Signer, certificates []*x509.Certificate, kid string, options []KeyOption) (*signing, error) {
	if signer == nil || reflect.ValueOf(signer).Kind() == reflect.Pointer && reflect.ValueOf(signer).IsNil() {
		return nil, errors.New("no signer")
	}
	if k, ok := signer.(ed25519.PrivateKey); ok && len(k) != ed25519.PrivateKeySize {
		return nil, errors.New("an Ed25519 key of another size")
	}
	var c keyConfig
	if kid != "" {
		if err := KeyID(kid)(&c); err != nil {
			return nil, err
		}
		c.keyIDFrom = keyIDDocument
	}
	for _, option := range options {
		if err := option(&c); err != nil {
			return nil, err
		}
	}
	public := signer.Public()
	s := &signing{signer: signer, public: public, keyID: c.keyID, keyIDFrom: c.keyIDFrom, slots: make(chan struct{}, maxSigning)}
	switch signer.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		s.local = true
	}
	can, err := algorithmsOf(public)
	if err != nil {
		return nil, err
	}
	if s.algorithms = can; c.algorithm != "" {
		if !slices.Contains(can, c.algorithm) {
			return nil, fmt.Errorf("the key cannot do %s; it can do %s", c.algorithm, strings.Join(can, ", "))
		}
		s.algorithms, s.pinned = []string{c.algorithm}, true
	}
	if c.keyIDFrom == keyIDThumbprint {
		s.keyID = keyThumbprint(public)
	}
	return s, s.certify(public, c.certificate, certificates)
}

// certify notes the certificate of the key: the one that was named, or the one
// among those beside the key.
func (s *signing) certify(public crypto.PublicKey, named *x509.Certificate, beside []*x509.Certificate) error {
	if s.named = named != nil; s.named {
		beside = []*x509.Certificate{named}
	}
	if len(beside) == 0 {
		return nil
	}
	at := slices.IndexFunc(beside, func(c *x509.Certificate) bool { return equalKeys(c.PublicKey, public) })
	if at < 0 {
		return errors.New("the certificate is of another key")
	}
	sum := sha256.Sum256(beside[at].Raw)
	s.thumbprint = base64.RawURLEncoding.EncodeToString(sum[:])
	return nil
}

func equalKeys(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// keyThumbprint is the SHA-256 JWK thumbprint (RFC 7638 section 3) of a key that
// [algorithmsOf] accepts.
func keyThumbprint(public crypto.PublicKey) string {
	b64 := base64.RawURLEncoding.EncodeToString
	var jwk string
	switch k := public.(type) {
	case *rsa.PublicKey:
		e := binary.BigEndian.AppendUint64(nil, uint64(k.E)) //nolint:gosec // it is positive
		jwk = `{"e":"` + b64(bytes.TrimLeft(e, "\x00")) + `","kty":"RSA","n":"` + b64(k.N.Bytes()) + `"}`
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, x, y
		if err != nil {
			return ""
		}
		half := len(point) / 2
		jwk = `{"crv":"` + k.Curve.Params().Name + `","kty":"EC","x":"` + b64(point[1:1+half]) + `","y":"` + b64(point[1+half:]) + `"}`
	case ed25519.PublicKey:
		jwk = `{"crv":"Ed25519","kty":"OKP","x":"` + b64(k) + `"}`
	}
	sum := sha256.Sum256([]byte(jwk))
	return b64(sum[:])
}
