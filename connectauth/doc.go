// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package connectauth guards connect-go handlers, for the Connect, gRPC and
// gRPC-Web protocols alike.
//
//	mux.Handle(widgetv1connect.NewWidgetServiceHandler(svc, connectauth.HandlerOptions(guard)))
//	handler := connectauth.Middleware(guard)(mux)
//
// [HandlerOptions] decides: its request gate runs before any byte of a message
// is read, for every kind of stream. [Middleware] decides nothing. It lends the
// gate what only the HTTP layer has: the response header, where a challenge
// must go to reach every client, and the state of the TLS connection. Without
// it calls are guarded all the same; clients of the gRPC protocol then find the
// challenge in the ErrorInfo detail only.
package connectauth
