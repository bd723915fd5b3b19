// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/clientauth"
	"github.com/bearerkit/bearerkit/introspection"
	"google.golang.org/grpc/codes"
)

// opaqueAPI is the audience of opaque tokens.
const opaqueAPI = "urn:api:opaque"

// newIntrospection returns a verifier that asks the issuer with this identifier.
// Audiences and Auth have defaults here.
func newIntrospection(t testing.TB, identifier string, c introspection.Config, options ...issuer.Option) *introspection.Verifier {
	t.Helper()
	iss, err := issuer.New(identifier, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	if c.Audiences == nil {
		c.Audiences = []string{opaqueAPI}
	}
	if c.Auth == nil {
		c.Auth = clientauth.ClientSecretBasic(ClientID, clientauth.SecretText(ClientSecret))
	}
	c.MissingSubjectIsClient = true // the server leaves sub out for client credentials
	v, err := introspection.New(iss, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// guardOf gives every guard the realm that the refusals of this package name.
func guardOf(t testing.TB, v auth.Verifier, rules auth.Rules) *auth.Guard {
	t.Helper()
	guard, err := auth.NewGuard(v, rules, auth.WithRealm(apis[0].resource))
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// freshRules are those of the guarded service, with the issuer asked on every
// call.
func freshRules() auth.Rules {
	rules := maps.Clone(widgetRules)
	for name, rule := range rules {
		rule.Fresh = true
		rules[name] = rule
	}
	return rules
}

func opaqueToken(t *testing.T, p *Provider, scope string) string {
	t.Helper()
	return token(t, p, TokenRequest{Resource: opaqueAPI, Scope: scope})
}

// expect makes every call of every route that asks for the scope read.
func expect(t *testing.T, routes []route, name, raw string, want func(t testing.TB, name, raw string, got answer)) (calls int) {
	t.Helper()
	for _, r := range routes {
		for _, method := range without(r.methods, createWidget) {
			want(t, name+": "+r.name+": "+method, raw, r.call(t.Context(), method, raw))
			calls++
		}
	}
	return calls
}

func letIn(t testing.TB, name, _ string, got answer) {
	t.Helper()
	if got.err != nil {
		t.Errorf("%s: refused: %v", name, got.err)
	}
}

// eventCount counts what an operator is told.
type eventCount struct {
	mu    sync.Mutex
	count map[auth.EventName]int
}

func (e *eventCount) Observe(_ context.Context, event auth.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.count == nil {
		e.count = make(map[auth.EventName]int)
	}
	e.count[event.Name]++
}

func (e *eventCount) of(name auth.EventName) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count[name]
}

// wantClaims is what a handler must see of an opaque token.
type wantClaims struct {
	subject, client string
	principal       auth.Principal
	scopes          []string
}

// Opaque tokens, one question for each, and the refusals in the words that JWTs
// get.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	stranger := Start(t, Options{})
	var seen atomic.Pointer[auth.Claims]
	v := newIntrospection(t, p.Issuer(), introspection.Config{PositiveTTL: time.Minute, NegativeTTL: time.Minute})
	s := startGuarded(t, guardOf(t, v, widgetRules), func(ctx context.Context) error {
		claims, _ := auth.FromContext(ctx)
		seen.Store(claims)
		return nil
	})
	routes := s.routes(t)
	alice := signIn(t, p, "alice", opaqueAPI, "read")
	web := TokenRequest{ClientID: webClient, ClientSecret: ClientSecret}

	gone := opaqueToken(t, p, "read")
	if err := p.Revoke(t.Context(), gone, TokenRequest{}); err != nil {
		t.Fatal(err)
	}
	// Revoking the refresh token ends the grant and its access token.
	ended := signIn(t, p, "carol", opaqueAPI, "read")
	if err := p.Revoke(t.Context(), ended.Refresh, web); err != nil {
		t.Fatal(err)
	}

	asked := p.Stats().Introspection
	for _, tt := range []struct {
		name, raw string
		want      wantClaims
	}{
		{"client", opaqueToken(t, p, "read"), wantClaims{ClientID, ClientID, auth.PrincipalClient, []string{"read"}}},
		{"client, two scopes", opaqueToken(t, p, "read write"), wantClaims{ClientID, ClientID, auth.PrincipalClient, []string{"read", "write"}}},
		{"user", alice.Access, wantClaims{"alice", webClient, auth.PrincipalUser, []string{"read"}}},
	} {
		expect(t, routes, tt.name, tt.raw, func(t testing.TB, name, raw string, got answer) {
			t.Helper()
			letIn(t, name, raw, got)
			if want := p.Issuer() + " " + tt.want.subject; got.caller != want {
				t.Errorf("%s: caller %q, want %q", name, got.caller, want)
			}
			c := seen.Swap(nil)
			if c == nil {
				t.Errorf("%s: the handler saw no claims", name)
				return
			}
			if c.Issuer() != p.Issuer() || c.Subject() != tt.want.subject || c.ClientID() != tt.want.client || c.Principal() != tt.want.principal ||
				!slices.Equal(c.Scopes(), tt.want.scopes) || !slices.Equal(c.Audiences(), []string{opaqueAPI}) || c.KeyID() != "" ||
				c.Expiry().Sub(c.IssuedAt()) != 10*time.Minute || c.ConfirmedAt().IsZero() {
				t.Errorf("%s: the handler saw %+v principal %v scopes %q audiences %q", name, c, c.Principal(), c.Scopes(), c.Audiences())
			}
		})
		asked++
		if got := p.Stats().Introspection; got != asked {
			t.Errorf("%s: %d questions in all, want %d", tt.name, got, asked)
		}
	}

	before := s.service.Calls()
	for _, tt := range []struct {
		name, raw string
		want      refusal
		once      bool // asked about once; otherwise not at all, or on every call
	}{
		{"no scope", opaqueToken(t, p, ""), lacksScope("read"), true},
		{"made up", "made-up-0123456789-0123456789-0123456789-01", invalid, true},
		{"revoked", gone, invalid, true},
		{"grant revoked", ended.Access, invalid, true},
		{"revoked refresh token", ended.Refresh, invalid, true},
		{"another issuer", token(t, stranger, TokenRequest{Resource: opaqueAPI, Scope: "read"}), invalid, true},
		{"refresh token", alice.Refresh, invalid, false},
		{"refresh token of no resource", signIn(t, p, "bob", "", "").Refresh, invalid, false},
		{"access token of no resource", signIn(t, p, "bob", "", "").Access, invalid, false},
		{"another audience", token(t, p, TokenRequest{Resource: "urn:other:opaque", Scope: "read"}), invalid, false},
		{"longer audience", token(t, p, TokenRequest{Resource: opaqueAPI + ":more", Scope: "read"}), invalid, false},
		{"no audience", token(t, p, TokenRequest{Scope: "read"}), invalid, false},
	} {
		calls := expect(t, routes, tt.name, tt.raw, tt.want.check)
		if tt.once {
			calls = 1
		}
		asked += calls
		if got := p.Stats().Introspection; got != asked {
			t.Errorf("%s: %d questions in all, want %d", tt.name, got, asked)
			asked = got
		}
	}
	// By their shape these are not for this endpoint, and it never sees them.
	for name, raw := range map[string]string{"JWT": token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"}), "ID token": alice.ID} {
		expect(t, routes, name, raw, invalid.check)
	}
	if got := p.Stats().Introspection; got != asked {
		t.Errorf("JWTs: %d questions in all, want %d", got, asked)
	}
	if n := s.service.Calls(); n != before {
		t.Errorf("%d handlers ran for refused tokens", n-before)
	}
	if complaints := s.errors.String(); complaints != "" {
		t.Errorf("net/http logged:\n%s", complaints)
	}
}

// Both kinds of token of one issuer behind one guard.
func TestIntrospectionNextToJWT(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	iss, err := issuer.New(p.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	jwts, err := jwtauth.New(iss, jwtauth.Config{Audiences: audiences()})
	if err != nil {
		t.Fatal(err)
	}
	opaque := newIntrospection(t, p.Issuer(), introspection.Config{})
	raw := token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"})
	forged, _ := tamper(t, raw)
	for name, chain := range map[string][]auth.Verifier{"JWT first": {jwts, opaque}, "opaque first": {opaque, jwts}} {
		both, err := auth.NewChain(chain...)
		if err != nil {
			t.Fatal(err)
		}
		routes := startGuarded(t, guardOf(t, both, widgetRules), nil).routes(t)
		asked := p.Stats().Introspection
		expect(t, routes, name+": JWT", raw, letIn)
		expect(t, routes, name+": forged", forged, invalid.check)
		if got := p.Stats().Introspection; got != asked {
			t.Errorf("%s: %d questions about JWTs", name, got-asked)
		}
		expect(t, routes, name+": opaque", opaqueToken(t, p, "read"), letIn)
		if got := p.Stats().Introspection; got != asked+1 {
			t.Errorf("%s: %d questions about one opaque token, want 1", name, got-asked)
		}
	}
}

// However many calls there are with one token at once, the server is asked once.
func TestIntrospectionShared(t *testing.T) {
	t.Parallel()
	const workers = 10 // for each route
	p := Start(t, Options{})
	v := newIntrospection(t, p.Issuer(), introspection.Config{PositiveTTL: time.Minute, NegativeTTL: time.Minute})
	s := startGuarded(t, guardOf(t, v, widgetRules), nil)
	routes := s.routes(t)
	expect(t, routes, "connect", "", refusal{codes.Unauthenticated, auth.ReasonCredentialsMissing, `Bearer realm="urn:api:jwt", scope="read"`}.check)
	for _, tt := range []struct {
		name, raw string
		want      func(t testing.TB, name, raw string, got answer)
	}{
		{"good", opaqueToken(t, p, "read"), letIn},
		{"made up", "made-up-0123456789-0123456789-0123456789-02", invalid.check},
	} {
		before := p.Stats().Introspection
		begin := make(chan struct{})
		var calls sync.WaitGroup
		for _, r := range routes {
			for n := range workers {
				methods := without(r.methods, createWidget)
				method := methods[n%len(methods)]
				calls.Go(func() {
					<-begin
					tt.want(t, tt.name+": "+r.name+": "+method, tt.raw, r.call(t.Context(), method, tt.raw))
				})
			}
		}
		close(begin)
		calls.Wait()
		if got := p.Stats().Introspection - before; got != 1 {
			t.Errorf("%s: %d questions for %d calls at once, want 1", tt.name, got, workers*len(routes))
		}
	}
}

// A token is good until the second it expires, although the answer about it
// could be kept for longer.
func TestIntrospectionTokenExpires(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{AccessTokenTTL: 2 * time.Second})
	v := newIntrospection(t, p.Issuer(), introspection.Config{PositiveTTL: time.Hour})
	s := startGuarded(t, guardOf(t, v, widgetRules), nil)
	routes := s.routes(t)
	for _, r := range routes { // connect, and read the metadata
		r.call(t.Context(), getWidget, "made-up-0123456789-0123456789-0123456789-03")
	}
	raw := opaqueToken(t, p, "read")
	seconds, _ := introspect(t, p, raw)["exp"].(float64)
	end := time.Unix(int64(seconds), 0)
	var accepted, refused atomic.Int64
	var polls sync.WaitGroup
	for _, r := range routes {
		polls.Go(func() {
			for n := 0; ; n++ {
				methods := without(r.methods, createWidget)
				method := methods[n%len(methods)]
				began := time.Now()
				a := r.call(t.Context(), method, raw)
				ended := time.Now()
				if a.err != nil {
					refused.Add(1)
					if ended.Before(end.Add(-early(method, 2*time.Second))) {
						t.Errorf("%s: %s: refused %v before the expiry: %v", r.name, method, end.Sub(ended), a.err)
					}
					// The server does not tell an expired token from one that never was.
					// Only a call under way as it expires may know better.
					if a.reason() == string(auth.ReasonTokenExpired) && began.Before(end) {
						expired.checkEnded(t, r.name+": "+method, raw, a)
					} else {
						invalid.check(t, r.name+": "+method, raw, a)
					}
					if began.After(end) {
						return
					}
				} else {
					accepted.Add(1)
					if began.After(end) {
						t.Errorf("%s: %s: let in %v after the expiry", r.name, method, began.Sub(end))
						return
					}
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	polls.Wait()
	expect(t, routes, "after the expiry", raw, invalid.check)
	if accepted.Load() == 0 {
		t.Error("the token was never let in")
	}
	t.Logf("%d calls let in before the expiry, %d refused after it", accepted.Load(), refused.Load())
}

// A revoked token may be let in for the positive TTL, counted from the question,
// where the rule is content with that, and not once where it asks for a fresh
// answer.
func TestIntrospectionTokenRevoked(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	p := Start(t, Options{})
	v := newIntrospection(t, p.Issuer(), introspection.Config{PositiveTTL: ttl})
	lazy := startGuarded(t, guardOf(t, v, widgetRules), nil).routes(t)
	eager := startGuarded(t, guardOf(t, v, freshRules()), nil).routes(t)
	mixedRules := maps.Clone(widgetRules)
	for name, rule := range mixedRules {
		if slices.Contains(rule.AllScopes, "write") {
			rule.Fresh = true
			mixedRules[name] = rule
		}
	}
	mixed := startGuarded(t, guardOf(t, v, mixedRules), nil).routes(t)

	raw := opaqueToken(t, p, "read write")
	asked := p.Stats().Introspection
	calls := expect(t, eager, "before, fresh", raw, letIn)
	if got := p.Stats().Introspection - asked; got != calls {
		t.Errorf("fresh: %d questions for %d calls, want as many", got, calls)
	}
	expect(t, mixed, "before, mixed", raw, letIn)
	expect(t, lazy, "before, lazy", raw, letIn)
	time.Sleep(ttl) // so that the cached answers are new ones
	asked = p.Stats().Introspection
	letIn(t, "before, lazy", raw, lazy[0].call(t.Context(), getWidget, raw))
	letIn(t, "before, mixed", raw, mixed[0].call(t.Context(), getWidget, raw))
	cachedAt := time.Now()
	if got := p.Stats().Introspection - asked; got != 2 {
		t.Errorf("after the TTL: %d questions, want 2", got)
	}

	if err := p.Revoke(t.Context(), raw, TokenRequest{}); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	var polls sync.WaitGroup
	var late atomic.Int64
	for _, r := range lazy {
		polls.Go(func() {
			for n := 0; ; n++ {
				methods := without(r.methods, createWidget)
				method := methods[n%len(methods)]
				began := time.Now()
				a := r.call(t.Context(), method, raw)
				if a.err != nil {
					invalid.check(t, r.name+": "+method, raw, a)
					return
				}
				late.Add(1)
				if began.Sub(cachedAt) > ttl {
					t.Errorf("%s: %s: let in %v after the question, TTL %v", r.name, method, began.Sub(cachedAt), ttl)
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	// One guard, one cache, two rules.
	if a := mixed[0].call(t.Context(), getWidget, raw); time.Since(revoked) < ttl/2 {
		letIn(t, "revoked, cached", raw, a)
	}
	for _, r := range mixed {
		if slices.Contains(r.methods, createWidget) {
			invalid.check(t, "revoked, fresh rule next to a cached answer: "+r.name, raw, r.call(t.Context(), createWidget, raw))
		}
	}
	// Now that guard knows.
	expect(t, mixed, "refused under a fresh rule before", raw, invalid.check)
	expect(t, eager, "revoked, fresh", raw, invalid.check)
	polls.Wait()
	if late.Load() == 0 {
		t.Error("no call was let in after the revocation: nothing was cached")
	}
	expect(t, lazy, "after the TTL", raw, invalid.check)
	t.Logf("%d calls let in after the revocation, none %v after the question", late.Load(), ttl)
}

// Answers that the server signs (RFC 9701), each with the algorithm it has for
// the client. Without a registered one it is RS256.
func TestIntrospectionSigned(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	good := opaqueToken(t, p, "read")
	none := opaqueToken(t, p, "")
	refresh := signIn(t, p, "alice", opaqueAPI, "read").Refresh
	for _, tt := range []struct {
		client, signedFor string
		algorithms        []string
		want              bool // the answers can be read
	}{
		{ClientID, ClientID, []string{"RS256"}, true},
		{"rs-jwtintro", "rs-jwtintro", nil, true},
		{"rs-jwtintro-es256", "rs-jwtintro-es256", []string{"ES256"}, true},
		{"rs-jwtintro-eddsa", "rs-jwtintro-eddsa", nil, true},
		{"rs-jwtintro", "rs-jwtintro", []string{"ES256"}, false},
		{"rs-jwtintro", ClientID, nil, false}, // an answer for somebody else
	} {
		name := tt.client + " for " + tt.signedFor
		var events eventCount
		v := newIntrospection(t, p.Issuer(), introspection.Config{
			Auth:     clientauth.ClientSecretBasic(tt.client, clientauth.SecretText(ClientSecret)),
			Signed:   introspection.Signed{ClientID: tt.signedFor, Algorithms: tt.algorithms},
			Observer: &events,
		})
		s := startGuarded(t, guardOf(t, v, widgetRules), nil)
		routes := s.routes(t)
		asked := p.Stats().Introspection
		if tt.want {
			expect(t, routes, name, good, letIn)
			expect(t, routes, name+": no scope", none, lacksScope("read").check)
			for _, r := range routes { // one of each is enough for what is not kept
				invalid.check(t, name+": made up: "+r.name, "made-up", r.call(t.Context(), getWidget, "made-up-0123456789-0123456789-0123456789-04"))
				invalid.check(t, name+": refresh token: "+r.name, refresh, r.call(t.Context(), getWidget, refresh))
			}
		} else {
			for _, raw := range []string{good, refresh, "made-up-0123456789-0123456789-0123456789-05"} {
				for _, r := range routes {
					unavailable.check(t, name+": "+r.name, raw, r.call(t.Context(), getWidget, raw))
				}
			}
			if n := s.service.Calls(); n != 0 {
				t.Errorf("%s: %d handlers ran", name, n)
			}
		}
		if p.Stats().Introspection == asked {
			t.Errorf("%s: the server was not asked", name)
		}
	}
}

// Credentials of this service that the server does not take are nobody's fault
// but this service's: no caller is told to get another token.
func TestIntrospectionCredentials(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	good := opaqueToken(t, p, "read")
	odd := "p:%+&=/ ~sec ret-0123456789-0123456789"
	for _, tt := range []struct {
		name  string
		auth  clientauth.Authenticator
		good  bool
		alarm int
	}{
		{"basic", clientauth.ClientSecretBasic(ClientID, clientauth.SecretText(ClientSecret)), true, 0},
		{"basic, odd characters", clientauth.ClientSecretBasic("rs:basic+odd", clientauth.SecretText(odd)), true, 0},
		{"post", clientauth.ClientSecretPost("rs-post", clientauth.SecretText(ClientSecret)), true, 0},
		// The server takes either, whichever the client is registered with.
		{"post for a client of basic", clientauth.ClientSecretPost(ClientID, clientauth.SecretText(ClientSecret)), true, 0},
		{"basic for a client of post", clientauth.ClientSecretBasic("rs-post", clientauth.SecretText(ClientSecret)), true, 0},
		{"wrong secret", clientauth.ClientSecretBasic(ClientID, clientauth.SecretText("wrong")), false, 1},
		{"wrong secret, post", clientauth.ClientSecretPost("rs-post", clientauth.SecretText("wrong")), false, 1},
		{"unknown client", clientauth.ClientSecretBasic("nobody", clientauth.SecretText(ClientSecret)), false, 1},
		// The server says 400, which may be about the token until nothing else comes.
		{"none", clientauth.None(), false, 1},
		{"bearer", clientauth.Bearer(clientauth.SecretText(opaqueToken(t, p, "read"))), false, 1},
	} {
		var events eventCount
		v := newIntrospection(t, p.Issuer(), introspection.Config{Auth: tt.auth, Observer: &events})
		s := startGuarded(t, guardOf(t, v, widgetRules), nil)
		want, wantOther := unavailable.check, unavailable.check
		if tt.good {
			want, wantOther = letIn, invalid.check
		}
		routes := s.routes(t)
		expect(t, routes, tt.name, good, want)
		for _, r := range routes {
			wantOther(t, tt.name+": made up: "+r.name, "made-up", r.call(t.Context(), getWidget, "made-up-0123456789-0123456789-0123456789-06"))
		}
		if got := events.of(introspection.EventMisconfigured); got != tt.alarm {
			t.Errorf("%s: %d alarms, want %d", tt.name, got, tt.alarm)
		}
		if n := s.service.Calls(); !tt.good && n != 0 {
			t.Errorf("%s: %d handlers ran", tt.name, n)
		}
	}
}

// A secret that was replaced while the server runs refuses nobody.
func TestIntrospectionSecretRotates(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	var reads atomic.Int64
	secret := func(context.Context) (string, error) {
		if reads.Add(1) == 1 {
			return "the-old-one", nil
		}
		return ClientSecret, nil
	}
	var events eventCount
	v := newIntrospection(t, p.Issuer(), introspection.Config{Auth: clientauth.ClientSecretBasic(ClientID, clientauth.SecretFunc(secret)), Observer: &events})
	r := startGuarded(t, guardOf(t, v, widgetRules), nil).routes(t)[0]
	letIn(t, r.name, "", r.call(t.Context(), getWidget, opaqueToken(t, p, "read")))
	if got := p.Stats().Introspection; got != 2 {
		t.Errorf("%d questions, want 2: with the old secret and with the new one", got)
	}
	if got := events.of(introspection.EventMisconfigured); got != 0 {
		t.Errorf("%d alarms, want none", got)
	}
}

// The server calls refresh tokens active and names neither a type nor an audience
// for them, so that only the settings named Insecure let one in.
func TestIntrospectionRefreshToken(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	user := signIn(t, p, "alice", opaqueAPI, "read")
	got := introspect(t, p, user.Refresh)
	iat, _ := got["iat"].(float64)
	exp, _ := got["exp"].(float64)
	want := map[string]any{
		"active": true, "iss": p.Issuer(), "sub": "alice", "client_id": webClient,
		"scope": "openid offline_access read", "iat": iat, "exp": exp,
	}
	if !reflect.DeepEqual(got, want) || exp-iat < 3600 {
		t.Errorf("introspection %v, want %v", got, want)
	}
	noAudience := token(t, p, TokenRequest{Scope: "read"})
	for _, tt := range []struct {
		name                string
		config              introspection.Config
		noAudience, refresh func(t testing.TB, name, raw string, got answer)
	}{
		{"default", introspection.Config{}, invalid.check, invalid.check},
		{"hint", introspection.Config{TokenTypeHint: "refresh_token"}, invalid.check, invalid.check},
		{"no hint", introspection.Config{TokenTypeHint: introspection.NoHint}, invalid.check, invalid.check},
		{"missing audience", introspection.Config{InsecureAllowMissingAudience: true}, letIn, invalid.check},
		{"unknown kind", introspection.Config{InsecureAllowUnknownKind: true}, invalid.check, invalid.check},
		{"both", introspection.Config{InsecureAllowMissingAudience: true, InsecureAllowUnknownKind: true}, letIn, letIn},
	} {
		routes := startGuarded(t, guardOf(t, newIntrospection(t, p.Issuer(), tt.config), widgetRules), nil).routes(t)
		for _, r := range routes {
			letIn(t, tt.name+": access token: "+r.name, user.Access, r.call(t.Context(), getWidget, user.Access))
			tt.noAudience(t, tt.name+": access token of no audience: "+r.name, noAudience, r.call(t.Context(), getWidget, noAudience))
			tt.refresh(t, tt.name+": refresh token: "+r.name, user.Refresh, r.call(t.Context(), getWidget, user.Refresh))
		}
	}
}

// The server does not answer about JWTs. That tells nothing about them, and
// keeps nobody from asking about others.
func TestIntrospectionOfJWTs(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	var events eventCount
	v := newIntrospection(t, p.Issuer(), introspection.Config{
		Audiences: append(audiences(), opaqueAPI), Tokens: introspection.OpaqueAndJWT, Observer: &events,
	})
	iss, err := issuer.New(p.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = iss.Close() })
	jwts, err := jwtauth.New(iss, jwtauth.Config{Audiences: audiences()})
	if err != nil {
		t.Fatal(err)
	}
	confirmer, err := introspection.NewConfirmer(jwts, v)
	if err != nil {
		t.Fatal(err)
	}
	raw := token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"})
	forged, _ := tamper(t, raw)
	asking := startGuarded(t, guardOf(t, v, widgetRules), nil).routes(t)
	confirming := startGuarded(t, guardOf(t, confirmer, widgetRules), nil).routes(t)
	before := p.Stats().Introspection
	calls := expect(t, asking, "asked", raw, unavailable.check)
	calls += expect(t, confirming, "confirmed", raw, unavailable.check)
	expect(t, confirming, "confirmed, forged", forged, invalid.check)
	if got := p.Stats().Introspection - before; got != calls {
		t.Errorf("%d questions for %d calls, want as many, and none about forged tokens", got, calls)
	}
	expect(t, asking, "opaque", opaqueToken(t, p, "read"), letIn)
	// The operator hears that nothing could be told until the last.
	for name, want := range map[auth.EventName]int{introspection.EventMisconfigured: 1, introspection.EventOpened: 0} {
		if n := events.of(name); n != want {
			t.Errorf("%s: %d times, want %d", name, n, want)
		}
	}
}

// An issuer behind a private CA, which binds a token to the certificate of the
// client: such a token is no bearer token.
func TestIntrospectionTLS(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{TLS: true})
	transport := p.HTTPClient().Transport
	good := opaqueToken(t, p, "read")
	bound, _ := bindToken(t, p, opaqueAPI)
	if got := introspect(t, p, bound); got["active"] != true || got["cnf"] == nil {
		t.Errorf("introspection %v, want an active token with cnf", got)
	}
	for _, signed := range []introspection.Signed{{}, {ClientID: ClientID}} {
		v := newIntrospection(t, p.Issuer(), introspection.Config{Transport: transport, Signed: signed}, issuer.WithTransport(transport))
		routes := startGuarded(t, guardOf(t, v, noScopes()), nil).routes(t)
		expect(t, routes, "good", good, letIn)
		expect(t, routes, "bound", bound, invalid.check)
	}
	// The endpoint is reached as the issuer is.
	v := newIntrospection(t, p.Issuer(), introspection.Config{}, issuer.WithTransport(transport))
	expect(t, startGuarded(t, guardOf(t, v, noScopes()), nil).routes(t), "the issuer's way", good, letIn)
	// Without the CA, in either place.
	for name, v := range map[string]auth.Verifier{
		"metadata": newIntrospection(t, p.Issuer(), introspection.Config{Transport: transport}),
		"endpoint": newIntrospection(t, p.Issuer(), introspection.Config{Transport: http.DefaultTransport}, issuer.WithTransport(transport)),
	} {
		for _, r := range startGuarded(t, guardOf(t, v, widgetRules), nil).routes(t) {
			unavailable.check(t, "no CA, "+name+": "+r.name, good, r.call(t.Context(), getWidget, good))
		}
	}
}

// noScopes are rules that any token satisfies.
func noScopes() auth.Rules {
	rules := maps.Clone(widgetRules)
	for name := range rules {
		rules[name] = auth.Rule{}
	}
	return rules
}

// The server dies: what was kept is served to its end, then nobody can tell.
func TestIntrospectionServerDies(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	p := Start(t, Options{})
	var events eventCount
	v := newIntrospection(t, p.Issuer(), introspection.Config{PositiveTTL: ttl, Observer: &events})
	s := startGuarded(t, guardOf(t, v, widgetRules), nil)
	routes := s.routes(t)
	raw := opaqueToken(t, p, "read")
	for _, r := range routes {
		r.call(t.Context(), getWidget, "made-up-0123456789-0123456789-0123456789-07")
	}
	letIn(t, "before", raw, routes[0].call(t.Context(), getWidget, raw))
	asked := time.Now()
	if err := p.server.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	<-p.server.done
	served := 0
	for n := 0; time.Since(asked) < ttl+500*time.Millisecond; n++ {
		r := routes[n%len(routes)]
		began := time.Now()
		if a := r.call(t.Context(), getWidget, raw); a.err == nil {
			served++
			if began.Sub(asked) > ttl {
				t.Errorf("%s: let in %v after the question, TTL %v", r.name, began.Sub(asked), ttl)
			}
		} else {
			unavailable.check(t, r.name, raw, a)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if served == 0 {
		t.Error("nothing was served after the death")
	}
	expect(t, routes, "dead", raw, unavailable.check)
	expect(t, routes, "dead, another token", "made-up-0123456789-0123456789-0123456789-08", unavailable.check)
	if events.of(introspection.EventOpened) == 0 {
		t.Error("the operator was not told")
	}
	if n := events.of(introspection.EventMisconfigured); n != 0 {
		t.Errorf("%d alarms about credentials, which have nothing to do with it", n)
	}
}
