// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/bearerkit/bearerkit/auth/issuer"
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

// costs are the calls of this package by the benchmark that times them.
var costs = map[string]func(testing.TB) []cost{
	"BenchmarkStorage":    storageCosts,
	"BenchmarkKeyRead":    keyReadCosts,
	"BenchmarkKeyReadAll": keyReadAllCosts,
	"BenchmarkHolds":      holdsCosts,
	"BenchmarkReconsider": reconsiderCosts,
	"BenchmarkMetadata":   metadataCosts,
	"BenchmarkLogoutURL":  logoutCosts,
	"BenchmarkHealth":     healthCosts,
	"BenchmarkNew":        newCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkStorage(b *testing.B)    { benchmark(b) }
func BenchmarkKeyRead(b *testing.B)    { benchmark(b) }
func BenchmarkKeyReadAll(b *testing.B) { benchmark(b) }
func BenchmarkHolds(b *testing.B)      { benchmark(b) }
func BenchmarkReconsider(b *testing.B) { benchmark(b) }
func BenchmarkMetadata(b *testing.B)   { benchmark(b) }
func BenchmarkLogoutURL(b *testing.B)  { benchmark(b) }
func BenchmarkHealth(b *testing.B)     { benchmark(b) }

// BenchmarkNew is for tokens of many tenants, of which each has an issuer made.
func BenchmarkNew(b *testing.B) { benchmark(b) }

// ready returns an issuer whose keys and metadata are here, and a key id of it. No
// fetch is due.
func ready(t testing.TB) (i *issuer.Issuer, kid string) {
	t.Helper()
	f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.SetMetadata("end_session_endpoint", f.URL()+"/logout")
	f.SetMetadata("introspection_endpoint", f.URL()+"/introspect")
	f.SetMetadata("introspection_endpoint_auth_methods_supported", []string{"client_secret_basic", "private_key_jwt"})
	f.SetMetadata("mtls_endpoint_aliases", map[string]string{"introspection_endpoint": f.URL() + "/mtls"})
	if i, err = issuer.New(f.URL(), issuer.WithTransport(f.Transport())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	if err := i.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Metadata(t.Context()); err != nil {
		t.Fatal(err)
	}
	return i, f.KeyID()
}

// storageOf returns keys of which the compiler knows no more than keyfunc does.
//
//go:noinline
func storageOf(i *issuer.Issuer) jwkset.Storage { return i.Storage("ES256") }

func storageCosts(t testing.TB) []cost {
	i, _ := ready(t)
	return []cost{{"an algorithm", 2, "", func() bool { return storageOf(i) != nil }}}
}

func keyReadCosts(t testing.TB) []cost {
	i, kid := ready(t)
	keys, ctx := storageOf(i), t.Context()
	// The one fetch for unknown keys there is for a while.
	_, _ = keys.KeyRead(ctx, "unknown")
	return []cost{
		{"known", 0, "", func() bool { _, err := keys.KeyRead(ctx, kid); return err == nil }},
		{"unknown", 2, "", func() bool {
			_, err := keys.KeyRead(ctx, "unknown")
			_, ok := errors.AsType[*issuer.UnknownKeyError](err)
			return ok
		}},
	}
}

func keyReadAllCosts(t testing.TB) []cost {
	i, _ := ready(t)
	keys, ctx := storageOf(i), t.Context()
	return []cost{{"one", 1, "", func() bool { all, err := keys.KeyReadAll(ctx); return err == nil && len(all) == 1 }}}
}

func holdsCosts(t testing.TB) []cost {
	i, kid := ready(t)
	public := i.Keys()[0].Public
	holds := i.Holds(kid, "ES256", public)
	return []cost{
		{"for a token", 1, "", func() bool { return i.Holds(kid, "ES256", public) != nil }},
		{"for a token and its first call", 5, "", func() bool { return i.Holds(kid, "ES256", public)(time.Now()) }},
		{"for a call", 0, "", func() bool { return holds(time.Now()) }},
	}
}

func reconsiderCosts(t testing.TB) []cost {
	i, kid := ready(t)
	ctx := t.Context()
	return []cost{{"a moment after a fetch", 1, "", func() bool { return i.Reconsider(ctx, kid, "ES256") != nil }}}
}

func metadataCosts(t testing.TB) []cost {
	i, _ := ready(t)
	ctx := t.Context()
	m, err := i.Metadata(ctx)
	if err != nil {
		t.Fatal(err)
	}
	is := func(got string, err error, end string) bool { return err == nil && strings.HasSuffix(got, end) }
	return []cost{
		{"read before", 0, "", func() bool { m, err := i.Metadata(ctx); return err == nil && m.Issuer() == i.Identifier() }},
		{"Endpoint", 5, "", func() bool { url, err := m.Endpoint("introspection_endpoint"); return is(url, err, "/introspect") }},
		{"Endpoint, not announced", 3, "", func() bool { _, err := m.Endpoint("other_endpoint"); return errors.Is(err, issuer.ErrNotAnnounced) }},
		{"MTLSEndpoint", 5, "", func() bool { url, err := m.MTLSEndpoint("introspection_endpoint"); return is(url, err, "/mtls") }},
		{"MTLSEndpoint, no alias", 8, "", func() bool { url, err := m.MTLSEndpoint("jwks_uri"); return is(url, err, "/jwks") }},
		{"Strings", 3, "", func() bool {
			list, err := m.Strings("introspection_endpoint_auth_methods_supported")
			return err == nil && len(list) == 2
		}},
		{"Bool", 0, "", func() bool { return !m.Bool("authorization_response_iss_parameter_supported") }},
	}
}

func logoutCosts(t testing.TB) []cost {
	i, _ := ready(t)
	ctx, l := t.Context(), issuer.Logout{IDTokenHint: strings.Repeat("x", 900), PostLogoutRedirectURI: "https://app.test/bye", State: "s"}
	return []cost{{"the usual three", 15, "", func() bool {
		url, err := i.LogoutURL(ctx, l)
		return err == nil && strings.Contains(url, "/logout?id_token_hint=x")
	}}}
}

func healthCosts(t testing.TB) []cost {
	i, kid := ready(t)
	return []cost{
		{"Health", 0, "", func() bool { return i.Health().State == issuer.Ready }},
		{"Keys", 2, "", func() bool { return i.Keys()[0].ID == kid }},
		{"Supports", 3, "", func() bool { return len(i.Supports()) == 1 }},
	}
}

func newCosts(t testing.TB) []cost {
	f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	url, transport := f.URL(), issuer.WithTransport(f.Transport())
	return []cost{{"without a token", 12, "", func() bool {
		i, err := issuer.New(url, transport)
		return err == nil && i.Close() == nil
	}}}
}
