// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package matrix runs one call over every transport a guarded server offers,
// with and without TLS, and brings the answers into one form, so that a table of
// cases states its expectation once. [Server.Do] writes its requests byte by
// byte: a client library would refuse to send much of what an attacker sends.
// [Server.Clients] are the generated clients, to see what those get.
package matrix
