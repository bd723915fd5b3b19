// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package grpcauth

import (
	"context"
	"slices"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// challengeHeader is where the challenge goes: as a leading header, because
// net/http drops this field from trailers (RFC 9110 section 6.5.1), and with it
// grpc-go behind ServeHTTP.
const challengeHeader = "www-authenticate"

// answer turns a refusal, by the guard or by a handler, into a status and leaves every
// other error, and a status that the handler chose itself, as it is.
func answer(ctx context.Context, guard *auth.Guard, err error) error {
	refusal, ok := rpcerror.Find(err, func(err error) bool {
		_, ok := err.(interface{ GRPCStatus() *status.Status })
		return ok
	})
	if !ok {
		return err
	}
	a := auth.Prebuilt(guard, refusal, func() *onWire { return newOnWire(rpcerror.New(guard, refusal)) })
	if len(a.challenges) > 0 {
		// This fails when a stream is past its header; the ErrorInfo has it too. The
		// map may be kept by whatever serves the call.
		_ = grpc.SetHeader(ctx, metadata.MD{challengeHeader: slices.Clone(a.challenges)})
	}
	return &refused{status: a.status, cause: refusal}
}

// onWire is a refusal as its callers see it. It is shared by all that look alike.
type onWire struct {
	challenges []string
	status     *status.Status
}

func newOnWire(a rpcerror.Answer) *onWire {
	s := status.New(a.Code, a.Message)
	details := make([]protoadapt.MessageV1, len(a.Details))
	for i, d := range a.Details {
		details[i] = protoadapt.MessageV1Of(d)
	}
	if detailed, err := s.WithDetails(details...); err == nil {
		s = detailed
	}
	return &onWire{challenges: a.Challenges, status: s}
}

// refused is a status error that keeps the refusal, so that interceptors
// outside can read both.
type refused struct {
	status *status.Status
	cause  *auth.Error
}

func (r *refused) Error() string              { return r.status.Err().Error() }
func (r *refused) GRPCStatus() *status.Status { return r.status }
func (r *refused) Unwrap() error              { return r.cause }
