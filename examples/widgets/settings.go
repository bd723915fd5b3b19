// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/bearerkit/bearerkit/introspection"
)

// The values of WIDGETS_TOKENS.
const (
	tokensOpaque    = "opaque"
	tokensJWT       = "jwt"
	tokensConfirmed = "confirmed"
)

// settings are what the environment says.
type settings struct {
	issuer, audience, tokens string
	clientID, clientSecret   string
	endpoint                 string
	cache, timeout           time.Duration
	grpcAddr, connectAddr    string
}

// asks reports whether the issuer is asked about tokens.
func (s settings) asks() bool { return s.tokens != tokensJWT }

// readSettings returns all that is wrong at once.
func readSettings(getenv func(string) string) (settings, error) {
	var faults []error
	text := func(name, fallback string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return fallback
	}
	required := func(name, what string) string {
		v := getenv(name)
		if v == "" {
			faults = append(faults, fmt.Errorf("%s is not set; it is %s", name, what))
		}
		return v
	}
	duration := func(name, fallback string) time.Duration {
		d, err := time.ParseDuration(text(name, fallback))
		if err != nil || d < 0 {
			faults = append(faults, fmt.Errorf("%s is not a duration; write one such as %s", name, fallback))
		}
		return d
	}
	s := settings{
		issuer:      required("WIDGETS_ISSUER", "the issuer's URL"),
		audience:    required("WIDGETS_AUDIENCE", "the name of this service in the aud of tokens"),
		tokens:      text("WIDGETS_TOKENS", tokensOpaque),
		endpoint:    getenv("WIDGETS_ENDPOINT"),
		cache:       duration("WIDGETS_CACHE", "10s"),
		timeout:     duration("WIDGETS_TIMEOUT", "5s"),
		grpcAddr:    text("WIDGETS_GRPC_ADDR", "127.0.0.1:8081"),
		connectAddr: text("WIDGETS_CONNECT_ADDR", "127.0.0.1:8080"),
	}
	if s.cache == 0 {
		s.cache = introspection.NoTTL
	}
	switch s.tokens {
	case tokensOpaque, tokensConfirmed:
		s.clientID = required("WIDGETS_CLIENT_ID", "who asks the issuer about tokens")
		s.clientSecret = required("WIDGETS_CLIENT_SECRET", "the secret of WIDGETS_CLIENT_ID")
	case tokensJWT:
		if s.endpoint != "" || getenv("WIDGETS_CACHE") != "" {
			faults = append(faults, errors.New("WIDGETS_ENDPOINT and WIDGETS_CACHE have no effect on jwt; unset them, or set WIDGETS_TOKENS to confirmed"))
		}
	default:
		faults = append(faults, fmt.Errorf("WIDGETS_TOKENS is none of %s, %s and %s", tokensOpaque, tokensJWT, tokensConfirmed))
	}
	return s, errors.Join(faults...)
}
