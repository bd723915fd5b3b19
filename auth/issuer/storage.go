// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"fmt"
	"time"

	"github.com/MicahParks/jwkset"
)

// UnavailableError says that there are no keys to answer with: they were never
// fetched, or not for too long, and cannot be now.
type UnavailableError struct {
	// RetryAfter is how long nothing will be fetched; zero if not known.
	RetryAfter time.Duration

	cause error
}

func (e *UnavailableError) Error() string { return fmt.Sprintf("no usable keys: %v", e.cause) }

// Unwrap returns why.
func (e *UnavailableError) Unwrap() error { return e.cause }

// UnknownKeyError says that the issuer's keys, as last fetched, include none
// for a token.
type UnknownKeyError struct {
	// Asked is when the key set at hand was asked for.
	Asked time.Time
	// Final reports that the set was asked for after the token arrived, so that
	// no fetch can change the answer.
	Final bool
	// RetryAfter is how long no other fetch will be made, unless Final.
	RetryAfter time.Duration

	cause error
}

func (e *UnknownKeyError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("none of the issuer's keys fits the token's kid and alg: %v", e.cause)
	}
	return "none of the issuer's keys fits the token's kid and alg"
}

// Unwrap returns why the keys could not be fetched again, if they could not.
func (e *UnknownKeyError) Unwrap() error { return e.cause }

// Storage returns the issuer's keys for one JWS algorithm in the form in which
// keyfunc selects among them. It only ever offers keys that may verify alg.
//
// KeyRead returns the one key with a kid, and KeyReadAll the one key there is
// for a token without kid: with several, no one can tell which was meant. Both
// may wait, within ctx, for a fetch. Their errors wrap an [*UnavailableError]
// or an [*UnknownKeyError], or say that several keys fit. Writing to the
// storage has no effect on what is read.
func (i *Issuer) Storage(alg string) jwkset.Storage {
	return &storage{Storage: jwkset.NewMemoryStorage(), keys: i.keys, alg: alg}
}

type storage struct {
	jwkset.Storage // the methods that keyfunc never calls

	keys *refresher
	alg  string
}

func (s *storage) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	k, err := s.keys.find(ctx, kid, s.alg)
	if err != nil {
		return jwkset.JWK{}, err
	}
	return k.jwk, nil
}

func (s *storage) KeyReadAll(ctx context.Context) ([]jwkset.JWK, error) {
	j, err := s.KeyRead(ctx, "")
	if err != nil {
		return nil, err
	}
	return []jwkset.JWK{j}, nil
}
