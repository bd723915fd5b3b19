// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// assertionType is the client_assertion_type of a JWT (RFC 7523 section 2.2).
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// typAssertion keeps assertions and other JWTs of one key apart
	// (draft-ietf-oauth-rfc7523bis).
	typAssertion = "client-authentication+jwt"
	typPlain     = "JWT"

	// Some issuers take no assertion that lives longer than a minute. It has to
	// cover the way there and the difference of two clocks, and no more.
	defaultAssertionLifetime = time.Minute
	minAssertionLifetime     = 5 * time.Second
	maxAssertionLifetime     = 10 * time.Minute
)

// AssertionOption changes the assertions of [ClientSecretJWT] and [PrivateKeyJWT].
type AssertionOption func(*assertion)

// assertion is how assertions are made.
type assertion struct {
	clientID         string
	algorithm        string
	lifetime         time.Duration
	typ              string
	sendClientID     bool
	endpointAudience bool
	problem          string
}

func newAssertion(id string, options []AssertionOption) *assertion {
	a := &assertion{clientID: id, lifetime: defaultAssertionLifetime, typ: typAssertion}
	if !utf8.ValidString(id) {
		a.problem = "the client id is not UTF-8"
	}
	for _, option := range options {
		option(a)
	}
	return a
}

// AssertionAlgorithm is the algorithm of the signature: HS256, HS384 or HS512 for
// [ClientSecretJWT], and one that fits the key for [PrivateKeyJWT]. Without it the
// issuer's metadata decide; where they are silent too, and more than one would do,
// nothing is sent.
func AssertionAlgorithm(alg string) AssertionOption {
	return func(a *assertion) {
		if a.algorithm = alg; alg == "" {
			a.problem = "AssertionAlgorithm is empty; leave it out"
		}
	}
}

// AssertionLifetime is for how long an assertion is good, 5 seconds to 10 minutes.
// Default one minute.
func AssertionLifetime(d time.Duration) AssertionOption {
	return func(a *assertion) {
		if a.lifetime = d; d < minAssertionLifetime || d > maxAssertionLifetime || d%time.Second != 0 {
			a.problem = fmt.Sprintf("an AssertionLifetime of %v; give whole seconds from %v to %v", d, minAssertionLifetime, maxAssertionLifetime)
		}
	}
}

// AssertionTypeJWT says typ JWT in the header, in place of
// client-authentication+jwt, for an issuer that refuses the registered type.
func AssertionTypeJWT() AssertionOption { return func(a *assertion) { a.typ = typPlain } }

// SendClientID adds client_id to the form, for an issuer that wants to know the
// client before it looks at the assertion (RFC 7521 section 4.2 leaves it to the
// client).
func SendClientID() AssertionOption { return func(a *assertion) { a.sendClientID = true } }

// InsecureEndpointAudience makes assertions for the URL of the endpoint, and not
// for the issuer. It is for an issuer that takes nothing else, which is a defect
// of it: an endpoint is what metadata say it is, so whoever writes the metadata of
// one issuer can have assertions made that are good at another (CVE-2025-27370,
// CVE-2025-27371). Here that ends at the origin: an endpoint with another one than
// the issuer gets no assertion.
func InsecureEndpointAudience() AssertionOption {
	return func(a *assertion) { a.endpointAudience = true }
}

// ClientSecretJWT authenticates by an assertion that is signed with the secret
// (OpenID Connect Core section 9). The secret itself is not sent. It must be as
// long as the hash at least: 32 bytes for HS256.
func ClientSecretJWT(id string, secret Secret, options ...AssertionOption) Authenticator {
	a := newAssertion(id, options)
	m := &method{name: MethodClientSecretJWT, clientID: id, problem: a.problem, add: func(ctx context.Context, r *Request) error {
		s, err := secret.value(ctx)
		if err != nil {
			return err
		}
		can, err := a.secretAlgorithms(s)
		if err != nil {
			return misconfigured(err)
		}
		alg, err := chooseAlgorithm(ctx, r, can)
		if err != nil {
			return err
		}
		r.setCredential(sha256.Sum256([]byte(s)))
		return a.add(r, alg, "", "", func(input []byte) ([]byte, error) {
			mac := hmac.New(hashes[alg].New, []byte(s))
			mac.Write(input)
			return mac.Sum(nil), nil
		})
	}}
	m.require(id != "", "a client id").require(secret.there(), "a secret")
	if m.problem == "" && secret.fixed {
		if s, err := secret.value(context.Background()); err == nil {
			if _, err := a.secretAlgorithms(s); err != nil {
				m.problem = string(m.name) + ": " + err.Error()
			}
		}
	}
	return m
}

// secretAlgorithms returns those that this secret is used with.
func (a *assertion) secretAlgorithms(secret string) ([]string, error) {
	if a.algorithm == "" {
		return secretAlgorithmsOf(secret)
	}
	if !slices.Contains(secretAlgorithms, a.algorithm) {
		return nil, fmt.Errorf("AssertionAlgorithm %q; a secret signs with %s", a.algorithm, strings.Join(secretAlgorithms, ", "))
	}
	if need := hashes[a.algorithm].Size(); len(secret) < need {
		return nil, fmt.Errorf("the secret has %d bytes and %s needs %d (RFC 7518 section 3.2); have the issuer make a longer one", len(secret), a.algorithm, need)
	}
	return []string{a.algorithm}, nil
}

// PrivateKeyJWT authenticates by an assertion that is signed with a private key
// (OpenID Connect Core section 9). A key that is replaced is used from the next
// assertion on; of one that is watched, a newer one is looked for when the one in
// use is not accepted.
func PrivateKeyJWT(id string, key *SigningKey, options ...AssertionOption) Authenticator {
	a := newAssertion(id, options)
	m := &method{name: MethodPrivateKeyJWT, clientID: id, problem: a.problem, add: func(ctx context.Context, r *Request) error {
		k := key.snapshot()
		can, err := a.keyAlgorithms(k)
		if err != nil {
			return misconfigured(err)
		}
		alg, err := chooseAlgorithm(ctx, r, can)
		if err != nil {
			return err
		}
		r.setCredential(k)
		return a.add(r, alg, k.keyID, k.thumbprint, func(input []byte) ([]byte, error) { return k.sign(ctx, alg, input) })
	}}
	m.require(id != "", "a client id").require(key.snapshot() != nil, "a signing key")
	if m.problem == "" {
		if _, err := a.keyAlgorithms(key.snapshot()); err != nil {
			m.problem = string(m.name) + ": " + err.Error()
		}
	}
	if m.problem != "" {
		return m
	}
	return &keyed{m, key}
}

// keyed is authentication by a signing key. It is a [Refresher].
type keyed struct {
	*method

	key *SigningKey
}

// Refresh implements [Refresher].
func (k *keyed) Refresh(ctx context.Context) error { return k.key.refresh(ctx) }

// keyAlgorithms returns those that this key is used with.
func (a *assertion) keyAlgorithms(k *signing) ([]string, error) {
	if a.algorithm == "" {
		return k.algorithms, nil
	}
	if !slices.Contains(k.algorithms, a.algorithm) {
		return nil, fmt.Errorf("AssertionAlgorithm %q; the key signs with %s", a.algorithm, strings.Join(k.algorithms, ", "))
	}
	return []string{a.algorithm}, nil
}

// PrivateKeyJWTFromPEM is [PrivateKeyJWT] with the key of a PEM document; see
// [ParseSigningKey]. The options are the key's; with those of the assertion, or a key
// that is replaced, make the two one after the other.
func PrivateKeyJWTFromPEM(id string, document []byte, options ...KeyOption) (Authenticator, error) {
	key, err := ParseSigningKey(document, options...)
	if err != nil {
		return nil, err
	}
	return checked(PrivateKeyJWT(id, key))
}

// PrivateKeyJWTFromFile is [PrivateKeyJWTFromPEM] of a file, as it is now.
func PrivateKeyJWTFromFile(id, path string, options ...KeyOption) (Authenticator, error) {
	key, err := LoadSigningKey(path, options...)
	if err != nil {
		return nil, err
	}
	return checked(PrivateKeyJWT(id, key))
}

func checked(a Authenticator) (Authenticator, error) {
	if err := Check(a); err != nil {
		return nil, fmt.Errorf("clientauth: %w", err)
	}
	return a, nil
}

// add signs an assertion of its own for each attempt, and puts it into the form.
func (a *assertion) add(r *Request, alg, kid, thumbprint string, sign func(input []byte) ([]byte, error)) error {
	audience, err := a.audience(r)
	if err != nil {
		return err
	}
	now := time.Now()
	header := object{}.text("alg", alg).text("typ", a.typ).optional("kid", kid).optional("x5t#S256", thumbprint)
	payload := object{}.text("iss", a.clientID).text("sub", a.clientID).text("aud", audience).
		text("jti", rand.Text()).number("iat", now.Unix()).number("exp", now.Add(a.lifetime).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header.close()) + "." + encode(payload.close())
	signature, err := sign([]byte(input))
	if err != nil {
		return err
	}
	r.SetForm("client_assertion_type", assertionType)
	r.SetForm("client_assertion", input+"."+encode(signature))
	if a.sendClientID {
		r.SetForm("client_id", a.clientID)
	}
	return nil
}

// audience is one string: a server that is given a list has to decide whom else
// the assertion is for.
func (a *assertion) audience(r *Request) (string, error) {
	if !a.endpointAudience {
		return r.Issuer, nil
	}
	endpoint, err := boundedhttp.ParseURL(r.Endpoint)
	if err != nil {
		return "", err
	}
	iss, err := boundedhttp.ParseURL(r.Issuer)
	if err != nil {
		return "", err
	}
	if boundedhttp.Origin(endpoint) != boundedhttp.Origin(iss) {
		return "", misconfigured(fmt.Errorf("InsecureEndpointAudience: the endpoint is at %s and the issuer at %s; an assertion for it could be meant for somebody else", boundedhttp.Origin(endpoint), boundedhttp.Origin(iss)))
	}
	return r.Endpoint, nil
}

// object is a JSON object that is being written. Its texts are UTF-8: what is not
// is refused before.
type object []byte

func (o object) name(name string) object {
	if len(o) == 0 {
		o = append(o, '{')
	} else {
		o = append(o, ',')
	}
	return append(o.quote(name), ':')
}

func (o object) quote(s string) object {
	o, _ = jsontext.AppendQuote(o, s)
	return o
}

func (o object) text(name, value string) object { return o.name(name).quote(value) }

func (o object) optional(name, value string) object {
	if value == "" {
		return o
	}
	return o.text(name, value)
}

func (o object) number(name string, value int64) object {
	return strconv.AppendInt(o.name(name), value, 10)
}

func (o object) close() []byte { return append(o, '}') }

// JWTAssertion authenticates by a JWT that somebody else makes and keeps new (RFC
// 7523 section 2.2), such as the projected token of a Kubernetes service account
// in a file: JWTAssertion("", SecretFile(path)). It is read at each use; while the
// file holds none that is good, the last one that was is used until it expires. The
// client id is sent if there is one; some issuers want it, since such a JWT names
// the workload and not the client. Its audience should be this issuer alone, which
// is not looked at here: an issuer that is asked gets to see it.
func JWTAssertion(id string, jwt Secret) Authenticator {
	var last atomic.Pointer[string] // of a file
	m := &method{name: MethodPrivateKeyJWT, clientID: id, add: func(ctx context.Context, r *Request) error {
		raw, err := jwt.value(ctx)
		if err == nil {
			if err = checkAssertion(raw, time.Now()); err != nil {
				err = misconfigured(fmt.Errorf("the assertion of this service %w", err))
			}
		}
		switch before := last.Load(); {
		case err == nil && jwt.kept:
			last.Store(&raw)
		case err != nil && before != nil && checkAssertion(*before, time.Now()) == nil:
			raw = *before
		case err != nil:
			return err
		}
		r.SetForm("client_assertion_type", assertionType)
		r.SetForm("client_assertion", raw)
		if id != "" {
			r.SetForm("client_id", id)
		}
		return nil
	}}
	return m.require(jwt.there(), "an assertion")
}

// checkAssertion refuses what the issuer would refuse for sure. It verifies
// nothing.
func checkAssertion(raw string, now time.Time) error {
	parts, ok := jws.Split(raw)
	if !ok || parts.Signature == "" {
		return errors.New("is not a JWT; is this the right file?")
	}
	_, _, err := jws.Object(parts.Header)
	if err != nil {
		return errors.New("has a header that cannot be read")
	}
	payload, _, err := jws.Object(parts.Payload)
	if err != nil {
		return errors.New("has claims that cannot be read")
	}
	exp, err := payload.NumericDate("exp")
	if err != nil {
		return errors.New("has no exp (RFC 7523 section 3)")
	}
	if !now.Before(exp) {
		return fmt.Errorf("expired %v ago; does somebody still renew it?", now.Sub(exp).Truncate(time.Second))
	}
	return nil
}
