// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
)

const challengeHeader = "Www-Authenticate"

// handlerError turns a refusal that a handler returned into a Connect error,
// with the challenge in the response header as far as that is not sent yet. It
// leaves every other error, and a code that a handler chose itself, as it is.
func (a adapter) handlerError(err error, header func() http.Header) error {
	if _, ok := errors.AsType[*connect.Error](err); ok {
		return err
	}
	if _, ok := rpcerror.Find(err); !ok {
		return err
	}
	answer, challenges := a.answer(err)
	if h := header(); h != nil {
		setChallenges(h, challenges)
	}
	return answer
}

// answer makes the Connect error for a refusal. The refusal stays in its chain
// for interceptors outside; its message is the public one.
func (a adapter) answer(err error) (*connect.Error, []string) {
	refusal, ok := rpcerror.Find(err)
	if !ok {
		return connect.NewError(connect.CodeInternal, errors.New("no decision")), nil
	}
	wire := rpcerror.New(a.guard, refusal)
	out := connect.NewError(connect.Code(wire.Code), refusal)
	for _, d := range wire.Details {
		if detail, err := connect.NewErrorDetail(d); err == nil {
			out.AddDetail(detail)
		}
	}
	return out, wire.Challenges
}

func setChallenges(h http.Header, challenges []string) {
	if len(challenges) > 0 {
		h[challengeHeader] = challenges
	}
}
