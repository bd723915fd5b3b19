// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package rpcerror

import (
	"github.com/bearerkit/bearerkit/auth"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// ReadChallenge reads the challenge of a refusal back from the details of an RPC
// error, and from the header where the client library kept it. The boolean is
// false for an error that is not a refusal.
func ReadChallenge(details []any, header []string) (auth.Challenge, bool) {
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, d := range details {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain {
				info = d
			}
		case *errdetails.RetryInfo:
			retry = d
		}
	}
	// The header is the standard's place; the details have it where a transport
	// lost the header.
	challenge, ok := auth.FindChallenge(auth.ParseChallenges(header))
	if !ok && info.GetMetadata()[KeyChallenge] != "" {
		challenge, ok = auth.FindChallenge(auth.ParseChallenges([]string{info.GetMetadata()[KeyChallenge]}))
	}
	if info != nil {
		challenge.Reason = auth.Reason(info.GetReason())
		challenge.RetryAfter = retry.GetRetryDelay().AsDuration()
		ok = true
	}
	return challenge, ok
}
