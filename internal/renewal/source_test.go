// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/renewal"
	"google.golang.org/grpc/codes"
)

type headerCarrier http.Header

func (headerCarrier) TLS(context.Context) *tls.ConnectionState { return nil }
func (h headerCarrier) Values(_ context.Context, name string) []string {
	return http.Header(h).Values(name)
}

func callWith(procedure, token, name string) *auth.Request {
	h := http.Header{"Authorization": {"Bearer " + token}}
	if name != "" {
		h.Set(auth.StreamHeader, name)
	}
	return &auth.Request{Procedure: procedure, HTTPMethod: http.MethodPost, Carrier: headerCarrier(h)}
}

// caching is a source that gives out one token until shortly before it expires, as
// most libraries do, and the verifier of its tokens.
type caching struct {
	life, ahead, skew time.Duration
	blind             bool // it does not say when they expire

	mu      sync.Mutex
	minted  int
	token   auth.Credential
	expires time.Time
	all     map[string]time.Time
}

func (c *caching) source(context.Context) (auth.Credential, time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Until(c.expires) <= c.ahead {
		c.minted++
		token, err := auth.NewBearer(fmt.Sprint("token-", c.minted))
		if err != nil {
			return token, time.Time{}, err
		}
		c.token, c.expires = token, time.Now().Add(c.life)
		c.all[token.Token()] = c.expires
	}
	if c.blind {
		return c.token, time.Time{}, nil
	}
	return c.token, c.expires, nil
}

// Verify implements auth.Verifier.
func (c *caching) Verify(_ context.Context, token auth.Credential) (*auth.Claims, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.all[token.Token()]
	if !time.Now().Before(at.Add(c.skew)) {
		return nil, auth.ExpiredToken("test", nil)
	}
	return auth.NewClaims(auth.ClaimsData{Issuer: issuerURL, Subject: "s", Expiry: at, Deadline: at.Add(c.skew), FreshUntil: at})
}

// A server ends streams up to a twentieth of the token's life earlier, half a minute
// at most, and a source has its own idea of when its token is old. No stream is lost
// between the two, as long as the source has a few seconds. This is work for the
// machine, and so nothing that depends on real time runs beside it.
func TestSourceThatIsLate(t *testing.T) {
	for _, life := range []time.Duration{2 * time.Minute, 5 * time.Minute, time.Hour} {
		for name, row := range map[string]struct {
			ahead, skew time.Duration
			blind       bool
		}{
			"10 s":                            {ahead: 10 * time.Second},
			"20 s":                            {ahead: 20 * time.Second},
			"30 s":                            {ahead: 30 * time.Second},
			"31 s":                            {ahead: 31 * time.Second},
			"a minute":                        {ahead: time.Minute},
			"10 s, and it does not say":       {ahead: 10 * time.Second, blind: true},
			"at the end, with skew":           {ahead: 0, skew: 30 * time.Second},
			"10 s, with skew":                 {ahead: 10 * time.Second, skew: 30 * time.Second},
			"10 s, skew, and it does not say": {ahead: 10 * time.Second, skew: 30 * time.Second, blind: true},
		} {
			t.Run(fmt.Sprint(life, ", ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { lateSource(t, life, row.ahead, row.skew, row.blind) })
			})
		}
	}
}

func lateSource(t *testing.T, life, ahead, skew time.Duration, blind bool) {
	const streams, lives = 40, 3
	c := &caching{life: life, ahead: ahead, skew: skew, blind: blind, all: make(map[string]time.Time)}
	guard, err := auth.NewGuard(c, auth.Rules{watch: {}}, auth.AllowStreamRenewal())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	presented, ended := 0, 0
	for range streams {
		token, _, err := c.source(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		name := renewal.Name()
		opening := callWith(watch, token.Token(), name)
		ctx, err := guard.Check(t.Context(), opening)
		if err != nil {
			t.Fatal(err)
		}
		stop := renewal.Start(t.Context(), renewal.Config{
			Tokens: c.source,
			Present: func(ctx context.Context, token auth.Credential) (time.Time, codes.Code, error) {
				mu.Lock()
				presented++
				mu.Unlock()
				ctx, err := guard.Check(ctx, callWith(auth.StreamRenewalProcedure, token.Token(), ""))
				if err != nil {
					return time.Time{}, codes.Unauthenticated, err
				}
				end, err := guard.RenewStream(ctx, name)
				switch {
				case errors.Is(err, auth.ErrNoStream):
					return end, codes.NotFound, err
				case err != nil:
					return end, codes.Unauthenticated, err
				}
				return end, codes.OK, nil
			},
		})
		s := guard.OpenStream(ctx, opening, func(*auth.Error) {
			mu.Lock()
			defer mu.Unlock()
			ended++
		})
		defer func() { stop(); _ = s.Close() }()
	}
	time.Sleep(lives * life)
	mu.Lock()
	defer mu.Unlock()
	if ended > 0 {
		t.Errorf("%d of %d streams ended although there always was a good token", ended, streams)
	}
	most := 4 * lives * streams
	if blind {
		most *= 3
	}
	if presented > most {
		t.Errorf("%d renewals of %d streams in %d lives of the token", presented, streams, lives)
	}
}
