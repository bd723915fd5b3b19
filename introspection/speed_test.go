// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/speedtest"
	"github.com/bearerkit/bearerkit/introspection"
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
	"BenchmarkVerify":          verifyCosts,
	"BenchmarkConfirmerVerify": confirmerCosts,
	"BenchmarkCached":          cachedCosts,
}

func benchmark(b *testing.B) {
	b.Helper()
	speedtest.Benchmark(b, costs)
}

func BenchmarkVerify(b *testing.B)          { benchmark(b) }
func BenchmarkConfirmerVerify(b *testing.B) { benchmark(b) }
func BenchmarkCached(b *testing.B)          { benchmark(b) }

// asked is why the allocations of a question are a bound.
const asked = "those of net/http are among them"

// canned is a network whose endpoint says the same of every token, and costs next
// to nothing.
type canned struct {
	*fixture

	answer string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/introspect" {
		return c.fixture.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(c.answer)), ContentLength: int64(len(c.answer)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// always has a verifier's endpoint say that of a good token, changed.
func (f *fixture) always(t testing.TB, change map[string]any) func(*introspection.Config) {
	t.Helper()
	now := time.Now().Unix()
	answer := map[string]any{
		"active": true, "token_type": "Bearer", "iss": issuerURL, "sub": "user-1", "aud": audience, "client_id": "client-1", "iat": now, "exp": now + 86_400,
		"jti": "token-1", "scope": "read",
	}
	maps.Copy(answer, change)
	b, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *introspection.Config) { c.Observer, c.Transport = nil, canned{f, string(b)} }
}

// offer returns what offers a token, and reports whether the check that refuses it
// is the one that is meant; "good" for none.
func offer(t testing.TB, v auth.Verifier, token string, want auth.Check) func() bool {
	t.Helper()
	c, err := auth.NewBearer(token)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	return func() bool {
		_, err := v.Verify(ctx, c)
		if e, ok := errors.AsType[*auth.Error](err); ok {
			return e.Check == want
		}
		return err == nil && want == "good"
	}
}

func verifyCosts(t testing.TB) []cost {
	f := newFixture(t)
	says := func(change map[string]any) auth.Verifier { return f.verifier(t, f.always(t, change)) }
	return []cost{
		{"active", 109, asked, offer(t, says(nil), "opaque", "good")},
		{"for another audience", 107, asked, offer(t, says(map[string]any{"aud": "https://elsewhere.test"}), "opaque", introspection.CheckAudience)},
		{"inactive", 90, asked, offer(t, says(map[string]any{"active": false}), "opaque", introspection.CheckActive)},
		{"a JWT of another issuer", 2, "", offer(t, says(nil), f.as.Mint(authtest.Claim("iss", "https://other.test")), introspection.CheckShape)},
	}
}

func confirmerCosts(t testing.TB) []cost {
	f := newFixture(t)
	token := f.as.Mint(authtest.Subject("user-1"), authtest.ClientID("client-1"), authtest.Claim("jti", "token-1"), authtest.Scopes("read"), authtest.Lifetime(24*time.Hour))
	v := f.confirmer(t, f.always(t, nil))
	return []cost{
		{"confirmed", 153, asked, offer(t, v, token, "good")},
		{"opaque", 2, "", offer(t, v, "opaque", "jwt_shape")},
	}
}

// cachedCosts are of tokens that the issuer was asked about before.
func cachedCosts(t testing.TB) []cost {
	f := newFixture(t)
	says := func(change map[string]any) auth.Verifier {
		cache, err := auth.Cached(f.verifier(t, f.always(t, change), func(c *introspection.Config) { c.PositiveTTL, c.NegativeTTL = time.Hour, time.Minute }), auth.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		return cache
	}
	return []cost{
		{"active", 0, "", offer(t, says(nil), "opaque", "good")},
		{"inactive", 0, "", offer(t, says(map[string]any{"active": false}), "opaque", introspection.CheckActive)},
	}
}
