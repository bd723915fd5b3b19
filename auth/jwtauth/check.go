// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package jwtauth

import "github.com/bearerkit/bearerkit/auth"

// The checks a token can fail, as they appear in [auth.Error.Check].
const (
	CheckScheme    auth.Check = "jwt_scheme"    // not a bearer token
	CheckShape     auth.Check = "jwt_shape"     // not three base64url segments
	CheckHeader    auth.Check = "jwt_header"    // the header is not strict JSON of the right types
	CheckClaims    auth.Check = "jwt_claims"    // the claims are not strict JSON of the right types
	CheckAlgorithm auth.Check = "jwt_alg"       // alg is absent or not allowed
	CheckType      auth.Check = "jwt_typ"       // typ is not one of the profile's
	CheckCritical  auth.Check = "jwt_crit"      // crit or b64: an extension that must be understood
	CheckOwnKey    auth.Check = "jwt_own_key"   // the token names a key of its own
	CheckIssuer    auth.Check = "jwt_iss"       // another issuer
	CheckKey       auth.Check = "jwt_key"       // no key fits, or several do
	CheckKeys      auth.Check = "jwt_keys"      // the issuer's keys cannot be had
	CheckSignature auth.Check = "jwt_signature" // the signature does not verify
	CheckBinding   auth.Check = "jwt_cnf"       // bound to a key, which is not checked yet
	CheckAudience  auth.Check = "jwt_aud"       // none of the configured audiences
	CheckExpiry    auth.Check = "jwt_exp"       // absent, malformed or passed
	CheckLifetime  auth.Check = "jwt_lifetime"  // longer than MaxLifetime
	CheckTokenAge  auth.Check = "jwt_token_age" // issued longer ago than MaxTokenAge
	CheckNotBefore auth.Check = "jwt_nbf"       // malformed or not reached
	CheckIssuedAt  auth.Check = "jwt_iat"       // absent, malformed, in the future or after exp
	CheckSubject   auth.Check = "jwt_sub"       // absent or malformed
	CheckClient    auth.Check = "jwt_client_id" // absent or malformed
	CheckTokenID   auth.Check = "jwt_jti"       // absent or malformed
	CheckSession   auth.Check = "jwt_sid"       // malformed
	CheckACR       auth.Check = "jwt_acr"       // malformed
	CheckAuthTime  auth.Check = "jwt_auth_time" // malformed or in the future
	CheckScope     auth.Check = "jwt_scope"     // absent where the profile needs it, or malformed
	CheckMapping   auth.Check = "jwt_mapping"   // a claim of Config.Claims is absent or malformed
	CheckKind      auth.Check = "jwt_kind"      // a claim marks another kind of JWT, such as an ID token, or none marks an access token
	CheckTenant    auth.Check = "jwt_tenant"    // the issuer is a tenant that cannot be asked now
	CheckCustom    auth.Check = "jwt_custom"    // Config.Custom does not accept the claims
	CheckRequired  auth.Check = "jwt_required"  // a claim of RequiredClaims is absent or null
	CheckActor     auth.Check = "jwt_act"       // act is not an object
	CheckDetails   auth.Check = "jwt_details"   // authorization_details is not a list of typed objects
	CheckNonce     auth.Check = "jwt_nonce"     // not the nonce of Expect
	CheckMaxAge    auth.Check = "jwt_max_age"   // auth_time is absent, or before what Expect allows
	CheckParty     auth.Check = "jwt_azp"       // issued to another client than Expect or the audience names
)
