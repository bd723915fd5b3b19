// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unsafe"
)

// MaxTokenSize is the size in bytes above which a token is refused before
// anything looks inside it.
const MaxTokenSize = 16 << 10

// maxPadding bounds the spaces accepted between scheme and token. RFC 9110
// section 11.4 allows any number; nobody sends more than a few.
const maxPadding = 64

// SchemeBearer is the only authentication scheme this package accepts so far
// (RFC 6750 section 2.1).
const SchemeBearer = "Bearer"

const redacted = "[redacted]"

// Credential is a scheme and a token as a caller presented them. It never
// prints its token: not through fmt, log/slog or an encoder, and not when it
// sits in an unexported field of something that is printed. The zero value is
// no credential. A Credential is immutable and safe for concurrent use.
type Credential struct {
	// The token is kept as a pointer and a length rather than as a string: fmt
	// prints unexported fields by reflection without asking any method, and
	// what it shows of a pointer is an address.
	data   *byte
	size   uint32
	scheme scheme
}

// scheme is an authentication scheme.
type scheme uint8

const bearer scheme = iota + 1 // the zero scheme is none

// String returns the scheme in canonical spelling.
func (s scheme) String() string {
	if s == bearer {
		return SchemeBearer
	}
	return ""
}

// NewBearer returns the credential for a token that did not travel in an
// Authorization header, such as one given to a command. The token must be
// non-empty token68 text (RFC 9110 section 11.2) of at most [MaxTokenSize]
// bytes; anything else is a CREDENTIALS_MALFORMED [*Error].
func NewBearer(token string) (Credential, error) {
	if len(token) > MaxTokenSize {
		return Credential{}, malformed(CheckCredentialSize, fmt.Sprintf("the token exceeds %d bytes", MaxTokenSize))
	}
	if !isToken68(token) {
		return Credential{}, malformed(CheckCredentialSyntax, "the token is not token68 text")
	}
	return bearerCredential(token), nil
}

// bearerCredential returns the credential for a token of a bounded size.
func bearerCredential(token string) Credential {
	return Credential{data: unsafe.StringData(token), size: uint32(len(token)), scheme: bearer} //nolint:gosec // bounded
}

// Scheme returns the scheme in canonical spelling, such as "Bearer".
func (c Credential) Scheme() string { return c.scheme.String() }

// Token returns the secret itself, for a verifier to check.
func (c Credential) Token() string { return unsafe.String(c.data, c.size) }

// bytes returns the secret, which must not be changed.
func (c Credential) bytes() []byte { return unsafe.Slice(c.data, c.size) }

// IsZero reports whether c is no credential at all.
func (c Credential) IsZero() bool { return c.data == nil }

// String returns the scheme and a placeholder.
func (c Credential) String() string {
	if c.IsZero() {
		return "no credential"
	}
	return c.Scheme() + " " + redacted
}

// Format writes the same redacted text for every verb.
func (c Credential) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }

// LogValue implements [slog.LogValuer] with the redacted text.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON, with the
// redacted text.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseAuthorization reads the one credential in the values of the
// Authorization header (RFC 9110 section 11.6.2, RFC 6750 section 2.1). It is
// strict, because anything tolerated here is a way for two parties on the path
// to read two different tokens:
//
//   - no value, an empty value or another scheme: CREDENTIALS_MISSING;
//   - several values, a comma, anything that is not token68 after "Bearer", or
//     more than [MaxTokenSize] bytes: CREDENTIALS_MALFORMED.
//
// The scheme is compared without regard to case and may be followed by several
// spaces. The error is always an [*Error] and never holds a byte of the input.
func ParseAuthorization(values []string) (Credential, error) {
	presented, err := splitAuthorization(values)
	if err != nil {
		return Credential{}, err
	}
	return presented.checked()
}

// checked returns a credential whose token was not looked at yet.
func (c Credential) checked() (Credential, error) {
	if strings.IndexByte(c.Token(), ',') >= 0 {
		return Credential{}, severalJoined()
	}
	return NewBearer(c.Token())
}

// splitAuthorization is [ParseAuthorization] without a look at the characters of
// the token, which may be anything of a bounded size then: see checked.
func splitAuthorization(values []string) (Credential, *Error) {
	switch {
	case len(values) == 0:
		return Credential{}, missing(CheckCredentialAbsent)
	case len(values) > 1:
		return Credential{}, malformed(CheckCredentialCount, "more than one Authorization value")
	}
	value := values[0]
	if value == "" {
		return Credential{}, missing(CheckCredentialAbsent)
	}
	// The size comes first, so that an oversized value costs one comparison.
	if len(value) > len(SchemeBearer)+maxPadding+MaxTokenSize {
		return Credential{}, malformed(CheckCredentialSize, fmt.Sprintf("the Authorization value holds more than a token of %d bytes", MaxTokenSize))
	}
	if !isVisible(value[0]) {
		return Credential{}, malformed(CheckCredentialSyntax, "the Authorization value begins with white space or a control character")
	}
	const n = len(SchemeBearer)
	if len(value) < n || value[:n] != SchemeBearer && !strings.EqualFold(value[:n], SchemeBearer) || len(value) > n && isVisible(value[n]) {
		// Another scheme, perhaps a longer word such as "Bearerish".
		if strings.IndexByte(value, ',') >= 0 {
			return Credential{}, severalJoined()
		}
		return Credential{}, missing(CheckCredentialScheme)
	}
	rest := value[n:]
	// Whatever else than spaces stands between is no token68 either.
	token := strings.TrimLeft(rest, " ")
	return bearerCredential(token), nil
}

func isVisible(c byte) bool { return c > ' ' && c < 0x7f }

// isToken68 reports whether s is 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" /
// "+" / "/" ) *"=".
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" {
		return false
	}
	for i := range len(body) {
		if !token68[body[i]] {
			return false
		}
	}
	return true
}

var token68 = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
		t[c] = true
	}
	return t
}()

// severalJoined is for several fields in one: intermediaries may join them with a
// comma (RFC 9110 section 5.3), and no token68 holds one.
func severalJoined() *Error {
	return malformed(CheckCredentialCount, "a comma in the Authorization value")
}

func missing(check Check) *Error {
	return &Error{Kind: KindUnauthenticated, Reason: ReasonCredentialsMissing, Check: check}
}

func malformed(check Check, cause string) *Error {
	return &Error{Kind: KindUnauthenticated, Reason: ReasonCredentialsMalformed, Check: check, Cause: errors.New(cause)}
}
