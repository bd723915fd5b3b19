// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package transparency holds tests that a guard changes nothing for the calls
// that it allows: the suites that Connect and gRPC test their own libraries with
// run against guarded servers. It is a module of its own so that no user of
// bearerkit gets the suites' requirements.
//
//	go test ./...                         # in this directory
//	go test -run 'Conformance/grpc-go' -v # lists the cases that fail with and without a guard
//
// The conformance suite of Connect is a program that starts the server under
// test again and again; that server is this test binary. Each library runs the
// suite without a guard, behind one that makes every method public, behind one
// that demands a token, and behind one that also has RequireDecision. The
// suite's clients send no token, so it is put in front of the guard. All cases
// must end alike, and over net/http the answers must have the same status,
// headers and trailers. Whether a case passes without a guard is the library's
// business, not ours.
//
// The interoperability tests of gRPC run in this process, over TLS, with the
// token as credentials of each call.
package transparency
