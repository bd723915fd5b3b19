// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package clientauth is how this service proves to an authorization server who
// it is, at the introspection endpoint and at every other one that wants to know:
// token, revocation, device authorization.
//
// An [Authenticator] adds the proof to each request. Those of this package are
// the methods of RFC 6749 section 2.3, OpenID Connect Core section 9 and RFC 8705,
// an access token of this service's own (RFC 7662 section 2.1), and none.
//
// Secrets, keys and certificates may be replaced while requests are under way. A
// request keeps the credentials that it began with, and one that was not accepted
// is made once more if there are newer ones. Nothing in this package prints a
// secret, whatever it is printed with.
package clientauth
