// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package introspection

import "github.com/bearerkit/bearerkit/auth"

// The checks a token can fail, as they appear in [auth.Error.Check]. The first
// group is about the endpoint and not about the token.
const (
	CheckEndpoint   auth.Check = "introspection_endpoint"    // nobody can tell where to ask
	CheckClientAuth auth.Check = "introspection_client_auth" // this service's credentials cannot be had, or are refused
	CheckRequest    auth.Check = "introspection_request"     // no answer
	CheckStatus     auth.Check = "introspection_status"      // an answer with another status than 200
	CheckAnswer     auth.Check = "introspection_answer"      // not a JSON object, or too large
	CheckSigned     auth.Check = "introspection_signed"      // not signed as RFC 9701 has it
	CheckBreaker    auth.Check = "introspection_breaker"     // the endpoint is left alone for a while
	CheckBusy       auth.Check = "introspection_busy"        // too many questions under way

	CheckScheme    auth.Check = "introspection_scheme"    // not a bearer token
	CheckShape     auth.Check = "introspection_shape"     // a token of a kind this endpoint is not asked about
	CheckActive    auth.Check = "introspection_active"    // active is not true
	CheckAmbiguous auth.Check = "introspection_ambiguous" // two members whose names are equal, or differ in case only
	CheckBinding   auth.Check = "introspection_cnf"       // bound to a key, which is not checked yet
	CheckKind      auth.Check = "introspection_kind"      // not an access token, or nothing says that it is one
	CheckIssuer    auth.Check = "introspection_iss"       // another issuer
	CheckAudience  auth.Check = "introspection_aud"       // none of the configured audiences
	CheckSubject   auth.Check = "introspection_sub"       // absent or malformed
	CheckClient    auth.Check = "introspection_client_id" // malformed
	CheckTokenID   auth.Check = "introspection_jti"       // malformed
	CheckSession   auth.Check = "introspection_sid"       // malformed
	CheckACR       auth.Check = "introspection_acr"       // malformed
	CheckAuthTime  auth.Check = "introspection_auth_time" // malformed or in the future
	CheckScope     auth.Check = "introspection_scope"     // malformed
	CheckMapping   auth.Check = "introspection_mapping"   // a claim of Config.Claims is absent or malformed
	CheckRequired  auth.Check = "introspection_required"  // a claim of RequiredClaims is absent
	CheckActor     auth.Check = "introspection_act"       // act is not an object
	CheckDetails   auth.Check = "introspection_details"   // authorization_details is not a list of typed objects
	CheckExpiry    auth.Check = "introspection_exp"       // malformed or passed
	CheckNotBefore auth.Check = "introspection_nbf"       // malformed or not reached
	CheckIssuedAt  auth.Check = "introspection_iat"       // malformed, in the future or after exp
	CheckCustom    auth.Check = "introspection_custom"    // Config.Custom does not accept the claims
	CheckAgreement auth.Check = "introspection_agreement" // the endpoint speaks of another token than the JWT
)
