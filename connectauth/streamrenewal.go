// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxRenewalQuestion bounds the message of a renewal, which has a name of up to 64
// bytes in it.
const maxRenewalQuestion = 512

// NewStreamRenewalHandler returns the path and the handler of
// bearerkit.auth.v1.StreamRenewal, by which clients have streams go on with a fresh
// token. The guard needs [auth.AllowStreamRenewal]:
//
//	mux.Handle(connectauth.NewStreamRenewalHandler(guard))
//
// The handler is guarded already, so [HandlerOptions] are not among the options.
// Streams are those of the same guard, on whatever transport. [Verify] knows the
// service as authv1.File_bearerkit_auth_v1_stream_renewal_proto.Services().Get(0).
func NewStreamRenewalHandler(guard *auth.Guard, options ...connect.HandlerOption) (path string, handler http.Handler) {
	a := adapter{guard: guard}
	method := authv1.File_bearerkit_auth_v1_stream_renewal_proto.Services().Get(0).Methods().Get(0)
	return auth.StreamRenewalProcedure, connect.NewUnaryHandler(auth.StreamRenewalProcedure, a.renew,
		connect.WithSchema(method),
		connect.WithHandlerOptions(options...),
		HandlerOptions(guard),
		connect.WithReadMaxBytes(maxRenewalQuestion),
	)
}

func (a adapter) renew(ctx context.Context, r *connect.Request[authv1.RenewRequest]) (*connect.Response[authv1.RenewResponse], error) {
	end, err := a.guard.RenewStream(ctx, r.Msg.GetStream())
	switch {
	case errors.Is(err, auth.ErrNoStream):
		return nil, connect.NewError(connect.CodeNotFound, auth.ErrNoStream)
	case err != nil:
		return nil, err
	}
	answer := new(authv1.RenewResponse)
	if !end.IsZero() {
		answer.End = timestamppb.New(end)
	}
	return connect.NewResponse(answer), nil
}
