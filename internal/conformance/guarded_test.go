// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"google.golang.org/grpc/codes"
)

// Tokens of a real server, through real clients, to a real handler: what is let
// in sees the token's claims, and what is refused is told why in the same words
// over every route.
func TestGuardedService(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	var seen atomic.Pointer[auth.Claims]
	s := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}), func(ctx context.Context) error {
		claims, _ := auth.FromContext(ctx)
		seen.Store(claims)
		return nil
	})
	routes := s.routes(t)
	var accepted, refused int

	// arrives makes a call and checks that it took the way that the route is
	// named for.
	arrives := func(t *testing.T, r route, method, raw string) answer {
		t.Helper()
		s.arrived.Store(nil)
		a := r.call(t.Context(), method, raw)
		switch got := s.arrived.Load(); {
		case r.want == nil && got == nil:
		case r.want == nil || got == nil || *r.want != *got:
			t.Errorf("%s: arrived as %v, want %v", method, got, r.want)
		}
		return a
	}
	lets := func(t *testing.T, r route, method, raw string, a api, scopes ...string) {
		t.Helper()
		seen.Store(nil)
		got := arrives(t, r, method, raw)
		if got.err != nil {
			t.Errorf("%s: refused: %v", method, got.err)
			return
		}
		accepted++
		if want := p.Issuer() + " " + ClientID; got.caller != want {
			t.Errorf("%s: caller %q, want %q", method, got.caller, want)
		}
		c := seen.Load()
		switch {
		case c == nil:
			t.Errorf("%s: the handler saw no claims", method)
		case c.Issuer() != p.Issuer(), c.Subject() != ClientID, c.ClientID() != ClientID,
			c.Principal() != auth.PrincipalClient, !slices.Equal(c.Scopes(), scopes), c.KeyID() != a.kid,
			!slices.Equal(c.Audiences(), []string{a.resource}), c.TokenID() == "",
			c.Expiry().Sub(c.IssuedAt()) != 10*time.Minute:
			t.Errorf("%s: the handler saw %+v principal %v scopes %q key %q audiences %q", method, c, c.Principal(), c.Scopes(), c.KeyID(), c.Audiences())
		}
	}
	refuses := func(t *testing.T, r route, method, raw string, want refusal) {
		t.Helper()
		before := s.service.Calls()
		got := arrives(t, r, method, raw)
		refused++
		want.check(t, method, raw, got)
		if s.service.Calls() != before {
			t.Errorf("%s: the handler ran", method)
		}
	}

	for _, a := range apis {
		read := token(t, p, TokenRequest{Resource: a.resource, Scope: "read"})
		both := token(t, p, TokenRequest{Resource: a.resource, Scope: "read write"})
		none := token(t, p, TokenRequest{Resource: a.resource})
		badSignature, badScope := tamper(t, read)
		for _, r := range routes {
			t.Run(a.alg+"/"+r.name, func(t *testing.T) {
				for _, method := range r.methods {
					if method == createWidget {
						lets(t, r, method, both, a, "read", "write")
						refuses(t, r, method, read, lacksScope("write"))
						continue
					}
					lets(t, r, method, read, a, "read")
					refuses(t, r, method, none, lacksScope("read"))
					refuses(t, r, method, badSignature, invalid)
					refuses(t, r, method, badScope, invalid)
				}
			})
		}
	}

	stranger := Start(t, Options{})
	for name, raw := range map[string]string{
		// Some other service's token, from the issuer that is trusted here.
		"another audience": token(t, p, TokenRequest{Resource: "urn:other:jwt", Scope: "read write"}),
		// An audience compares exactly.
		"longer audience":          token(t, p, TokenRequest{Resource: "urn:api:jwt:more", Scope: "read write"}),
		"opaque":                   token(t, p, TokenRequest{Resource: "urn:api:opaque", Scope: "read write"}),
		"opaque, no audience":      token(t, p, TokenRequest{Scope: "read write"}),
		"another issuer, same kid": token(t, stranger, TokenRequest{Resource: "urn:api:jwt", Scope: "read write"}),
		"another issuer, our claims": transplant(t, token(t, stranger, TokenRequest{Resource: "urn:api:jwt", Scope: "read write"}),
			token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read write"})),
	} {
		for _, r := range routes {
			t.Run(name+"/"+r.name, func(t *testing.T) {
				for _, method := range r.methods {
					refuses(t, r, method, raw, invalid)
				}
			})
		}
	}
	for _, r := range routes {
		t.Run("no token/"+r.name, func(t *testing.T) {
			for _, method := range r.methods {
				scope := "read"
				if method == createWidget {
					scope = "write"
				}
				refuses(t, r, method, "", refusal{codes.Unauthenticated, auth.ReasonCredentialsMissing, `Bearer realm="urn:api:jwt", scope="` + scope + `"`})
			}
		})
	}
	// One fetch to begin with, and one for all the tampered tokens together.
	if got, want := p.Stats(), (Stats{JWKS: 2, Discovery: 1}); got != want {
		t.Errorf("the server was asked %+v, want %+v", got, want)
	}
	if complaints := s.errors.String(); complaints != "" {
		t.Errorf("net/http logged:\n%s", complaints)
	}
	t.Logf("%d routes, %d calls let in, %d refused, %+v", len(routes), accepted, refused, p.Stats())
}

// A token that is good at one service is worth nothing at another one with the
// same issuer.
func TestGuardedServiceOfAnotherAudience(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{})
	here := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}), nil)
	there := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{Audiences: []string{"urn:other:jwt"}}), nil)
	raw := token(t, p, TokenRequest{Resource: "urn:api:jwt", Scope: "read"})
	others := there.routes(t)
	for i, r := range here.routes(t) {
		for _, method := range without(r.methods, createWidget) {
			if a := r.call(t.Context(), method, raw); a.err != nil {
				t.Errorf("%s: %s: %v", r.name, method, a.err)
			}
			want := invalid
			want.challenge = strings.Replace(want.challenge, "urn:api:jwt", "urn:other:jwt", 1)
			want.check(t, r.name+": "+method, raw, others[i].call(t.Context(), method, raw))
		}
	}
	if n := there.service.Calls(); n != 0 {
		t.Errorf("%d handlers ran", n)
	}
}

// A token is good until the second it expires, by the one clock that all have
// here, and is then told so.
func TestGuardedServiceTokenExpires(t *testing.T) {
	t.Parallel()
	const life = 2 * time.Second
	p := Start(t, Options{AccessTokenTTL: life})
	s := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{ClockSkew: jwtauth.NoClockSkew}), nil)
	routes := s.routes(t)
	for _, r := range routes { // connect, and fetch the keys
		if a := r.call(t.Context(), getWidget, ""); a.code != codes.Unauthenticated {
			t.Fatalf("%s: %v", r.name, a.err)
		}
	}
	tokens := make([]string, len(apis))
	var last time.Time
	for i, a := range apis {
		tokens[i] = token(t, p, TokenRequest{Resource: a.resource, Scope: "read"})
		last = expiry(t, tokens[i])
	}
	var accepted, refused atomic.Int64
	var polls sync.WaitGroup
	for i, r := range routes {
		polls.Go(func() {
			raw := tokens[i%len(tokens)]
			end := expiry(t, raw)
			for n := 0; ; n++ {
				methods := without(r.methods, createWidget)
				method := methods[n%len(methods)]
				began := time.Now()
				a := r.call(t.Context(), method, raw)
				ended := time.Now()
				if a.err != nil {
					refused.Add(1)
					if ended.Before(end.Add(-early(method, life))) {
						t.Errorf("%s: %s: refused %v before the expiry: %v", r.name, method, end.Sub(ended), a.err)
					}
					if began.Before(end) {
						expired.checkEnded(t, r.name+": "+method, raw, a)
					} else {
						expired.check(t, r.name+": "+method, raw, a)
					}
					return
				}
				accepted.Add(1)
				if began.After(end) {
					t.Errorf("%s: %s: let in %v after the expiry", r.name, method, began.Sub(end))
				}
				if began.After(end.Add(5 * time.Second)) {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	polls.Wait()
	time.Sleep(time.Until(last))
	for _, r := range routes {
		for _, method := range without(r.methods, createWidget) {
			for _, raw := range tokens {
				expired.check(t, r.name+": "+method, raw, r.call(t.Context(), method, raw))
				refused.Add(1)
			}
		}
	}
	if accepted.Load() == 0 {
		t.Error("no token was ever let in")
	}
	t.Logf("%d calls let in before the expiry, %d refused after it", accepted.Load(), refused.Load())
}

// An issuer behind a private CA.
func TestGuardedServiceTLSIssuer(t *testing.T) {
	t.Parallel()
	p := Start(t, Options{TLS: true})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.CA(), MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	trusting := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}, issuer.WithTransport(transport)), nil)
	distrusting := startGuarded(t, newGuard(t, p.Issuer(), jwtauth.Config{}), nil)
	var tokens []string
	for _, a := range apis {
		tokens = append(tokens, token(t, p, TokenRequest{Resource: a.resource, Scope: "read"}))
	}
	others := distrusting.routes(t)
	for i, r := range trusting.routes(t) {
		for _, method := range without(r.methods, createWidget) {
			raw := tokens[i%len(tokens)]
			if a := r.call(t.Context(), method, raw); a.err != nil {
				t.Errorf("%s: %s: %v", r.name, method, a.err)
			}
			unavailable.check(t, "without the CA: "+r.name+": "+method, raw, others[i].call(t.Context(), method, raw))
		}
		// What no key can mend is still refused for good.
		badShape := "opaque-token"
		invalid.check(t, "without the CA: "+r.name, badShape, others[i].call(t.Context(), getWidget, badShape))
	}
	if n := distrusting.service.Calls(); n != 0 {
		t.Errorf("%d handlers ran", n)
	}
}

// refusal is what a refused caller must be told.
type refusal struct {
	code      codes.Code
	reason    auth.Reason
	challenge string // empty for none
}

var (
	invalid = refusal{codes.Unauthenticated, auth.ReasonTokenInvalid,
		`Bearer realm="urn:api:jwt", error="invalid_token", error_description="the access token is not valid here"`}
	expired = refusal{codes.Unauthenticated, auth.ReasonTokenExpired,
		`Bearer realm="urn:api:jwt", error="invalid_token", error_description="the access token has expired"`}
	unavailable = refusal{codes.Unavailable, auth.ReasonAuthorityUnavailable, ""}
)

func lacksScope(scope string) refusal {
	return refusal{codes.PermissionDenied, auth.ReasonScopeInsufficient,
		`Bearer realm="urn:api:jwt", error="insufficient_scope", error_description="the access token lacks a scope this method requires", scope="` + scope + `"`}
}

// check compares everything a client can see. It may run on any goroutine.
func (want refusal) check(t testing.TB, name, raw string, got answer) {
	t.Helper()
	if got.code != want.code || got.reason() != string(want.reason) {
		t.Errorf("%s: %s (%v), want %v/%s", name, got.summary(), got.err, want.code, want.reason)
		return
	}
	var challenges []string
	if want.challenge != "" {
		challenges = []string{want.challenge}
	}
	if !slices.Equal(got.challenges, challenges) {
		t.Errorf("%s: challenges %q, want %q", name, got.challenges, challenges)
	}
	if c := got.info.GetMetadata()["challenge"]; c != want.challenge {
		t.Errorf("%s: challenge %q in the ErrorInfo, want %q", name, c, want.challenge)
	}
	if d := got.retry.GetRetryDelay().AsDuration(); (d > 0) != (want.code == codes.Unavailable) || d > time.Minute {
		t.Errorf("%s: RetryInfo %v", name, got.retry)
	}
	if raw != "" && strings.Contains(got.err.Error(), raw) {
		t.Errorf("%s: the error holds the token", name)
	}
}

// checkEnded is check for a stream that may have begun to answer before it was
// ended: the challenge is in the ErrorInfo alone then.
func (want refusal) checkEnded(t testing.TB, name, raw string, got answer) {
	t.Helper()
	if len(got.challenges) == 0 {
		got.challenges = []string{want.challenge}
	}
	want.check(t, name, raw, got)
}

// early is how much earlier than its token a stream may end.
func early(method string, life time.Duration) time.Duration {
	if method == getWidget {
		return 0
	}
	return life / 20
}

func without(methods []string, unwanted string) []string {
	return slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == unwanted })
}

// tamper changes one bit of the signature, and the scope under the signature.
func tamper(t *testing.T, raw string) (signature, scope string) {
	t.Helper()
	parts := strings.Split(raw, ".")
	bytes := decode(t, parts[2])
	bytes[len(bytes)/2] ^= 1
	signature = parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(bytes)
	return signature, rewrite(t, raw, map[string]any{"scope": "read write"})
}

// transplant puts the payload of one token under header and signature of
// another.
func transplant(t *testing.T, signed, payload string) string {
	t.Helper()
	s, p := strings.Split(signed, "."), strings.Split(payload, ".")
	return s[0] + "." + p[1] + "." + s[2]
}

// rewrite changes claims and keeps the signature.
func rewrite(t *testing.T, raw string, changes map[string]any) string {
	t.Helper()
	parts := strings.Split(raw, ".")
	claims := make(map[string]any)
	if err := json.Unmarshal(decode(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
}

// expiry reads the exp claim.
func expiry(t *testing.T, raw string) time.Time {
	t.Helper()
	return unixClaim(raw, "exp")
}

// unixClaim reads a date without checking anything; it may run on any goroutine.
func unixClaim(raw, name string) time.Time {
	var claims map[string]any
	readSegment(raw, 1, &claims)
	seconds, _ := claims[name].(float64)
	return time.Unix(int64(seconds), 0)
}

// kidOf reads the kid of a token without checking anything.
func kidOf(raw string) string {
	var header struct{ Kid string }
	readSegment(raw, 0, &header)
	return header.Kid
}

// readSegment leaves v alone if raw is not a token.
func readSegment(raw string, i int, v any) {
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		if b, err := base64.RawURLEncoding.DecodeString(parts[i]); err == nil {
			_ = json.Unmarshal(b, v)
		}
	}
}

// encode is the inverse of decode.
func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
