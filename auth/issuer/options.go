// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"reflect"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/boundedhttp"
)

// Option configures [New].
type Option interface{ apply(*config) error }

type config struct {
	http      boundedhttp.Config
	observer  auth.Observer
	timings   Timings
	tokenFile string

	// One of these, or discovery.
	jwksURL string
	static  *snapshot
	source  KeySource
	file    string

	seed *snapshot

	given map[string]bool // the options that can be given once
}

// once refuses an option of which the last would silently win.
func (c *config) once(option string) error {
	if c.given[option] {
		return fmt.Errorf("%s is given twice; remove one", option)
	}
	if c.given == nil {
		c.given = make(map[string]bool)
	}
	c.given[option] = true
	return nil
}

type optionFunc func(*config) error

func (f optionFunc) apply(c *config) error { return f(c) }

// WithTransport fetches through t, for instance to reach an issuer through a
// proxy or with a client certificate. The default transport uses no proxy and is
// what [WithRootCAs], [WithAllowedAddresses] and [WithBlockedAddresses]
// configure; they cannot be combined with this. Redirects are not followed
// either way.
func WithTransport(t http.RoundTripper) Option {
	return optionFunc(func(c *config) error {
		if isNil(t) {
			return errors.New("WithTransport(nil); leave the option out for the default")
		}
		c.http.Transport = t
		return nil
	})
}

// WithRootCAs trusts the certificates in bundle (PEM), besides those of the
// system, for connections to the issuer.
func WithRootCAs(bundle []byte) Option {
	return optionFunc(func(c *config) error {
		if c.http.RootCAs == nil {
			pool, err := x509.SystemCertPool()
			if err != nil {
				return fmt.Errorf("WithRootCAs: the system's certificates: %w", err)
			}
			c.http.RootCAs = pool
		}
		if !c.http.RootCAs.AppendCertsFromPEM(bundle) {
			return errors.New("WithRootCAs: no certificate in the bundle; it must be PEM with at least one CERTIFICATE block")
		}
		return nil
	})
}

// WithUserAgent sets the User-Agent of requests to the issuer. The default is
// "bearerkit".
func WithUserAgent(name string) Option {
	return optionFunc(func(c *config) error {
		if name == "" {
			return errors.New("WithUserAgent with an empty name; leave the option out for the default")
		}
		for _, r := range name {
			if r < ' ' || r > '~' {
				return errors.New("WithUserAgent with a character that cannot stand in a header; use printable ASCII")
			}
		}
		c.http.UserAgent = name
		return c.once("WithUserAgent")
	})
}

// WithAllowedAddresses makes exceptions: the issuer's hosts may resolve to these
// addresses, although they are link-local, those of this machine, of a cloud's
// metadata service, or blocked by [WithBlockedAddresses]. Everything else that
// is blocked stays so. Loopback addresses need no exception under a host name
// that says so, such as localhost.
func WithAllowedAddresses(prefixes ...netip.Prefix) Option {
	return addresses("WithAllowedAddresses", prefixes, func(c *config) *[]netip.Prefix { return &c.http.Addresses.Allow })
}

// WithBlockedAddresses refuses to connect to these addresses, in addition to
// those that are always refused. Where others than you choose issuers, block
// what is private in your network.
func WithBlockedAddresses(prefixes ...netip.Prefix) Option {
	return addresses("WithBlockedAddresses", prefixes, func(c *config) *[]netip.Prefix { return &c.http.Addresses.Block })
}

func addresses(option string, prefixes []netip.Prefix, to func(*config) *[]netip.Prefix) Option {
	return optionFunc(func(c *config) error {
		for _, p := range prefixes {
			if err := boundedhttp.CheckPrefix(p); err != nil {
				return fmt.Errorf("%s: %w", option, err)
			}
		}
		*to(c) = append(*to(c), prefixes...)
		return nil
	})
}

// WithObserver has fetched, failed and dropped keys reported to o.
func WithObserver(o auth.Observer) Option {
	return optionFunc(func(c *config) error {
		if isNil(o) {
			return errors.New("WithObserver(nil); leave the option out to report nothing")
		}
		c.observer = o
		return c.once("WithObserver")
	})
}

// WithTimings replaces the default [Timings]. Fields left at zero keep their
// defaults.
func WithTimings(t Timings) Option {
	return optionFunc(func(c *config) error {
		c.timings = t
		return c.once("WithTimings")
	})
}

// WithTokenFile authenticates the requests for metadata and keys with the bearer
// token in a file, which is read each time, as API servers of Kubernetes want
// it. The token is sent to the origin of the issuer and of [WithJWKSURL] only:
// if the metadata name keys elsewhere, those are asked without it.
func WithTokenFile(path string) Option {
	return optionFunc(func(c *config) error {
		if path == "" {
			return errors.New("WithTokenFile without a path; leave the option out to send no token")
		}
		c.tokenFile = path
		return c.once("WithTokenFile")
	})
}

// WithJWKSURL fetches the keys from an URL and not from where the issuer's
// metadata say. It must be https, or http on a loopback host.
func WithJWKSURL(url string) Option {
	return optionFunc(func(c *config) error {
		if _, err := boundedhttp.ParseURL(url); err != nil {
			return fmt.Errorf("WithJWKSURL: %w", err)
		}
		c.jwksURL = url
		return c.once("WithJWKSURL")
	})
}

// WithStaticKeys has the issuer's keys in document: a JSON Web Key Set (RFC
// 7517 section 5), or public keys in PEM. None are ever fetched, and these do
// not age.
func WithStaticKeys(document []byte) Option {
	return optionFunc(func(c *config) (err error) {
		c.static, err = keysOf("WithStaticKeys", document)
		return cmp.Or(err, c.once("WithStaticKeys"))
	})
}

// WithKeyFile reads the keys from a file: a JSON Web Key Set, or public keys in
// PEM. It is read again like the keys of an issuer would be fetched, so that
// replacing it rotates the keys.
func WithKeyFile(path string) Option {
	return optionFunc(func(c *config) error {
		if path == "" {
			return errors.New("WithKeyFile without a path")
		}
		c.file = path
		return c.once("WithKeyFile")
	})
}

// WithKeySource reads the keys from a source of your own.
func WithKeySource(s KeySource) Option {
	return optionFunc(func(c *config) error {
		if isNil(s) {
			return errors.New("WithKeySource(nil); leave the option out for discovery")
		}
		c.source = s
		return c.once("WithKeySource")
	})
}

// WithSeedKeys begins with the keys in document, a JSON Web Key Set or public
// keys in PEM, until others were fetched for the first time, but no longer than
// [Timings].HardStop after New: a server that starts while its issuer is down
// can verify with them. Ship those of the last deployment.
func WithSeedKeys(document []byte) Option {
	return optionFunc(func(c *config) (err error) {
		c.seed, err = keysOf("WithSeedKeys", document)
		return cmp.Or(err, c.once("WithSeedKeys"))
	})
}

func keysOf(option string, document []byte) (*snapshot, error) {
	s := new(snapshot)
	if err := s.read(document, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	// Somebody chose these keys, and should know that one of them is of no use.
	for _, d := range s.dropped {
		if !d.expected {
			return nil, fmt.Errorf("%s: one of the keys cannot be used: %w", option, d.cause)
		}
	}
	return s, nil
}

// check refuses options that contradict each other.
func (c *config) check() error {
	sources := 0
	for _, given := range []bool{c.jwksURL != "", c.static != nil, c.source != nil, c.file != ""} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return errors.New("several sources of keys; keep one of WithJWKSURL, WithStaticKeys, WithKeyFile and WithKeySource")
	case c.static != nil && c.seed != nil:
		return errors.New("seed keys besides static ones, which are never replaced; remove one of them")
	case c.http.Transport != nil && (c.http.RootCAs != nil || c.http.Addresses.Allow != nil || c.http.Addresses.Block != nil):
		return errors.New("WithTransport together with options of the default transport; configure your own one instead")
	}
	return nil
}

// isNil finds the nil pointer, or function, in an interface.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}
