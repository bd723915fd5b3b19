// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
)

// Judge is a kind of verifier.
type Judge string

// The judges.
const (
	// ByKeys looks at the JWT alone.
	ByKeys Judge = "jwtauth"
	// ByKeysAndIssuer asks the issuer about each JWT besides.
	ByKeysAndIssuer Judge = "confirmer"
	// ByIssuer asks the issuer about opaque tokens.
	ByIssuer Judge = "introspection"
)

// Asks reports whether the judge asks the issuer about tokens.
func (j Judge) Asks() bool { return j != ByKeys }

// Judges are those that a case is for.
func (c *Case) Judges() []Judge {
	switch {
	case c.Opaque:
		return []Judge{ByIssuer}
	case c.answered():
		return []Judge{ByKeysAndIssuer}
	default:
		return []Judge{ByKeys, ByKeysAndIssuer}
	}
}

// Scene is the issuer that a token claims to be of, with the keys and the answers
// of a case.
type Scene struct {
	made *Made
	as   *authtest.Issuer
}

// Scene returns an issuer without sockets.
func (m *Made) Scene(t testing.TB) *Scene {
	t.Helper()
	as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: Issuer, Audience: Audience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = as.Close() })
	as.SetJWKS([]byte(m.KeySet))
	return &Scene{m, as}
}

// RoundTrip is how verifiers reach the issuer. It answers what it is asked about
// tokens: one that it does not know is not active.
func (s *Scene) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != Issuer+"/introspect" {
		return s.as.Transport().RoundTrip(r)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	said, known := s.made.Answer(form.Get("token"))
	if !known {
		said = `{"active":false}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(said)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(said)),
	}, nil
}

// Verifier returns one that has not asked the issuer for anything yet.
func (s *Scene) Verifier(t testing.TB, by Judge) auth.Verifier {
	t.Helper()
	iss, err := issuer.New(Issuer, issuer.WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	if by == ByIssuer {
		return s.asking(t, iss)
	}
	config, err := s.made.Case.Config.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jwtauth.New(iss, config)
	if err != nil {
		t.Fatal(err)
	}
	if by == ByKeys {
		return tokens
	}
	both, err := introspection.NewConfirmer(tokens, s.asking(t, iss))
	if err != nil {
		t.Fatal(err)
	}
	return both
}

func (s *Scene) asking(t testing.TB, iss *issuer.Issuer) *introspection.Verifier {
	t.Helper()
	v, err := introspection.New(iss, introspection.Config{
		Audiences: []string{Audience}, Auth: clientauth.None(), ClockSkew: Skew,
		// However slow the machine is, what is remembered is so for the whole trial.
		PositiveTTL: time.Minute, NegativeTTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}
