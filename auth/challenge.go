// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Challenge is what a refusal asks of a client, read back from its
// WWW-Authenticate value. The functions grpcauth.Challenge and
// connectauth.Challenge get it from an RPC error.
type Challenge struct {
	// Scheme is the authentication scheme, such as "Bearer".
	Scheme string
	// Realm names the protected space.
	Realm string
	// Error is the code of RFC 6750 section 3.1 or RFC 9470 section 3; empty if
	// no credentials were presented.
	Error string
	// ErrorDescription is for the developer of the client.
	ErrorDescription string
	// Scopes are those to ask the issuer for.
	Scopes []string
	// ACRValues and MaxAge say how the user must authenticate (RFC 9470). A
	// MaxAge of zero with HasMaxAge means right now.
	ACRValues []string
	MaxAge    time.Duration
	HasMaxAge bool
	// ResourceMetadata is where the resource's metadata are (RFC 9728 section
	// 5.1).
	ResourceMetadata string
	// Reason is the reason of a refusal by a [Guard]; empty if the server is
	// another.
	Reason Reason
	// RetryAfter is how long to wait before another try; zero if not said.
	RetryAfter time.Duration
}

// maxChallengeSize bounds what is parsed of one field.
const maxChallengeSize = 8 << 10

// ParseChallenges reads the values of the WWW-Authenticate header (RFC 9110
// section 11.6.1), each of which may hold several challenges. What does not
// follow the grammar ends the reading of its value; what was read before counts.
// Challenges with a token68 in place of parameters are left out. A parameter
// that occurs twice in a challenge makes it untrustworthy, and it is left out.
func ParseChallenges(values []string) []Challenge {
	var all []Challenge
	for _, v := range values {
		if len(v) <= maxChallengeSize {
			all = append(all, parseChallenges(v)...)
		}
	}
	return all
}

func parseChallenges(value string) []Challenge {
	var all []Challenge
	p := challengeParser{rest: value}
	scheme := ""
	parameters := make(map[string]string)
	valid := false
	flush := func() {
		if valid {
			all = append(all, newChallenge(scheme, parameters))
		}
		parameters, valid = make(map[string]string), false
	}
	for {
		p.skip(" \t,")
		name := p.token()
		if name == "" {
			flush()
			return all
		}
		p.skip(" \t")
		if !p.take('=') {
			// A name without a value is the scheme of the next challenge.
			flush()
			scheme, valid = name, !p.takeToken68()
			continue
		}
		p.skip(" \t")
		text, ok := p.value()
		if !ok || scheme == "" {
			return all
		}
		key := strings.ToLower(name)
		if _, twice := parameters[key]; twice {
			valid = false
			return all
		}
		parameters[key] = text
	}
}

func newChallenge(scheme string, parameters map[string]string) Challenge {
	c := Challenge{
		Scheme:           scheme,
		Realm:            parameters["realm"],
		Error:            parameters["error"],
		ErrorDescription: parameters["error_description"],
		Scopes:           strings.Fields(parameters["scope"]),
		ACRValues:        strings.Fields(parameters["acr_values"]),
		ResourceMetadata: parameters["resource_metadata"],
	}
	if seconds, err := strconv.ParseUint(parameters["max_age"], 10, 31); err == nil {
		c.MaxAge, c.HasMaxAge = time.Duration(seconds)*time.Second, true
	}
	return c
}

// FindChallenge returns the first Bearer challenge.
func FindChallenge(challenges []Challenge) (Challenge, bool) {
	i := slices.IndexFunc(challenges, func(c Challenge) bool { return strings.EqualFold(c.Scheme, SchemeBearer) })
	if i < 0 {
		return Challenge{}, false
	}
	return challenges[i], true
}

// challengeParser reads the tokens of a header value from the front.
type challengeParser struct{ rest string }

func (p *challengeParser) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

func (p *challengeParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// takeToken68 reads a token68 that stands in place of parameters: one that the
// end or a comma follows.
func (p *challengeParser) takeToken68() bool {
	end := 0
	for end < len(p.rest) && token68[p.rest[end]] {
		end++
	}
	rest := strings.TrimLeft(strings.TrimLeft(p.rest[end:], "="), " \t")
	if end == 0 || rest != "" && rest[0] != ',' {
		return false
	}
	p.rest = rest
	return true
}

// token reads a token (RFC 9110 section 5.6.2), which may be empty.
func (p *challengeParser) token() string {
	end := 0
	for end < len(p.rest) && isTokenChar(p.rest[end]) {
		end++
	}
	token := p.rest[:end]
	p.rest = p.rest[end:]
	return token
}

// value reads a token or a quoted-string.
func (p *challengeParser) value() (string, bool) {
	if !p.take('"') {
		token := p.token()
		return token, token != ""
	}
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		case c < ' ' && c != '\t' || c == 0x7f:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

func isTokenChar(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, rune(c))
}
