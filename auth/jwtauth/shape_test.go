// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth_test

import (
	"maps"
	"time"

	"github.com/bearerkit/bearerkit/auth/jwtauth"
	"github.com/bearerkit/bearerkit/authtest"
)

// members is a JSON object.
type members = map[string]any

// absent as a value means no member.
const absent = absentType(0)

type absentType byte

// changed returns a copy of o with other values.
func changed(o members, changes members) members {
	o = maps.Clone(o)
	maps.Copy(o, changes)
	return o
}

// shape is a token as an issuer makes it, with made-up values. What all tokens
// have (iss, aud, iat, exp) is added; a shape may say otherwise.
type shape struct {
	typ    any // header; absent for none
	claims members
}

// mint signs a shape with the issuer's key.
func (s shape) mint(f *fixture) string {
	now := time.Now().Unix()
	claims := changed(members{"iss": issuerURL, "aud": audience, "iat": now, "exp": now + 600}, s.claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == absent })
	typ := authtest.Header("typ", s.typ)
	if s.typ == absent {
		typ = authtest.WithoutHeader("typ")
	}
	return f.as.Mint(typ, authtest.RawClaims(asJSON(claims)))
}

// with returns the shape with other claims.
func (s shape) with(changes members) shape { return shape{s.typ, changed(s.claims, changes)} }

// proof is a claim that is part of what proves an access token, and the answer
// to a token that lacks it.
type proof struct {
	claim string
	want  string
}

// issuerShapes are an issuer's tokens. To add an issuer, add one of these.
type issuerShapes struct {
	profile jwtauth.Profile
	// user and client are access tokens: for a user, and for a client itself. They
	// are one where the issuer has none for users.
	user, client shape
	// more are access tokens that look otherwise.
	more map[string]shape
	// others are tokens of other kinds, as this issuer makes them. All are
	// refused; the generic ones of otherKinds come on top.
	others map[string]shape
	// proofs are the claims without which user is refused, besides what every
	// token needs.
	proofs []proof
	// proved is what is read from user: client, principal, scopes, roles, tenant
	// and user.
	proved string
	// provedClient is the same for client.
	provedClient string
}

var kind, noScope = invalid(jwtauth.CheckKind), invalid(jwtauth.CheckScope)

// realIssuers have a profile of their own. docs/profiles.md has the sources.
func realIssuers() []issuerShapes {
	keycloakUser := shape{"JWT", members{
		"auth_time": 1700000000, "jti": "onrtac:7f3a", "sub": "2b4e", "typ": "Bearer", "azp": "web-app", "sid": "9d1c", "acr": "1", "allowed-origins": []string{"https://app.test"},
		"realm_access": members{"roles": []string{"offline_access", "editor"}}, "resource_access": members{"account": members{"roles": []string{"view-profile"}}},
		"scope": "openid profile read", "email_verified": true, "name": "A B", "preferred_username": "alice", "email": "alice@mail.test",
	}}
	keycloakClient := shape{"JWT", members{
		"jti": "trrtcc:11aa", "sub": "77c0", "typ": "Bearer", "azp": "Job-Runner", "acr": "1", "realm_access": members{"roles": []string{"offline_access"}},
		"scope": "profile read", "clientHost": "192.0.2.1", "clientAddress": "192.0.2.1", "client_id": "Job-Runner", "preferred_username": "service-account-job-runner",
	}}
	entraUser := shape{"JWT", members{
		"nbf": 1700000000, "aio": "opaque", "azp": "11111111-aaaa", "azpacr": "1", "name": "A B", "oid": "22222222-bbbb", "preferred_username": "alice@tenant.test", "rh": "0.A",
		"roles": []string{"Editor"}, "scp": "read write", "sub": "pairwise-1", "tid": "33333333-cccc", "uti": "u-1", "ver": "2.0",
	}}
	entraClient := shape{"JWT", members{
		"nbf": 1700000000, "aio": "opaque", "azp": "44444444-dddd", "azpacr": "2", "oid": "55555555-eeee", "rh": "0.A", "roles": []string{"Jobs.Run"},
		"sub": "55555555-eeee", "tid": "33333333-cccc", "uti": "u-2", "ver": "2.0",
	}}
	oktaUser := shape{absent, members{"ver": 1, "jti": "AT.0m", "cid": "0oaweb", "uid": "00u1", "scp": []string{"openid", "read"}, "auth_time": 1700000000, "sub": "alice@mail.test", "groups": []string{"editors"}}}
	auth0User := shape{"JWT", members{"sub": "auth0|6553", "aud": []string{audience, issuerURL + "/userinfo"}, "azp": "webclient", "scope": "openid profile read", "permissions": []string{"read", "write"}}}
	auth0Standard := shape{"at+jwt", members{"sub": "auth0|6553", "client_id": "webclient", "jti": "73W", "scope": "openid read"}}
	cognitoUser := shape{absent, members{
		"aud": absent, "sub": "aaaa-bbbb", "device_key": "d", "cognito:groups": []string{"editors"}, "client_id": audience, "origin_jti": "o", "event_id": "e", "token_use": "access",
		"scope": "openid read", "auth_time": 1700000000, "jti": "j", "username": "alice", "version": 2,
	}}
	googleClient := shape{"JWT", members{"azp": "1147", "email": "job@project.iam.gserviceaccount.com", "email_verified": true, "sub": "1147"}}
	kubernetesPod := shape{absent, members{
		"aud": []string{audience}, "jti": "aed3", "nbf": 1700000000, "sub": "system:serviceaccount:shop:cart", "kubernetes.io": members{
			"namespace": "shop", "node": members{"name": "n", "uid": "1"}, "pod": members{"name": "cart-0", "uid": "2"}, "serviceaccount": members{"name": "cart", "uid": "3"}, "warnafter": 1800000000,
		},
	}}
	hydraUser := shape{"JWT", members{"aud": []string{audience}, "client_id": "web-app", "ext": members{"plan": "x"}, "jti": "j", "nbf": 1700000000, "scp": []string{"openid", "read"}, "sub": "user-1"}}
	zitadelUser := shape{"JWT", members{
		"aud": []string{"2001@shop", audience, "3001"}, "client_id": "2001@shop", "jti": "V2_1-at_2", "nbf": 1700000000, "sub": "1001", "urn:zitadel:iam:user:resourceowner:id": "org-1",
		"urn:zitadel:iam:org:project:roles":                  members{"elsewhere": members{"org-1": "shop.test"}},
		"urn:zitadel:iam:org:project:" + audience + ":roles": members{"editor": members{"org-1": "shop.test", "org-2": "two.test"}, "viewer": members{"org-2": "two.test"}},
		"urn:zitadel:iam:org:project:3001:roles":             members{"admin": members{"org-1": "shop.test"}},
	}}

	return []issuerShapes{
		{
			profile: jwtauth.Keycloak, user: keycloakUser, client: keycloakClient,
			more: map[string]shape{
				"header option at+jwt":                {"at+jwt", keycloakUser.claims},
				"lower-case bearer option":            keycloakUser.with(members{"typ": "bearer"}),
				"nonce, as before version 25":         keycloakUser.with(members{"nonce": "n"}),
				"lightweight":                         {"JWT", members{"jti": "j", "sub": "2b4e", "typ": "Bearer", "azp": "web-app", "sid": "s", "scope": "read"}},
				"client before version 22":            keycloakClient.with(members{"client_id": absent, "clientId": "Job-Runner"}),
				"several audiences, account included": keycloakUser.with(members{"aud": []string{"account", audience}}),
			},
			others: map[string]shape{
				"ID token":                 {"JWT", changed(keycloakUser.claims, members{"typ": "ID", "at_hash": "h", "nonce": "n", "scope": absent})},
				"ID token, nothing beside": {"JWT", changed(keycloakUser.claims, members{"typ": "ID"})},
				"refresh token":            {"JWT", members{"jti": "j", "sub": "2b4e", "typ": "Refresh", "azp": "web-app", "sid": "9d1c", "scope": "openid read"}},
				"offline token":            {"JWT", members{"jti": "j", "sub": "2b4e", "typ": "Offline", "azp": "web-app", "sid": "9d1c", "scope": "openid read"}},
				"logout token":             {"logout+jwt", members{"jti": "j", "sub": "2b4e", "typ": "Logout", "sid": "9d1c", "events": members{"http://schemas.openid.net/event/backchannel-logout": members{}}}},
				"logout token, older":      {"JWT", members{"jti": "j", "sub": "2b4e", "typ": "Logout", "sid": "9d1c", "azp": "web-app"}},
				"serialized ID":            {"JWT", changed(keycloakUser.claims, members{"typ": "Serialized-ID"})},
				"registration token":       {"JWT", members{"jti": "j", "sub": "2b4e", "typ": "RegistrationAccessToken", "azp": "web-app"}},
				"userinfo":                 {"JWT", members{"sub": "2b4e", "preferred_username": "alice", "email": "alice@mail.test"}},
				"bound to a DPoP key":      {"JWT", changed(keycloakUser.claims, members{"typ": "DPoP"})},
			},
			proofs: []proof{{"typ", kind}, {"azp", invalid(jwtauth.CheckClient)}, {"jti", invalid(jwtauth.CheckTokenID)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "web-app user [openid profile read] [offline_access editor] - alice", provedClient: "Job-Runner client [profile read] [offline_access] - service-account-job-runner",
		},
		{
			profile: jwtauth.Entra, user: entraUser, client: entraClient,
			more: map[string]shape{
				"version 1.0":         {"JWT", changed(entraUser.claims, members{"azp": absent, "azpacr": absent, "appid": "11111111-aaaa", "appidacr": "0", "ver": "1.0", "unique_name": "alice", "preferred_username": absent})},
				"idtyp user":          entraUser.with(members{"idtyp": "user"}),
				"idtyp app":           entraClient.with(members{"idtyp": "app"}),
				"user without roles":  entraUser.with(members{"roles": absent}),
				"scp without profile": entraUser.with(members{"oid": absent, "tid": absent, "name": absent, "preferred_username": absent}),
			},
			others: map[string]shape{
				// As documented: neither azp nor azpacr nor scp; the nonce is not always there.
				"ID token":           {"JWT", changed(entraUser.claims, members{"azp": absent, "azpacr": absent, "scp": absent, "nonce": "n", "sid": "s"})},
				"ID token, no nonce": {"JWT", changed(entraUser.claims, members{"azp": absent, "azpacr": absent, "scp": absent, "roles": []string{"Editor"}})},
				"ID token 1.0":       {"JWT", members{"sub": "pairwise-1", "oid": "22222222-bbbb", "tid": "33333333-cccc", "amr": []string{"pwd"}, "roles": []string{"Editor"}, "unique_name": "alice", "ver": "1.0"}},
				"neither version":    entraUser.with(members{"ver": "1.0", "azpacr": absent, "appidacr": "1"}),
				"ID token with azp":  {"JWT", changed(entraUser.claims, members{"azpacr": absent, "scp": absent})},
			},
			proofs: []proof{{"ver", kind}, {"azp", invalid(jwtauth.CheckClient)}, {"azpacr", kind}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "11111111-aaaa user [read write] [Editor] 33333333-cccc alice@tenant.test", provedClient: "44444444-dddd client [] [Jobs.Run] 33333333-cccc -",
		},
		{
			profile: jwtauth.Okta, user: oktaUser,
			client: shape{absent, members{"ver": 1, "jti": "AT.1", "cid": "0oajob", "scp": []string{"read"}, "sub": "0oajob"}},
			others: map[string]shape{
				"ID token": {absent, members{
					"ver": 1, "jti": "ID.4e", "sub": "00u1", "amr": []string{"pwd"}, "idp": "00o1", "auth_time": 1700000000, "at_hash": "h", "nonce": "n", "preferred_username": "alice", "groups": []string{"editors"},
				}},
				"ID token, code flow without nonce": {absent, members{"ver": 1, "jti": "ID.4e", "sub": "00u1", "amr": []string{"pwd"}, "idp": "00o1", "auth_time": 1700000000}},
				"org authorization server":          {"application/okta-internal-at+jwt", oktaUser.claims},
			},
			proofs: []proof{{"cid", invalid(jwtauth.CheckClient)}, {"scp", kind}, {"jti", invalid(jwtauth.CheckTokenID)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "0oaweb user [openid read] [editors] - -", provedClient: "0oajob client [read] [] - -",
		},
		{
			profile: jwtauth.Auth0, user: auth0User,
			client: shape{"JWT", members{"sub": "jobclient@clients", "azp": "jobclient", "scope": "read", "gty": "client-credentials"}},
			more: map[string]shape{
				"client without scopes":             {"JWT", members{"sub": "jobclient@clients", "azp": "jobclient", "gty": "client-credentials"}},
				"permissions alone":                 auth0User.with(members{"scope": absent}),
				"RFC 9068 profile":                  auth0Standard,
				"RFC 9068 profile, client":          {"at+jwt", members{"sub": "jobclient@clients", "client_id": "jobclient", "jti": "73X"}},
				"password grant":                    auth0User.with(members{"gty": "password"}),
				"federated user with an odd suffix": auth0User.with(members{"sub": "samlp|corp|alice"}),
			},
			others: map[string]shape{
				"ID token":               {"JWT", members{"sub": "auth0|6553", "sid": "s", "nonce": "n", "name": "A B", "email": "alice@mail.test", "email_verified": true, "updated_at": "2025-01-01T00:00:00Z"}},
				"ID token, no nonce":     {"JWT", members{"sub": "auth0|6553", "sid": "s", "name": "A B", "https://app.test/roles": []string{"editor"}}},
				"ID token, azp":          {"JWT", members{"sub": "auth0|6553", "sid": "s", "azp": "webclient", "name": "A B"}},
				"RFC 9068 claims as JWT": {"JWT", auth0Standard.claims},
			},
			proofs: []proof{{"azp", invalid(jwtauth.CheckClient)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "webclient user [openid profile read] [] - -", provedClient: "jobclient client [read] [] - -",
		},
		{
			profile: jwtauth.Cognito, user: cognitoUser,
			client: shape{absent, members{"aud": absent, "sub": audience, "token_use": "access", "scope": "shop/read", "auth_time": 1700000000, "client_id": audience, "version": 2, "jti": "j"}},
			more: map[string]shape{
				"for a resource": cognitoUser.with(members{"aud": audience, "client_id": "app-client"}),
				"not by OAuth":   cognitoUser.with(members{"scope": "aws.cognito.signin.user.admin", "version": absent}),
			},
			others: map[string]shape{
				"ID token": {absent, members{
					"sub": "aaaa-bbbb", "cognito:groups": []string{"editors"}, "email_verified": true, "cognito:username": "alice", "nonce": "n", "at_hash": "h", "origin_jti": "o", "event_id": "e", "token_use": "id", "auth_time": 1700000000, "jti": "j",
				}},
				"ID token, nothing beside": cognitoUser.with(members{"token_use": "id", "aud": audience}),
			},
			proofs: []proof{{"token_use", kind}, {"client_id", invalid(jwtauth.CheckClient)}, {"jti", invalid(jwtauth.CheckTokenID)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: audience + " user [openid read] [editors] - alice", provedClient: audience + " client [shop/read] [] - -",
		},
		{
			profile: jwtauth.Google, user: googleClient, client: googleClient,
			more: map[string]shape{
				"by key, azp is the address": googleClient.with(members{"azp": "job@project.iam.gserviceaccount.com"}),
				"without the address":        googleClient.with(members{"email": absent, "email_verified": absent}),
				"instance, full format":      googleClient.with(members{"google": members{"compute_engine": members{"instance_id": "1", "project_id": "p"}}}),
			},
			others: map[string]shape{
				"ID token of a user": {"JWT", members{
					"azp": "77-x.apps.googleusercontent.com", "sub": "1030", "hd": "mail.test", "email": "alice@mail.test", "email_verified": true, "at_hash": "h", "nonce": "n", "name": "A B",
				}},
				"ID token of a user, no hash":        {"JWT", members{"azp": "77-x.apps.googleusercontent.com", "sub": "1030", "email": "alice@mail.test", "email_verified": true}},
				"azp an address that is not a robot": googleClient.with(members{"azp": "alice@mail.test", "email": "alice@mail.test"}),
				"azp an address nobody verified":     googleClient.with(members{"azp": "job@project.iam.gserviceaccount.com", "email_verified": false}),
				"azp an address of somebody else":    googleClient.with(members{"azp": "other@project.iam.gserviceaccount.com"}),
				"risk event":                         {"secevent+jwt", members{"jti": "j", "events": members{"https://schemas.openid.net/secevent/risc/event-type/account-disabled": members{}}}},
				"access token header":                {"at+jwt", googleClient.claims},
			},
			proofs: []proof{{"azp", invalid(jwtauth.CheckClient)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "1147 client [] [] - job@project.iam.gserviceaccount.com", provedClient: "1147 client [] [] - job@project.iam.gserviceaccount.com",
		},
		{
			profile: jwtauth.KubernetesServiceAccount, user: kubernetesPod, client: kubernetesPod,
			more: map[string]shape{
				"external signer":    {"JWT", kubernetesPod.claims},
				"without a pod":      kubernetesPod.with(members{"kubernetes.io": members{"namespace": "shop", "serviceaccount": members{"name": "cart", "uid": "3"}}}),
				"before version 1.3": kubernetesPod.with(members{"jti": absent}),
			},
			others: map[string]shape{
				"another account":        kubernetesPod.with(members{"sub": "system:serviceaccount:shop:admin"}),
				"another namespace":      kubernetesPod.with(members{"sub": "system:serviceaccount:kube-system:cart"}),
				"no account":             kubernetesPod.with(members{"kubernetes.io": members{"namespace": "shop"}, "sub": "system:serviceaccount:shop:"}),
				"a user":                 kubernetesPod.with(members{"sub": "alice"}),
				"colon in the namespace": kubernetesPod.with(members{"kubernetes.io": members{"namespace": "", "serviceaccount": members{"name": "shop:cart"}}, "sub": "system:serviceaccount::shop:cart"}),
				"claim is a list":        kubernetesPod.with(members{"kubernetes.io": []any{kubernetesPod.claims["kubernetes.io"]}}),
				"from a secret":          {absent, members{"aud": absent, "exp": absent, "sub": "system:serviceaccount:shop:cart", "kubernetes.io/serviceaccount/namespace": "shop", "kubernetes.io/serviceaccount/service-account.name": "cart"}},
				"access token header":    {"at+jwt", kubernetesPod.claims},
			},
			proofs: []proof{{"kubernetes.io", kind}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "- client [] [] shop -", provedClient: "- client [] [] shop -",
		},
		{
			profile: jwtauth.Hydra, user: hydraUser,
			client: hydraUser.with(members{"client_id": "job", "sub": "job", "scp": []string{}}),
			more: map[string]shape{
				"scope_claim string": hydraUser.with(members{"scp": absent, "scope": "openid read"}),
				"scope_claim both":   hydraUser.with(members{"scope": "openid read"}),
				"no ext, no nbf":     hydraUser.with(members{"ext": absent, "nbf": absent}),
			},
			others: map[string]shape{
				"ID token":            {"JWT", members{"acr": "0", "amr": []string{"pwd"}, "at_hash": "h", "auth_time": 1700000000, "jti": "j", "nonce": "n", "rat": 1700000000, "sid": "s", "sub": "user-1"}},
				"ID token, bare":      {"JWT", members{"auth_time": 1700000000, "jti": "j", "rat": 1700000000, "sid": "s", "sub": "user-1"}},
				"ID token, dressed":   {"JWT", changed(hydraUser.claims, members{"rat": 1700000000})},
				"ID token, no scopes": {"JWT", members{"client_id": "web-app", "jti": "j", "sid": "s", "sub": "user-1"}},
			},
			proofs: []proof{{"client_id", invalid(jwtauth.CheckClient)}, {"scp", kind}, {"jti", invalid(jwtauth.CheckTokenID)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "web-app user [openid read] [] - -", provedClient: "job client [] [] - -",
		},
		{
			profile: jwtauth.Zitadel, user: zitadelUser,
			client: shape{"JWT", members{"aud": []string{audience}, "client_id": "job-user", "jti": "V2_3-at_4", "nbf": 1700000000, "sub": "1002"}},
			more: map[string]shape{
				"delegated": zitadelUser.with(members{"act": members{"sub": "1003", "iss": issuerURL, "act": members{"sub": "1004"}}}),
				"azp":       zitadelUser.with(members{"client_id": absent, "azp": "2001@shop"}),
			},
			others: map[string]shape{
				"ID token": {"JWT", changed(zitadelUser.claims, members{"jti": absent, "nbf": absent, "azp": "2001@shop", "amr": []string{"pwd"}, "auth_time": 1700000000, "sid": "s", "at_hash": "h", "nonce": "n"})},
				// As a token exchange makes it: no session, no access token beside it.
				"ID token, exchanged": {"JWT", changed(zitadelUser.claims, members{"jti": absent, "nbf": absent, "azp": "2001@shop"})},
				"ID token with jti":   {"JWT", changed(zitadelUser.claims, members{"nbf": absent, "azp": "2001@shop"})},
				"ID token with nbf":   {"JWT", changed(zitadelUser.claims, members{"jti": absent, "azp": "2001@shop"})},
			},
			proofs: []proof{{"client_id", invalid(jwtauth.CheckClient)}, {"jti", kind}, {"nbf", kind}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "2001@shop unknown [] [editor viewer] org-1 -", provedClient: "job-user unknown [] [] - -",
		},
	}
}

// standardIssuers are the two profiles that belong to nobody.
func standardIssuers() []issuerShapes {
	claims := members{"sub": "user-1", "client_id": "web-app", "jti": "j", "scope": "read"}
	return []issuerShapes{
		{
			profile: jwtauth.RFC9068, user: shape{"at+jwt", claims}, client: shape{"at+jwt", changed(claims, members{"sub": "web-app"})},
			others: map[string]shape{"typ JWT": {"JWT", claims}, "no typ": {absent, claims}},
			proofs: []proof{{"client_id", invalid(jwtauth.CheckClient)}, {"jti", invalid(jwtauth.CheckTokenID)}, {"iat", invalid(jwtauth.CheckIssuedAt)}},
			proved: "web-app user [read] [] - -", provedClient: "web-app client [read] [] - -",
		},
		{
			profile: jwtauth.Legacy, user: shape{"JWT", claims}, client: shape{absent, changed(claims, members{"sub": "web-app"})},
			proofs: []proof{{"client_id", invalid(jwtauth.CheckClient)}, {"scope", noScope}},
			proved: "web-app user [read] [] - -", provedClient: "web-app client [read] [] - -",
		},
	}
}

func allIssuers() []issuerShapes { return append(standardIssuers(), realIssuers()...) }

// otherKinds are the kinds of JWT that are no access token (J16), as issuers of
// any make sign them, with everything in them that they may hold.
var otherKinds = map[string]shape{
	"ID token":               {"JWT", members{"sub": "user-1", "nonce": "n", "at_hash": "h", "auth_time": 1700000000, "acr": "1", "amr": []string{"pwd"}, "sid": "s", "email": "alice@mail.test"}},
	"ID token without marks": {"JWT", members{"sub": "user-1", "auth_time": 1700000000, "email": "alice@mail.test"}},
	"ID token, hybrid":       {"JWT", members{"sub": "user-1", "c_hash": "h", "s_hash": "h"}},
	"refresh token":          {"JWT", members{"sub": "user-1", "jti": "j"}},
	"refresh token by typ":   {"rt+jwt", members{"sub": "user-1", "jti": "j"}},
	"logout token":           {"logout+jwt", members{"sub": "user-1", "jti": "j", "sid": "s", "events": members{"http://schemas.openid.net/event/backchannel-logout": members{}}}},
	"security event":         {"secevent+jwt", members{"jti": "j", "sub_id": members{"format": "opaque", "id": "user-1"}, "events": members{"https://schemas.openid.net/secevent/caep/event-type/session-revoked": members{}}}},
	"introspection response": {"token-introspection+jwt", members{"sub": "user-1", "token_introspection": members{"active": true, "sub": "user-1", "scope": "read", "client_id": "web-app"}}},
	"DPoP proof":             {"dpop+jwt", members{"sub": "user-1", "jti": "j", "htm": "POST", "htu": audience}},
	"client assertion":       {"client-authentication+jwt", members{"sub": "web-app", "jti": "j"}},
	"status list":            {"statuslist+jwt", members{"sub": audience + "/list", "ttl": 60, "status_list": members{"bits": 1, "lst": "eNrbuRgAAhcBXQ"}}},
	"JARM response":          {"oauth-authz-resp+jwt", members{"code": "c", "state": "s"}},
	"userinfo":               {"JWT", members{"sub": "user-1", "name": "A B", "email": "alice@mail.test", "exp": absent, "iat": absent}},
	"request object":         {"oauth-authz-req+jwt", members{"client_id": "web-app", "scope": "read", "response_type": "code", "nonce": "n"}},
	"identity assertion":     {"oauth-id-jag+jwt", members{"sub": "user-1", "jti": "j"}},
}

// ownMarks are claims of which each belongs to another kind of JWT.
var ownMarks = members{
	"at_hash": "h", "c_hash": "h", "s_hash": "h", "events": members{}, "sub_id": members{"format": "opaque", "id": "x"}, "token_introspection": members{"active": true},
	"status_list": members{"bits": 1, "lst": "x"}, "htm": "POST", "htu": audience,
}

func profileConfig(p jwtauth.Profile) jwtauth.Config {
	c := strict()
	c.Profile = p
	return c
}
