// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package verifiertest is what the tests of verifiers of any kind share: what became
// of a token, in one line; where an error would print what is secret; and strict JSON
// as the standard library reads it, for a second opinion of what was accepted. So it
// shares no parser with the library.
package verifiertest
