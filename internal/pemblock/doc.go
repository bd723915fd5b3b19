// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package pemblock reads documents of PEM blocks (RFC 7468). The decoder of the
// standard library skips what it cannot read, which may be just the key that was
// meant; here it makes the document an error. What a block must be is for the caller
// to say. No error quotes the document, which may hold a private key.
package pemblock
