// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package contestant_test

import (
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/bench/contestant"
	"github.com/bearerkit/bearerkit/bench/rig"
)

var algorithms = []string{"RS256", "ES256", "EdDSA"}

// A number about a contestant that lets everybody in, or nobody, says nothing.
func TestOutcomes(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer, err := rig.NewIssuer(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = issuer.Close() })
		for _, c := range contestant.All() {
			if !c.Supports(algorithm) || c.Opaque && algorithm != algorithms[0] {
				continue
			}
			t.Run(algorithm+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				testOutcomes(t, c, issuer)
			})
		}
	}
}

func testOutcomes(t *testing.T, c contestant.Contestant, issuer *rig.Issuer) {
	instance, err := c.Start(t.Context(), issuer.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Stop()
	if instance.Handler == nil && instance.Unary == nil {
		t.Fatal("nothing to call")
	}
	mint := issuer.Token
	if c.Opaque {
		mint = func(_ int, more ...authtest.TokenOption) string { return issuer.MintOpaque(more...) }
	}
	good := mint(0, authtest.Scopes(contestant.Scope))
	rows := []struct {
		name, token string
		passes      bool
	}{
		{"good", good, true},
		{"good again", good, true},
		{"another good one", mint(1, authtest.Scopes(contestant.Scope)), true},
		{"expired", mint(2, authtest.Scopes(contestant.Scope), authtest.IssuedAt(time.Now().Add(-3*time.Hour)), authtest.Lifetime(time.Hour)), false},
		{"of another audience", mint(3, authtest.Scopes(contestant.Scope), authtest.Audience("others")), false},
		{"without the scope", mint(4, authtest.Scopes("widgets.write")), false},
		{"made up", "bm90LWEtdG9rZW4", false},
		{"forged", issuer.Forged(), false},
		{"forged again", issuer.Forged(), false},
		{"of an unknown key", issuer.UnknownKey(5), false},
	}
	for _, row := range rows {
		if row.name == "of an unknown key" && (c.Opaque || slowOnUnknownKeys(c)) {
			continue
		}
		err := instance.Decide(contestant.NewInput(t.Context(), row.token))
		if (err == nil) != row.passes {
			t.Errorf("%s: got %v, want it to pass: %v", row.name, err, row.passes)
		}
	}
}

// slowOnUnknownKeys: keyfunc has callers wait for its limit, up to a minute.
func slowOnUnknownKeys(c contestant.Contestant) bool {
	for _, m := range c.Modules {
		if m == "github.com/MicahParks/keyfunc/v3" {
			return true
		}
	}
	return false
}

func TestProbe(t *testing.T) {
	issuer, err := rig.NewIssuer("ES256")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = issuer.Close() }()
	tokens := issuer.Tokens(2)
	probe := contestant.Probe(tokens[:1], time.Now().Add(time.Hour))
	past := contestant.Probe(tokens[:1], time.Now().Add(-time.Hour))
	for _, row := range []struct {
		name     string
		instance *contestant.Instance
		token    string
		passes   bool
	}{
		{"known", probe, tokens[0], true},
		{"unknown", probe, tokens[1], false},
		{"expired", past, tokens[0], false},
	} {
		if err := row.instance.Decide(contestant.NewInput(t.Context(), row.token)); (err == nil) != row.passes {
			t.Errorf("%s: got %v, want it to pass: %v", row.name, err, row.passes)
		}
	}
}

func TestSignatureAlone(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer, err := rig.NewIssuer(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		good, forged := issuer.Token(0), issuer.Forged()
		check, err := contestant.SignatureAlone([]string{good, forged}, issuer.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		if err := check.Decide(contestant.NewInput(t.Context(), good)); err != nil {
			t.Errorf("%s: a good signature: %v", algorithm, err)
		}
		if err := check.Decide(contestant.NewInput(t.Context(), forged)); err == nil {
			t.Errorf("%s: a forged signature passes", algorithm)
		}
		_ = issuer.Close()
	}
}
