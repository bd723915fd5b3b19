// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcerror turns a refusal into what goes over the wire, the same for
// gRPC and Connect. docs/errors.md is its table for readers.
package rpcerror

import (
	"strings"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the ErrorInfo domain of every refusal.
const Domain = "github.com/bearerkit/bearerkit"

// Keys of the ErrorInfo metadata.
const (
	// KeyChallenge holds the WWW-Authenticate value, for clients that cannot
	// see response headers, and for streams that are past theirs.
	KeyChallenge = "challenge"
	// KeyRequiredScopes holds scopes that would do, separated by spaces.
	KeyRequiredScopes = "requiredScopes"
	// KeyMissingScopes holds those of them that the token lacks.
	KeyMissingScopes = "missingScopes"
)

// Answer is a refusal as it goes over the wire.
type Answer struct {
	// Code has the same number on both transports.
	Code       codes.Code
	Message    string
	Details    []proto.Message
	Challenges []string
	// RetryAfter is how long the caller should wait; zero if it need not.
	RetryAfter time.Duration
}

// Find returns the refusal in the chain of an error that a handler returned. It
// does not look for more once it meets an error for which own is true: a status
// that the handler chose itself. And it does not look into the refusal, whose
// cause may hold the status of somebody else's call, details and all.
func Find(err error, own func(error) bool) (*auth.Error, bool) {
	e, _ := find(err, own)
	return e, e != nil
}

// find also reports whether the search is over.
func find(err error, own func(error) bool) (e *auth.Error, over bool) {
	if err == nil {
		return nil, false
	}
	if own(err) {
		return nil, true
	}
	switch x := err.(type) { //nolint:errorlint // the chain is walked by hand
	case *auth.Error:
		if x == nil {
			// The nil pointer of a function that returns *auth.Error is no
			// success either: it arrived as an error.
			x = new(auth.Error)
		}
		return x, true
	case interface{ Unwrap() error }:
		return find(x.Unwrap(), own)
	case interface{ Unwrap() []error }:
		for _, one := range x.Unwrap() {
			if e, over := find(one, own); over {
				return e, true
			}
		}
	}
	return nil, false
}

// New returns the answer for a refusal by guard, or by a handler behind it.
func New(guard *auth.Guard, e *auth.Error) Answer {
	a := Answer{Code: code(e.Kind), Message: e.Error(), Challenges: guard.Challenges(e)}
	if e.Reason == "" {
		return a
	}
	info := &errdetails.ErrorInfo{Reason: string(e.Reason), Domain: Domain, Metadata: make(map[string]string)}
	for key, value := range map[string]string{
		KeyChallenge:      strings.Join(a.Challenges, ", "),
		KeyRequiredScopes: strings.Join(e.RequiredScopes, " "),
		KeyMissingScopes:  strings.Join(e.MissingScopes, " "),
	} {
		if value != "" {
			info.Metadata[key] = value
		}
	}
	a.Details = append(a.Details, info)
	if e.Kind == auth.KindUnavailable {
		a.RetryAfter = retryDelay(e)
		a.Details = append(a.Details, &errdetails.RetryInfo{RetryDelay: durationpb.New(a.RetryAfter)})
	}
	return a
}

// defaultRetryDelay is asked of a caller when nothing better is known.
const defaultRetryDelay = time.Second

func retryDelay(e *auth.Error) time.Duration {
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return defaultRetryDelay
}

func code(k auth.Kind) codes.Code {
	switch k {
	case auth.KindUnauthenticated:
		return codes.Unauthenticated
	case auth.KindPermissionDenied:
		return codes.PermissionDenied
	case auth.KindUnavailable:
		return codes.Unavailable
	case auth.KindCanceled:
		return codes.Canceled
	case auth.KindDeadlineExceeded:
		return codes.DeadlineExceeded
	default:
		return codes.Internal
	}
}
