// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/authtest"
	"github.com/bearerkit/bearerkit/internal/matrix"
)

// a script of another origin sees only the fields that the answer exposes,
// so a refusal exposes its own. Nobody else has use for the field, and grpc-go
// does not serve scripts.
func TestExposedHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	down := newFixture(t)
	down.as.FailAlways(authtest.Discovery, authtest.Status(500))
	const byHandler = "by the handler"
	for _, tc := range []struct {
		name    string
		fixture *fixture
		header  func(*fixture) matrix.Call
		want    string
		onCall  func(context.Context) error
	}{
		{"none", f, fields(), NC, nil},
		{"malformed", f, value("Bearer"), IR, nil},
		{"bad", f, value("Bearer canary-canary-canary"), IT, nil},
		{"lacks the scope", f, minted(authtest.Scopes("write")), IS, nil},
		{"good", f, minted(), OK, nil},
		{"outage", down, minted(), UN, nil},
		{"scope, " + byHandler, f, minted(), IS, func(ctx context.Context) error { return auth.RequireScopes(ctx, "admin") }},
		{"outage, " + byHandler, f, minted(), UN, func(context.Context) error { return auth.Unavailable("custom", time.Second, nil) }},
	} {
		t.Run("A-21 "+tc.name, func(t *testing.T) {
			tc.fixture.Service.OnCall = tc.onCall
			for _, over := range matrix.Transports() {
				for _, origin := range []string{"", "https://app.test", "null"} {
					c := tc.header(tc.fixture)
					if origin != "" {
						c.Header = append(c.Header, matrix.Field{Name: "origin", Value: origin})
					}
					o := tc.fixture.Do(t, over, c)
					if o.Code != answers[tc.want].code || o.Transport != "" {
						t.Errorf("%s: %q, %v", over.Name, o.Transport, o.Code)
					}
					var want []string
					if origin != "" && tc.want != OK && !over.Native() {
						want = []string{"retry-after", "www-authenticate"}
					}
					got := exposed(o)
					if !slices.Equal(got, want) {
						t.Errorf("%s, origin %q: %q is exposed, want %q", over.Name, origin, got, want)
					}
					// Which origins may read it is the server's to say.
					if allowed := o.Header.Values("Access-Control-Allow-Origin"); allowed != nil {
						t.Errorf("%s, origin %q: %q may read it", over.Name, origin, allowed)
					}
				}
			}
		})
	}
}

// exposed are the fields that a script may read besides the harmless ones.
func exposed(o matrix.Outcome) []string {
	var names []string
	for name := range strings.SplitSeq(strings.Join(o.Header.Values("Access-Control-Expose-Headers"), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
