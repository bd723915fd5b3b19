// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/renewal"
	"google.golang.org/grpc/codes"
)

const (
	issuerURL = "https://as.test"
	otherURL  = "https://other.test"
)

// kinds are the tokens under test.
var kinds = map[string]bool{"JWT": false, "opaque": true} // whether the issuer is asked

// fixture is a server that accepts the tokens of two issuers.
type fixture struct {
	*server

	as, other *authority
}

func newFixture(t *testing.T, opaque bool, p parts, options ...auth.GuardOption) *fixture {
	t.Helper()
	f := &fixture{as: newAuthority(t, issuerURL, opaque), other: newAuthority(t, otherURL, false)}
	if opaque {
		// Opaque tokens do not say whose they are; JWTs of the other issuer do.
		f.server = newServer(t, chain(t, f.other.verifier, f.as.verifier), p, options...)
	} else {
		f.server = newServer(t, chain(t, f.as.verifier, f.other.verifier), p, options...)
	}
	return f
}

func chain(t *testing.T, all ...auth.Verifier) auth.Verifier {
	t.Helper()
	v, err := auth.NewChain(all...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lasts is how long the token is good that opens a stream.
const lasts = time.Minute

func TestRenewal(t *testing.T) {
	t.Parallel()
	longer := authtest.Lifetime(10 * time.Minute)
	expired := []authtest.TokenOption{authtest.IssuedAt(time.Now().Add(-2 * time.Minute)), authtest.Lifetime(time.Minute)}
	for name, row := range map[string]struct {
		// token is presented to renew a stream that was opened with opener.
		token func(f *fixture, opener string) string
		name  func(own string) string // of the stream; nil for its own
		code  codes.Code
		// bounded is the code where messages are bounded before anybody looks at them.
		bounded codes.Code
		reason  auth.Reason
		end     auth.Reason // of the stream, if the renewal ends it
		extends bool
		only    string // the kind of tokens
	}{
		"a later token": {
			token: func(f *fixture, _ string) string { return f.as.mint(longer) }, extends: true,
		},
		"more scopes": {
			token:   func(f *fixture, _ string) string { return f.as.mint(longer, authtest.Scopes("write", "read")) },
			extends: true,
		},
		"the same token": {
			token: func(_ *fixture, opener string) string { return opener },
		},
		"an older token": {
			token: func(f *fixture, _ string) string { return f.as.mint(authtest.Lifetime(20 * time.Second)) },
		},
		"another subject": {
			token: func(f *fixture, _ string) string { return f.as.mint(longer, authtest.Subject("user-2")) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid, end: auth.ReasonTokenInvalid,
		},
		"another client": {
			token: func(f *fixture, _ string) string { return f.as.mint(longer, authtest.ClientID("client-2")) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid, end: auth.ReasonTokenInvalid,
		},
		"another issuer": {
			token: func(f *fixture, _ string) string { return f.other.mint(longer) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid, end: auth.ReasonTokenInvalid,
		},
		"an older token of another subject": {
			token: func(f *fixture, _ string) string {
				return f.as.mint(authtest.Lifetime(20*time.Second), authtest.Subject("user-2"))
			},
			code: codes.Unauthenticated, reason: auth.ReasonTokenInvalid, end: auth.ReasonTokenInvalid,
		},
		"fewer scopes than the method needs": {
			token: func(f *fixture, _ string) string { return f.as.mint(longer, authtest.Scopes("write")) },
			code:  codes.PermissionDenied, reason: auth.ReasonScopeInsufficient, end: auth.ReasonScopeInsufficient,
		},
		"a revoked token": {
			token: func(f *fixture, _ string) string {
				if err := f.revocations.Revoke(auth.Revocation{Issuer: issuerURL, TokenID: "gone"}); err != nil {
					panic(err)
				}
				return f.as.mint(longer, authtest.Claim("jti", "gone"))
			},
			code: codes.Unauthenticated, reason: auth.ReasonTokenInvalid,
		},
		"a token that its issuer has revoked": {
			token: func(f *fixture, _ string) string {
				token := f.as.mint(longer)
				f.as.Revoke(token)
				return token
			},
			code: codes.Unauthenticated, reason: auth.ReasonTokenInvalid, only: "opaque",
		},
		"an expired token": {
			token: func(f *fixture, _ string) string { return f.as.mint(expired...) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenExpired, only: "JWT",
		},
		"an expired opaque token": {
			token: func(f *fixture, _ string) string { return f.as.mint(expired...) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid, only: "opaque", // nobody says why it is inactive
		},
		"a forged token": {
			token: func(f *fixture, _ string) string { return f.as.forged },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid,
		},
		"a token for somebody else": {
			token: func(f *fixture, _ string) string { return f.as.mint(longer, authtest.Audience("elsewhere")) },
			code:  codes.Unauthenticated, reason: auth.ReasonTokenInvalid,
		},
		"no token": {
			token: func(*fixture, string) string { return "" },
			code:  codes.Unauthenticated, reason: auth.ReasonCredentialsMissing,
		},
		"two tokens": {
			token: func(f *fixture, opener string) string { return opener + ", Bearer " + f.as.mint() },
			code:  codes.Unauthenticated, reason: auth.ReasonCredentialsMalformed,
		},
		"a guessed name": {
			name: func(string) string { return renewal.Name() }, code: codes.NotFound,
		},
		"the name in other letters": {
			name: strings.ToUpper, code: codes.NotFound,
		},
		"no name": {
			name: func(string) string { return "" }, code: codes.NotFound,
		},
		"half a name": {
			name: func(own string) string { return own[:16] }, code: codes.NotFound,
		},
		"a name with an end": {
			name: func(own string) string { return own + "\x00" }, code: codes.NotFound,
		},
		"two names": {
			name: func(own string) string { return own + "," + own }, code: codes.NotFound,
		},
		"a huge name": {
			name: func(own string) string { return own + strings.Repeat("A", 1<<20) }, code: codes.NotFound, bounded: codes.ResourceExhausted,
		},
		"a huge name without a token": {
			token: func(*fixture, string) string { return "" },
			name:  func(own string) string { return own + strings.Repeat("A", 1<<20) },
			code:  codes.Unauthenticated, reason: auth.ReasonCredentialsMissing,
		},
	} {
		for kind, opaque := range kinds {
			if row.only != "" && row.only != kind {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, opaque, parts{})
				for _, c := range f.clients(t) {
					t.Run(c.name, func(t *testing.T) {
						opener := f.as.mint(authtest.Lifetime(lasts))
						o := f.watch(t, c, opener, renewal.Name())
						asked, mint := o.name, row.token
						if mint == nil {
							mint = func(f *fixture, _ string) string { return f.as.mint(longer) }
						}
						token := mint(f, opener)
						if row.name != nil {
							asked = row.name(o.name)
						}
						answer, err := c.renew(t.Context(), token, asked)
						code := codeOf(err)
						want := row.code
						if row.bounded != 0 && c.name != "grpc" {
							want = row.bounded
						}
						if code != want || reasonOf(err) != row.reason {
							t.Fatalf("the answer is %v, want %v %s", err, want, row.reason)
						}
						if code == codes.OK {
							left := time.Until(answer.GetEnd().AsTime())
							if left > lasts != row.extends || left < lasts*9/10 {
								t.Errorf("the stream has %v left; extended: want %t", left, row.extends)
							}
						}
						if row.end == "" {
							if !o.isOpen() {
								t.Errorf("the stream has ended: %v", o.wait(t))
							}
							// It can be renewed as before.
							if answer, err := c.renew(t.Context(), f.as.mint(authtest.Lifetime(20*time.Minute)), o.name); err != nil || time.Until(answer.GetEnd().AsTime()) < 18*time.Minute {
								t.Errorf("another renewal: %v %v", answer, err)
							}
							return
						}
						if err := o.wait(t); reasonOf(err) != row.end || codeOf(err) != row.code {
							t.Errorf("the stream ended with %v, want %s", err, row.end)
						}
						if _, err := c.renew(t.Context(), f.as.mint(longer), o.name); codeOf(err) != codes.NotFound {
							t.Errorf("a renewal after the end: %v", err)
						}
					})
				}
			})
		}
	}
}

// each runs a test on every transport, with a server of its own.
func each(t *testing.T, opaque bool, p parts, options []auth.GuardOption, test func(t *testing.T, f *fixture, c client)) {
	t.Helper()
	f := newFixture(t, opaque, p, options...)
	for i, c := range f.clients(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newFixture(t, opaque, p, options...)
			test(t, g, g.clients(t)[i])
		})
	}
}

// A name that cannot be one is as good as none.
func TestUnusableNames(t *testing.T) {
	t.Parallel()
	for name, given := range map[string][]string{
		"short":          {"AAAAAAAAAAAAAAAAAAAAA"},
		"long":           {strings.Repeat("A", 65)},
		"two":            {strings.Repeat("A", 32), strings.Repeat("B", 32)},
		"the same twice": {strings.Repeat("A", 32), strings.Repeat("A", 32)},
		"not base64url":  {strings.Repeat("A", 31) + "/"},
		"padded":         {strings.Repeat("A", 31) + "="},
		"empty":          {""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
				o := f.watch(t, c, f.as.mint(), given...)
				for _, asked := range append(slices.Clone(given), strings.Join(given, ","), strings.Join(given, ", ")) {
					if _, err := c.renew(t.Context(), f.as.mint(), asked); codeOf(err) != codes.NotFound {
						t.Errorf("renewal of %q: %v", asked, err)
					}
				}
				if !o.isOpen() {
					t.Error("the stream has ended")
				}
			})
		})
	}
}

func TestLongestAndShortestName(t *testing.T) {
	t.Parallel()
	each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
		for _, name := range []string{strings.Repeat("a", 22), strings.Repeat("Z", 64), "0123456789-_abcdefghijklmnop"} {
			f.watch(t, c, f.as.mint(), name)
			if _, err := c.renew(t.Context(), f.as.mint(), name); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// A call that is tried again has the name of before: the later stream has it then.
func TestOneNameTwice(t *testing.T) {
	t.Parallel()
	each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
		name := renewal.Name()
		f.watch(t, c, f.as.mint(authtest.Lifetime(2*time.Second)), name)
		second := f.watch(t, c, f.as.mint(authtest.Lifetime(2*time.Second)), name)
		if _, err := c.renew(t.Context(), f.as.mint(), name); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if !second.isOpen() {
			t.Errorf("the later stream has ended: %v", second.wait(t))
		}
		second.cancel()
		eventually(t, func() bool {
			_, err := c.renew(t.Context(), f.as.mint(), name)
			return codeOf(err) == codes.NotFound
		})
	})
}

// Another party that knows a name has no stream under it, and cannot keep the one
// that is there open.
func TestOneNameOfTwoParties(t *testing.T) {
	t.Parallel()
	each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
		name, mallory := renewal.Name(), authtest.Subject("mallory")
		own := f.watch(t, c, f.as.mint(), name)
		foreign := f.watch(t, c, f.as.mint(mallory), name)
		if _, err := c.renew(t.Context(), f.as.mint(), name); err != nil {
			t.Errorf("the first cannot renew its stream any more: %v", err)
		}
		if _, err := c.renew(t.Context(), f.as.mint(mallory), name); codeOf(err) != codes.Unauthenticated {
			t.Errorf("mallory renews: %v", err)
		}
		if err := own.wait(t); reasonOf(err) != auth.ReasonTokenInvalid {
			t.Errorf("the stream ended with %v", err)
		}
		if !foreign.isOpen() {
			t.Error("the stream without the name has ended")
		}
	})
}

func TestRenewalAfterTheEnd(t *testing.T) {
	t.Parallel()
	each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
		o := f.watch(t, c, f.as.mint(), renewal.Name())
		o.cancel()
		eventually(t, func() bool {
			_, err := c.renew(t.Context(), f.as.mint(), o.name)
			return codeOf(err) == codes.NotFound
		})
		if n := f.count(auth.EventStreamEnded); n != 0 {
			t.Errorf("%d streams were ended by the server", n)
		}
	})
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it does not come true")
		}
	}
}

// Some of the renewals are with older tokens, and none of them in order.
func TestFloodOfRenewals(t *testing.T) {
	t.Parallel()
	const workers, each1 = 8, 100
	each(t, false, parts{}, nil, func(t *testing.T, f *fixture, c client) {
		o := f.watch(t, c, f.as.mint(authtest.Lifetime(lasts)), renewal.Name())
		var tokens []string
		for i := range 16 {
			tokens = append(tokens, f.as.mint(authtest.Lifetime(time.Duration(i+1)*time.Minute)))
		}
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for i := range each1 {
					if _, err := c.renew(t.Context(), tokens[(w*7+i*5)%len(tokens)], o.name); err != nil {
						t.Errorf("%d %d: %v", w, i, err)
						return
					}
				}
			})
		}
		group.Wait()
		answer, err := c.renew(t.Context(), tokens[0], o.name)
		if left := time.Until(answer.GetEnd().AsTime()); err != nil || left < 15*time.Minute || left > 16*time.Minute {
			t.Errorf("the stream has %v left: %v", left, err)
		}
		if !o.isOpen() {
			t.Errorf("the stream has ended: %v", o.wait(t))
		}
	})
}

func TestServersThatDoNotRenew(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		parts

		code   codes.Code
		reason auth.Reason
	}{
		"without the service":            {parts: parts{noService: true}, code: codes.Unimplemented},
		"without the rule":               {parts: parts{noRule: true}, code: codes.PermissionDenied, reason: auth.ReasonMethodDenied},
		"without either":                 {parts: parts{noRule: true, noService: true}, code: codes.Unimplemented},
		"with both, by interceptors":     {parts: parts{noRegistrar: true}},
		"with both, behind a registrar ": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, false, row.parts, nil, func(t *testing.T, f *fixture, c client) {
				o := f.watch(t, c, f.as.mint(authtest.Lifetime(lasts)), renewal.Name())
				answer, err := c.renew(t.Context(), f.as.mint(), o.name)
				if codeOf(err) != row.code || reasonOf(err) != row.reason {
					t.Errorf("the answer is %v, want %v %s", err, row.code, row.reason)
				}
				if row.code == codes.OK && time.Until(answer.GetEnd().AsTime()) < lasts {
					t.Errorf("the stream was not renewed: %v", answer)
				}
				if !o.isOpen() {
					t.Fatalf("the stream has ended: %v", o.wait(t))
				}
			})
		})
	}
}

func TestStreamOfAnotherGuard(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false, parts{})
	other := newServer(t, f.as.verifier, parts{})
	clients, others := f.clients(t), other.clients(t)
	for i, c := range clients {
		o := f.watch(t, c, f.as.mint(), renewal.Name())
		if _, err := others[i].renew(t.Context(), f.as.mint(), o.name); codeOf(err) != codes.NotFound {
			t.Errorf("%s: the other guard says %v", c.name, err)
		}
		// One guard's streams may be renewed over any of its transports.
		if _, err := clients[(i+1)%len(clients)].renew(t.Context(), f.as.mint(), o.name); err != nil {
			t.Errorf("%s: another transport says %v", c.name, err)
		}
	}
}

func TestMaxAgeIsNotExtended(t *testing.T) {
	t.Parallel()
	for kind, opaque := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			const age = time.Second
			each(t, opaque, parts{}, []auth.GuardOption{auth.WithStreams(auth.StreamPolicy{MaxAge: age})}, func(t *testing.T, f *fixture, c client) {
				o := f.watch(t, c, f.as.mint(), renewal.Name())
				began := time.Now()
				for range 3 {
					answer, err := c.renew(t.Context(), f.as.mint(authtest.Lifetime(time.Hour)), o.name)
					if end := answer.GetEnd().AsTime(); err != nil || end.After(began.Add(age)) {
						t.Errorf("it ends after %v: %v", end.Sub(began), err)
					}
				}
				if err := o.wait(t); reasonOf(err) != auth.ReasonTokenExpired || time.Since(began) > age+time.Second {
					t.Errorf("it ended after %v with %v", time.Since(began), err)
				}
			})
		})
	}
}

// Where the rule asks for a fresh answer of the issuer, a renewal gets one.
func TestFreshRule(t *testing.T) {
	t.Parallel()
	rules := auth.Rules{watch: {AllScopes: []string{"read"}, Fresh: true}}
	each(t, true, parts{}, []auth.GuardOption{rules}, func(t *testing.T, f *fixture, c client) {
		o := f.watch(t, c, f.as.mint(authtest.Lifetime(lasts)), renewal.Name())
		known := f.as.mint()
		if _, err := c.renew(t.Context(), known, o.name); err != nil {
			t.Fatal(err)
		}
		before := f.as.Requests(authtest.Introspection)
		if _, err := c.renew(t.Context(), known, o.name); err != nil {
			t.Fatal(err)
		}
		if n := f.as.Requests(authtest.Introspection) - before; n == 0 {
			t.Error("the issuer was not asked")
		}
		f.as.FailAlways(authtest.Introspection, authtest.Status(503))
		if _, err := c.renew(t.Context(), known, o.name); codeOf(err) != codes.Unavailable {
			t.Errorf("while the issuer is down: %v", err)
		}
		f.as.Recover(authtest.Introspection)
		f.as.Revoke(known)
		if _, err := c.renew(t.Context(), known, o.name); codeOf(err) != codes.Unauthenticated {
			t.Errorf("with a revoked token: %v", err)
		}
		if !o.isOpen() {
			t.Errorf("the stream has ended: %v", o.wait(t))
		}
	})
}

// The token by which a stream was renewed is what it depends on then.
func TestRevocationAfterRenewal(t *testing.T) {
	t.Parallel()
	for kind, opaque := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			each(t, opaque, parts{}, nil, func(t *testing.T, f *fixture, c client) {
				revoke := func(id string) {
					if err := f.revocations.Revoke(auth.Revocation{Issuer: issuerURL, TokenID: id}); err != nil {
						t.Error(err)
					}
				}
				o := f.watch(t, c, f.as.mint(authtest.Claim("jti", "first")), renewal.Name())
				if _, err := c.renew(t.Context(), f.as.mint(authtest.Lifetime(time.Hour), authtest.Claim("jti", "second")), o.name); err != nil {
					t.Fatal(err)
				}
				revoke("first")
				if !o.isOpen() {
					t.Fatalf("the stream ended with the token from before: %v", o.wait(t))
				}
				revoke("second")
				if err := o.wait(t); reasonOf(err) != auth.ReasonTokenInvalid {
					t.Errorf("the stream ended with %v", err)
				}
			})
		})
	}
}
