// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package strictjson reads the JSON documents that decide who a caller is:
// token headers and claims, issuer metadata and key sets. Where JSON readers
// differ, an attacker can show two of them two different documents, so whatever
// they might differ on is refused: member names that are equal, or equal but
// for letter case, at any depth; invalid UTF-8 and lone surrogates; bytes after
// the document; deep nesting; numbers that no integer can hold (RFC 8725
// section 2.4, RFC 7515 section 4, RFC 7493).
package strictjson
