// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
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

// costs are the calls of this package by the benchmark that times them.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkNewGuard":           newGuardCosts,
	"BenchmarkCheck":              checkCosts,
	"BenchmarkDecided":            decidedCosts,
	"BenchmarkReadsCredentials":   readsCredentialsCosts,
	"BenchmarkUndecided":          undecidedCosts,
	"BenchmarkNewContext":         newContextCosts,
	"BenchmarkFromContext":        fromContextCosts,
	"BenchmarkClaimsAs":           claimsAsCosts,
	"BenchmarkHasScopes":          hasScopesCosts,
	"BenchmarkRequireScopes":      requireScopesCosts,
	"BenchmarkRequireAnyScope":    requireAnyScopeCosts,
	"BenchmarkScopeMatcher":       scopeMatcherCosts,
	"BenchmarkClaims":             claimsCosts,
	"BenchmarkNewClaims":          newClaimsCosts,
	"BenchmarkDecode":             decodeCosts,
	"BenchmarkCacheVerify":        cacheCosts,
	"BenchmarkChainVerify":        chainCosts,
	"BenchmarkParseAuthorization": credentialCosts,
	"BenchmarkRevoked":            revokedCosts,
	"BenchmarkDigestToken":        digestCosts,
	"BenchmarkChallenges":         challengesCosts,
	"BenchmarkParseChallenges":    parseChallengesCosts,
	"BenchmarkObserve":            observeCosts,
	"BenchmarkOpenStream":         openStreamCosts,
	"BenchmarkWatchStream":        watchStreamCosts,
	"BenchmarkStreamContext":      streamContextCosts,
	"BenchmarkStreamErr":          streamErrCosts,
	"BenchmarkRenewStream":        renewStreamCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

// BenchmarkNewGuard is for the lint plugin, which makes a guard for every method. A
// server makes one.
func BenchmarkNewGuard(b *testing.B) { benchmark(b) }

func BenchmarkCheck(b *testing.B)              { benchmark(b) }
func BenchmarkDecided(b *testing.B)            { benchmark(b) }
func BenchmarkReadsCredentials(b *testing.B)   { benchmark(b) }
func BenchmarkUndecided(b *testing.B)          { benchmark(b) }
func BenchmarkNewContext(b *testing.B)         { benchmark(b) }
func BenchmarkFromContext(b *testing.B)        { benchmark(b) }
func BenchmarkClaimsAs(b *testing.B)           { benchmark(b) }
func BenchmarkHasScopes(b *testing.B)          { benchmark(b) }
func BenchmarkRequireScopes(b *testing.B)      { benchmark(b) }
func BenchmarkRequireAnyScope(b *testing.B)    { benchmark(b) }
func BenchmarkScopeMatcher(b *testing.B)       { benchmark(b) }
func BenchmarkClaims(b *testing.B)             { benchmark(b) }
func BenchmarkNewClaims(b *testing.B)          { benchmark(b) }
func BenchmarkDecode(b *testing.B)             { benchmark(b) }
func BenchmarkCacheVerify(b *testing.B)        { benchmark(b) }
func BenchmarkChainVerify(b *testing.B)        { benchmark(b) }
func BenchmarkParseAuthorization(b *testing.B) { benchmark(b) }
func BenchmarkDigestToken(b *testing.B)        { benchmark(b) }
func BenchmarkChallenges(b *testing.B)         { benchmark(b) }
func BenchmarkParseChallenges(b *testing.B)    { benchmark(b) }
func BenchmarkObserve(b *testing.B)            { benchmark(b) }
func BenchmarkOpenStream(b *testing.B)         { benchmark(b) }
func BenchmarkWatchStream(b *testing.B)        { benchmark(b) }
func BenchmarkStreamContext(b *testing.B)      { benchmark(b) }
func BenchmarkStreamErr(b *testing.B)          { benchmark(b) }
func BenchmarkRenewStream(b *testing.B)        { benchmark(b) }

// Of a token of the usual size.
var (
	goodToken    = "good." + strings.Repeat("x", 900)
	longToken    = "long." + strings.Repeat("x", 4000)
	unkeptToken  = "unkept." + strings.Repeat("x", 900)
	badToken     = "bad." + strings.Repeat("x", 900)
	forgedToken  = "forged." + strings.Repeat("x", 900)
	strangeToken = "strange." + strings.Repeat("x", 900)
)

// speedClaims are what a real token says.
func speedClaims() auth.ClaimsData {
	now := time.Now()
	return auth.ClaimsData{
		Issuer: "https://issuer.test", Subject: "248289761001", ClientID: "s6BhdRkqt3", Principal: auth.PrincipalUser, TokenID: "jti", SessionID: "sid",
		ACR: "mfa", AuthTime: now, KeyID: "kid", Audiences: []string{"https://rs.test", "https://other.test"}, Scopes: []string{"widgets.read", "widgets.write", "profile"},
		Roles: []string{"editor", "reviewer"}, IssuedAt: now, Expiry: now.Add(24 * time.Hour), Deadline: now.Add(24 * time.Hour), FreshUntil: now.Add(24 * time.Hour),
		Payload: []byte(`{"iss":"https://issuer.test","sub":"248289761001","tenant":"blue"}`), Unmarshal: json.Unmarshal, Custom: tenantClaims{"blue"},
	}
}

// speedVerifier knows the tokens above. It allocates nothing itself.
func speedVerifier(t testing.TB) auth.Verifier {
	t.Helper()
	unkept := speedClaims()
	unkept.FreshUntil = time.Time{}
	good := claims(t, speedClaims())
	known := map[string]*auth.Claims{goodToken: good, longToken: good, unkeptToken: claims(t, unkept)}
	bad := auth.InvalidToken("bad", nil)
	bad.FreshFor = 24 * time.Hour
	refused := map[string]error{badToken: bad, forgedToken: auth.InvalidToken("forged", nil)}
	return auth.VerifierFunc(func(_ context.Context, c auth.Credential) (*auth.Claims, error) {
		if c, ok := known[c.Token()]; ok {
			return c, nil
		}
		if err, ok := refused[c.Token()]; ok {
			return nil, err
		}
		return nil, auth.ErrNotHandled
	})
}

const (
	publicMethod   = "/widget.v1.WidgetService/Ping"
	optionalMethod = "/widget.v1.WidgetService/ListWidgets"
	strictMethod   = "/widget.v1.WidgetService/CreateWidget"
	deniedMethod   = "/widget.v1.WidgetService/DeleteWidget"
)

func speedRules() auth.Rules {
	return auth.Rules{
		method: {AllScopes: []string{"widgets.read"}}, publicMethod: {Access: auth.AccessPublic}, optionalMethod: {Access: auth.AccessOptional},
		strictMethod: {
			AllScopes: []string{"widgets.read", "widgets.write"}, AnyScope: []string{"profile", "email"}, ScopeGroups: [][]string{{"openid", "profile"}, {"offline", "widgets.read"}, {"widgets.write"}},
			Issuers: []string{"https://issuer.test"}, Audiences: []string{"https://rs.test"}, Principal: auth.PrincipalUser, ACRValues: []string{"mfa"}, MaxAge: 24 * time.Hour,
		},
		deniedMethod: {AllScopes: []string{"widgets.read", "widgets.delete"}},
	}
}

// revocations have n entries, none of which is about the tokens above.
func revocations(t testing.TB, n int) *auth.RevocationList {
	t.Helper()
	l := revocationList(t, auth.RevocationListConfig{MaxTokenLife: 24 * time.Hour})
	for i := range n {
		if err := l.Revoke(auth.Revocation{Issuer: "https://issuer.test", TokenID: strings.Repeat("r", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// outcomeOf is the check that refused a call; "allowed" if none did.
func outcomeOf(err error) auth.Check {
	if err == nil {
		return "allowed"
	}
	return checkOf(err)
}

func newGuardCosts(t testing.TB) []cost {
	v, rules := speedVerifier(t), auth.Rules{method: {AllScopes: []string{"widgets.read"}}}
	return []cost{
		{"a rule", 10, "", func() bool { _, err := auth.NewGuard(v, rules, auth.WithoutCache()); return err == nil }},
		{"a rule, with a cache", 23, "", func() bool { _, err := auth.NewGuard(v, rules); return err == nil }},
	}
}

func checkCosts(t testing.TB) []cost {
	shadowed := auth.InsecureShadowUntil(time.Now().Add(24 * time.Hour))
	seen := auth.WithObserver(auth.ObserverFunc(func(context.Context, auth.Event) {}))
	revoked := revocations(t, 100)
	if err := revoked.Revoke(auth.Revocation{Issuer: "https://issuer.test", SessionID: "sid"}); err != nil {
		t.Fatal(err)
	}
	var all []cost
	for _, c := range []struct {
		name      string
		allocs    float64
		procedure string
		header    header
		want      auth.Check
		options   []auth.GuardOption
	}{
		{"cached", 1, method, bearer(goodToken), "allowed", nil},
		{"cached, a rule of everything", 1, strictMethod, bearer(goodToken), "allowed", nil},
		{"cached, with revocations", 1, method, bearer(goodToken), "allowed", []auth.GuardOption{auth.WithRevocations(revocations(t, 100))}},
		{"cached, hierarchical scopes", 1, method, bearer(goodToken), "allowed", []auth.GuardOption{auth.WithScopeMatcher(auth.HierarchicalScopes("."))}},
		{"cached, observed", 1, method, bearer(goodToken), "allowed", []auth.GuardOption{seen}},
		{"cached, in shadow mode", 1, method, bearer(goodToken), "allowed", []auth.GuardOption{shadowed}},
		{"not to be kept", 2, method, bearer(unkeptToken), "allowed", nil},
		{"without a cache", 1, method, bearer(goodToken), "allowed", []auth.GuardOption{auth.WithoutCache()}},
		{"public", 1, publicMethod, nil, "allowed", nil},
		{"public, with a token", 1, publicMethod, bearer(goodToken), "allowed", nil},
		{"optional, anonymous", 1, optionalMethod, nil, "allowed", nil},
		{"optional, cached", 1, optionalMethod, bearer(goodToken), "allowed", nil},
		{"no credentials", 1, method, nil, auth.CheckCredentialAbsent, nil},
		{"another scheme", 1, method, header{"authorization": {"Basic " + goodToken}}, auth.CheckCredentialScheme, nil},
		{"two credentials", 2, method, header{"authorization": {"Bearer a", "Bearer b"}}, auth.CheckCredentialCount, nil},
		{"malformed", 2, method, bearer(goodToken + "!"), auth.CheckCredentialSyntax, nil},
		{"too long", 3, method, bearer(strings.Repeat("x", auth.MaxTokenSize+100)), auth.CheckCredentialSize, nil},
		{"refusal remembered", 0, method, bearer(badToken), "bad", nil},
		{"refused each time", 1, method, bearer(forgedToken), "forged", nil},
		{"not handled", 2, method, bearer(strangeToken), auth.CheckNotHandled, nil},
		{"insufficient scope", 6, deniedMethod, bearer(goodToken), auth.CheckRuleScopes, nil},
		{"no rule", 2, "/widget.v1.WidgetService/Nothing", bearer(goodToken), auth.CheckRuleAbsent, nil},
		{"revoked", 2, method, bearer(goodToken), auth.CheckRevoked, []auth.GuardOption{auth.WithRevocations(revoked)}},
		{"let through in shadow mode", 7, deniedMethod, bearer(goodToken), "allowed", []auth.GuardOption{shadowed}},
	} {
		g, r := guard(t, speedVerifier(t), append(c.options, speedRules())...), call(c.procedure, c.header)
		ctx := t.Context()
		all = append(all, cost{c.name, c.allocs, "", func() bool {
			_, err := g.Check(ctx, r)
			return outcomeOf(err) == c.want
		}})
	}
	var none *auth.Guard
	ctx, r := t.Context(), call(method, bearer(goodToken))
	return append(all, cost{"nil guard", 2, "", func() bool {
		_, err := none.Check(ctx, r)
		return outcomeOf(err) == auth.CheckGuard
	}})
}

// decided returns a guard, and the context of a call with a token that it let
// through.
func decided(t testing.TB, options ...auth.GuardOption) (*auth.Guard, context.Context) {
	t.Helper()
	g := guard(t, speedVerifier(t), append(options, speedRules())...)
	ctx, err := g.Check(t.Context(), call(method, bearer(goodToken)))
	if err != nil {
		t.Fatal(err)
	}
	return g, ctx
}

// beneath has put values of others around a context, as interceptors do.
func beneath(ctx context.Context) context.Context {
	type key int
	for i := range 5 {
		ctx = context.WithValue(ctx, key(i), i) //nolint:fatcontext // that is what it is for
	}
	return ctx
}

func decidedCosts(t testing.TB) []cost {
	g, ctx := decided(t)
	none, deep := t.Context(), beneath(ctx)
	return []cost{
		{"decided", 0, "", func() bool { return g.Decided(ctx, method) }},
		{"behind values of others", 0, "", func() bool { return g.Decided(deep, method) }},
		{"not decided", 0, "", func() bool { return !g.Decided(none, method) }},
	}
}

func readsCredentialsCosts(t testing.TB) []cost {
	g, _ := decided(t)
	return []cost{
		{"guarded", 0, "", func() bool { return g.ReadsCredentials(method) }},
		{"public", 0, "", func() bool { return !g.ReadsCredentials(publicMethod) }},
	}
}

func undecidedCosts(t testing.TB) []cost {
	g, ctx := decided(t, auth.WithObserver(auth.ObserverFunc(func(context.Context, auth.Event) {})))
	return []cost{{"observed", 2, "", func() bool { return g.Undecided(ctx, method).Check == auth.CheckUndecided }}}
}

func newContextCosts(t testing.TB) []cost {
	ctx, c := t.Context(), claims(t, speedClaims())
	var kept context.Context
	return []cost{{"claims", 1, "", func() bool {
		kept = auth.NewContext(ctx, c) //nolint:fatcontext // each takes the place of the one before
		return kept != nil
	}}}
}

func fromContextCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	none, deep := t.Context(), beneath(ctx)
	has := func(ctx context.Context) bool { _, ok := auth.FromContext(ctx); return ok }
	return []cost{
		{"claims", 0, "", func() bool { return has(ctx) }},
		{"behind values of others", 0, "", func() bool { return has(deep) }},
		{"none", 0, "", func() bool { return !has(none) }},
	}
}

func claimsAsCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	none := t.Context()
	decode := func(_ []byte, v any) error { *v.(*struct{ Age int }) = struct{ Age int }{7}; return nil } //nolint:forcetypeassert // it is what is asked for
	d := speedClaims()
	d.Unmarshal = decode
	later := auth.NewContext(none, claims(t, d))
	return []cost{
		{"decoded with the token", 0, "", func() bool { c, err := auth.ClaimsAs[tenantClaims](ctx); return err == nil && c.Tenant == "blue" }},
		{"decoded now, but for the decoder", 2, "", func() bool { c, err := auth.ClaimsAs[struct{ Age int }](later); return err == nil && c.Age == 7 }},
		{"none", 0, "", func() bool { _, err := auth.ClaimsAs[tenantClaims](none); return errors.Is(err, auth.ErrNoClaims) }},
	}
}

func hasScopesCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	none := t.Context()
	return []cost{
		{"all", 0, "", func() bool { return auth.HasScopes(ctx, "widgets.read", "profile") }},
		{"not all", 1, "", func() bool { return !auth.HasScopes(ctx, "widgets.read", "widgets.delete") }},
		{"no claims", 0, "", func() bool { return !auth.HasScopes(none, "widgets.read") }},
	}
}

func requireScopesCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	_, hierarchical := decided(t, auth.WithScopeMatcher(auth.HierarchicalScopes(".")))
	none := t.Context()
	return []cost{
		{"all", 0, "", func() bool { return auth.RequireScopes(ctx, "widgets.read", "profile") == nil }},
		{"hierarchical", 0, "", func() bool { return auth.RequireScopes(hierarchical, "widgets.read.all") == nil }},
		{"not all", 6, "", func() bool {
			return checkOf(auth.RequireScopes(ctx, "widgets.read", "widgets.delete")) == auth.CheckHandlerScopes
		}},
		{"no claims", 2, "", func() bool { return checkOf(auth.RequireScopes(none, "widgets.read")) == auth.CheckHandlerClaims }},
	}
}

func requireAnyScopeCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	none := t.Context()
	return []cost{
		{"one", 0, "", func() bool { return auth.RequireAnyScope(ctx, "widgets.delete", "profile") == nil }},
		{"not one", 6, "", func() bool {
			return checkOf(auth.RequireAnyScope(ctx, "widgets.delete", "email")) == auth.CheckHandlerScopes
		}},
		{"no claims", 2, "", func() bool { return checkOf(auth.RequireAnyScope(none, "profile")) == auth.CheckHandlerClaims }},
	}
}

func scopeMatcherCosts(testing.TB) []cost {
	hierarchical, wildcard := auth.HierarchicalScopes("."), auth.WildcardScopes(".")
	return []cost{
		{"HierarchicalScopes", 0, "", func() bool { return hierarchical("widgets", "widgets.read") && !hierarchical("widget", "widgets.read") }},
		{"WildcardScopes", 0, "", func() bool { return wildcard("widgets.*", "widgets.read") && !wildcard("widget.*", "widgets.read") }},
	}
}

func claimsCosts(t testing.TB) []cost {
	c := claims(t, speedClaims())
	return []cost{
		{"HasScope", 0, "", func() bool { return c.HasScope("profile") && !c.HasScope("email") }},
		{"HasRole", 0, "", func() bool { return c.HasRole("reviewer") && !c.HasRole("owner") }},
		{"HasAudience", 0, "", func() bool { return c.HasAudience("https://rs.test") && !c.HasAudience("rs") }},
		{"Scopes", 1, "", func() bool { return slices.Contains(c.Scopes(), "profile") }},
		{"Roles", 1, "", func() bool { return slices.Contains(c.Roles(), "editor") }},
		{"Audiences", 1, "", func() bool { return slices.Contains(c.Audiences(), "https://rs.test") }},
		{"Data", 4, "", func() bool { return c.Data().Subject == "248289761001" }},
		{"accessors", 0, "", func() bool {
			return c.Issuer() != "" && c.Subject() != "" && c.ClientID() != "" && c.TokenID() != "" && c.SessionID() != "" && c.KeyID() != "" && c.ACR() != "" &&
				c.Tenant() == "" && c.User() == "" && c.Principal() == auth.PrincipalUser && c.NotBefore().IsZero() && c.ConfirmedAt().IsZero() &&
				!c.AuthTime().IsZero() && !c.IssuedAt().IsZero() && !c.Expiry().IsZero() && !c.Deadline().IsZero()
		}},
	}
}

func newClaimsCosts(testing.TB) []cost {
	d := speedClaims()
	bare := auth.ClaimsData{Issuer: d.Issuer, Deadline: d.Deadline}
	is := func(d auth.ClaimsData) bool { c, err := auth.NewClaims(d); return err == nil && c.Issuer() == d.Issuer }
	return []cost{
		{"of a token", 5, "", func() bool { return is(d) }},
		{"the least", 2, "", func() bool { return is(bare) }},
	}
}

func decodeCosts(testing.TB) []cost {
	payload := []byte(`{"tenant":"blue"}`)
	decode := func(_ []byte, v any) error { *v.(*tenantClaims) = tenantClaims{"blue"}; return nil } //nolint:forcetypeassert // it is what is asked for
	d := auth.Decode[tenantClaims]()
	return []cost{
		{"but for the decoder", 2, "", func() bool { v, err := d.Decode(payload, decode); return err == nil && v != nil }},
		{"no type", 0, "", func() bool { v, err := (auth.Decoder{}).Decode(payload, decode); return err == nil && v == nil }},
	}
}

func cacheCosts(t testing.TB) []cost {
	cache, ctx := cached(t, speedVerifier(t), auth.CacheConfig{}), t.Context()
	var all []cost
	for _, c := range []struct {
		name   string
		allocs float64
		token  string
		want   auth.Check
	}{
		{"known", 0, goodToken, "allowed"},
		{"refusal remembered", 0, badToken, "bad"},
		{"not to be kept", 1, unkeptToken, "allowed"},
		{"refused each time", 1, forgedToken, "forged"},
		{"known, longer than most", 0, longToken, "allowed"},
	} {
		credential := token(t, c.token)
		all = append(all, cost{c.name, c.allocs, "", func() bool { _, err := cache.Verify(ctx, credential); return outcomeOf(err) == c.want }})
	}
	return all
}

func chainCosts(t testing.TB) []cost {
	says := func(issuer, token string) auth.Verifier {
		c := claims(t, auth.ClaimsData{Issuer: issuer})
		return described{auth.VerifierFunc(func(_ context.Context, credential auth.Credential) (*auth.Claims, error) {
			if credential.Token() == token {
				return c, nil
			}
			return nil, auth.ErrNotHandled
		}), auth.Description{Issuers: []string{issuer}, LimitsScopes: true}}
	}
	chain, err := auth.NewChain(says("https://a.test", "a"), says("https://b.test", "b"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, a, b, c := t.Context(), token(t, "a"), token(t, "b"), token(t, "c")
	is := func(credential auth.Credential, issuer string) bool {
		c, err := chain.Verify(ctx, credential)
		return err == nil && c.Issuer() == issuer
	}
	return []cost{
		{"the first", 0, "", func() bool { return is(a, "https://a.test") }},
		{"the second", 0, "", func() bool { return is(b, "https://b.test") }},
		{"none", 0, "", func() bool { _, err := chain.Verify(ctx, c); return errors.Is(err, auth.ErrNotHandled) }},
	}
}

func credentialCosts(testing.TB) []cost {
	values, malformed := []string{"Bearer " + goodToken}, []string{"Bearer " + goodToken + "!"}
	parses := func(values []string, want auth.Check) bool {
		_, err := auth.ParseAuthorization(values)
		return outcomeOf(err) == want
	}
	return []cost{
		{"good", 0, "", func() bool { return parses(values, "allowed") }},
		{"absent", 1, "", func() bool { return parses(nil, auth.CheckCredentialAbsent) }},
		{"malformed", 2, "", func() bool { return parses(malformed, auth.CheckCredentialSyntax) }},
		{"NewBearer", 0, "", func() bool { c, err := auth.NewBearer(goodToken); return err == nil && c.Token() == goodToken }},
	}
}

func revokedCosts(t testing.TB) []cost {
	none, some, all := revocations(t, 0), revocations(t, 100), revocations(t, 100)
	if err := all.Revoke(auth.Revocation{Issuer: "https://issuer.test", Before: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	c, credential := claims(t, speedClaims()), token(t, goodToken)
	is := func(l *auth.RevocationList, want bool) bool {
		got, err := l.Revoked(c, credential)
		return err == nil && got == want
	}
	return []cost{
		{"no list", 0, "", func() bool { return is(none, false) }},
		{"not in a list", 0, "", func() bool { return is(some, false) }},
		{"in a list", 0, "", func() bool { return is(all, true) }},
	}
}

func digestCosts(t testing.TB) []cost {
	c := token(t, goodToken)
	return []cost{{"a token", 0, "", func() bool { return auth.DigestToken(c) != auth.TokenDigest{} }}}
}

func challengesCosts(t testing.TB) []cost {
	g := guard(t, speedVerifier(t), speedRules(), auth.WithProtectedResource(auth.ProtectedResource{MetadataURL: "https://rs.test/.well-known/oauth-protected-resource", Resource: "https://rs.test"}))
	expired := auth.ExpiredToken("x", nil)
	scope := &auth.Error{Kind: auth.KindPermissionDenied, Reason: auth.ReasonScopeInsufficient, RequiredScopes: []string{"widgets.read", "widgets.delete"}}
	outage := auth.Unavailable("x", time.Second, nil)
	return []cost{
		{"expired", 2, "", func() bool { return len(g.Challenges(expired)) == 1 }},
		{"insufficient scope", 3, "", func() bool { return len(g.Challenges(scope)) == 1 }},
		{"none", 0, "", func() bool { return g.Challenges(outage) == nil }},
	}
}

func parseChallengesCosts(testing.TB) []cost {
	one := []string{`Bearer realm="api", error="insufficient_scope", error_description="more scopes are needed", scope="widgets.read widgets.delete"`}
	two := append([]string{`Basic realm="api"`}, one...)
	reads := func(values []string) bool {
		c, ok := auth.FindChallenge(auth.ParseChallenges(values))
		return ok && c.Error == "insufficient_scope"
	}
	return []cost{
		{"one", 17, "", func() bool { return reads(one) }},
		{"behind another", 24, "", func() bool { return reads(two) }},
		{"none", 0, "", func() bool { return len(auth.ParseChallenges(nil)) == 0 }},
	}
}

// nowhere is a log that nobody reads. A handler that discards would not write what
// it is given.
type nowhere struct{}

func (*nowhere) Write(b []byte) (int, error) { return len(b), nil }

func observeCosts(t testing.TB) []cost {
	to := func(level slog.Level) auth.Observer {
		return auth.SlogObserver(slog.New(slog.NewJSONHandler(&nowhere{}, &slog.HandlerOptions{Level: level})))
	}
	info, debug, ctx := to(slog.LevelInfo), to(slog.LevelDebug), t.Context()
	allowed := auth.Event{Name: auth.EventAllowed, Procedure: method, Claims: claims(t, speedClaims())}
	refused := auth.Event{Name: auth.EventRefused, Procedure: method, Error: auth.InvalidToken("forged", errors.New("forged"))}
	return []cost{
		{"allowed, not logged", 0, "", func() bool { info.Observe(ctx, allowed); return true }},
		{"allowed, logged", 4, "", func() bool { debug.Observe(ctx, allowed); return true }},
		{"refused", 4, "", func() bool { info.Observe(ctx, refused); return true }},
	}
}

func openStreamCosts(t testing.TB) []cost {
	var all []cost
	for _, c := range []struct {
		name      string
		allocs    float64
		procedure string
		header    header
		options   []auth.GuardOption
	}{
		{"a token's", 3, method, bearer(goodToken), nil},
		{"with revocations", 3, method, bearer(goodToken), []auth.GuardOption{auth.WithRevocations(revocations(t, 100))}},
		{"that can be renewed", 3, method, header{"authorization": {"Bearer " + goodToken}, auth.StreamHeader: {streamName}}, []auth.GuardOption{auth.AllowStreamRenewal()}},
		{"public", 1, publicMethod, nil, nil},
	} {
		// One more is open all the time, as on a server.
		g, other := decided(t, c.options...)
		end := func(*auth.Error) {}
		open := g.OpenStream(other, call(method, bearer(goodToken)), end)
		t.Cleanup(func() { _ = open.Close() })
		r := call(c.procedure, c.header)
		ctx, err := g.Check(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cost{c.name, c.allocs, "", func() bool {
			s := g.OpenStream(ctx, r, end)
			return (s == nil) == (c.header == nil) && s.Close() == nil
		}})
	}
	return all
}

// noTransport is one that has nothing to end.
type noTransport struct{}

func (noTransport) EndStream(e *auth.Error) error { return e }
func (noTransport) WakeHandler()                  {}

func watchStreamCosts(t testing.TB) []cost {
	g, ctx := decided(t)
	r := call(method, bearer(goodToken))
	watches := func(ctx context.Context, r *auth.Request) bool {
		s := new(auth.Stream)
		g.WatchStream(ctx, r, s, noTransport{})
		return s.Err() == nil && s.Close() == nil
	}
	open := call(publicMethod, nil)
	public, err := g.Check(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	return []cost{
		{"a token's, with the Stream", 3, "", func() bool { return watches(ctx, r) }},
		{"public, with the Stream", 1, "", func() bool { return watches(public, open) }},
	}
}

func streamContextCosts(t testing.TB) []cost {
	_, ctx := decided(t)
	of := func(uses func(context.Context) bool) func() bool {
		return func() bool {
			s := new(auth.Stream)
			good := uses(s.Context(ctx))
			return s.Close() == nil && good
		}
	}
	return []cost{
		{"asked for claims, with the Stream", 1, "", of(func(ctx context.Context) bool { _, ok := auth.FromContext(ctx); return ok && ctx.Err() == nil })},
		{"waited for, with the Stream", 4, "", of(func(ctx context.Context) bool { return ctx.Done() != nil })},
	}
}

func streamErrCosts(t testing.TB) []cost {
	g, ctx := decided(t)
	s := g.OpenStream(ctx, call(method, bearer(goodToken)), func(*auth.Error) {})
	t.Cleanup(func() { _ = s.Close() })
	var none *auth.Stream
	return []cost{
		{"open", 0, "", func() bool { return s.Err() == nil }},
		{"no stream", 0, "", func() bool { return none.Err() == nil }},
	}
}

func renewStreamCosts(t testing.TB) []cost {
	g, ctx := decided(t, auth.AllowStreamRenewal())
	h := bearer(goodToken)
	h[auth.StreamHeader] = []string{streamName}
	s := g.OpenStream(ctx, call(method, h), func(*auth.Error) {})
	t.Cleanup(func() { _ = s.Close() })
	renewal, err := g.Check(t.Context(), call(auth.StreamRenewalProcedure, bearer(goodToken)))
	if err != nil {
		t.Fatal(err)
	}
	return []cost{
		{"open", 0, "", func() bool {
			end, err := g.RenewStream(renewal, streamName)
			return err == nil && time.Now().Before(end)
		}},
		{"unknown", 0, "", func() bool {
			_, err := g.RenewStream(renewal, streamName+"x")
			return errors.Is(err, auth.ErrNoStream)
		}},
	}
}
