// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/auth/jwtauth"
)

// what proves neither a user nor a client is neither, so that no rule about
// the one is satisfied by the other.
func TestPrincipal(t *testing.T) {
	const user, client, neither = auth.PrincipalUser, auth.PrincipalClient, auth.PrincipalUnknown
	f := newFixture(t, "ES256")
	shapes := make(map[jwtauth.Profile]issuerShapes)
	for _, issuer := range allIssuers() {
		shapes[issuer.profile] = issuer
	}
	for _, tc := range []struct {
		profile jwtauth.Profile
		name    string
		client  bool // the client's token is changed, not the user's
		changes members
		want    auth.Principal
	}{
		{jwtauth.RFC9068, "sub is client_id", true, nil, client},
		{jwtauth.RFC9068, "sub is another", false, nil, user},
		{jwtauth.RFC9068, "Auth0's client", false, members{"sub": "web-app@clients"}, neither},
		{jwtauth.RFC9068, "Auth0's grant type", false, members{"gty": "client-credentials"}, neither},
		{jwtauth.RFC9068, "Auth0's user", false, members{"gty": "password"}, user},
		{jwtauth.RFC9068, "Keycloak's client", false, members{"preferred_username": "service-account-web-app"}, neither},
		{jwtauth.RFC9068, "Keycloak's client, in capitals", false, members{"preferred_username": "Service-Account-Web-App"}, neither},
		{jwtauth.RFC9068, "Keycloak's user", false, members{"preferred_username": "alice"}, user},
		{jwtauth.RFC9068, "Entra's application", false, members{"idtyp": "app"}, neither},
		{jwtauth.RFC9068, "Entra's odd application", false, members{"idtyp": 5}, neither},
		{jwtauth.RFC9068, "Entra's application by oid", false, members{"oid": "user-1"}, neither},
		{jwtauth.RFC9068, "Entra's user", false, members{"idtyp": "user", "oid": "o"}, user},
		{jwtauth.RFC9068, "Kubernetes", false, members{"sub": "system:serviceaccount:a:b"}, neither},
		{jwtauth.RFC9068, "an actor is not the subject", false, members{"act": members{"sub": "web-app"}}, user},
		{jwtauth.RFC9068, "an actor does not make a user", true, members{"act": members{"sub": "alice"}}, client},
		{jwtauth.Legacy, "sub is client_id", true, nil, client},
		{jwtauth.Legacy, "sub is azp", false, members{"client_id": absent, "azp": "user-1"}, client},
		{jwtauth.Legacy, "Keycloak's client", false, members{"preferred_username": "service-account-web-app"}, neither},

		{jwtauth.Keycloak, "no user name", false, members{"preferred_username": absent}, neither},
		{jwtauth.Keycloak, "a user with a client_id mapper", false, members{"client_id": "web-app"}, user},
		{jwtauth.Keycloak, "a user who took such a name", false, members{"preferred_username": "service-account-web-app"}, neither},
		{jwtauth.Keycloak, "a user who took the name of another client", false, members{"preferred_username": "service-account-other", "client_id": "web-app"}, neither},
		{jwtauth.Keycloak, "a client of another session", true, members{"client_id": "other"}, neither},
		{jwtauth.Keycloak, "a client before version 22", true, members{"client_id": absent, "clientId": "Job-Runner"}, client},
		{jwtauth.Keycloak, "a client without the mappers", true, members{"client_id": absent}, neither},
		{jwtauth.Keycloak, "a client without the name", true, members{"preferred_username": absent}, neither},
		{jwtauth.Keycloak, "the prefix in capitals", true, members{"preferred_username": "SERVICE-ACCOUNT-JOB-RUNNER"}, client},

		{jwtauth.Entra, "idtyp user", false, members{"idtyp": "user"}, user},
		{jwtauth.Entra, "idtyp app with scp", false, members{"idtyp": "app"}, neither},
		{jwtauth.Entra, "idtyp device", false, members{"idtyp": "device"}, neither},
		{jwtauth.Entra, "idtyp of another type", false, members{"idtyp": nil}, neither},
		{jwtauth.Entra, "a user that is its own object", false, members{"oid": "pairwise-1"}, neither},
		{jwtauth.Entra, "a user without scp", false, members{"scp": absent}, neither},
		{jwtauth.Entra, "idtyp app", true, members{"idtyp": "app", "oid": absent}, client},
		{jwtauth.Entra, "an application without oid", true, members{"oid": absent}, neither},
		{jwtauth.Entra, "an application with idtyp user", true, members{"idtyp": "user"}, neither},
		{jwtauth.Entra, "an application with scp", true, members{"scp": "read"}, neither},

		{jwtauth.Okta, "no uid", false, members{"uid": absent}, neither},
		{jwtauth.Okta, "empty uid", false, members{"uid": ""}, neither},
		{jwtauth.Okta, "a user who is the client", false, members{"sub": "0oaweb"}, neither},
		{jwtauth.Okta, "a client with uid", true, members{"uid": "00u1"}, neither},
		{jwtauth.Okta, "a client with another subject", true, members{"sub": "alice"}, neither},

		{jwtauth.Auth0, "a client of another id", true, members{"sub": "other@clients"}, neither},
		{jwtauth.Auth0, "a user with the suffix", false, members{"sub": "custom|x@clients"}, neither},
		{jwtauth.Auth0, "a user by a client's grant", false, members{"gty": "client-credentials"}, neither},
		{jwtauth.Auth0, "no connection", false, members{"sub": "alice"}, neither},
		{jwtauth.Auth0, "an empty connection", false, members{"sub": "|alice"}, neither},

		{jwtauth.Cognito, "no user name", false, members{"username": absent}, neither},
		{jwtauth.Cognito, "a user who is the client", false, members{"sub": audience}, neither},
		{jwtauth.Cognito, "a client with a user name", true, members{"username": "alice"}, neither},
		{jwtauth.Cognito, "a client with another subject", true, members{"sub": "other"}, neither},

		{jwtauth.Google, "a service account", true, nil, client},
		{jwtauth.KubernetesServiceAccount, "a service account", true, nil, client},
		{jwtauth.Hydra, "sub is client_id", true, nil, client},
		{jwtauth.Hydra, "sub is another", false, nil, user},
		{jwtauth.Zitadel, "a user", false, nil, neither},
		{jwtauth.Zitadel, "a service user", true, nil, neither},
	} {
		s := shapes[tc.profile].user
		if tc.client {
			s = shapes[tc.profile].client
		}
		claims, err := verify(t.Context(), f.verifier(t, profileConfig(tc.profile)), s.with(tc.changes).mint(f))
		if err != nil {
			t.Errorf("%v, %s: %s", tc.profile, tc.name, causes(err))
		} else if claims.Principal() != tc.want {
			t.Errorf("%v, %s: %v, want %v", tc.profile, tc.name, claims.Principal(), tc.want)
		}
	}
}
