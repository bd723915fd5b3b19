// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// facts is what a profile reads from a token, in one line.
func facts(c *auth.Claims) string {
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return fmt.Sprint(or(c.ClientID()), " ", c.Principal(), " ", c.Scopes(), " ", c.Roles(), " ", or(c.Tenant()), " ", or(c.User()))
}

// Every issuer's access tokens are accepted by its profile, and every other JWT
// that the issuer signs with the same key for the same audience is not.
func TestProfiles(t *testing.T) {
	for _, issuer := range allIssuers() {
		t.Run(issuer.profile.String(), func(t *testing.T) {
			f := newFixture(t, "ES256")
			v := f.verifier(t, profileConfig(issuer.profile))
			for _, tc := range []struct {
				name string
				shape
				want string
			}{{"user", issuer.user, issuer.proved}, {"client", issuer.client, issuer.provedClient}} {
				claims, err := verify(t.Context(), v, tc.shape.mint(f))
				if err != nil {
					t.Errorf("%s: %s", tc.name, causes(err))
				} else if got := facts(claims); got != tc.want {
					t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
				}
			}
			for name, s := range issuer.more {
				if _, err := verify(t.Context(), v, s.mint(f)); err != nil {
					t.Errorf("%s: %s", name, causes(err))
				}
			}
			for name, s := range issuer.others {
				if claims, err := verify(t.Context(), v, s.mint(f)); !strings.HasPrefix(result(err), invalid("")) {
					t.Errorf("%s: %v, %s", name, claims, result(err))
				}
			}
			for _, p := range issuer.proofs {
				if _, err := verify(t.Context(), v, issuer.user.with(members{p.claim: absent}).mint(f)); result(err) != p.want {
					t.Errorf("without %s: %s, want %s", p.claim, result(err), p.want)
				}
			}
		})
	}
}

// J16, J17: under each of the headers that a profile may accept.
func TestOtherKindsOfToken(t *testing.T) {
	for _, issuer := range allIssuers() {
		t.Run(issuer.profile.String(), func(t *testing.T) {
			f := newFixture(t, "ES256")
			v := f.verifier(t, profileConfig(issuer.profile))
			for name, s := range otherKinds {
				for _, typ := range []any{s.typ, "JWT", absent} {
					if claims, err := verify(t.Context(), v, shape{typ, s.claims}.mint(f)); !strings.HasPrefix(result(err), invalid("")) {
						t.Errorf("%s with typ %v: %v, %s", name, typ, claims, result(err))
					}
				}
				// Its typ alone is reason enough, whatever it holds.
				if typ := s.typ; typ != "JWT" {
					if _, err := verify(t.Context(), v, shape{typ, issuer.user.claims}.mint(f)); result(err) != invalid(jwtauth.CheckType) {
						t.Errorf("typ %v on an access token: %s", typ, result(err))
					}
				}
			}
			// So is each of its own claims, where typ does not say it all.
			for name, value := range ownMarks {
				_, err := verify(t.Context(), v, issuer.user.with(members{name: value}).mint(f))
				if want := map[bool]string{true: ok, false: kind}[issuer.profile == jwtauth.RFC9068]; result(err) != want {
					t.Errorf("an access token with %s: %s, want %s", name, result(err), want)
				}
			}
			_, err := verify(t.Context(), v, issuer.user.with(members{"nonce": "n"}).mint(f))
			if mayHave := issuer.profile == jwtauth.RFC9068 || issuer.profile == jwtauth.Keycloak; (result(err) == kind) == mayHave {
				t.Errorf("an access token with nonce: %s", result(err))
			}
		})
	}
}

// Whatever the profile, no token of any issuer passes that is not an access
// token.
func TestProfilesOfOtherIssuers(t *testing.T) {
	f := newFixture(t, "ES256")
	for _, configured := range allIssuers() {
		v := f.verifier(t, profileConfig(configured.profile))
		for _, issuer := range realIssuers() {
			for name, s := range issuer.others {
				if slices.Contains([]string{
					"RFC 9068 claims as JWT", // an access token after all, under Legacy
					"access token header",    // likewise
					"org authorization server", "bound to a DPoP key", "from a secret",
				}, name) {
					continue
				}
				if claims, err := verify(t.Context(), v, s.mint(f)); err == nil && !accident(configured.profile, issuer.profile, name) {
					t.Errorf("profile %v accepted %v's %s: %v", configured.profile, issuer.profile, name, claims)
				}
			}
		}
	}
}

// accident lists what a profile of another issuer cannot know. Each is a reason
// to configure the right one.
func accident(configured, issuer jwtauth.Profile, name string) bool {
	return slices.Contains([]string{
		"Zitadel Hydra ID token, dressed", // rat means nothing to Zitadel
	}, fmt.Sprint(configured, " ", issuer, " ", name))
}

// A refused typ says where to look.
func TestRefusedTypeNamesProfiles(t *testing.T) {
	f := newFixture(t, "ES256")
	plain := []string{"Legacy", "Keycloak", "Entra", "Okta", "Auth0", "Cognito", "Google", "KubernetesServiceAccount", "Hydra", "Zitadel"}
	for name, tc := range map[string]struct {
		profile jwtauth.Profile
		typ     any
		says    []string
		not     []string
	}{
		"typ JWT":            {jwtauth.RFC9068, "JWT", append([]string{"typ JWT", "profile RFC9068 has typ at+jwt", "Config.Profile"}, plain...), nil},
		"typ jwt, long":      {jwtauth.RFC9068, "application/jwt", append([]string{"typ JWT"}, plain...), nil},
		"no typ":             {jwtauth.RFC9068, absent, append([]string{"no typ"}, plain...), nil},
		"at+jwt for Google":  {jwtauth.Google, "at+jwt", []string{"typ AT+JWT", "typ jwt or none", "RFC9068", "Keycloak"}, []string{"Google,", "Kubernetes"}},
		"a logout token":     {jwtauth.RFC9068, "logout+jwt", []string{"another kind of JWT", "no profile accepts it"}, append([]string{"logout"}, plain...)},
		"an empty typ":       {jwtauth.Legacy, "", []string{"no profile accepts it"}, []string{"Keycloak"}},
		"a typ of null":      {jwtauth.Keycloak, nil, []string{"no profile accepts it"}, []string{"Legacy"}},
		"not quoted":         {jwtauth.Entra, "canary-7f3a", []string{"no profile accepts it"}, []string{"canary"}},
		"not quoted, folded": {jwtauth.Entra, "CANARY-7F3A", []string{"no profile accepts it"}, []string{"CANARY", "canary"}},
	} {
		_, err := verify(t.Context(), f.verifier(t, profileConfig(tc.profile)), shape{tc.typ, members{"sub": "s"}}.mint(f))
		text := causes(err)
		if result(err) != invalid(jwtauth.CheckType) {
			t.Errorf("%s: %s", name, result(err))
		}
		for _, s := range tc.says {
			if !strings.Contains(text, s) {
				t.Errorf("%s: %q does not say %q", name, text, s)
			}
		}
		for _, s := range tc.not {
			if strings.Contains(text, s) {
				t.Errorf("%s: %q says %q", name, text, s)
			}
		}
	}
}

// What the configuration says about claims replaces what the profile says.
func TestClaimNamesOfProfiles(t *testing.T) {
	f := newFixture(t, "ES256")
	shapes := make(map[jwtauth.Profile]shape)
	for _, issuer := range allIssuers() {
		shapes[issuer.profile] = issuer.user
	}
	roles := "urn:zitadel:iam:org:project:" + audience + ":roles"
	for name, tc := range map[string]struct {
		profile jwtauth.Profile
		names   jwtauth.ClaimNames
		changes members
		want    string // facts, or the result
	}{
		"permissions as scopes":      {jwtauth.Auth0, jwtauth.ClaimNames{Scopes: []string{"permissions"}}, nil, "webclient user [read write] [] - -"},
		"app roles as scopes":        {jwtauth.Entra, jwtauth.ClaimNames{Scopes: []string{"scp", "roles"}, Roles: []string{}}, nil, "11111111-aaaa user [read write Editor] [] 33333333-cccc alice@tenant.test"},
		"roles of a client":          {jwtauth.Keycloak, jwtauth.ClaimNames{Roles: []string{"/resource_access/account/roles"}}, nil, "web-app user [openid profile read] [view-profile] - alice"},
		"another user":               {jwtauth.Keycloak, jwtauth.ClaimNames{User: "email"}, nil, "web-app user [openid profile read] [offline_access editor] - alice@mail.test"},
		"a demanded tenant":          {jwtauth.Entra, jwtauth.ClaimNames{Tenant: "tid"}, members{"tid": absent}, invalid(jwtauth.CheckMapping)},
		"a tenant by default":        {jwtauth.Entra, jwtauth.ClaimNames{}, members{"tid": absent}, "11111111-aaaa user [read write] [Editor] - alice@tenant.test"},
		"a tenant that is no string": {jwtauth.Entra, jwtauth.ClaimNames{}, members{"tid": 5}, invalid(jwtauth.CheckMapping)},
		"an empty tenant":            {jwtauth.Entra, jwtauth.ClaimNames{}, members{"tid": ""}, invalid(jwtauth.CheckMapping)},
		"a user that is no string":   {jwtauth.Cognito, jwtauth.ClaimNames{}, members{"username": []string{"a"}}, invalid(jwtauth.CheckMapping)},
		"roles that are no strings":  {jwtauth.Okta, jwtauth.ClaimNames{}, members{"groups": []int{1}}, invalid(jwtauth.CheckMapping)},
		"no roles in the token":      {jwtauth.Okta, jwtauth.ClaimNames{}, members{"groups": absent}, "0oaweb user [openid read] [] - -"},
		"scp is a number":            {jwtauth.Okta, jwtauth.ClaimNames{}, members{"scp": 5}, noScope},
		"scope is a list":            {jwtauth.Keycloak, jwtauth.ClaimNames{}, members{"scope": []string{"read"}}, noScope},
		"scp proves, elsewhere too":  {jwtauth.Okta, jwtauth.ClaimNames{Scopes: []string{"groups"}}, members{"scp": absent}, kind},
		"nothing granted":            {jwtauth.Entra, jwtauth.ClaimNames{}, members{"scp": absent, "roles": absent}, noScope},

		"no grants wanted":            {jwtauth.Zitadel, jwtauth.ClaimNames{Roles: []string{}}, nil, "2001@shop unknown [] [] org-1 -"},
		"a role granted by nobody":    {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: members{"admin": members{}}}, invalid(jwtauth.CheckMapping)},
		"a role that is switched off": {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: members{"admin": false}}, invalid(jwtauth.CheckMapping)},
		"one of several roles":        {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: members{"admin": false, "viewer": members{"org-1": "shop.test"}}}, invalid(jwtauth.CheckMapping)},
		"roles in a list":             {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: []string{"admin"}}, invalid(jwtauth.CheckMapping)},
		"roles of null":               {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: nil}, invalid(jwtauth.CheckMapping)},
		"no roles":                    {jwtauth.Zitadel, jwtauth.ClaimNames{}, members{roles: members{}}, "2001@shop unknown [] [] org-1 -"},
	} {
		c := profileConfig(tc.profile)
		c.Claims = tc.names
		claims, err := verify(t.Context(), f.verifier(t, c), shapes[tc.profile].with(tc.changes).mint(f))
		got := result(err)
		if err == nil {
			got = facts(claims)
		}
		if got != tc.want {
			t.Errorf("%s:\ngot  %s (%s)\nwant %s", name, got, causes(err), tc.want)
		}
	}
}

// A Cognito token without aud is for whatever its app client is for.
func TestCognitoAudience(t *testing.T) {
	f := newFixture(t, "ES256")
	cognito := realIssuers()[4].user
	for name, tc := range map[string]struct {
		audiences []string
		changes   members
		want      string
	}{
		"the client is listed":            {[]string{"app-1", "app-2"}, members{"client_id": "app-2"}, ok},
		"the client is not listed":        {[]string{"app-1"}, members{"client_id": "app-2"}, invalid(jwtauth.CheckAudience)},
		"aud is listed":                   {[]string{"https://api.test"}, members{"client_id": "app-2", "aud": "https://api.test"}, ok},
		"aud counts, the client does not": {[]string{"app-2"}, members{"client_id": "app-2", "aud": "https://other.test"}, invalid(jwtauth.CheckAudience)},
		"aud is empty":                    {[]string{"app-2"}, members{"client_id": "app-2", "aud": ""}, invalid(jwtauth.CheckAudience)},
		"aud is null":                     {[]string{"app-2"}, members{"client_id": "app-2", "aud": nil}, invalid(jwtauth.CheckAudience)},
		"aud is an empty list":            {[]string{"app-2"}, members{"client_id": "app-2", "aud": []string{}}, invalid(jwtauth.CheckAudience)},
	} {
		c := profileConfig(jwtauth.Cognito)
		c.Audiences = tc.audiences
		claims, err := verify(t.Context(), f.verifier(t, c), cognito.with(tc.changes).mint(f))
		if result(err) != tc.want {
			t.Errorf("%s: %s (%s), want %s", name, result(err), causes(err), tc.want)
		}
		// A rule may narrow by what the verifier took for the audience.
		if err == nil && !slices.ContainsFunc(tc.audiences, claims.HasAudience) {
			t.Errorf("%s: audiences %q", name, claims.Audiences())
		}
	}
	// Only there.
	for _, issuer := range allIssuers() {
		if issuer.profile == jwtauth.Cognito {
			continue
		}
		s := issuer.user.with(members{"aud": absent, "client_id": audience, "azp": audience, "cid": audience})
		if _, err := verify(t.Context(), f.verifier(t, profileConfig(issuer.profile)), s.mint(f)); err == nil {
			t.Errorf("%v accepts a token without aud", issuer.profile)
		}
	}
}

// A service account is its namespace and its name, and both are there.
func TestKubernetesServiceAccount(t *testing.T) {
	f := newFixture(t, "ES256")
	v := f.verifier(t, profileConfig(jwtauth.KubernetesServiceAccount))
	about := func(namespace, name any) members {
		return members{"namespace": namespace, "serviceaccount": members{"name": name}}
	}
	for sub, tc := range map[string]struct {
		about any
		want  string
	}{
		"system:serviceaccount:shop:cart":   {about("shop", "cart"), ok},
		"system:serviceaccount:shop:cart2":  {about("shop", "cart"), kind},
		"system:serviceaccount:shop:Cart":   {about("shop", "cart"), kind},
		"system:serviceaccount::shop:cart":  {about("", "shop:cart"), kind},
		"system:serviceaccount:shop:cart:":  {about("shop:cart", ""), kind},
		"system:serviceaccount:shop:five":   {about("shop", 5), kind},
		"system:serviceaccount:5:cart":      {about(5, "cart"), kind},
		"system:serviceaccount:shop:list":   {[]any{about("shop", "list")}, kind},
		"system:serviceaccount:shop:null":   {nil, kind},
		"system:serviceaccount:shop:object": {members{"namespace": "shop", "serviceaccount": "object"}, kind},
		"shop:cart":                         {about("shop", "cart"), kind},
	} {
		s := shape{absent, members{"sub": sub, "kubernetes.io": tc.about}}
		if _, err := verify(t.Context(), v, s.mint(f)); result(err) != tc.want {
			t.Errorf("%s: %s, want %s", sub, result(err), tc.want)
		}
	}
}

func TestProfileNames(t *testing.T) {
	names := []string{"RFC9068", "Legacy", "Keycloak", "Entra", "Okta", "Auth0", "Cognito", "Google", "KubernetesServiceAccount", "Hydra", "Zitadel"}
	for n, want := range names {
		if got := jwtauth.Profile(n).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := jwtauth.Profile(len(names)).String(); got != fmt.Sprintf("Profile(%d)", len(names)) {
		t.Errorf("one profile more: %s; it needs an entry in shape_test.go", got)
	}
	var tested []string
	for _, issuer := range allIssuers() {
		tested = append(tested, issuer.profile.String())
	}
	if !slices.Equal(tested, names) {
		t.Errorf("shape_test.go has %q", tested)
	}
}

func TestParseProfile(t *testing.T) {
	for name, want := range map[string]jwtauth.Profile{"RFC9068": jwtauth.RFC9068, "keycloak": jwtauth.Keycloak, "ZITADEL": jwtauth.Zitadel} {
		if p, err := jwtauth.ParseProfile(name); err != nil || p != want {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	for _, name := range []string{"", "none", "Profile(3)"} {
		if p, err := jwtauth.ParseProfile(name); err == nil || !strings.Contains(err.Error(), "Keycloak, Entra") {
			t.Errorf("%q: %v, %v", name, p, err)
		}
	}
}
