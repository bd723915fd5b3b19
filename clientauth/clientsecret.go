// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"encoding/base64"
	"net/url"
)

// ClientSecretBasic authenticates by HTTP Basic, with id and secret encoded as
// RFC 6749 section 2.3.1 has it.
func ClientSecretBasic(id string, secret Secret) Authenticator {
	return basic(id, secret, url.QueryEscape)
}

// ClientSecretBasicUnencoded is [ClientSecretBasic] for a server that does not
// decode id and secret, against RFC 6749 section 2.3.1. It matters only if they
// have other characters than letters, digits, - . _ in them.
func ClientSecretBasicUnencoded(id string, secret Secret) Authenticator {
	return basic(id, secret, func(s string) string { return s })
}

func basic(id string, secret Secret, encode func(string) string) *method {
	m := &method{name: MethodClientSecretBasic, clientID: id, add: func(ctx context.Context, r *Request) error {
		s, err := secret.value(ctx)
		if err != nil {
			return err
		}
		r.SetHeader("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(encode(id)+":"+encode(s))))
		return nil
	}}
	return m.require(id != "", "a client id").require(secret.there(), "a secret")
}

// ClientSecretPost authenticates by client_id and client_secret in the form. RFC
// 6749 section 2.3.1 advises [ClientSecretBasic] where the issuer takes it.
func ClientSecretPost(id string, secret Secret) Authenticator {
	m := &method{name: MethodClientSecretPost, clientID: id, add: func(ctx context.Context, r *Request) error {
		s, err := secret.value(ctx)
		if err != nil {
			return err
		}
		r.SetForm("client_id", id)
		r.SetForm("client_secret", s)
		return nil
	}}
	return m.require(id != "", "a client id").require(secret.there(), "a secret")
}
