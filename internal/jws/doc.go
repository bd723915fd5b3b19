// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package jws takes apart what an issuer signed, access tokens and introspection
// answers alike, and knows the algorithms of signatures. It has no keys and
// judges no claims.
package jws
