// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package connectauth

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/rpcerror"
)

const challengeHeader = "Www-Authenticate"

// handlerError turns a refusal that a handler returned into a Connect error,
// with the challenge in the response header as far as that is not sent yet. It
// leaves every other error, and a code that a handler chose itself, as it is.
func (a adapter) handlerError(err error, origin string, header http.Header) error {
	refusal, ok := rpcerror.Find(err, func(err error) bool {
		_, ok := err.(*connect.Error) //nolint:errorlint // Find walks the chain
		return ok
	})
	if !ok {
		return err
	}
	answer, fields := a.answer(refusal)
	if header != nil {
		fields.setOn(header, origin)
	}
	return answer
}

// answer makes the Connect error for a refusal. The refusal stays in its chain
// for interceptors outside; its message is the public one.
func (a adapter) answer(refusal *auth.Error) (*connect.Error, fields) {
	wire := auth.Prebuilt(a.guard, refusal, func() *onWire { return newOnWire(rpcerror.New(a.guard, refusal)) })
	out := connect.NewError(wire.code, refusal)
	for _, d := range wire.details {
		out.AddDetail(d)
	}
	return out, wire.fields
}

// onWire is a refusal as its callers see it. It is shared by all that look alike.
type onWire struct {
	code    connect.Code
	details []*connect.ErrorDetail
	fields  fields
}

func newOnWire(a rpcerror.Answer) *onWire {
	out := &onWire{code: connect.Code(a.Code), fields: fields{challenges: a.Challenges, retryAfter: a.RetryAfter}}
	for _, d := range a.Details {
		if detail, err := connect.NewErrorDetail(d); err == nil {
			out.details = append(out.details, detail)
		}
	}
	return out
}

// fields are the header fields of a refusal.
type fields struct {
	challenges []string
	retryAfter time.Duration
}

// setOn sets the fields on h. If the call comes from a script, which origin says,
// it also lets the script read them (Fetch standard).
func (f fields) setOn(h http.Header, origin string) {
	if origin != "" {
		h.Add("Access-Control-Expose-Headers", strings.Join(ExposedHeaders(), ", "))
	}
	if len(f.challenges) > 0 {
		h[challengeHeader] = slices.Clone(f.challenges)
	}
	if f.retryAfter > 0 {
		// Whole seconds (RFC 9110 section 10.2.3), and never too early.
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
}

// ExposedHeaders are the response headers of a refusal that a script in a
// browser needs to see. A refusal names them in Access-Control-Expose-Headers; a
// CORS configuration that lists headers should list them too.
func ExposedHeaders() []string { return []string{challengeHeader, "Retry-After"} }
