// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

const tenantSuffix = ".tenants.test"

// tenantNet is a network of issuers, each at a host of its own.
type tenantNet struct {
	issuers  map[string]*authtest.Issuer // by host
	requests atomic.Int64
}

func (n *tenantNet) RoundTrip(r *http.Request) (*http.Response, error) {
	n.requests.Add(1)
	as, ok := n.issuers[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host")
	}
	return as.Transport().RoundTrip(r)
}

// newTenants starts issuers a, b, c ... of which all names under one domain are
// tenants.
func newTenants(t *testing.T, n, limit int) (*jwtauth.Tenants, *tenantNet, []*authtest.Issuer) {
	t.Helper()
	net := &tenantNet{issuers: make(map[string]*authtest.Issuer)}
	var all []*authtest.Issuer
	for i := range n {
		host := fmt.Sprintf("%c%s", 'a'+i, tenantSuffix)
		as, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: "https://" + host, Audience: audience})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = as.Close() })
		net.issuers[host] = as
		all = append(all, as)
	}
	tenants, err := jwtauth.NewTenants(jwtauth.TenantsConfig{
		Admits: func(name string) bool {
			host, ok := strings.CutPrefix(name, "https://")
			return ok && strings.HasSuffix(host, tenantSuffix)
		},
		Config:  jwtauth.Config{Audiences: []string{audience}, GrantableScopes: []string{"read"}},
		Options: []issuer.Option{issuer.WithTransport(net)},
		Max:     limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tenants.Close() })
	return tenants, net, all
}

func outcome(t *testing.T, v auth.Verifier, token string) string {
	t.Helper()
	_, err := verify(t.Context(), v, token)
	return result(err)
}

func wantOutcome(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, net, as := newTenants(t, 3, 0)
		for _, one := range as {
			claims, err := verify(t.Context(), tenants, one.Mint(authtest.Scopes("read", "admin")))
			if err != nil || claims.Issuer() != one.URL() || strings.Join(claims.Scopes(), " ") != "read" {
				t.Errorf("%s: %v, %v", one.URL(), claims, err)
			}
		}
		before := net.requests.Load()
		for _, one := range as {
			wantOutcome(t, "again", outcome(t, tenants, one.Mint()), ok)
		}
		if n := net.requests.Load() - before; n != 0 {
			t.Errorf("%d requests for issuers whose keys are there", n)
		}
		// K19: the key of another tenant, under its own name and under a shared one.
		forged := as[1].Mint(authtest.Claim("iss", as[0].URL()))
		wantOutcome(t, "signed by another tenant", outcome(t, tenants, forged), invalid(jwtauth.CheckKey))
		forged = as[1].Mint(authtest.Claim("iss", as[0].URL()), authtest.Header("kid", as[0].KeyID()))
		wantOutcome(t, "and under its kid", outcome(t, tenants, forged), invalid(jwtauth.CheckSignature))

		before = net.requests.Load()
		for _, name := range []any{"https://evil.test", as[0].URL() + "/", strings.ToUpper(as[0].URL()), "http://a" + tenantSuffix} {
			wantOutcome(t, fmt.Sprint(name), outcome(t, tenants, as[0].Mint(authtest.Claim("iss", name))), foreign(jwtauth.CheckIssuer))
		}
		wantOutcome(t, "no name", outcome(t, tenants, as[0].Mint(authtest.Claim("iss", 5))), invalid(jwtauth.CheckIssuer))
		wantOutcome(t, "a name that no issuer can have", outcome(t, tenants, as[0].Mint(authtest.Claim("iss", "https://u@b"+tenantSuffix))), invalid(jwtauth.CheckTenant))
		wantOutcome(t, "no JWT", outcome(t, tenants, "opaque"), foreign(jwtauth.CheckShape))
		if n := net.requests.Load() - before; n != 0 {
			t.Errorf("%d requests for issuers that are no tenants", n)
		}
		if iss, known := tenants.Issuer(as[2].URL()); !known || iss.Health().State != issuer.Ready {
			t.Error("the issuer of a tenant")
		}
		if !tenants.Distrust(as[2].URL(), as[2].KeyID()) || tenants.Distrust(as[2].URL(), "misspelt") || tenants.Distrust("https://x"+tenantSuffix, "k") {
			t.Error("whether there was such a key")
		}
		wantOutcome(t, "distrusted", outcome(t, tenants, as[2].Mint()), invalid(jwtauth.CheckKey))
		if _, known := tenants.Issuer("https://x" + tenantSuffix); known {
			t.Error("the issuer of nobody")
		}
		time.Sleep(3 * time.Hour) // and forgotten
		wantOutcome(t, "distrusted, and back", outcome(t, tenants, as[2].Mint()), invalid(jwtauth.CheckKey))
	})
}

// A dead issuer slows nobody else.
func TestTenantsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, _, as := newTenants(t, 2, 0)
		as[0].FailAlways(authtest.Discovery, authtest.Hang())
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { wantOutcome(t, "dead", outcome(t, tenants, as[0].Mint()), unavailable(jwtauth.CheckKeys)) })
		}
		synctest.Wait()
		began := time.Now()
		wantOutcome(t, "alive", outcome(t, tenants, as[1].Mint()), ok)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v for another tenant's issuer", waited)
		}
		callers.Wait()
	})
}

// Names are free to make up: what they cost is bounded, and who was good before
// does not notice.
func TestTenantsInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, net, as := newTenants(t, 3, 0)
		wantOutcome(t, "before", outcome(t, tenants, as[0].Mint()), ok)
		// A new tenant that is slow to answer is in the middle of its first token.
		as[2].Fail(authtest.Discovery, authtest.Delay(4*time.Second))
		var slow sync.WaitGroup
		slow.Go(func() { wantOutcome(t, "slow newcomer", outcome(t, tenants, as[2].Mint()), ok) })
		synctest.Wait()
		before := net.requests.Load()
		refused := 0
		for n := range 10_000 {
			got := outcome(t, tenants, as[0].Mint(authtest.Claim("iss", fmt.Sprintf("https://made-up-%d%s", n, tenantSuffix))))
			if got == unavailable(jwtauth.CheckTenant) {
				refused++
			} else if got != unavailable(jwtauth.CheckKeys) {
				t.Fatalf("made-up issuer: %s", got)
			}
			if n%100 == 0 {
				wantOutcome(t, "meanwhile", outcome(t, tenants, as[0].Mint()), ok)
			}
			time.Sleep(time.Millisecond)
		}
		slow.Wait()
		// Each of those that were let in is asked again as any issuer that fails.
		if n := net.requests.Load() - before; n > 5*64 || refused < 9_800 {
			t.Errorf("%d requests, %d refused, for 10,000 made-up issuers in ten seconds", n, refused)
		}
		// Of those that came to nothing, few are kept, each asked once a minute.
		for n := range 1000 {
			outcome(t, tenants, as[0].Mint(authtest.Claim("iss", fmt.Sprintf("https://made-up-too-%d%s", n, tenantSuffix))))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Minute)
		before = net.requests.Load()
		time.Sleep(10 * time.Minute)
		if n := net.requests.Load() - before; n > 64*13+10 {
			t.Errorf("%d requests in ten minutes for issuers that nobody has heard of", n)
		}
		wantOutcome(t, "a newcomer afterwards", outcome(t, tenants, as[1].Mint()), ok)
	})
}

// Newcomers with good tokens have no pace to keep.
func TestManyTenantsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, net, as := newTenants(t, 1, 0)
		for i := range 500 {
			host := fmt.Sprintf("n%d%s", i, tenantSuffix)
			one, err := authtest.NewIssuer(authtest.Config{InMemory: true, URL: "https://" + host, Audience: audience})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = one.Close() })
			net.issuers[host] = one
			wantOutcome(t, host, outcome(t, tenants, one.Mint()), ok)
		}
		wantOutcome(t, "the first", outcome(t, tenants, as[0].Mint()), ok)
	})
}

// While names are made up, a newcomer has no more right than these. Who comes back
// when told to is let in with the next round.
func TestNewcomerInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, _, as := newTenants(t, 2, 0)
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(25 * time.Millisecond):
					outcome(t, tenants, as[0].Mint(authtest.Claim("iss", fmt.Sprintf("https://made-up-%d%s", n, tenantSuffix))))
				}
			}
		})
		time.Sleep(25 * time.Second)
		began := time.Now()
		for range 100 {
			c, err := auth.NewBearer(as[1].Mint())
			if err != nil {
				t.Fatal(err)
			}
			_, err = tenants.Verify(t.Context(), c)
			if err == nil {
				break
			}
			e, refused := errors.AsType[*auth.Error](err)
			if !refused || e.Kind != auth.KindUnavailable || e.RetryAfter <= 0 || e.RetryAfter > 10*time.Second {
				t.Fatalf("%v", err)
			}
			time.Sleep(e.RetryAfter)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("let in after %v", took)
		}
		close(done)
		wg.Wait()
	})
}

func TestTenantsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, _, as := newTenants(t, 4, 3)
		for _, one := range as[:3] {
			wantOutcome(t, "first", outcome(t, tenants, one.Mint()), ok)
			time.Sleep(time.Second)
		}
		wantOutcome(t, "used again", outcome(t, tenants, as[0].Mint()), ok)
		wantOutcome(t, "made-up", outcome(t, tenants, as[0].Mint(authtest.Claim("iss", "https://x"+tenantSuffix))), unavailable(jwtauth.CheckKeys))
		wantOutcome(t, "one more", outcome(t, tenants, as[3].Mint()), ok)
		synctest.Wait()
		for n, want := range []bool{true, false, true, true} {
			// The made-up one took the place of the least lately used, and gave it up.
			if _, known := tenants.Issuer(as[n].URL()); known != want {
				t.Errorf("tenant %d: known %v", n, known)
			}
		}
		// Nobody uses them any more: their keys are not fetched either.
		time.Sleep(3 * time.Hour)
		before := as[0].Requests(authtest.JWKS)
		time.Sleep(3 * time.Hour)
		if n := as[0].Requests(authtest.JWKS) - before; n != 0 {
			t.Errorf("%d requests for a tenant that nobody uses", n)
		}
		wantOutcome(t, "back", outcome(t, tenants, as[0].Mint()), ok)
		_ = tenants.Close()
		wantOutcome(t, "closed", outcome(t, tenants, as[0].Mint()), unavailable(jwtauth.CheckTenant))
		_ = tenants.Close()
	})
}

// What a cache knows of a tenant's tokens ends when the tenant is forgotten:
// nobody would hear any more that its key was withdrawn.
func TestCachedTokensOfForgottenTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, _, as := newTenants(t, 1, 0)
		cache, err := auth.Cached(tenants, auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		token := as[0].Mint(authtest.Lifetime(10 * time.Hour))
		wantOutcome(t, "first", outcome(t, cache, token), ok)
		old := as[0].KeyID()
		as[0].Rotate()
		time.Sleep(3 * time.Hour) // forgotten
		as[0].WithdrawKey(old)
		wantOutcome(t, "withdrawn meanwhile", outcome(t, cache, token), invalid(jwtauth.CheckKey))
	})
}

// All are busy: nobody is thrown out.
func TestTenantsInUseAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenants, _, as := newTenants(t, 2, 1)
		as[0].FailAlways(authtest.Discovery, authtest.Delay(4*time.Second))
		var callers sync.WaitGroup
		callers.Go(func() { wantOutcome(t, "in use", outcome(t, tenants, as[0].Mint()), ok) })
		synctest.Wait()
		wantOutcome(t, "no room", outcome(t, tenants, as[1].Mint()), unavailable(jwtauth.CheckTenant))
		callers.Wait()
		wantOutcome(t, "room", outcome(t, tenants, as[1].Mint()), ok)
	})
}

func TestTenantsConcurrently(t *testing.T) {
	tenants, _, as := newTenants(t, 4, 2)
	var callers sync.WaitGroup
	for n := range 8 {
		callers.Go(func() {
			for i := range 50 {
				got := outcome(t, tenants, as[(n+i)%4].Mint())
				if got != ok && got != unavailable(jwtauth.CheckTenant) {
					t.Error(got)
				}
			}
		})
	}
	callers.Wait()
}

func TestNewTenantsRefusesNonsense(t *testing.T) {
	admits := func(string) bool { return true }
	good := jwtauth.Config{Audiences: []string{audience}, GrantableScopes: []string{}}
	for name, tc := range map[string]struct {
		config jwtauth.TenantsConfig
		says   string
	}{
		"nobody decides":   {jwtauth.TenantsConfig{Config: good}, "anybody could be an issuer"},
		"no scopes":        {jwtauth.TenantsConfig{Admits: admits, Config: strict()}, "every tenant could grant every scope"},
		"no audience":      {jwtauth.TenantsConfig{Admits: admits, Config: jwtauth.Config{GrantableScopes: []string{}}}, "Config.Audiences is empty"},
		"nil option":       {jwtauth.TenantsConfig{Admits: admits, Config: good, Options: []issuer.Option{nil}}, "nil option"},
		"negative maximum": {jwtauth.TenantsConfig{Admits: admits, Config: good, Max: -1}, "negative"},
	} {
		tenants, err := jwtauth.NewTenants(tc.config)
		if err == nil || tenants != nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.says)
		}
	}
}

// Rules may name tenants, and a chain knows that there are several issuers.
func TestTenantsDescribeThemselves(t *testing.T) {
	f := newFixture(t, "ES256")
	tenants, _, as := newTenants(t, 1, 0)
	limited := strict()
	limited.GrantableScopes = []string{"read"}
	for name, tc := range map[string]struct {
		issuer string
		config jwtauth.Config
		says   string
	}{
		"a tenant":      {as[0].URL(), limited, ""},
		"the other one": {issuerURL, limited, ""},
		"a stranger":    {"https://evil.test", limited, "names issuer"},
		"no limit":      {issuerURL, strict(), "which scopes its issuer may grant"},
	} {
		chain, err := auth.NewChain(tenants, f.verifier(t, tc.config))
		if err == nil {
			_, err = auth.NewGuard(chain, auth.Rules{"/a.B/C": {Issuers: []string{tc.issuer}}})
		}
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
	if _, err := auth.NewChain(tenants, tenants); err != nil {
		t.Error(err)
	}
}
