// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/bearerkit/bearerkit/auth/issuer"
)

// Credentials are all that this service has to prove who it is. None of them
// prints.
type Credentials struct {
	// ClientID is this service's name at the issuer. It may be left out with an
	// Assertion alone.
	ClientID string
	// Secret is for client_secret_jwt, client_secret_basic and client_secret_post.
	Secret Secret
	// Key is for private_key_jwt.
	Key *SigningKey
	// Assertion is for private_key_jwt in place of Key: a JWT that somebody else
	// makes, as for [JWTAssertion].
	Assertion Secret
	// Identity is for tls_client_auth and self_signed_tls_client_auth.
	Identity *Identity
	// IdentityMethod says which of the two. Default: as the certificate is signed,
	// by an authority or by itself.
	IdentityMethod Method
	// Methods are those that this client is registered for, which [Select] chooses
	// from. Metadata say what the issuer takes from some client, and many issuers
	// take one method from each. Default: all that the credentials are enough for.
	Methods []Method
	// Token is for [MethodBearer], which is never selected.
	Token Secret
	// AssertionOptions are those of [ClientSecretJWT] and [PrivateKeyJWT].
	AssertionOptions []AssertionOption
}

// Use authenticates by a method that was chosen, such as with [ParseMethod]. What
// the method needs and the credentials lack is an error of [Check].
func Use(m Method, c Credentials) Authenticator {
	if err := c.check(); err != nil {
		return &method{name: m, problem: err.Error()}
	}
	switch m {
	case MethodClientSecretBasic:
		return ClientSecretBasic(c.ClientID, c.Secret)
	case MethodClientSecretPost:
		return ClientSecretPost(c.ClientID, c.Secret)
	case MethodClientSecretJWT:
		return ClientSecretJWT(c.ClientID, c.Secret, c.AssertionOptions...)
	case MethodPrivateKeyJWT:
		if c.Assertion.there() {
			return JWTAssertion(c.ClientID, c.Assertion)
		}
		return PrivateKeyJWT(c.ClientID, c.Key, c.AssertionOptions...)
	case MethodTLSClientAuth:
		return TLSClientAuth(c.ClientID, c.Identity)
	case MethodSelfSignedTLSClientAuth:
		return SelfSignedTLSClientAuth(c.ClientID, c.Identity)
	case MethodBearer:
		return Bearer(c.Token)
	case MethodNone:
		if c.ClientID == "" {
			return None()
		}
		return PublicClient(c.ClientID)
	default:
		return &method{name: m, problem: fmt.Sprintf("unknown method %.64q; use one of the constants, or ParseMethod", string(m))}
	}
}

// check refuses what contradicts itself.
func (c *Credentials) check() error {
	if c.Assertion.there() && c.Key != nil {
		return errors.New("both Assertion and Key; keep the one that the issuer knows")
	}
	for _, m := range c.Methods {
		if !slices.Contains(strength, m) {
			return fmt.Errorf("the method %.64q, which Select does not know; it knows %v", string(m), strength)
		}
	}
	switch c.IdentityMethod {
	case "", MethodTLSClientAuth, MethodSelfSignedTLSClientAuth:
		return nil
	default:
		return fmt.Errorf("IdentityMethod %.64q; it is %s or %s", string(c.IdentityMethod), MethodTLSClientAuth, MethodSelfSignedTLSClientAuth)
	}
}

// strength is the order in which methods are preferred: proofs that no one can
// use elsewhere before those that someone can, and both before the secret itself.
var strength = []Method{
	MethodTLSClientAuth, MethodSelfSignedTLSClientAuth, MethodPrivateKeyJWT, MethodClientSecretJWT, MethodClientSecretBasic, MethodClientSecretPost,
}

// Select authenticates by the strongest method that the issuer announces for the
// endpoint and that these credentials are enough for. In order of strength:
// tls_client_auth, self_signed_tls_client_auth, private_key_jwt,
// client_secret_jwt, client_secret_basic, client_secret_post. The signing
// algorithm is one that the issuer announces too.
//
// Nothing is guessed: if the issuer announces nothing for the endpoint, the
// request fails, and one of the other functions of this package has to be used. A
// method that was selected for an issuer stays, whatever it answers and whatever its
// metadata say later: nobody can have a weaker proof asked for. Every issuer is
// chosen for by itself.
func Select(c Credentials) Authenticator {
	s := &selection{credentials: c, chosen: make(map[choice]Authenticator), all: make(map[Method]Authenticator)}
	if err := c.check(); err != nil {
		s.problem = "Credentials with " + err.Error()
		return s
	}
	if c.Identity != nil {
		s.all[MethodTLSClientAuth], s.all[MethodSelfSignedTLSClientAuth] = Use(MethodTLSClientAuth, c), Use(MethodSelfSignedTLSClientAuth, c)
	}
	if c.Key != nil || c.Assertion.there() {
		s.all[MethodPrivateKeyJWT] = Use(MethodPrivateKeyJWT, c)
	}
	if c.Secret.there() {
		for _, m := range []Method{MethodClientSecretJWT, MethodClientSecretBasic, MethodClientSecretPost} {
			s.all[m] = Use(m, c)
		}
	}
	held := len(s.all)
	if len(c.Methods) > 0 {
		maps.DeleteFunc(s.all, func(m Method, _ Authenticator) bool { return !slices.Contains(c.Methods, m) })
	}
	switch {
	case len(s.all) == 0 && held > 0:
		s.problem = fmt.Sprintf("Credentials that are enough for none of Methods %v; set what one of them needs", c.Methods)
	case len(s.all) == 0:
		s.problem = "Credentials without a secret, key, assertion or identity; set what this service has"
	case c.ClientID == "" && (len(s.all) > 1 || !c.Assertion.there()):
		s.problem = "Credentials without a ClientID; set it"
	}
	// A secret that is too short for client_secret_jwt does for others. What else
	// is wrong is nothing to be silent about.
	for _, m := range strength {
		if a, ok := s.all[m]; ok && m != MethodClientSecretJWT && s.problem == "" {
			if err := Check(a); err != nil {
				s.problem = err.Error()
			}
		}
	}
	return s
}

// choice is what a method is chosen for. One issuer's metadata say nothing about what
// another one is sent.
type choice struct{ issuer, list string }

// selection is an Authenticator that is another one for each list of each issuer.
type selection struct {
	credentials Credentials
	problem     string
	all         map[Method]Authenticator

	mu     sync.Mutex
	chosen map[choice]Authenticator
}

func (s *selection) check() error {
	if s.problem != "" {
		return errors.New(s.problem)
	}
	return nil
}

// Authenticate implements [Authenticator].
func (s *selection) Authenticate(ctx context.Context, r *Request) error {
	if err := s.check(); err != nil {
		return misconfigured(err)
	}
	here := choice{r.Issuer, listName(r.Name, methodsSuffix)}
	s.mu.Lock()
	a := s.chosen[here]
	s.mu.Unlock()
	if a == nil {
		var err error
		if a, err = s.choose(ctx, r, here.list); err != nil {
			return err
		}
		s.mu.Lock()
		if first := s.chosen[here]; first != nil {
			a = first
		} else {
			s.chosen[here] = a
		}
		s.mu.Unlock()
	}
	return a.Authenticate(ctx, r)
}

// choose returns the strongest of what both sides can do.
func (s *selection) choose(ctx context.Context, r *Request, list string) (Authenticator, error) {
	metadata, err := r.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	takes, err := metadata.Strings(list)
	if errors.Is(err, issuer.ErrNotAnnounced) {
		return nil, misconfigured(fmt.Errorf("%w, so there is no telling how to authenticate; choose a method that the issuer has for this client, such as ClientSecretBasic", err))
	}
	if err != nil {
		return nil, err
	}
	var notes []string
	for _, m := range strength {
		a, held := s.all[m]
		if !held || !slices.Contains(takes, string(m)) {
			continue
		}
		err := s.fits(ctx, r, m, metadata)
		if err == nil {
			return a, nil
		}
		why, ok := errors.AsType[unfit](err)
		if !ok {
			return nil, err
		}
		notes = append(notes, fmt.Sprintf("%s: %v", m, why))
	}
	notes = append([]string{fmt.Sprintf("%s has %s, here is %s", list, quoteList(takes), s.held())}, notes...)
	return nil, misconfigured(fmt.Errorf("no way to authenticate that this issuer takes: %s", strings.Join(notes, "; ")))
}

// unfit is why a method that both sides know does not do.
type unfit struct{ error }

// fits returns an unfit if a method that both sides know does not do, and another
// error if nobody can tell.
func (s *selection) fits(ctx context.Context, r *Request, m Method, metadata *issuer.Metadata) error {
	c := &s.credentials
	switch m {
	case MethodTLSClientAuth, MethodSelfSignedTLSClientAuth:
		pair, err := c.Identity.wait(ctx)
		if err == nil && c.methodOf(pair) != m {
			return unfit{errors.New("the certificate is for the other of the two methods; say so with IdentityMethod if it is not")}
		}
		return err
	case MethodPrivateKeyJWT:
		if c.Assertion.there() {
			return nil
		}
		can, err := newAssertion(c.ClientID, c.AssertionOptions).keyAlgorithms(c.Key.snapshot())
		if err != nil {
			return unfit{err}
		}
		return fitsAlgorithms(ctx, r, can, metadata)
	case MethodClientSecretJWT:
		secret, err := c.Secret.value(ctx)
		if err != nil {
			return err
		}
		can, err := newAssertion(c.ClientID, c.AssertionOptions).secretAlgorithms(secret)
		if err != nil {
			return unfit{err}
		}
		return fitsAlgorithms(ctx, r, can, metadata)
	default:
		return nil
	}
}

// fitsAlgorithms looks at the issuer's list also where there is nothing to choose.
func fitsAlgorithms(ctx context.Context, r *Request, can []string, metadata *issuer.Metadata) error {
	if takes, err := metadata.Strings(listName(r.Name, algorithmsSuffix)); len(can) == 1 && err == nil && !slices.Contains(takes, can[0]) {
		return unfit{fmt.Errorf("the issuer takes signatures by %s, here is %s", quoteList(takes), can[0])}
	}
	_, err := chooseAlgorithm(ctx, r, can)
	if errors.Is(err, errNoCommon) {
		return unfit{err}
	}
	return err
}

// methodOf returns the method that a certificate is for.
func (c *Credentials) methodOf(pair *tls.Certificate) Method {
	if c.IdentityMethod != "" {
		return c.IdentityMethod
	}
	if isSelfSigned(pair) {
		return MethodSelfSignedTLSClientAuth
	}
	return MethodTLSClientAuth
}

// isSelfSigned reports whether a certificate is signed with its own key.
func isSelfSigned(pair *tls.Certificate) bool {
	if pair == nil || len(pair.Certificate) == 0 {
		return false
	}
	leaf := pair.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return false
		}
	}
	return bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

// held names the credentials for people.
func (s *selection) held() string {
	c := &s.credentials
	var list []string
	add := func(there bool, what string) {
		if there {
			list = append(list, what)
		}
	}
	add(c.Secret.there(), "a secret")
	add(c.Key != nil, "a signing key")
	add(c.Assertion.there(), "an assertion")
	if c.Identity != nil {
		list = append(list, "a certificate for "+string(c.methodOf(c.Identity.certificate())))
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, " and ")
}

// Refresh implements [Refresher] for the methods that were selected.
func (s *selection) Refresh(ctx context.Context) error {
	s.mu.Lock()
	var refreshers []Refresher
	for _, a := range s.chosen {
		if r, ok := a.(Refresher); ok && !slices.Contains(refreshers, r) {
			refreshers = append(refreshers, r)
		}
	}
	s.mu.Unlock()
	var failed []error
	for _, r := range refreshers {
		failed = append(failed, r.Refresh(ctx))
	}
	return errors.Join(failed...)
}

// String names the client and what there is to select from.
func (s *selection) String() string {
	if s == nil {
		return "no client authentication"
	}
	return fmt.Sprintf("selected client=%q with %s", s.credentials.ClientID, s.held())
}

// Format writes the same text for every verb.
func (s *selection) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements [slog.LogValuer].
func (s *selection) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON.
func (s *selection) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
