// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package grpcauth guards grpc-go servers.
//
//	srv := grpc.NewServer(grpcauth.ServerOptions(guard)...)
//
// From then on every RPC of every kind is decided by the [auth.Guard] before
// its handler runs. A refused caller sees a gRPC status with an ErrorInfo
// detail, and the challenge of RFC 6750 as response header metadata
// "www-authenticate" and in the ErrorInfo. See docs/errors.md for the table.
//
// A unary interceptor of grpc-go runs after the request message was decoded.
// Services that are registered through [Registrar] are refused before that.
package grpcauth
