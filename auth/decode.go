// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
)

// Decoder decodes a token's claims into the user's own type. A verifier takes
// one in its configuration and runs it once per token. The zero Decoder does
// nothing.
type Decoder struct {
	decode func(payload []byte, unmarshal func([]byte, any) error) (any, error)
}

// Decode returns a [Decoder] for T, usually a struct with json tags. Member
// names are compared with their case. If T or *T has a method
// Validate() error, a token for which it fails is refused as invalid, so that
// handlers only ever see claims that passed.
//
// The decoded value is shared by all calls that carry the same token; treat
// what its maps, slices and pointers refer to as read-only.
func Decode[T any]() Decoder {
	return Decoder{decode: func(payload []byte, unmarshal func([]byte, any) error) (any, error) {
		return decodeAs[T](payload, unmarshal)
	}}
}

// IsZero reports whether the decoder does nothing.
func (d Decoder) IsZero() bool { return d.decode == nil }

// Decode is called by a verifier with the JSON payload of a token and its
// strict JSON decoder. The result belongs into [ClaimsData.Custom].
func (d Decoder) Decode(payload []byte, unmarshal func([]byte, any) error) (any, error) {
	if d.decode == nil {
		return nil, nil
	}
	return d.decode(payload, unmarshal)
}

type validator interface{ Validate() error }

func decodeAs[T any](payload []byte, unmarshal func([]byte, any) error) (T, error) {
	var value T
	if err := unmarshal(payload, &value); err != nil {
		// A JSON error may quote the document, and so a claim's value.
		return value, fmt.Errorf("the claims do not fit %T; check its json tags and types", value)
	}
	v, ok := any(&value).(validator)
	if !ok {
		v, ok = any(value).(validator) // T is itself a pointer
	}
	if ok && isNil(any(value)) {
		return value, fmt.Errorf("%T: the claims are null", value)
	}
	if ok {
		if err := v.Validate(); err != nil {
			return value, fmt.Errorf("%T: %w", value, err)
		}
	}
	return value, nil
}

// ErrNoClaims is returned by [ClaimsAs] for a call without a token: on a public
// method, or anonymous on an optional one.
var ErrNoClaims = errors.New("auth: the call carries no claims")

// ClaimsAs returns the caller's claims as T. When the verifier was configured
// with [Decode] of the same T, the value was decoded and validated once when
// the token was first seen; otherwise the payload is decoded and validated
// here. Without claims the error is [ErrNoClaims].
func ClaimsAs[T any](ctx context.Context) (T, error) {
	var zero T
	claims, ok := FromContext(ctx)
	if !ok {
		return zero, ErrNoClaims
	}
	if v, ok := claims.custom.(T); ok {
		return v, nil
	}
	if claims.unmarshal == nil {
		return zero, fmt.Errorf("auth: the claims hold no %T and no payload to decode it from", zero)
	}
	return decodeAs[T]([]byte(claims.payload), claims.unmarshal)
}
