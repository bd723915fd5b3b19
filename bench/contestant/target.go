// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant

import "time"

// Target is the authorization server whose tokens are verified.
type Target struct {
	// URL is the issuer's identifier; the others are its endpoints, for those
	// that do no discovery.
	URL, JWKS, Introspection, Token string
	// Audience is what tokens must be for.
	Audience string
	// Algorithm is what they are signed with.
	Algorithm string
	// ClientID and ClientSecret are what the introspection endpoint wants.
	ClientID, ClientSecret string
	// KeyLifetime, if not zero, is how long keys count as fresh, for contestants
	// that can be told. It is how an outage of many such lifetimes fits into
	// seconds.
	KeyLifetime time.Duration
	// Entries, if not zero, is how many tokens a cache may keep.
	Entries int
	// Verified, if not nil, is told whenever a token is verified for which a cache
	// had nothing.
	Verified func()
}
