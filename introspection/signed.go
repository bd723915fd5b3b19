// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/golang-jwt/jwt/v5"
)

// Signed demands that answers are JWTs signed by the issuer for this service (RFC
// 9701). Whoever stands between, be it a cache or a proxy that ends TLS, cannot
// make or change one then. Nothing in such an answer says which token was asked
// about, though: whoever stands between can give a true one about another token of
// the last minute or so (ClockSkew), and only TLS up to the issuer prevents that,
// or a [Confirmer]. The issuer has to know that this client wants them
// (introspection_signed_response_alg). Encrypted answers are not read.
type Signed struct {
	// ClientID is this service's at the issuer, which the answer must have in aud.
	// An answer that is not signed is no answer once it is set.
	ClientID string
	// Algorithms the answer may be signed with. Default RS256, PS256, ES256, EdDSA
	// and Ed25519 (the last two are one algorithm). Others that can be allowed:
	// RS384, RS512, PS384, PS512, ES384, ES512.
	Algorithms []string
}

func (s *Signed) validate() error {
	if s.ClientID == "" && s.Algorithms != nil {
		return errors.New("Config.Signed has Algorithms and no ClientID; set the id of this service at the issuer")
	}
	if err := jws.CheckAlgorithms(s.Algorithms); err != nil {
		return fmt.Errorf("Config.Signed.Algorithms: %w", err)
	}
	return nil
}

// signed reads signed answers.
type signed struct {
	issuer   *issuer.Issuer
	clientID string
	allowed  map[string]allowed // by algorithm
	skew     time.Duration
}

// allowed is an algorithm answers may be signed with, and the issuer's keys for
// it.
type allowed struct {
	method jwt.SigningMethod
	keys   jwkset.Storage
}

func newSigned(iss *issuer.Issuer, c Signed, skew time.Duration) *signed {
	s := &signed{issuer: iss, clientID: c.ClientID, allowed: make(map[string]allowed), skew: skew}
	for name, method := range jws.Methods(c.Algorithms) {
		s.allowed[name] = allowed{method, iss.Storage(name)}
	}
	return s
}

const typeIntrospection = "token-introspection+jwt"

// open verifies the answer. Whatever is wrong with it, nothing is known about the
// token.
func (s *signed) open(ctx context.Context, r *reply) (*answer, *auth.Error) {
	claims, err := s.verify(ctx, r)
	if err == nil {
		var inner []byte
		if inner, err = s.check(claims, r.sent); err == nil {
			return readAnswer(inner, r.sent)
		}
	}
	wait := tryAgain
	if unavailable, ok := errors.AsType[*issuer.UnavailableError](err); ok {
		wait = max(wait, unavailable.RetryAfter)
	}
	if unknown, ok := errors.AsType[*issuer.UnknownKeyError](err); ok {
		wait = max(wait, unknown.RetryAfter)
	}
	return nil, auth.Unavailable(CheckSigned, wait, fmt.Errorf("introspection: the signed answer: %w", err))
}

// verify returns the claims of a JWT that the issuer signed.
func (s *signed) verify(ctx context.Context, r *reply) (strictjson.Object, error) {
	if r.media != mediaJWT {
		return nil, fmt.Errorf("it is not %s by its content type; does the issuer know that this client wants signed answers?", mediaJWT)
	}
	segments, ok := jws.Split(string(r.body))
	if !ok {
		return nil, errors.New("it is not three base64url segments with dots between them")
	}
	h, _, err := jws.Object(segments.Header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	claims, _, err := jws.Object(segments.Payload)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	signature, err := jws.Decode(segments.Signature)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	alg, kid, err := s.readHeader(h)
	if err != nil {
		return nil, err
	}
	key, err := s.allowed[alg].keys.KeyRead(ctx, kid)
	if err != nil {
		return nil, err
	}
	verified := func(key any) bool { return s.allowed[alg].method.Verify(segments.Signed, signature, key) == nil }
	if !verified(key.Key()) {
		// For issuers that give a new key the id of an old one.
		old, ok := key.Key().(interface{ Equal(x crypto.PublicKey) bool })
		other := s.issuer.Reconsider(ctx, kid, alg)
		if !ok || other == nil || old.Equal(other) || !verified(other) {
			return nil, errors.New("the signature does not verify under the issuer's key of that kid")
		}
	}
	return claims, nil
}

// readHeader checks the header. What brings its own key, or must be understood
// and is not, is refused.
func (s *signed) readHeader(h strictjson.Object) (alg, kid string, err error) {
	for _, name := range slices.Concat(jws.Extensions, jws.OwnKeys, jws.Wrappings) {
		if h.Has(name) {
			return "", "", fmt.Errorf("the header has %s", name)
		}
	}
	if jws.MediaType(h.Text("typ")) != typeIntrospection {
		return "", "", errors.New("typ is not " + typeIntrospection)
	}
	alg = h.Text("alg")
	if _, ok := s.allowed[alg]; !ok {
		return "", "", errors.New("alg is not one of Config.Signed.Algorithms")
	}
	kid, err = jws.KeyID(h)
	return alg, kid, err
}

// check looks who said it to whom, and when, and returns what is said of the
// token.
func (s *signed) check(claims strictjson.Object, sent time.Time) ([]byte, error) {
	if claims.Text("iss") != s.issuer.Identifier() {
		return nil, errors.New("iss is not the configured issuer")
	}
	if aud, err := claims.Strings("aud"); err != nil || !slices.Contains(aud, s.clientID) {
		return nil, errors.New("aud is not Config.Signed.ClientID: it was made for somebody else")
	}
	now := time.Now()
	iat, err := claims.NumericDate("iat")
	// iat is in whole seconds.
	if err != nil || iat.Before(sent.Add(-s.skew-time.Second)) || iat.After(now.Add(s.skew)) {
		return nil, errors.New("iat is absent, or not from when it was asked for; compare the clocks")
	}
	if exp, err := claims.OptionalDate("exp"); err != nil || !exp.IsZero() && !now.Before(exp.Add(s.skew)) {
		return nil, errors.New("exp has passed or is malformed")
	}
	if claims.Has("active") {
		return nil, errors.New("active is outside of token_introspection")
	}
	inner, ok := claims.Get("token_introspection")
	if !ok {
		return nil, errors.New("token_introspection is absent")
	}
	return inner, nil
}
