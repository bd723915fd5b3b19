// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package attacks is the attack corpus: tokens, key sets and header fields that
// somebody might try, and what must become of them. The cases are data in
// corpus/*.json, and corpus/README.md says how to add one. A [Case] is forged by
// [Case.Make]; a [Scene] is the issuer that its token claims to be of.
//
// The tests of package jwtauth offer each token to a verifier, those of this
// package to guards with and without a cache on a clock that stands still, and
// those of internal/matrix to servers, over what a transport makes of it.
package attacks
