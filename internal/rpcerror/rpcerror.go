// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcerror turns a refusal into what goes over the wire, the same for
// gRPC and Connect. docs/errors.md is its table for readers.
package rpcerror

import (
	"errors"
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

// Find returns the refusal in err's chain, if there is one.
func Find(err error) (*auth.Error, bool) {
	var e *auth.Error
	return e, errors.As(err, &e)
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
