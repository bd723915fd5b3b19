// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"errors"
	"io"
	"log"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth/issuer"
	"github.com/bearerkit/bearerkit/authtest"
)

var discard = log.New(io.Discard, "", 0)

func TestLogoutURL(t *testing.T) {
	const end = "https://issuer.test/logout"
	hint := issuer.Logout{IDTokenHint: "hint"}
	for name, tc := range map[string]struct {
		endpoint any
		logout   issuer.Logout
		want     string // or what the error says
	}{
		"nothing announced": {nil, hint, "not in the issuer's metadata"},
		"bare":              {end, issuer.Logout{}, end},
		"the usual three":   {end, issuer.Logout{IDTokenHint: "h", PostLogoutRedirectURI: "https://app.test/bye?x=1&y", State: "a b"}, end + "?id_token_hint=h&post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fbye%3Fx%3D1%26y&state=a+b"},
		"the others":        {end, issuer.Logout{ClientID: "c", LogoutHint: "joe@x.test", UILocales: []string{"de-CH", "fr"}}, end + "?client_id=c&logout_hint=joe%40x.test&ui_locales=de-CH+fr"},
		"with a query":      {end + "?tenant=acme", hint, end + "?tenant=acme&id_token_hint=hint"},
		"with a fragment":   {end + "#top", hint, end + "?id_token_hint=hint#top"},
		"with both":         {end + "?tenant=acme#top", hint, end + "?tenant=acme&id_token_hint=hint#top"},
		"an empty query":    {end + "?", hint, end + "?id_token_hint=hint"},
		"no URL":            {"logout", hint, "not an absolute URL"},
		"a script":          {"javascript:alert(1)", hint, "not an absolute URL"},
		"plain http":        {"http://issuer.test/logout", hint, "use https"},
		"this machine":      {"http://localhost:9/logout", hint, "plain http under an https issuer"},
		"this machine, TLS": {"https://localhost:9/logout", hint, "this machine"},
		"a number":          {7, hint, "wrong JSON type"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := authtest.NewIssuer(authtest.Config{InMemory: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			if tc.endpoint != nil {
				f.SetMetadata("end_session_endpoint", tc.endpoint)
			}
			got, err := open(t, f).LogoutURL(t.Context(), tc.logout)
			if err != nil {
				got = err.Error()
				if (tc.endpoint == nil) != errors.Is(err, issuer.ErrNotAnnounced) || strings.Contains(got, "hint") {
					t.Errorf("got %v", err)
				}
			}
			if got != tc.want && (err == nil || !strings.Contains(got, tc.want)) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
