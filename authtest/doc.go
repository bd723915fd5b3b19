// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package authtest helps to test what bearerkit guards.
//
//   - [Issuer] is a fake authorization server: metadata, keys and token
//     introspection, over loopback TCP or without any socket, with tokens good
//     and hostile, key rotation, and outages on demand.
//   - [WithClaims] gives a handler under test its caller.
//   - [TestVerifier] is the contract that every [auth.Verifier] keeps.
//
// It imports the standard library and package auth only. A fake issuer that
// shared a parser or a signer with the library could not reveal their errors:
// both sides would make the same one.
//
// Nothing here protects anything. Methods panic on what can only be a mistake
// in the test, such as a key id that never existed, so that a test needs no
// error handling where no error can happen.
package authtest
