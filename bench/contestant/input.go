// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Procedure is the one that every call is for.
const Procedure = "/widget.v1.WidgetService/GetWidget"

// StreamProcedure is the one that every stream is for.
const StreamProcedure = "/widget.v1.WidgetService/WatchWidgets"

// Scope is what the rule of both procedures asks for.
const Scope = "widgets.read"

// Input is a call as the transports hand it to a contestant.
type Input struct {
	Context context.Context //nolint:containedctx // it is what is measured: how gRPC hands a call on
	Request *http.Request
	token   string
	check   func() bool // of the signature alone, once it is found
}

// NewInput returns a call with a token, and with what clients send besides.
func NewInput(ctx context.Context, token string) *Input {
	authorization := "Bearer " + token
	in := &Input{
		token: token,
		Context: metadata.NewIncomingContext(ctx, metadata.MD{
			":authority":    {"127.0.0.1:50051"},
			"content-type":  {"application/grpc"},
			"user-agent":    {"grpc-go/1.85.0"},
			"authorization": {authorization},
		}),
	}
	in.Request, _ = http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:50051"+Procedure, bytes.NewReader(nil))
	in.Request.Header.Set("Content-Type", "application/proto")
	in.Request.Header.Set("User-Agent", "connect-go/1.21.1")
	in.Request.Header.Set("Authorization", authorization)
	return in
}

var unaryInfo = &grpc.UnaryServerInfo{FullMethod: Procedure}

func noHandler(context.Context, any) (any, error) { return nil, nil }

var noHTTPHandler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// nullWriter is a response that nobody reads.
type nullWriter struct {
	header http.Header
	status int
	wrote  bool
}

func (w *nullWriter) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

func (w *nullWriter) Write(b []byte) (int, error) {
	w.wrote = true
	return len(b), nil
}

func (w *nullWriter) WriteHeader(status int) { w.status = status }

func (w *nullWriter) err() error {
	if w.status >= http.StatusBadRequest || w.wrote {
		return errRefused
	}
	return nil
}

var errRefused = errors.New("refused")
