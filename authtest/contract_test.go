// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
)

const (
	goodToken    = "good-token-0001.payload-part.signature-part"
	foreignToken = "foreign-token-0001.payload-part.signature-part"
	badToken     = "bad-token-0001.payload-part.signature-part"
	freshToken   = "fresh-token-"
)

// verifier keeps the contract: it is what the broken ones are broken from.
type verifier struct {
	down  atomic.Bool
	fresh atomic.Int64
	mu    sync.Mutex
	known map[string]bool
}

func (v *verifier) Verify(ctx context.Context, c auth.Credential) (*auth.Claims, error) {
	token := c.Token()
	switch {
	case token == goodToken:
	case token == badToken:
		return nil, auth.InvalidToken("test", errors.New("a bad one"))
	case strings.HasPrefix(token, freshToken):
		if err := v.ask(ctx, token); err != nil {
			return nil, err
		}
	default:
		return nil, auth.NotHandled("test", nil)
	}
	return claims(), nil
}

// ask stands for a question to the authority, whose answers are cached.
func (v *verifier) ask(ctx context.Context, token string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known[token] {
		return nil
	}
	if v.down.Load() || ctx.Err() != nil {
		return auth.Unavailable("test", 0, fmt.Errorf("ask: %w", errors.Join(ctx.Err(), errors.New("no answer"))))
	}
	v.known[token] = true
	return nil
}

func claims() *auth.Claims {
	return authtest.Claims(auth.ClaimsData{Subject: "u", Audiences: []string{"api"}, Scopes: []string{"a", "b"}})
}

// contract is one that a right verifier passes.
func contract() authtest.Contract {
	v := &verifier{known: make(map[string]bool)}
	return authtest.Contract{
		Verifier: v,
		Good:     []string{goodToken},
		Foreign:  []string{foreignToken},
		Bad:      map[string]string{"test": badToken},
		Fresh:    func() string { return fmt.Sprint(freshToken, v.fresh.Add(1)) },
		Break:    func() { v.down.Store(true) },
		Mend:     func() { v.down.Store(false) },
	}
}

func TestContractKept(t *testing.T) {
	t.Parallel()
	authtest.TestVerifier(t, contract())
	authtest.TestVerifier(t, authtest.Contract{Verifier: contract().Verifier, Good: []string{goodToken}})
	if got := authtest.Failures(contract()); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
}

func TestContractMends(t *testing.T) {
	t.Parallel()
	c := contract()
	authtest.Failures(c)
	credential, err := auth.NewBearer(c.Fresh())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verifier.Verify(t.Context(), credential); err != nil {
		t.Errorf("after the contract: %v", err)
	}
}

func TestContractIncomplete(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*authtest.Contract){
		"Verifier is nil":     func(c *authtest.Contract) { c.Verifier = nil },
		"Good is empty":       func(c *authtest.Contract) { c.Good = nil },
		"Break without Fresh": func(c *authtest.Contract) { c.Fresh = nil },
		"cannot travel":       func(c *authtest.Contract) { c.Bad = map[string]string{"x": "a b"} },
	} {
		c := contract()
		change(&c)
		got := authtest.Failures(c)
		if len(got[""]) != 1 || !strings.Contains(got[""][0], want) {
			t.Errorf("failures %v, want one about %q", got, want)
		}
	}
}

// leakyError is an error that shows a secret in one form only.
type leakyError struct{ secret string }

func (leakyError) Error() string { return "refused" }

// verboseLeakyError keeps its secret where reflection shows an address only.
type verboseLeakyError struct{ secret *string }

func (verboseLeakyError) Error() string { return "refused" }

func (e verboseLeakyError) Format(s fmt.State, _ rune) {
	if s.Flag('+') {
		_, _ = io.WriteString(s, *e.secret)
	}
}

type describing struct {
	auth.Verifier
	issuer string
}

func (d describing) Describe() auth.Description {
	return auth.Description{Issuers: []string{d.issuer}}
}

// TestContractBroken breaks the verifier in one way at a time and names the
// subtest that must find it, and what it must say.
func TestContractBroken(t *testing.T) {
	t.Parallel()
	type verify = func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error)
	// instead answers one token in another way.
	instead := func(token string, answer func(token string) (*auth.Claims, error)) verify {
		return func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			if c.Token() == token {
				return answer(token)
			}
			return next.Verify(ctx, c)
		}
	}
	// refuse answers the bad token with an error that wraps another.
	refuse := func(cause func(token string) error) verify {
		return instead(badToken, func(token string) (*auth.Claims, error) {
			return nil, auth.InvalidToken("test", fmt.Errorf("refused: %w", cause(token)))
		})
	}
	var calls atomic.Int64
	for name, c := range map[string]struct {
		verify  verify
		subtest string
		about   string
	}{
		"refuses good": {instead(goodToken, func(string) (*auth.Claims, error) {
			return nil, auth.InvalidToken("test", nil)
		}), "good 0", "was refused"},
		"nothing": {instead(goodToken, func(string) (*auth.Claims, error) { return nil, nil }), "good 0", "neither"},
		"empty claims": {instead(goodToken, func(string) (*auth.Claims, error) {
			return &auth.Claims{}, nil
		}), "good 0", "without an issuer"},
		"expired claims": {instead(goodToken, func(string) (*auth.Claims, error) {
			return authtest.Claims(auth.ClaimsData{Deadline: time.Unix(1, 0)}), nil
		}), "good 0", "has passed"},
		"panics": {instead(goodToken, func(string) (*auth.Claims, error) { panic("boom") }), "good 0", "boom"},
		"exits": {instead(goodToken, func(string) (*auth.Claims, error) {
			runtime.Goexit()
			return nil, nil
		}), "good 0", "ended"},
		"nil error": {instead(goodToken, func(string) (*auth.Claims, error) {
			var e *auth.Error
			return claims(), e
		}), "good 0", "nil *auth.Error"},
		"both": {instead(badToken, func(string) (*auth.Claims, error) {
			return claims(), auth.InvalidToken("test", nil)
		}), "bad test", "together"},
		"judges foreign": {instead(foreignToken, func(string) (*auth.Claims, error) {
			return nil, auth.InvalidToken("test", nil)
		}), "foreign 0", "ErrNotHandled"},
		"accepts foreign": {instead(foreignToken, func(string) (*auth.Claims, error) { return claims(), nil }), "foreign 0", "accepted"},
		"accepts bad":     {instead(badToken, func(string) (*auth.Claims, error) { return claims(), nil }), "bad test", "accepted"},
		"passes bad on": {instead(badToken, func(string) (*auth.Claims, error) {
			return nil, auth.NotHandled("test", nil)
		}), "bad test", "passed on"},
		"bad is an outage": {instead(badToken, func(string) (*auth.Claims, error) {
			return nil, auth.Unavailable("test", 0, nil)
		}), "bad test", "unavailable"},
		"bad is a plain error": {instead(badToken, func(string) (*auth.Claims, error) {
			return nil, errors.New("bad")
		}), "bad test", "unavailable"},
		"leaks by Error":  {refuse(func(token string) error { return errors.New("token " + token) }), "bad test", "printed"},
		"leaks a segment": {refuse(func(token string) error { return errors.New(strings.Split(token, ".")[2]) }), "bad test", "printed"},
		"leaks by %#v":    {refuse(func(token string) error { return leakyError{token} }), "bad test", "printed with %#v"},
		"leaks by %+v":    {refuse(func(token string) error { return verboseLeakyError{&token} }), "bad test", "printed with %+v"},
		"leaks joined": {refuse(func(token string) error {
			return errors.Join(io.EOF, &leakyError{token})
		}), "bad test", "printed with %#v"},
		"leaks foreign": {instead(foreignToken, func(token string) (*auth.Claims, error) {
			return nil, auth.NotHandled("test", errors.New(token))
		}), "foreign 0", "printed"},
		"zero accepted": {instead("", func(string) (*auth.Claims, error) { return claims(), nil }), "zero credential", "accepted"},
		"zero panics":   {instead("", func(token string) (*auth.Claims, error) { return nil, fmt.Errorf("%c", token[0]) }), "zero credential", "panicked"},
		"zero is an outage": {instead("", func(string) (*auth.Claims, error) {
			return nil, errors.New("empty")
		}), "zero credential", "unavailable"},
		"changes": {instead(goodToken, func(string) (*auth.Claims, error) {
			return authtest.Claims(auth.ClaimsData{Scopes: []string{fmt.Sprint(calls.Add(1))}}), nil
		}), "immutable", "other claims"},
		"blames for the context": {func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			if ctx.Err() != nil {
				return nil, auth.InvalidToken("test", ctx.Err())
			}
			return next.Verify(ctx, c)
		}, "context done", "unauthenticated"},
		"passes on for the context": {func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("%w: %w", auth.ErrNotHandled, ctx.Err())
			}
			return next.Verify(ctx, c)
		}, "context done", "unauthenticated"},
		"blames for the outage": {func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			claims, err := next.Verify(ctx, c)
			if err != nil && ctx.Err() == nil && strings.HasPrefix(c.Token(), freshToken) {
				return nil, auth.InvalidToken("test", err)
			}
			return claims, err
		}, "outage", "fresh token"},
		"leaks in the outage": {func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			claims, err := next.Verify(ctx, c)
			if err != nil && ctx.Err() == nil && strings.HasPrefix(c.Token(), freshToken) {
				return nil, auth.Unavailable("test", 0, fmt.Errorf("%s: %w", c.Token(), err))
			}
			return claims, err
		}, "outage", "printed"},
		"opens in the outage": {func(next auth.Verifier, ctx context.Context, c auth.Credential) (*auth.Claims, error) {
			if v, ok := next.(*verifier); ok && v.down.Load() {
				return claims(), nil
			}
			return next.Verify(ctx, c)
		}, "outage", "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := contract()
			right := broken.Verifier
			broken.Verifier = auth.VerifierFunc(func(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
				return c.verify(right, ctx, credential)
			})
			got := authtest.Failures(broken)
			if !slices.ContainsFunc(got[c.subtest], func(s string) bool { return strings.Contains(s, c.about) }) {
				t.Errorf("subtest %q does not speak about %q; all failures: %q", c.subtest, c.about, got)
			}
		})
	}
}

func TestContractDescribes(t *testing.T) {
	t.Parallel()
	c := contract()
	c.Verifier = describing{c.Verifier, "https://issuer.test"}
	if got := authtest.Failures(c); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	c = contract()
	c.Verifier = describing{c.Verifier, "https://other.test"}
	if got := authtest.Failures(c); len(got["good 0"]) == 0 || !strings.Contains(got["good 0"][0], "Describe") {
		t.Errorf("failures %v", got)
	}
}

// TestContractPatience has a verifier ignore a context that is done.
func TestContractPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testContractPatience)
}

func testContractPatience(t *testing.T) {
	c := contract()
	c.Break, c.Fresh = nil, nil
	right := c.Verifier
	release := make(chan struct{})
	defer close(release)
	c.Verifier = auth.VerifierFunc(func(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
		if ctx.Err() != nil {
			<-release
		}
		return right.Verify(ctx, credential)
	})
	got := authtest.Failures(c)
	if len(got["context done"]) != 2 || !strings.Contains(got["context done"][0], "no answer") {
		t.Errorf("failures %v", got)
	}
}

// TestContractConcurrency has a verifier answer one caller with the claims of
// nobody, as it does that shares a buffer between calls.
func TestContractConcurrency(t *testing.T) {
	t.Parallel()
	c := contract()
	right := c.Verifier
	var inside atomic.Int64
	c.Verifier = auth.VerifierFunc(func(ctx context.Context, credential auth.Credential) (*auth.Claims, error) {
		defer inside.Add(-1)
		if inside.Add(1) > 1 {
			return nil, nil
		}
		time.Sleep(time.Millisecond)
		return right.Verify(ctx, credential)
	})
	got := authtest.Failures(c)
	if names := slices.Collect(maps.Keys(got)); !slices.Equal(names, []string{"concurrent"}) {
		t.Errorf("failures %v", got)
	}
}
