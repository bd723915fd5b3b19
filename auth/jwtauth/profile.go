// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/auth"
	"github.com/bearerkit/bearerkit/internal/jws"
	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Profile says how an issuer's access tokens differ from every other JWT it
// signs with the same keys: ID tokens, refresh tokens, logout tokens; and in
// which claims the issuer puts client, scopes, roles and tenant. docs/profiles.md
// has them side by side, with their sources.
//
// Besides typ at+jwt, which is proof by itself, most profiles accept the typ JWT
// or none, which say nothing: then the claims named below are the proof. All
// but [RFC9068] refuse what belongs to other kinds of JWT, such as at_hash or
// events.
type Profile uint8

// The profiles.
const (
	// RFC9068 is the default: typ at+jwt, and iss, exp, aud, sub, client_id,
	// iat and jti are required.
	RFC9068 Profile = iota
	// Legacy is for issuers from before RFC 9068 that have no profile of their
	// own, whose access tokens have typ JWT or none. In its place it demands
	// client_id (or azp) and scope, and refuses what marks another kind of token:
	// nonce, at_hash, c_hash, s_hash, events and the like, a typ claim other than
	// Bearer, a token_use claim other than access. iat and jti are optional.
	Legacy
	// Keycloak demands the claim typ to be Bearer, and azp, iat and jti. Roles
	// are those of the realm.
	Keycloak
	// Entra is for Microsoft Entra ID, version 1.0 and 2.0 tokens. It demands
	// ver, the client (azp, or appid) together with how it authenticated (azpacr,
	// or appidacr), which only access tokens have, and scp or roles.
	Entra
	// Okta is for custom authorization servers of Okta. It demands cid and scp.
	// The access tokens of the org authorization server are for Okta alone.
	Okta
	// Auth0 accepts both of Auth0's access token profiles. Without typ at+jwt it
	// demands azp, and one of scope, permissions and gty.
	Auth0
	// Cognito demands token_use to be access. Its access tokens have no aud
	// unless the client asked for a resource: then the client_id STANDS IN FOR
	// THE AUDIENCE, so that [Config.Audiences] must list the app clients that may
	// call, and every one of them may call every service of the user pool that
	// lists it. Let rules ask for scopes of this service.
	Cognito
	// Google accepts ID TOKENS, on purpose, and only those of service accounts:
	// Google's access tokens are opaque. The caller chooses the audience, so it
	// has to be the name of this service; an OAuth client id is refused. There are
	// no scopes.
	Google
	// KubernetesServiceAccount is for the tokens a cluster projects into its pods.
	// It demands the claim kubernetes.io, and sub to be the service account that
	// is named there. The namespace is the tenant. There are neither client nor
	// scopes.
	KubernetesServiceAccount
	// Hydra is for Ory Hydra with the access token strategy jwt. It demands
	// client_id, and scp or scope.
	Hydra
	// Zitadel demands client_id, jti and nbf; ID tokens lack the latter two. Roles
	// are those of the projects that [Config.Audiences] names, whichever
	// organization granted them. There are no scopes.
	Zitadel
)

// String returns the profile's name.
func (p Profile) String() string {
	if known, ok := profiles[p]; ok {
		return known.name
	}
	return fmt.Sprintf("Profile(%d)", uint8(p))
}

// ParseProfile returns the profile with that name, in whatever case, for a
// program that is told it by its environment. The error lists the names.
func ParseProfile(name string) (Profile, error) {
	for p := RFC9068; ; p++ {
		known, ok := profiles[p]
		if !ok {
			return 0, fmt.Errorf("jwtauth: no profile %q; there are %s", name, strings.Join(profileNames(func(*profile) bool { return true }), ", "))
		}
		if strings.EqualFold(name, known.name) {
			return p, nil
		}
	}
}

// profile is what a [Profile] stands for.
type profile struct {
	name string
	// types are the accepted values of the typ header, lower-case and without
	// "application/"; an empty one accepts a token without typ.
	types []string
	// client are the claims of which the first present names the client; none if
	// the issuer has no clients.
	client []string
	// clientIsAudience says that a token without aud is meant for whatever its
	// client is meant for.
	clientIsAudience bool
	// party says that azp names the client among the audiences, as in ID tokens.
	party bool
	// required claims, besides iss, exp, aud, sub and the client.
	required map[string]auth.Check
	// scoped says that a claim with scopes is required, as Config.Claims names
	// them.
	scoped bool
	// foreign claims belong to another kind of token.
	foreign []string
	// only lists claims that must have this value, without regard to case, if
	// they are present.
	only map[string]string
	// marks are claims that must be there and have this value, without regard to
	// case.
	marks map[string]string
	// oneOf are groups of claims of which one must be there.
	oneOf [][]string
	// check makes the checks that no table can, when subject and client are read.
	check func(o strictjson.Object, h header, d *auth.ClaimsData) *auth.Error
	// principal tells users from clients, and says so if nobody can tell.
	principal func(o strictjson.Object, d *auth.ClaimsData) auth.Principal
	// claims says where the issuer puts what, unless Config.Claims does. Unlike
	// there, a tenant or user that is absent is just not known.
	claims ClaimNames
	// grants names the claim whose members are the roles an audience granted.
	grants func(audience string) string
	// audience returns what is wrong with a configured audience, if anything.
	audience func(audience string) error
}

var profiles = map[Profile]profile{
	RFC9068: {
		name:      "RFC9068",
		types:     []string{accessTokenType},
		client:    []string{"client_id"},
		required:  map[string]auth.Check{"iat": CheckIssuedAt, "jti": CheckTokenID},
		principal: bySubject,
	},
	Legacy: {
		name:      "Legacy",
		types:     sayingNothing,
		client:    []string{"client_id", "azp"},
		scoped:    true,
		foreign:   append([]string{"nonce"}, otherKinds...),
		only:      accessOnly,
		principal: bySubject,
	},
	Keycloak:                 keycloak,
	Entra:                    entra,
	Okta:                     okta,
	Auth0:                    auth0,
	Cognito:                  cognito,
	Google:                   google,
	KubernetesServiceAccount: kubernetes,
	Hydra:                    hydra,
	Zitadel:                  zitadel,
}

// accessTokenType is the typ of RFC 9068, which no other kind of JWT has.
const accessTokenType = "at+jwt"

// sayingNothing accepts what may be an access token and may be something else:
// what the types of the other kinds say is listened to, so they are left out.
var sayingNothing = []string{"", "jwt", accessTokenType}

// accessOnly are claims by which some issuers say what a token is. Whoever has
// them and says something else means it, whatever the profile.
var accessOnly = map[string]string{"typ": "bearer", "token_use": "access"}

// otherKinds are claims that no access token has. nonce is not among them, as
// some issuers put it there.
var otherKinds = append([]string{"at_hash", "c_hash", "s_hash"}, neitherKind...)

// neitherKind are claims that neither access tokens nor ID tokens have, but
// security events and logout tokens (RFC 8417), introspection responses (RFC
// 9701), status lists and DPoP proofs (RFC 9449).
var neitherKind = []string{"events", "sub_id", "token_introspection", "status_list", "htm", "htu"}

// profileNames lists the profiles that keep says yes to, in their order.
func profileNames(keep func(*profile) bool) []string {
	var names []string
	for p := RFC9068; ; p++ {
		known, ok := profiles[p]
		if !ok {
			return names
		}
		if keep(&known) {
			names = append(names, known.name)
		}
	}
}

// accepts reports whether typ is one of the profile's.
func (p *profile) accepts(typ string) bool {
	short := jws.MediaType(typ)
	return slices.Contains(p.types, short) && (short != "" || typ == "")
}

// refuse says why a typ is refused, and which profiles it would do for. It names
// no typ but those in this package.
func (p *profile) refuse(typ string, present bool) error {
	const here = "a token of profile %s has typ %s"
	expected := strings.Join(p.types, ", ")
	if slices.Contains(p.types, "") {
		expected = strings.Join(p.types[1:], ", ") + " or none"
	}
	what := "no typ"
	if present {
		what = "typ " + strings.ToUpper(jws.MediaType(typ))
	}
	others := profileNames(func(other *profile) bool { return (present != (typ == "")) && other.accepts(typ) })
	if len(others) == 0 {
		return fmt.Errorf(here+"; this one is another kind of JWT, and no profile accepts it", p.name, expected)
	}
	return fmt.Errorf(here+", and this one has %s: if the issuer marks access tokens so, set Config.Profile; %s accept it and say what proves an access token instead",
		p.name, expected, what, strings.Join(others, ", "))
}

// checkKind refuses tokens of another kind.
func (p *profile) checkKind(claims strictjson.Object) *auth.Error {
	for _, name := range p.foreign {
		if claims.Has(name) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s marks another kind of token than those of profile %s", name, p.name))
		}
	}
	for name, want := range p.only {
		if value, err := claims.StringOr(name, want); err != nil || !strings.EqualFold(value, want) {
			return auth.InvalidToken(CheckKind, fmt.Errorf("the claim %s marks a token of another kind", name))
		}
	}
	for name, check := range p.required {
		if !claims.Has(name) {
			return auth.InvalidToken(check, fmt.Errorf("the claim %s is absent; every access token of this profile has it", name))
		}
	}
	return p.checkMarks(claims)
}

// clientID returns the client the token was issued to.
func (p *profile) clientID(claims strictjson.Object) (string, error) {
	if len(p.client) == 0 {
		return "", nil
	}
	for _, name := range p.client {
		id, err := claims.String(name)
		if errors.Is(err, strictjson.ErrAbsent) {
			continue
		}
		if err == nil && id == "" {
			err = errors.New("empty")
		}
		return id, err
	}
	return "", strictjson.ErrAbsent
}
