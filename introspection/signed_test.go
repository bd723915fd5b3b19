// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

func signedAnswers(c *introspection.Config) { c.Signed.ClientID = clientID }

// I6: an answer that is not signed for this service, now, is none.
func TestSignedAnswers(t *testing.T) {
	const check = introspection.CheckSigned
	type options = []authtest.TokenOption
	claim, header := authtest.Claim, authtest.Header
	changed := func(o ...authtest.TokenOption) options { return o }
	for name, tc := range map[string]struct {
		options options
		want    string
	}{
		"good":                        {nil, ok},
		"typ in full":                 {changed(header("typ", "application/token-introspection+jwt")), ok},
		"typ in capitals":             {changed(header("typ", "TOKEN-INTROSPECTION+JWT")), ok},
		"aud in a list":               {changed(claim("aud", []string{"x", clientID})), ok},
		"no kid, one key":             {changed(authtest.WithoutHeader("kid")), ok},
		"more claims":                 {changed(claim("jti", "x"), claim("nbf", 1)), ok},
		"exp to come":                 {changed(claim("exp", time.Now().Unix()+60)), ok},
		"inactive":                    {changed(claim("token_introspection", map[string]any{"active": false})), invalid(introspection.CheckActive)},
		"active for another audience": {changed(claim("token_introspection", map[string]any{"active": true, "aud": "other", "sub": "a"})), invalid(introspection.CheckAudience)},
		"active a word":               {changed(claim("token_introspection", map[string]any{"active": "true"})), invalid(introspection.CheckActive)},

		"typ absent":         {changed(authtest.WithoutHeader("typ")), unavailable(check)},
		"typ JWT":            {changed(header("typ", "JWT")), unavailable(check)},
		"typ of a token":     {changed(header("typ", "at+jwt")), unavailable(check)},
		"typ a number":       {changed(header("typ", 5)), unavailable(check)},
		"typ with parameter": {changed(header("typ", "token-introspection+jwt;x=1")), unavailable(check)},
		"alg none":           {changed(header("alg", "none"), authtest.Signature(func([]byte) []byte { return nil })), unavailable(check)},
		"alg HS256":          {changed(header("alg", "HS256")), unavailable(check)},
		"alg not allowed":    {changed(header("alg", "ES384")), unavailable(check)},
		"alg of another key": {changed(header("alg", "RS256")), unavailable(check)},
		"alg absent":         {changed(authtest.WithoutHeader("alg")), unavailable(check)},
		"alg a list":         {changed(header("alg", []string{"ES256"})), unavailable(check)},
		"kid unknown":        {changed(header("kid", "other")), unavailable(check)},
		"kid empty":          {changed(header("kid", "")), unavailable(check)},
		"kid a number":       {changed(header("kid", 5)), unavailable(check)},
		"kid too long":       {changed(header("kid", strings.Repeat("k", 257))), unavailable(check)},
		"crit":               {changed(header("crit", []string{"exp"})), unavailable(check)},
		"b64":                {changed(header("b64", false)), unavailable(check)},
		"own key":            {changed(header("jwk", map[string]string{"kty": "EC"})), unavailable(check)},
		"own key elsewhere":  {changed(header("jku", "https://evil.test/jwks")), unavailable(check)},
		"own certificate":    {changed(header("x5c", []string{"x"})), unavailable(check)},
		"nested":             {changed(header("cty", "JWT")), unavailable(check)},
		"header no object":   {changed(authtest.RawHeader(`["alg"]`)), unavailable(check)},
		"header twice":       {changed(authtest.RawHeader(`{"alg":"ES256","alg":"none","typ":"token-introspection+jwt"}`)), unavailable(check)},

		"signature of nobody": {changed(authtest.Signature(func([]byte) []byte { return make([]byte, 64) })), unavailable(check)},
		"no signature":        {changed(authtest.Signature(func([]byte) []byte { return nil })), unavailable(check)},
		"iss of another":      {changed(claim("iss", "https://evil.test")), unavailable(check)},
		"iss with a slash":    {changed(claim("iss", issuerURL+"/")), unavailable(check)},
		"iss absent":          {changed(authtest.WithoutClaim("iss")), unavailable(check)},
		"aud of another":      {changed(claim("aud", "rs-2")), unavailable(check)},
		"aud this audience":   {changed(claim("aud", audience)), unavailable(check)},
		"aud absent":          {changed(authtest.WithoutClaim("aud")), unavailable(check)},
		"aud empty list":      {changed(claim("aud", []string{})), unavailable(check)},
		"aud an object":       {changed(claim("aud", map[string]string{clientID: ""})), unavailable(check)},
		"iat absent":          {changed(authtest.WithoutClaim("iat")), unavailable(check)},
		"iat old":             {changed(authtest.IssuedAt(time.Now().Add(-2 * time.Minute))), unavailable(check)},
		"iat in the future":   {changed(authtest.IssuedAt(time.Now().Add(2 * time.Minute))), unavailable(check)},
		"iat a string":        {changed(claim("iat", "1700000000")), unavailable(check)},
		"exp has passed":      {changed(claim("exp", time.Now().Unix()-61)), unavailable(check)},
		"exp a string":        {changed(claim("exp", "x")), unavailable(check)},

		"active outside":            {changed(claim("active", true)), unavailable(check)},
		"active outside alone":      {changed(claim("active", true), authtest.WithoutClaim("token_introspection")), unavailable(check)},
		"nothing inside":            {changed(authtest.WithoutClaim("token_introspection")), unavailable(check)},
		"null inside":               {changed(claim("token_introspection", nil)), unavailable(introspection.CheckAnswer)},
		"a word inside":             {changed(claim("token_introspection", "active")), unavailable(introspection.CheckAnswer)},
		"a list inside":             {changed(claim("token_introspection", []any{map[string]bool{"active": true}})), unavailable(introspection.CheckAnswer)},
		"claims no object":          {changed(authtest.RawClaims("null")), unavailable(check)},
		"claims no JSON":            {changed(authtest.RawClaims("active=true")), unavailable(check)},
		"claims twice":              {changed(authtest.RawClaims(`{"iss":"` + issuerURL + `","iss":"x"}`)), unavailable(check)},
		"active twice inside":       {changed(authtest.RawClaims(`{"iss":"` + issuerURL + `","aud":"` + clientID + `","token_introspection":{"active":false,"active":true}}`)), unavailable(check)},
		"an access token as answer": {changed(header("typ", "at+jwt"), claim("sub", "user-1"), claim("aud", clientID)), unavailable(check)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.Fail(authtest.Introspection, f.as.SignedIntrospection(tc.options...))
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
			expect(t, token, claims, err, tc.want)
			if n := f.as.Requests(authtest.Introspection); n != 1 {
				t.Errorf("%d questions", n)
			}
			if n := f.strangers.Load(); n != 0 {
				t.Errorf("%d requests to somewhere else", n)
			}
		})
	}
}

// I6: there is no way back to plain answers, whoever sends them.
func TestNoDowngrade(t *testing.T) {
	for name, fault := range map[string]authtest.Fault{
		"plain JSON":          authtest.Garbage("application/json", good(nil)),
		"inactive":            authtest.Garbage("application/json", `{"active":false}`),
		"JSON as a JWT":       authtest.Garbage("application/token-introspection+jwt", good(nil)),
		"JWT as JSON":         authtest.Garbage("application/json", "a.b.c"),
		"JWT by another name": authtest.Garbage("application/jwt", "a.b.c"),
		"encrypted":           authtest.Garbage("application/token-introspection+jwt", "a.b.c.d.e"),
		"line break":          authtest.Garbage("application/token-introspection+jwt", "e30.e30.AA\n"),
		"nothing":             authtest.Garbage("application/token-introspection+jwt", ""),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.as.Fail(authtest.Introspection, fault)
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
			expect(t, token, claims, err, unavailable(introspection.CheckSigned))
		})
	}
	for name, spoil := range map[string]func(jwt string) string{
		"control":             func(jwt string) string { return jwt },
		"a line break behind": func(jwt string) string { return jwt + "\n" },
		"padding":             func(jwt string) string { return jwt + "==" },
		"a space before":      func(jwt string) string { return " " + jwt },
		"a segment more":      func(jwt string) string { return jwt + ".e30" },
		"a segment less":      func(jwt string) string { return jwt[:strings.LastIndexByte(jwt, '.')] },
		"no dots":             func(string) string { return "eyJhbGciOiJub25lIn0" },
		"spare bits":          spareBits,
	} {
		t.Run("a good JWT with "+name, func(t *testing.T) {
			f := newFixture(t)
			header := `{"alg":"ES256","typ":"token-introspection+jwt","kid":"` + f.as.KeyID() + `"}`
			claims := `{"iss":"` + issuerURL + `","aud":"` + clientID + `","iat":` + strconv.FormatInt(time.Now().Unix(), 10) + `,"token_introspection":` + good(nil) + `}`
			f.as.Fail(authtest.Introspection, authtest.Garbage("application/token-introspection+jwt", spoil(f.as.Sign([]byte(header), []byte(claims), ""))))
			token, want := f.opaque(), unavailable(introspection.CheckSigned)
			if name == "control" {
				want = ok
			}
			got, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
			expect(t, token, got, err, want)
		})
	}
	for _, media := range []string{"application/json", "application/jwt", "text/plain"} {
		t.Run("a good JWT as "+media, func(t *testing.T) {
			f := newFixture(t)
			f.as.SetHeader(authtest.Introspection, "Content-Type", media)
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
			expect(t, token, claims, err, unavailable(introspection.CheckSigned))
		})
	}
	t.Run("a JWT that nobody asked for", func(t *testing.T) {
		f := newFixture(t)
		f.as.Fail(authtest.Introspection, f.as.SignedIntrospection())
		token := f.opaque()
		claims, err := verify(t.Context(), f.verifier(t), token)
		expect(t, token, claims, err, unavailable(introspection.CheckAnswer))
	})
}

// spareBits sets a bit of the last character that stands for no bit of the
// signature, which has 64 bytes.
func spareBits(jwt string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, jwt[len(jwt)-1])
	return jwt[:len(jwt)-1] + string(alphabet[last^1])
}

func TestSignedAnswerIsAskedFor(t *testing.T) {
	f := newFixture(t)
	if _, err := verify(t.Context(), f.verifier(t, signedAnswers), f.opaque()); err != nil {
		t.Fatal(causes(err))
	}
	if got := f.as.LastRequest(authtest.Introspection).Header.Get("Accept"); got != "application/token-introspection+jwt" {
		t.Errorf("Accept %q", got)
	}
}

// RFC 9701 section 8.1: an answer is no token, whoever judges it.
func TestSignedAnswerAsToken(t *testing.T) {
	f := newFixture(t)
	answer := ""
	recorded := authtest.Signature(func(input []byte) []byte { answer = string(input); return nil })
	f.as.Fail(authtest.Introspection, f.as.SignedIntrospection(recorded, authtest.Claim("aud", audience)))
	_, _ = verify(t.Context(), f.verifier(t, signedAnswers), f.opaque())
	header, claims, _ := strings.Cut(answer, ".")
	answer = f.as.Sign(decoded(t, header), decoded(t, claims), "")
	tokens, err := jwtauth.New(f.issuer(t), jwtauth.Config{Audiences: []string{audience}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify(t.Context(), tokens, answer)
	expect(t, answer, got, err, invalid(jwtauth.CheckType))
	both := func(c *introspection.Config) { c.Tokens = introspection.OpaqueAndJWT }
	got, err = verify(t.Context(), f.verifier(t, both), answer)
	expect(t, answer, got, err, invalid(introspection.CheckActive))
}

// iat is compared with the question, not with the answer's arrival; on a clock
// that stands still, at the edges.
func TestSignedAnswerAge(t *testing.T) {
	for _, tc := range []struct {
		age  time.Duration // before the question
		want string
	}{
		{0, ok}, {61 * time.Second, ok}, {62 * time.Second, unavailable(introspection.CheckSigned)},
		{-60 * time.Second, ok}, {-61 * time.Second, unavailable(introspection.CheckSigned)},
	} {
		bubble(t, func(t *testing.T, f *fixture) {
			f.as.Fail(authtest.Introspection, f.as.SignedIntrospection(authtest.IssuedAt(time.Now().Add(-tc.age))))
			token := f.opaque()
			claims, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
			t.Log(tc.age)
			expect(t, token, claims, err, tc.want)
		})
	}
}

// The keys are those of the issuer, with all that comes with them.
func TestSignedAnswerKeys(t *testing.T) {
	for _, algs := range [][2]string{
		{"RS256", "RS256"}, {"PS256", "PS256"}, {"ES256", "ES256"}, {"ES384", "ES384"}, {"PS512", "PS512"},
		{"EdDSA", "EdDSA"}, {"Ed25519", "Ed25519"}, {"EdDSA", "Ed25519"}, {"Ed25519", "EdDSA"}, // one algorithm
	} {
		f := newFixture(t)
		f.as.Rotate(algs[0])
		allowed := func(c *introspection.Config) { c.Signed.Algorithms = []string{algs[1]} }
		if _, err := verify(t.Context(), f.verifier(t, signedAnswers, allowed), f.opaque()); err != nil {
			t.Errorf("%q: %s", algs, causes(err))
		}
	}
	t.Run("replaced under the same kid", func(t *testing.T) {
		f := newFixture(t)
		v := f.verifier(t, signedAnswers)
		for n := range 2 {
			if _, err := verify(t.Context(), v, f.opaque()); err != nil {
				t.Errorf("%d: %s", n, causes(err))
			}
			f.as.ReplaceKey(f.as.KeyID())
		}
	})
	t.Run("rotated", func(t *testing.T) {
		f := newFixture(t)
		v := f.verifier(t, signedAnswers)
		for range 2 {
			if _, err := verify(t.Context(), v, f.opaque()); err != nil {
				t.Error(causes(err))
			}
			f.as.Rotate()
		}
	})
	t.Run("not there", func(t *testing.T) {
		f := newFixture(t)
		f.as.FailAlways(authtest.JWKS, authtest.Status(500, "Retry-After", "7"))
		token := f.opaque()
		claims, err := verify(t.Context(), f.verifier(t, signedAnswers), token)
		expect(t, token, claims, err, unavailable(introspection.CheckSigned))
		if got := refusal(t, err).RetryAfter; got < 5*time.Second {
			t.Errorf("retry after %v", got)
		}
	})
}

// The wait for keys is part of the question: it has its time and its room.
func TestSignedWaitsForKeysInItsRoom(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		v := f.verifier(t, signedAnswers, once, func(c *introspection.Config) { c.Timeout, c.MaxInFlight = time.Second, 4 })
		f.as.FailAlways(authtest.JWKS, authtest.Hang())
		began := time.Now()
		got := asks(t, v, "made-up-1", "made-up-2", "made-up-3", "made-up-4", "made-up-5")
		if took := time.Since(began); took > time.Second {
			t.Errorf("after %v", took)
		}
		busy, signed := unavailable(introspection.CheckBusy), unavailable(introspection.CheckSigned)
		if want := []string{busy, busy, signed, signed, signed}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		f.as.Recover(authtest.JWKS)
		time.Sleep(5 * time.Minute)
		if _, err := verify(t.Context(), v, f.opaque()); err != nil {
			t.Errorf("afterwards: %s", causes(err))
		}
	})
}
