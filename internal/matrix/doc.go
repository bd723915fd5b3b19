// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package matrix runs one call over every transport a guarded server offers and
// brings the answers into one form, so that a table of cases states its
// expectation once. Requests are written byte by byte: a client library would
// refuse to send much of what an attacker sends.
package matrix
