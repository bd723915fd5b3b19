// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/speedtest"
)

// cost is a [speedtest.Cost].
type cost struct {
	name   string
	allocs float64
	varies string
	do     func() bool
}

func (c cost) Cost() speedtest.Cost {
	return speedtest.Cost{Name: c.name, Allocs: c.allocs, Varies: c.varies, Do: c.do}
}

// costs are the calls of this package by the benchmark that times them. Those of
// BenchmarkVerify are in speeds.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkRefuse":        refuseCosts,
	"BenchmarkVerifyToken":   verifyTokenCosts,
	"BenchmarkIDTokens":      idTokenCosts,
	"BenchmarkTenantsVerify": tenantsCosts,
	"BenchmarkNew":           newCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkRefuse(b *testing.B)        { benchmark(b) }
func BenchmarkVerifyToken(b *testing.B)   { benchmark(b) }
func BenchmarkIDTokens(b *testing.B)      { benchmark(b) }
func BenchmarkTenantsVerify(b *testing.B) { benchmark(b) }

// BenchmarkNew is for tokens of many tenants, of which each has a verifier made.
func BenchmarkNew(b *testing.B) { benchmark(b) }

var speeds = []struct {
	algorithm string
	// allocs is how many allocations a verification makes beside those of the
	// signature alone.
	allocs float64
}{{"RS256", 16}, {"ES256", 27}, {"EdDSA", 14}}

// speedToken has fourteen claims, as real tokens have about that many.
func (f *fixture) speedToken() string {
	return f.mint(authtest.Subject("248289761001"), authtest.ClientID("s6BhdRkqt3"), authtest.Scopes("widgets.read", "widgets.write", "profile"),
		authtest.Claim("auth_time", time.Now().Add(-time.Minute).Unix()), authtest.Claim("sid", "08a5019c-17e1-4977-8f42-65a12843ea02"),
		authtest.Claim("email", "jane.doe@example.com"), authtest.Claim("name", "Jane Doe"),
		authtest.Claim("tenant", "5b11618e-4bb6-4c4e-8a4f-2f1b1d3c8d5a"), authtest.Claim("roles", []string{"editor", "reviewer"}))
}

// signatureAlone returns the check of a token's signature and nothing else, by the
// standard library.
func signatureAlone(t testing.TB, token string, key crypto.PublicKey) func() bool {
	t.Helper()
	end := strings.LastIndexByte(token, '.')
	signed := []byte(token[:end])
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		t.Fatal(err)
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return func() bool {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		encoded, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		if err != nil {
			t.Fatal(err)
		}
		return func() bool {
			digest := sha256.Sum256(signed)
			return ecdsa.VerifyASN1(key, digest[:], encoded)
		}
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(key, signed, signature) }
	default:
		t.Fatalf("no check for a %T", key)
		return nil
	}
}

// eachSpeed calls f with both checks of a token for every algorithm.
func eachSpeed(t testing.TB, f func(algorithm string, allocs float64, signature, verify func() bool)) {
	for _, s := range speeds {
		as := newFixture(t, s.algorithm)
		v := as.verifier(t, strict())
		token := as.speedToken()
		credential, err := auth.NewBearer(token)
		if err != nil {
			t.Fatal(err)
		}
		f(s.algorithm, s.allocs, signatureAlone(t, token, as.as.Key(as.as.KeyID()).Public()), func() bool {
			_, err := v.Verify(t.Context(), credential)
			return err == nil
		})
	}
}

// BenchmarkVerify is the check of a token that no cache knows, beside that of its
// signature alone. What matters is how many times as long it takes:
//
//	go test ./auth/jwtauth -run '^$' -bench Verify -cpu 1
func BenchmarkVerify(b *testing.B) {
	eachSpeed(b, func(algorithm string, _ float64, signature, verify func() bool) {
		for _, c := range []struct {
			name  string
			check func() bool
		}{{"signature alone", signature}, {"verify", verify}} {
			b.Run(algorithm+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !c.check() {
						b.Fatal("refused")
					}
				}
			})
		}
	})
}

// checkOf is the check that refused a token; "good" if none did.
func checkOf(err error) auth.Check {
	if err == nil {
		return "good"
	}
	e, ok := errors.AsType[*auth.Error](err)
	if !ok {
		return ""
	}
	return e.Check
}

// refuseCosts are of EdDSA, whose signature alone takes no allocation.
func refuseCosts(t testing.TB) []cost {
	f := newFixture(t, "EdDSA")
	v, ctx := f.verifier(t, strict()), t.Context()
	if _, err := v.VerifyToken(ctx, f.speedToken(), jwtauth.Expect{}); err != nil { // the header is known from now on
		t.Fatal(err)
	}
	var all []cost
	for _, c := range []struct {
		name   string
		allocs float64
		token  string
		want   auth.Check
	}{
		{"not a JWT", 2, strings.Repeat("x", 900), jwtauth.CheckShape},
		{"of another issuer", 5, f.mint(authtest.Claim("iss", "https://other.test")), jwtauth.CheckIssuer},
		{"another algorithm", 7, f.mint(authtest.Header("alg", "none")), jwtauth.CheckAlgorithm},
		{"unknown key", 25, f.mint(authtest.Header("kid", "unknown"), authtest.IssuedAt(time.Now().Add(-time.Hour))), jwtauth.CheckKey},
		{"forged", 8, f.mint(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), jwtauth.CheckSignature},
		{"for another audience", 14, f.mint(authtest.Audience("https://elsewhere.test")), jwtauth.CheckAudience},
		{"expired", 12, f.mint(authtest.IssuedAt(time.Now().Add(-2*time.Hour)), authtest.Lifetime(time.Hour)), jwtauth.CheckExpiry},
	} {
		credential, err := auth.NewBearer(c.token)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cost{c.name, c.allocs, "", func() bool { _, err := v.Verify(ctx, credential); return checkOf(err) == c.want }})
	}
	return all
}

func verifyTokenCosts(t testing.TB) []cost {
	f := newFixture(t, "EdDSA")
	v, ctx, token := f.verifier(t, strict()), t.Context(), f.speedToken()
	all := jwtauth.Expect{MaxAge: time.Hour, MaxTokenAge: 24 * time.Hour, MaxLifetime: 24 * time.Hour, Audiences: []string{audience}, RequiredClaims: []string{"email"}}
	is := func(e jwtauth.Expect, want auth.Check) bool {
		_, err := v.VerifyToken(ctx, token, e)
		return checkOf(err) == want
	}
	return []cost{
		{"nothing expected", 15, "", func() bool { return is(jwtauth.Expect{}, "good") }},
		{"all expected", 16, "", func() bool { return is(all, "good") }},
		{"another nonce", 12, "", func() bool { return is(jwtauth.Expect{Nonce: "n"}, jwtauth.CheckNonce) }},
	}
}

func idTokenCosts(t testing.TB) []cost {
	f := newFixture(t, "EdDSA")
	v, ctx := f.idTokens(t), t.Context()
	token := f.as.Mint(authtest.Header("typ", "JWT"), authtest.Claim("nonce", "n"), authtest.Claim("email", "jane.doe@example.com"), authtest.WithoutClaim("client_id"), authtest.WithoutClaim("scope"))
	is := func(nonce string, want auth.Check) bool {
		_, err := v.VerifyToken(ctx, token, jwtauth.Expect{Nonce: nonce})
		return checkOf(err) == want
	}
	return []cost{
		{"good", 12, "", func() bool { return is("n", "good") }},
		{"another nonce", 11, "", func() bool { return is("o", jwtauth.CheckNonce) }},
	}
}

func tenantsCosts(t testing.TB) []cost {
	f := newFixture(t, "EdDSA")
	c := strict()
	c.GrantableScopes = []string{"widgets.read", "widgets.write", "profile"}
	v, err := jwtauth.NewTenants(jwtauth.TenantsConfig{
		Admits: func(name string) bool { return name == issuerURL }, Config: c, Options: []issuer.Option{issuer.WithTransport(f)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	ctx := t.Context()
	is := func(token string, want auth.Check) func() bool {
		credential, err := auth.NewBearer(token)
		if err != nil {
			t.Fatal(err)
		}
		return func() bool { _, err := v.Verify(ctx, credential); return checkOf(err) == want }
	}
	return []cost{
		{"known", 17, "", is(f.speedToken(), "good")},
		{"nobody's", 7, "", is(f.mint(authtest.Claim("iss", "https://other.test")), jwtauth.CheckIssuer)},
	}
}

func newCosts(t testing.TB) []cost {
	f := newFixture(t, "EdDSA")
	iss, err := issuer.New(issuerURL, issuer.WithTransport(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	c := strict()
	return []cost{{"a verifier", 24, "", func() bool { _, err := jwtauth.New(iss, c); return err == nil }}}
}
