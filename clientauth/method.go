// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

// Method is the registered name of a way to authenticate (the "OAuth Token
// Endpoint Authentication Methods" registry of IANA).
type Method string

// The methods of this package.
const (
	MethodClientSecretBasic       Method = "client_secret_basic"
	MethodClientSecretPost        Method = "client_secret_post"
	MethodClientSecretJWT         Method = "client_secret_jwt"
	MethodPrivateKeyJWT           Method = "private_key_jwt"
	MethodTLSClientAuth           Method = "tls_client_auth"
	MethodSelfSignedTLSClientAuth Method = "self_signed_tls_client_auth"
	MethodNone                    Method = "none"

	// MethodBearer is an access token of this service's own (RFC 7662 section 2.1).
	// It is in no registry, and no metadata announce it.
	MethodBearer Method = "bearer"
)
