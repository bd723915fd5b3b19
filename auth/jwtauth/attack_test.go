// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/internal/attacks"
)

// attackCorpus returns the cases that a verifier of JWTs judges.
func attackCorpus(t testing.TB) []*attacks.Case {
	t.Helper()
	all, err := attacks.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(c *attacks.Case) bool { return !c.JWT() })
}

// spelled is the result as the corpus spells it: the reason implies the kind.
func spelled(err error) string {
	line := result(err)
	for kind, reasons := range map[string][]string{
		"unauthenticated/": {"TOKEN_INVALID/", "TOKEN_EXPIRED/", "CREDENTIALS_MALFORMED/"},
		"unavailable/":     {"AUTHORITY_UNAVAILABLE/"},
	} {
		for _, reason := range reasons {
			line = strings.Replace(line, kind+reason, reason, 1)
		}
	}
	return line
}

func TestCorpus(t *testing.T) {
	all := attackCorpus(t)
	for _, c := range all {
		t.Run(c.String(), func(t *testing.T) { bubble(t, func(t *testing.T, f *fixture) { attack(t, f, c) }) })
	}
	// Who loses a file, or half of one, should know.
	if len(all) < 850 {
		t.Errorf("%d cases", len(all))
	}
}

func attack(t *testing.T, f *fixture, c *attacks.Case) {
	minted := time.Now()
	made, err := c.Make()
	if err != nil {
		t.Fatal(err)
	}
	f.as.SetJWKS([]byte(made.KeySet))
	config, err := c.Config.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	v := f.verifier(t, config)
	if c.Wait > 0 {
		if _, err := verify(t.Context(), v, made.Token); err != nil {
			t.Errorf("at first: %s (%s)", spelled(err), causes(err))
		}
		time.Sleep(time.Duration(c.Wait) * time.Second)
	}
	claims, err := f.offer(t, v, made.Token)
	if got := spelled(err); got != c.Expect {
		t.Errorf("got %s (%s), want %s", got, causes(err), c.Expect)
	}
	proves(t, c.Proves, claims, minted)
	if config.MaxLifetime == 0 && config.MaxTokenAge == 0 {
		return
	}
	// As a configuration has a bound and as one token is expected to meet it,
	// the answers are the same.
	e := jwtauth.Expect{MaxLifetime: config.MaxLifetime, MaxTokenAge: config.MaxTokenAge}
	config.MaxLifetime, config.MaxTokenAge = 0, 0
	claims, err = f.verifier(t, config).VerifyToken(t.Context(), made.Token, e)
	if got := spelled(err); got != c.Expect {
		t.Errorf("expected of the token alone: got %s (%s), want %s", got, causes(err), c.Expect)
	}
	proves(t, c.Proves, claims, minted)
}

func proves(t *testing.T, p *attacks.Proved, claims *auth.Claims, minted time.Time) {
	t.Helper()
	if p == nil || claims == nil {
		return
	}
	for what, pair := range map[string][2]string{
		"subject":   {p.Subject, claims.Subject()},
		"client":    {p.Client, claims.ClientID()},
		"principal": {p.Principal, claims.Principal().String()},
	} {
		if pair[0] != "" && pair[0] != pair[1] {
			t.Errorf("%s %q, want %q", what, pair[1], pair[0])
		}
	}
	if p.Scopes != nil && !slices.Equal(claims.Scopes(), *p.Scopes) {
		t.Errorf("scopes %q, want %q", claims.Scopes(), *p.Scopes)
	}
	if claims.HasScope("") || claims.HasScope("admin") {
		t.Error("a scope that was never granted")
	}
	if p.Deadline == nil {
		return
	}
	if want := minted.Add(time.Duration(*p.Deadline * float64(time.Second))); !claims.Deadline().Equal(want) {
		t.Errorf("deadline %v, want %v", claims.Deadline(), want)
	}
}
