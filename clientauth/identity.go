// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// Identity is a client certificate with its private key, which can be replaced
// while requests are under way: those that began with the old one finish with it.
// An endpoint closes its connections with the next request that it makes with the
// new one, and otherwise when nothing was on them for 90 seconds. It is safe for
// concurrent use.
//
// The zero Identity has no certificate, and gets its first one from [Provide].
type Identity struct {
	current  atomic.Pointer[tls.Certificate] // never changed, with a Leaf; nil if there is none
	source   atomic.Pointer[source]          // of newer ones; nil if nothing brings them
	rotation sync.Mutex
}

// source is what brings newer certificates by itself.
type source struct {
	// refresh looks for a newer certificate because the one in use was not
	// accepted.
	refresh func(ctx context.Context) error
}

// NewIdentity returns an identity whose private key may be anywhere, such as in a
// KMS: c.PrivateKey is a crypto.Signer. Like all functions that make or replace an
// identity, it refuses a certificate that has expired, is not valid yet, or is not
// that of the key, and a chain that is not in order.
func NewIdentity(c tls.Certificate) (*Identity, error) {
	return identityOf(checkCertificate(c))
}

// ParseIdentity reads an identity from two PEM documents: the certificate, followed
// by those that issued it if the server needs them, and the private key (PKCS #8,
// PKCS #1 or SEC 1, not encrypted).
func ParseIdentity(certPEM, keyPEM []byte) (*Identity, error) {
	return identityOf(parseCertificate(certPEM, keyPEM))
}

// ParseCombinedIdentity is [ParseIdentity] for certificate and key in one document.
func ParseCombinedIdentity(document []byte) (*Identity, error) {
	return identityOf(parseCertificate(document, document))
}

// LoadIdentity is [ParseIdentity] of files, which may be one. To have them looked
// at again when they change, see [WatchIdentity].
func LoadIdentity(certFile, keyFile string) (*Identity, error) {
	return identityOf(loadCertificate(certFile, keyFile))
}

func loadCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	certPEM, err := readFile(certFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := readFile(keyFile)
	if err != nil {
		return nil, err
	}
	return parseCertificate(certPEM, keyPEM)
}

func identityOf(c *tls.Certificate, err error) (*Identity, error) {
	if err != nil {
		return nil, fmt.Errorf("clientauth: mTLS identity: %w", err)
	}
	i := new(Identity)
	i.current.Store(c)
	return i, nil
}

var errNoIdentity = errors.New("clientauth: no mTLS identity to replace; make one with NewIdentity, ParseIdentity or LoadIdentity first")

// Rotate replaces certificate and key by those of two PEM documents, as
// [ParseIdentity] reads them. On an error the old ones stay. The certificate that
// is in use already changes nothing.
func (i *Identity) Rotate(certPEM, keyPEM []byte) error {
	return i.replace(func() (*tls.Certificate, error) { return parseCertificate(certPEM, keyPEM) })
}

// RotateCombined is [Identity.Rotate] for certificate and key in one document.
func (i *Identity) RotateCombined(document []byte) error { return i.Rotate(document, document) }

// Replace is [Identity.Rotate] for a certificate as [NewIdentity] takes it.
func (i *Identity) Replace(c tls.Certificate) error {
	return i.replace(func() (*tls.Certificate, error) { return checkCertificate(c) })
}

func (i *Identity) replace(by func() (*tls.Certificate, error)) error {
	if i.certificate() == nil {
		return errNoIdentity
	}
	next, err := by()
	if err != nil {
		return fmt.Errorf("clientauth: mTLS identity: %w; the one before it stays", err)
	}
	i.take(next)
	return nil
}

// take puts a certificate in the place of what is in use, and reports whether it
// is another one. Its connections go by the pointer, so the same one stays.
func (i *Identity) take(next *tls.Certificate) bool {
	i.rotation.Lock()
	defer i.rotation.Unlock()
	if now := i.current.Load(); now != nil && sameCertificate(now, next) {
		return false
	}
	i.current.Store(next)
	return true
}

// replaced is [Identity.take] with the event of it, if it was another one.
func (i *Identity) replaced(next *tls.Certificate) *auth.Event {
	before := i.Serial()
	if !i.take(next) {
		return nil
	}
	what := describe(next)
	if before != "" {
		what += ", before it serial=" + before
	}
	return &auth.Event{KeyID: serial(next), Cause: errors.New("mTLS identity " + what)}
}

// certificate returns the certificate as it is now, which does not change; nil if
// there is none.
func (i *Identity) certificate() *tls.Certificate {
	if i == nil {
		return nil
	}
	return i.current.Load()
}

// there reports whether i has a certificate, or something that brings it.
func (i *Identity) there() bool {
	return i != nil && (i.current.Load() != nil || i.source.Load() != nil)
}

// attach makes s what brings newer certificates.
func (i *Identity) attach(s *source) error {
	if !i.source.CompareAndSwap(nil, s) {
		return errors.New("clientauth: the mTLS identity is watched or provided already; close the one that does")
	}
	return nil
}

// refresh looks for a newer certificate, if something can.
func (i *Identity) refresh(ctx context.Context) error {
	if s := i.source.Load(); s != nil {
		return s.refresh(ctx)
	}
	return errors.New("nothing brings newer certificates; see WatchIdentity and Provide")
}

// wait returns the certificate, waiting within ctx for the first one.
func (i *Identity) wait(ctx context.Context) (*tls.Certificate, error) {
	if c := i.certificate(); c != nil {
		return c, nil
	}
	err := i.refresh(ctx)
	if c := i.certificate(); c != nil {
		return c, nil
	}
	if err == nil {
		err = errors.New("none was provided yet")
	}
	return nil, fmt.Errorf("no client certificate: %w", err)
}

// Serial returns the certificate's serial number in hexadecimal, and the empty
// string if there is no certificate.
func (i *Identity) Serial() string {
	c := i.certificate()
	if c == nil {
		return ""
	}
	return serial(c)
}

func serial(c *tls.Certificate) string { return c.Leaf.SerialNumber.Text(16) }

// NotAfter returns when the certificate expires, and the zero time if there is none.
func (i *Identity) NotAfter() time.Time {
	c := i.certificate()
	if c == nil {
		return time.Time{}
	}
	return c.Leaf.NotAfter
}

// String says whose the certificate is, who issued it, and until when it is good.
func (i *Identity) String() string {
	c := i.certificate()
	if c == nil {
		return "no mTLS identity"
	}
	return "mTLS identity " + describe(c)
}

func describe(c *tls.Certificate) string {
	return fmt.Sprintf("subject=%q issuer=%q serial=%s expires=%s", c.Leaf.Subject, c.Leaf.Issuer, serial(c), c.Leaf.NotAfter.UTC().Format(time.RFC3339))
}

// Format writes the same text for every verb.
func (i *Identity) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(i.String())) }

// LogValue implements [slog.LogValuer].
func (i *Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (i *Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }
