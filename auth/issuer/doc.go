// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package issuer knows one authorization server: where its metadata is, which
// keys it signs with, and how long either may be relied on.
//
// An [Issuer] does no I/O when it is made, so a server starts while its issuer
// is down. The first token fetches metadata and keys; from then on they are
// refreshed ahead of time until Close. Lookups read one immutable snapshot
// through an atomic pointer. All fetches of one issuer share a single flight
// that belongs to no caller: a caller who gives up leaves alone. A document
// replaces the keys in use only if it holds at least one usable key, so an
// outage, a redirect or a broken document never takes good keys away; keys that
// could not be refreshed for [Timings.HardStop] are not used any more, and the
// answer becomes "unavailable".
package issuer
