// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

// The claims arrive as they are, and nothing else does.
func TestWhatIsProved(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.verifier(t, strict())
	now := time.Now().Truncate(time.Second)
	token := f.mint(
		authtest.IssuedAt(now), authtest.Lifetime(time.Minute), authtest.Claim("nbf", now.Unix()-5), authtest.Claim("jti", "id-1"), authtest.Claim("sid", "s-1"),
		authtest.Audience("x", audience), authtest.Scopes("read", "write"),
		// C12: an actor is not the subject.
		authtest.Claim("act", map[string]any{"sub": "admin", "exp": 1}), authtest.Claim("may_act", map[string]any{"sub": "admin"}),
	)
	c, err := verify(t.Context(), v, token)
	if err != nil {
		t.Fatal(err, causes(err))
	}
	got := []any{c.Issuer(), c.Subject(), c.ClientID(), c.Principal(), c.TokenID(), c.SessionID(), c.KeyID(), c.Audiences(), c.Scopes(),
		c.IssuedAt().Unix(), c.NotBefore().Unix(), c.Expiry().Unix(), c.Deadline().Unix()}
	want := []any{issuerURL, "user-1", "client-1", auth.PrincipalUser, "id-1", "s-1", f.as.KeyID(), []string{"x", audience}, []string{"read", "write"},
		now.Unix(), now.Unix() - 5, now.Unix() + 60, now.Unix() + 120}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// C10: a client that is its own subject is no user.
	c, err = verify(t.Context(), v, f.mint(authtest.Subject("client-1")))
	if err != nil || c.Principal() != auth.PrincipalClient {
		t.Errorf("sub = client_id: %v, %v", c, err)
	}
	// A kid is reported only where the token named one.
	c, err = verify(t.Context(), v, f.mint(authtest.WithoutHeader("kid")))
	if err != nil || c.KeyID() != "" {
		t.Errorf("no kid: %v, %v", c, err)
	}
}

// C10: what a subject holds cannot break a log line.
func TestSubjectInLogs(t *testing.T) {
	f := newFixture(t, "ES256")
	for _, subject := range []string{"a\x00b", "a\r\nlevel=ERROR msg=forged", "a\u2028b", "\x1b[31m", `a" b="c`} {
		c, err := verify(t.Context(), f.verifier(t, strict()), f.mint(authtest.Subject(subject)))
		if err != nil {
			t.Fatal(err, causes(err))
		}
		if c.Subject() != subject {
			t.Errorf("subject %q became %q", subject, c.Subject())
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "claims", c)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "claims", c)
		printed := log.String() + fmt.Sprintf("%v %+v %#v %s", c, c, c, c)
		if strings.Count(printed, "\n") != 2 || strings.ContainsAny(printed, "\r\x00\x1b\u2028") {
			t.Errorf("printed as %q", printed)
		}
	}
}

// An issuer that may grant some scopes grants no others. What a scope is spelled
// like is in the corpus (C8, C9).
func TestGrantableScopes(t *testing.T) {
	f := newFixture(t, "ES256")
	for _, tc := range []struct {
		name      string
		option    authtest.TokenOption
		grantable []string
		want      []string
	}{
		{"not limited", authtest.Scopes("read", "x"), nil, []string{"read", "x"}},
		{"grantable: all of them", authtest.Scopes("read", "write"), []string{"read", "write"}, []string{"read", "write"}},
		{"grantable: some", authtest.Scopes("read", "write", "admin"), []string{"write", "x"}, []string{"write"}},
		{"grantable: none", authtest.Scopes("read", "write"), []string{}, nil},
		{"grantable: compared exactly", authtest.Scopes("Read", "read2"), []string{"read"}, nil},
		{"grantable: not a gift", authtest.Scopes(), []string{"read"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := strict()
			c.GrantableScopes = tc.grantable
			v := f.verifier(t, c)
			claims, err := verify(t.Context(), v, f.mint(tc.option))
			if err != nil {
				t.Fatal(err, causes(err))
			}
			if got := claims.Scopes(); !slices.Equal(got, tc.want) {
				t.Errorf("scopes %q, want %q", got, tc.want)
			}
			if claims.HasScope("") || claims.HasScope("admin") {
				t.Error("a scope that was never granted")
			}
			if got := v.Describe().LimitsScopes; got != (tc.grantable != nil) {
				t.Errorf("LimitsScopes %v", got)
			}
		})
	}
}
