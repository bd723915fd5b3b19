// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

// signedAnswer is the media type of a signed answer (RFC 9701 section 4).
const signedAnswer = "application/token-introspection+jwt"

// wantsSigned reports whether a client asks for a signed answer.
func wantsSigned(r *http.Request) bool {
	for _, one := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if media, _, err := mime.ParseMediaType(one); err == nil && media == signedAnswer {
			return true
		}
	}
	return false
}

// signAnswer returns an answer as a JWT (RFC 9701 section 5), changed by t.
func (i *Issuer) signAnswer(client string, answer []byte, t *token) []byte {
	issuedAt := t.issuedAt
	if issuedAt.IsZero() {
		issuedAt = time.Now()
	}
	k := i.signer(t.keyID)
	header, payload := []byte(t.rawHeader), []byte(t.rawClaims)
	if !t.isRawHeader {
		header = t.marshal(map[string]any{"typ": "token-introspection+jwt", "alg": k.algorithm, "kid": k.id}, t.headerEdits)
	}
	if !t.isRawClaims {
		claims := map[string]any{"iss": i.URL(), "aud": client, "iat": issuedAt.Unix()}
		if json.Valid(answer) {
			claims["token_introspection"] = json.RawMessage(answer)
		}
		payload = t.marshal(claims, t.claimEdits)
	}
	input := encode(header) + "." + encode(payload)
	if t.signature != nil {
		return []byte(input + "." + encode(t.signature([]byte(input))))
	}
	return []byte(input + "." + encode(k.sign([]byte(input))))
}

// SignedIntrospection answers with a JWT of RFC 9701, as the introspection
// endpoint does by itself for a client that asks for one in Accept, changed by
// options: [Header], [Claim], [IssuedAt], [SignedBy], [Signature], [RawClaims] and
// so on are about that JWT, whose claim token_introspection has the answer. Who
// asks is believed, whatever the secret.
func (i *Issuer) SignedIntrospection(options ...TokenOption) Fault {
	return Fault{func(x exchange) {
		client, _ := i.authenticate(x.r)
		answer := i.introspection(x.r.PostForm.Get("token"))
		reply(x.w, http.StatusOK, signedAnswer, i.signAnswer(client, answer, newToken(options)))
	}}
}

// OAuthError answers with a status and an error code of RFC 6749 section 5.2, such
// as 400 and "invalid_client", and a description that is for nobody's eyes.
func OAuthError(status int, code string) Fault {
	return Fault{func(x exchange) {
		reply(x.w, status, "application/json", mustJSON(map[string]string{"error": code, "error_description": Confidential}))
	}}
}

// Confidential is what a fault puts where a client must not look, or not tell
// others of.
const Confidential = "confidential-7d1f"
