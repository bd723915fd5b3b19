// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/introspection"
)

// says is one case of a table: what the endpoint says, and what becomes of it.
type says struct {
	name, answer, want string
}

// run offers each answer to a verifier of its own.
func (f *fixture) run(t *testing.T, rows []says, changes ...func(*introspection.Config)) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			f.as.ResetRequests()
			token := f.says(r.answer)
			claims, err := verify(t.Context(), f.verifier(t, changes...), token)
			expect(t, token, claims, err, r.want)
			if n := f.as.Requests(authtest.Introspection); n != 1 {
				t.Errorf("%d questions", n)
			}
			if n := f.strangers.Load(); n != 0 {
				t.Errorf("%d requests to somewhere else", n)
			}
		})
	}
}

// one is a good answer with one member changed.
func one(name string, value any) string { return good(map[string]any{name: value}) }

// raw is a good answer with one member as it stands.
func raw(name, value string) string {
	rest := good(map[string]any{name: nil})
	return `{"` + name + `":` + value + "," + rest[1:]
}

// I1: nothing but the boolean true, once, in this spelling.
func TestActive(t *testing.T) {
	cases := attackCorpus(t, "I1")
	bubble(t, func(t *testing.T, f *fixture) {
		for _, r := range answers(t, cases) {
			token := f.says(r.answer)
			claims, err := verify(t.Context(), f.verifier(t), token)
			t.Log(r.name)
			expect(t, token, claims, err, r.want)
			if err == nil {
				continue
			}
			// I9: only what the issuer said for certain may be remembered.
			want := time.Duration(0)
			if strings.HasPrefix(r.name, "active false") {
				want = 3 * time.Second
			}
			if got := refusal(t, err).FreshFor; got != want {
				t.Errorf("remembered for %v, want %v", got, want)
			}
		}
	})
}

// What cannot be read leaves everybody as wise as before.
func TestDocument(t *testing.T) {
	f := newFixture(t)
	bad := unavailable(introspection.CheckAnswer)
	f.run(t, []says{
		{"empty", "", bad},
		{"null", "null", bad},
		{"a list", "[" + good(nil) + "]", bad},
		{"a string", asJSON(good(nil)), bad},
		{"true", "true", bad},
		{"cut short", strings.TrimSuffix(good(nil), "}"), bad},
		{"two documents", good(nil) + good(nil), bad},
		{"a word behind", good(nil) + "x", bad},
		{"byte order mark", "\ufeff" + good(nil), bad},
		{"comment", "/**/" + good(nil), bad},
		{"bad UTF-8", with("\"x\":\"\xff\""), bad},
		{"a lone surrogate", with(`"x":"\ud800"`), bad},
		{"nested too deep", with(`"x":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001)), bad},
		{"white space", " \n" + good(nil) + "\n", ok},
		{"sub twice", with(`"sub":"root"`), invalid(introspection.CheckAmbiguous)},
		{"sub in two cases", with(`"SUB":"root"`), invalid(introspection.CheckAmbiguous)},
		{"sub with the long s", with(`"` + "\u017f" + `ub":"root"`), invalid(introspection.CheckAmbiguous)},
		{"twice within", with(`"ext":{"a":1,"A":2}`), invalid(introspection.CheckAmbiguous)},
		{"nested deep", with(`"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)), invalid(introspection.CheckAmbiguous)},
	})
}

// A-70 and I4: what the issuer calls active is checked here once more.
func TestMembers(t *testing.T) {
	newFixture(t).run(t, answers(t, attackCorpus(t, "I4")))
}

// The edges of time, on a clock that stands still.
func TestTimes(t *testing.T) {
	bubble(t, func(t *testing.T, f *fixture) {
		now := time.Now().Unix()
		for _, tc := range []struct {
			change map[string]any
			want   string
		}{
			{map[string]any{"exp": now + 1}, ok},
			{map[string]any{"exp": now, "iat": now - 9}, expired(introspection.CheckExpiry)},
			{map[string]any{"nbf": now + 60}, ok},
			{map[string]any{"nbf": now + 61}, invalid(introspection.CheckNotBefore)},
			{map[string]any{"iat": now + 60}, ok},
			{map[string]any{"iat": now + 61}, invalid(introspection.CheckIssuedAt)},
			{map[string]any{"iat": now, "exp": now + 1}, ok},
			{map[string]any{"iat": now + 1, "exp": now + 1}, invalid(introspection.CheckIssuedAt)},
			{map[string]any{"auth_time": now + 60}, ok},
			{map[string]any{"auth_time": now + 61}, invalid(introspection.CheckAuthTime)},
			{map[string]any{"exp": 1 << 53}, ok},
		} {
			token := f.says(good(tc.change))
			claims, err := verify(t.Context(), f.verifier(t), token)
			t.Log(tc.change)
			expect(t, token, claims, err, tc.want)
		}
	})
}

// I13, and law 3: one deadline, which is exp itself; how long an answer may be
// kept counts from the question.
func TestLife(t *testing.T) {
	const latency = 2 * time.Second
	for name, tc := range map[string]struct {
		exp             any // seconds from now
		positive        time.Duration
		deadline, fresh time.Duration // from when it was asked; -1 for never
	}{
		"exp far off":        {600, 0, 600 * time.Second, 10 * time.Second},
		"exp soon":           {5, 0, 5 * time.Second, 10 * time.Second},
		"without exp":        {nil, 0, 10*time.Second + latency, 10 * time.Second},
		"long TTL":           {600, time.Minute, 600 * time.Second, time.Minute},
		"long TTL, exp soon": {5, time.Minute, 5 * time.Second, time.Minute},
		"short TTL":          {600, time.Second, 600 * time.Second, time.Second},
		"no TTL":             {600, introspection.NoTTL, 600 * time.Second, -1},
		"no TTL, no exp":     {nil, introspection.NoTTL, time.Second + latency, -1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				began := time.Now()
				change := map[string]any{"exp": nil}
				if seconds, ok := tc.exp.(int); ok {
					change["exp"] = began.Unix() + int64(seconds)
				}
				cache, err := auth.Cached(f.verifier(t, func(c *introspection.Config) { c.PositiveTTL = tc.positive }), auth.CacheConfig{})
				if err != nil {
					t.Fatal(err)
				}
				f.as.Fail(authtest.Introspection, authtest.Delay(latency))
				token := f.says(good(change))
				claims, err := verify(t.Context(), cache, token)
				if err != nil {
					t.Fatal(causes(err))
				}
				if got := claims.Deadline().Sub(began); got != tc.deadline {
					t.Errorf("deadline after %v, want %v", got, tc.deadline)
				}
				if got := claims.ConfirmedAt().Sub(began); got != 0 {
					t.Errorf("confirmed at %v", got)
				}
				// The cache asks again when the answer is not fresh any more.
				asked := func() bool {
					before := f.as.Requests(authtest.Introspection)
					_, _ = verify(t.Context(), cache, token)
					return f.as.Requests(authtest.Introspection) > before
				}
				end := min(tc.fresh, tc.deadline)
				if end <= latency {
					if !asked() {
						t.Error("kept, and was not to be")
					}
					return
				}
				time.Sleep(end - latency - time.Nanosecond)
				if asked() {
					t.Error("asked again too early")
				}
				time.Sleep(time.Nanosecond)
				if !asked() {
					t.Error("not asked again")
				}
			})
		})
	}
}

func TestFacts(t *testing.T) {
	f := newFixture(t)
	type custom struct {
		Ext struct {
			Tenant string `json:"tenant"`
		} `json:"ext"`
	}
	now := time.Now().Unix()
	token := f.says(good(map[string]any{
		"scope": "read  write read", "sid": "session-1", "acr": "2", "auth_time": now - 5, "username": "alice", "nbf": now - 1,
		"aud": []string{"x", audience}, "ext": map[string]any{"tenant": "t1"}, "groups": []string{"a", "b"}, "org": map[string]any{"id": "o1"},
	}))
	v := f.verifier(t, func(c *introspection.Config) {
		c.Claims = jwtauth.ClaimNames{Roles: []string{"groups", "absent"}, Tenant: "/org/id"}
		c.Custom = auth.Decode[custom]()
	})
	claims, err := verify(t.Context(), v, token)
	if err != nil {
		t.Fatal(causes(err))
	}
	for name, pair := range map[string][2]any{
		"issuer":    {claims.Issuer(), issuerURL},
		"subject":   {claims.Subject(), "user-1"},
		"client":    {claims.ClientID(), "client-1"},
		"principal": {claims.Principal(), auth.PrincipalUser},
		"token id":  {claims.TokenID(), "token-1"},
		"session":   {claims.SessionID(), "session-1"},
		"user":      {claims.User(), "alice"},
		"tenant":    {claims.Tenant(), "o1"},
		"acr":       {claims.ACR(), "2"},
		"auth time": {claims.AuthTime().Unix(), now - 5},
		"not before": {
			claims.NotBefore().Unix(), now - 1,
		},
		"issued":    {claims.IssuedAt().Unix(), now},
		"expiry":    {claims.Expiry().Unix(), now + 600},
		"scopes":    {asJSON(claims.Scopes()), `["read","write"]`},
		"audiences": {asJSON(claims.Audiences()), asJSON([]string{"x", audience})},
		"roles":     {asJSON(claims.Roles()), `["a","b"]`},
		"key":       {claims.KeyID(), ""},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	ctx := auth.NewContext(t.Context(), claims)
	if c, err := auth.ClaimsAs[custom](ctx); err != nil || c.Ext.Tenant != "t1" {
		t.Errorf("custom claims %+v, %v", c, err)
	}
	// Also those nobody decoded before.
	type other struct {
		Groups []string `json:"groups"`
	}
	if c, err := auth.ClaimsAs[other](ctx); err != nil || len(c.Groups) != 2 {
		t.Errorf("other claims %+v, %v", c, err)
	}
}

func TestOptions(t *testing.T) {
	f := newFixture(t)
	scopes := func(names ...string) func(*introspection.Config) {
		return func(c *introspection.Config) { c.Claims.Scopes = names }
	}
	noAudience := func(c *introspection.Config) { c.InsecureAllowMissingAudience = true }
	noSubject := func(c *introspection.Config) { c.InsecureAllowMissingSubject = true }
	isClient := func(c *introspection.Config) { c.MissingSubjectIsClient = true }
	anyKind := func(c *introspection.Config) { c.InsecureAllowMissingAudience, c.InsecureAllowUnknownKind = true, true }
	jwtsToo := func(c *introspection.Config) { c.Tokens = introspection.OpaqueAndJWT }
	requires := func(names ...string) func(*introspection.Config) {
		return func(c *introspection.Config) { c.RequiredClaims = names }
	}
	for _, tc := range []struct {
		name   string
		change func(*introspection.Config)
		answer string
		want   string
		scopes []string
	}{
		{"missing audience", noAudience, one("aud", nil), ok, []string{"read"}},
		{"missing audience: an empty list", noAudience, one("aud", []string{}), ok, []string{"read"}},
		{"missing audience: null", noAudience, raw("aud", "null"), ok, []string{"read"}},
		{"missing audience: another one", noAudience, one("aud", "https://other.test"), invalid(introspection.CheckAudience), nil},
		{"missing audience: a number", noAudience, one("aud", 5), invalid(introspection.CheckAudience), nil},
		{"missing audience: empty", noAudience, one("aud", ""), invalid(introspection.CheckAudience), nil},
		{"missing audience: perhaps a refresh token", noAudience, good(map[string]any{"aud": nil, "token_type": nil}), invalid(introspection.CheckKind), nil},
		{"missing audience: token_use says", noAudience, good(map[string]any{"aud": nil, "token_type": nil, "token_use": "access_token"}), ok, []string{"read"}},
		{"unknown kind", anyKind, good(map[string]any{"aud": nil, "token_type": nil}), ok, []string{"read"}},
		{"unknown kind: a known other", anyKind, good(map[string]any{"aud": nil, "token_type": "refresh_token"}), invalid(introspection.CheckKind), nil},
		{"JWTs too: an ID token", jwtsToo, one("nonce", "n"), invalid(introspection.CheckKind), nil},
		{"JWTs too: nonce null", jwtsToo, raw("nonce", "null"), ok, []string{"read"}},
		{"opaque ones only: nonce", func(*introspection.Config) {}, one("nonce", "n"), ok, []string{"read"}},
		{"missing subject", noSubject, one("sub", nil), ok, []string{"read"}},
		{"missing subject is client", isClient, one("sub", nil), ok, []string{"read"}},
		{"missing subject is client: none", isClient, good(map[string]any{"sub": nil, "client_id": nil}), invalid(introspection.CheckSubject), nil},
		{"missing subject is client: empty", isClient, one("sub", ""), invalid(introspection.CheckSubject), nil},
		{"missing subject: empty", noSubject, one("sub", ""), invalid(introspection.CheckSubject), nil},

		{"required", requires("iss", "/ext/tenant"), one("ext", map[string]string{"tenant": "t"}), ok, []string{"read"}},
		{"required: absent", requires("iss"), one("iss", nil), invalid(introspection.CheckRequired), nil},
		{"required: null", requires("iss"), raw("iss", "null"), invalid(introspection.CheckRequired), nil},
		{"required: null within", requires("/ext/tenant"), raw("ext", `{"tenant":null}`), invalid(introspection.CheckRequired), nil},
		{"required: no object", requires("/scope/x"), good(nil), invalid(introspection.CheckRequired), nil},

		{"scopes elsewhere", scopes("scp", "/ext/scopes"), good(map[string]any{"scp": []string{"a", "b c"}, "ext": map[string]any{"scopes": "d e"}}), ok, []string{"a", "b c", "d", "e"}},
		{"scopes elsewhere: scope is not one", scopes("scp"), good(nil), ok, nil},
		{"scopes elsewhere: a number", scopes("scp"), raw("scp", "5"), invalid(introspection.CheckScope), nil},
		{"scopes as a list", scopes("scope"), raw("scope", `["read"]`), ok, []string{"read"}},
		{"scopes in other claims are none", nil, with(`"scp":"admin","scopes":"admin","ext":{"scope":"admin"}`), ok, []string{"read"}},
		{"scope with a tab", nil, one("scope", "read\twrite"), ok, []string{"read\twrite"}},
		{"grantable scopes", func(c *introspection.Config) { c.GrantableScopes = []string{"read"} }, one("scope", "read write"), ok, []string{"read"}},
		{"nothing grantable", func(c *introspection.Config) { c.GrantableScopes = []string{} }, good(nil), ok, nil},

		{"tenant absent", func(c *introspection.Config) { c.Claims.Tenant = "org" }, good(nil), invalid(introspection.CheckMapping), nil},
		{"tenant null", func(c *introspection.Config) { c.Claims.Tenant = "org" }, raw("org", "null"), invalid(introspection.CheckMapping), nil},
		{"tenant empty", func(c *introspection.Config) { c.Claims.Tenant = "org" }, one("org", ""), invalid(introspection.CheckMapping), nil},
		{"user elsewhere", func(c *introspection.Config) { c.Claims.User = "login" }, one("login", "bob"), ok, []string{"read"}},
		{"user elsewhere: absent", func(c *introspection.Config) { c.Claims.User = "login" }, one("username", "bob"), invalid(introspection.CheckMapping), nil},
		{"roles a number", func(c *introspection.Config) { c.Claims.Roles = []string{"n"} }, one("n", 5), invalid(introspection.CheckMapping), nil},
		{"custom", func(c *introspection.Config) { c.Custom = auth.Decode[picky]() }, one("plan", "gold"), ok, []string{"read"}},
		{"custom: not valid", func(c *introspection.Config) { c.Custom = auth.Decode[picky]() }, good(nil), invalid(introspection.CheckCustom), nil},
		{"custom: another type", func(c *introspection.Config) { c.Custom = auth.Decode[picky]() }, one("plan", 5), invalid(introspection.CheckCustom), nil},
		{"no skew", func(c *introspection.Config) { c.ClockSkew = introspection.NoClockSkew }, one("nbf", time.Now().Unix()+30), invalid(introspection.CheckNotBefore), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			token := f.says(tc.answer)
			change := tc.change
			if change == nil {
				change = func(*introspection.Config) {}
			}
			claims, err := verify(t.Context(), f.verifier(t, change), token)
			expect(t, token, claims, err, tc.want)
			if err == nil && !slices.Equal(claims.Scopes(), tc.scopes) {
				t.Errorf("scopes %q, want %q", claims.Scopes(), tc.scopes)
			}
		})
	}
}

// picky are claims that are not valid without a plan.
type picky struct {
	Plan string `json:"plan"`
}

func (p picky) Validate() error {
	if p.Plan == "" {
		return errors.New("no plan")
	}
	return nil
}

// what proves neither a user nor a client is neither.
func TestPrincipal(t *testing.T) {
	f := newFixture(t)
	noSubject := func(c *introspection.Config) { c.InsecureAllowMissingSubject = true }
	for _, tc := range []struct {
		name   string
		change map[string]any
		want   auth.Principal
	}{
		{"a user", nil, auth.PrincipalUser},
		{"a client", map[string]any{"sub": "client-1"}, auth.PrincipalClient},
		{"no client", map[string]any{"client_id": nil}, auth.PrincipalUnknown},
		{"no subject", map[string]any{"sub": nil}, auth.PrincipalUnknown},
		{"neither", map[string]any{"sub": nil, "client_id": nil}, auth.PrincipalUnknown},
		{"a grant type", map[string]any{"grant_type": "client_credentials"}, auth.PrincipalUnknown},
		{"Auth0's grant type", map[string]any{"gty": "client-credentials"}, auth.PrincipalUnknown},
		{"Auth0's client", map[string]any{"sub": "client-1@clients"}, auth.PrincipalUnknown},
		{"Keycloak's service account", map[string]any{"username": "service-account-client-1"}, auth.PrincipalUnknown},
		{"the same by the other name", map[string]any{"preferred_username": "Service-Account-client-1"}, auth.PrincipalUnknown},
		{"Kubernetes", map[string]any{"sub": "system:serviceaccount:a:b"}, auth.PrincipalUnknown},
		{"Entra's application", map[string]any{"idtyp": "app"}, auth.PrincipalUnknown},
		{"Entra's application by oid", map[string]any{"oid": "user-1"}, auth.PrincipalUnknown},
		{"an actor is not the subject", map[string]any{"act": map[string]any{"sub": "client-1"}}, auth.PrincipalUser},
		{"another grant type", map[string]any{"grant_type": "authorization_code", "username": "alice"}, auth.PrincipalUser},
	} {
		claims, err := verify(t.Context(), f.verifier(t, noSubject), f.says(good(tc.change)))
		if err != nil {
			t.Errorf("%s: %s", tc.name, causes(err))
		} else if claims.Principal() != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, claims.Principal(), tc.want)
		}
	}
	isClient := f.verifier(t, func(c *introspection.Config) { c.MissingSubjectIsClient = true })
	for sub, want := range map[any]auth.Principal{nil: auth.PrincipalClient, "client-1": auth.PrincipalClient, "user-1": auth.PrincipalUser} {
		claims, err := verify(t.Context(), isClient, f.says(one("sub", sub)))
		if err != nil || claims.Principal() != want || claims.Principal() == auth.PrincipalClient && claims.Subject() != "client-1" {
			t.Errorf("sub %v: %v %v, %s", sub, claims, claims.Principal(), causes(err))
		}
	}
}

// I2 and I3: what is no answer about the token is never one.
func TestEndpointFaults(t *testing.T) {
	const check = introspection.CheckStatus
	const request = introspection.CheckRequest
	bomb := strings.Repeat(" ", 10<<20)
	for name, tc := range map[string]struct {
		fault    authtest.Fault
		want     auth.Check
		requests int
		alarm    bool
	}{
		"I2 HTML":                   {authtest.Garbage("text/html", "<html>"), introspection.CheckAnswer, 1, false},
		"I2 good JSON as HTML":      {authtest.Garbage("text/html", good(nil)), introspection.CheckAnswer, 1, false},
		"I2 good JSON as text":      {authtest.Garbage("text/plain; charset=utf-8", good(nil)), introspection.CheckAnswer, 1, false},
		"I2 good JSON as a variety": {authtest.Garbage("application/x+json", good(nil)), introspection.CheckAnswer, 1, false},
		"I2 good JSON as a JWT":     {authtest.Garbage("application/token-introspection+jwt", good(nil)), introspection.CheckAnswer, 1, false},
		"I2 no content type":        {authtest.Garbage("x", good(nil)), introspection.CheckAnswer, 1, false},
		"I2 empty":                  {authtest.Garbage("application/json", ""), introspection.CheckAnswer, 1, false},
		"I2 null":                   {authtest.Garbage("application/json", "null"), introspection.CheckAnswer, 1, false},
		"I2 a list":                 {authtest.Garbage("application/json", "["+good(nil)+"]"), introspection.CheckAnswer, 1, false},
		"I2 10 MB":                  {authtest.Garbage("application/json", bomb+good(nil)), introspection.CheckAnswer, 1, false},
		"I2 endless":                {authtest.Endless(), introspection.CheckAnswer, 1, false},
		"I2 compressed":             {authtest.Garbage("application/json", "\x1f\x8b\x08\x00\x00\x00\x00\x00"), introspection.CheckAnswer, 1, false},
		"I2 truncated":              {authtest.Truncate(20), request, 3, false},
		"I3 400":                    {authtest.Status(400), check, 1, false},
		"I3 400 with a code":        {authtest.OAuthError(400, "invalid_request"), check, 1, false},
		"I3 400 invalid_client":     {authtest.OAuthError(400, "invalid_client"), introspection.CheckClientAuth, 1, true},
		"I3 400 unauthorized":       {authtest.OAuthError(400, "unauthorized_client"), introspection.CheckClientAuth, 1, true},
		"I3 401":                    {authtest.Status(401), introspection.CheckClientAuth, 1, true},
		"I3 403":                    {authtest.Status(403), introspection.CheckClientAuth, 1, true},
		"I3 404":                    {authtest.Status(404), check, 1, true},
		"I3 405":                    {authtest.Status(405), check, 1, true},
		"I3 429":                    {authtest.Status(429), check, 3, false},
		"I3 500":                    {authtest.Status(500), check, 1, false},
		"I3 502":                    {authtest.Status(502), check, 3, false},
		"I3 503":                    {authtest.Status(503), check, 3, false},
		"I3 504":                    {authtest.Status(504), check, 3, false},
		"I3 hang":                   {authtest.Hang(), request, 1, false},
		"I3 slow":                   {authtest.Slow(1, time.Second), request, 1, false},
		"I3 reset":                  {authtest.Reset(), request, 3, false},
		"I3 redirect":               {authtest.Redirect("https://evil.test/introspect"), check, 1, true},
		"I3 redirect to itself":     {authtest.Redirect(issuerURL + "/introspect"), check, 1, true},
		"I3 201":                    {authtest.Status(201), check, 1, false},
		"I3 204":                    {authtest.Status(204), check, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				f.as.FailAlways(authtest.Introspection, tc.fault)
				v, token := f.verifier(t), f.opaque()
				began := time.Now()
				claims, err := verify(t.Context(), v, token)
				expect(t, token, claims, err, unavailable(tc.want))
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("after %v", took)
				}
				if n := f.as.Requests(authtest.Introspection); n != tc.requests {
					t.Errorf("%d questions, want %d", n, tc.requests)
				}
				if n := f.strangers.Load(); n != 0 {
					t.Errorf("%d requests to somewhere else", n)
				}
				var want []auth.EventName
				if tc.alarm {
					want = []auth.EventName{introspection.EventMisconfigured}
				}
				if got := f.heard(); !slices.Equal(got, want) {
					t.Errorf("events %q, want %q", got, want)
				}
				// And it is over when it is over.
				f.as.Recover(authtest.Introspection)
				if _, err := verify(t.Context(), v, token); err != nil {
					t.Errorf("afterwards: %s", causes(err))
				}
			})
		})
	}
}

// A body that somebody compressed unasked is not undone.
func TestCompressedAnswer(t *testing.T) {
	f := newFixture(t)
	f.as.SetHeader(authtest.Introspection, "Content-Encoding", "gzip")
	token := f.says("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")
	claims, err := verify(t.Context(), f.verifier(t), token)
	expect(t, token, claims, err, unavailable(introspection.CheckAnswer))
}

func TestLargeAnswer(t *testing.T) {
	f := newFixture(t)
	fill := func(n int) string {
		padded := with(`"pad":""`)
		return strings.Replace(padded, `"pad":"`, `"pad":"`+strings.Repeat("x", n-len(padded)), 1)
	}
	f.run(t, []says{
		{"256 KiB", fill(256 << 10), ok},
		{"a byte more", fill(256<<10 + 1), unavailable(introspection.CheckAnswer)},
	})
}

// Faults that come and go are nobody's business.
func TestRetries(t *testing.T) {
	for name, tc := range map[string]struct {
		faults []authtest.Fault
		events []auth.EventName
	}{
		"one reset":           {[]authtest.Fault{authtest.Reset()}, nil},
		"two resets":          {[]authtest.Fault{authtest.Reset(), authtest.Reset()}, nil},
		"503, then truncated": {[]authtest.Fault{authtest.Status(503), authtest.Truncate(5)}, nil},
		// Nobody else is served meanwhile.
		"429 with a delay": {[]authtest.Fault{authtest.Status(http.StatusTooManyRequests, "Retry-After", "2")}, []auth.EventName{introspection.EventOpened, introspection.EventClosed}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fixture) {
				f.as.Fail(authtest.Introspection, tc.faults...)
				if _, err := verify(t.Context(), f.verifier(t), f.opaque()); err != nil {
					t.Error(causes(err))
				}
				if n := f.as.Requests(authtest.Introspection); n != len(tc.faults)+1 {
					t.Errorf("%d questions", n)
				}
				if events := f.heard(); !slices.Equal(events, tc.events) {
					t.Errorf("events %q", events)
				}
			})
		})
	}
}

func TestAnswersDoNotShareMembers(t *testing.T) {
	// 3.3-4: what a caller does to its claims is its own.
	f := newFixture(t)
	v, token := f.verifier(t), f.opaque()
	first, err := verify(t.Context(), v, token)
	if err != nil {
		t.Fatal(causes(err))
	}
	first.Scopes()[0], first.Audiences()[0] = "admin", "evil"
	type answer = map[string]any
	a, err := auth.ClaimsAs[answer](auth.NewContext(t.Context(), first))
	if err != nil {
		t.Fatal(err)
	}
	a["sub"] = "EVIL"
	b, _ := auth.ClaimsAs[answer](auth.NewContext(t.Context(), first))
	if !first.HasScope("read") || !first.HasAudience(audience) || maps.Equal(map[string]string{"sub": b["sub"].(string)}, map[string]string{"sub": "EVIL"}) {
		t.Errorf("%v %q %q %v", first, first.Scopes(), first.Audiences(), b)
	}
}
