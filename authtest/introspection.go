// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// minted is what the issuer remembers of a token it gave out.
type minted struct {
	payload []byte
	opaque  bool
	raw     bool // the payload is the test's own text
}

// Revoke has the introspection endpoint call the token inactive from now on. A
// JWT of course stays as valid as it looks.
func (i *Issuer) Revoke(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked[token] = true
}

func (i *Issuer) remember(token string, m *minted) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.minted[token] = m
}

// introspect is the endpoint of RFC 7662 section 2.
func (i *Issuer) introspect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed, "text/plain", []byte("use POST\n"))
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		oauthError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	client, ok := i.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="authtest"`)
		oauthError(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	// A repeated parameter is an error (RFC 6749 section 3.2).
	tokens := r.PostForm["token"]
	if len(tokens) != 1 || tokens[0] == "" {
		oauthError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	answer := i.introspection(tokens[0])
	if wantsSigned(r) {
		reply(w, http.StatusOK, signedAnswer, i.signAnswer(client, answer, newToken(nil)))
		return
	}
	reply(w, http.StatusOK, "application/json", answer)
}

// SetClient replaces the client id and the secret of [Config], as an issuer's
// operator does who rotates them. Both empty let anybody ask.
func (i *Issuer) SetClient(id, secret string) {
	if (id == "") != (secret == "") {
		panic("authtest: SetClient with one of id and secret; set both or neither")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.config.ClientID, i.config.ClientSecret = id, secret
}

func oauthError(w http.ResponseWriter, status int, code string) {
	reply(w, status, "application/json", mustJSON(map[string]string{"error": code}))
}

// authenticate checks the client's id and secret, and returns the id. In HTTP
// Basic both are form-encoded first (RFC 6749 section 2.3.1), which clients tend
// to forget and which shows with the first colon, plus or percent sign.
func (i *Issuer) authenticate(r *http.Request) (client string, ok bool) {
	i.mu.Lock()
	wantID, wantSecret := i.config.ClientID, i.config.ClientSecret
	i.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if basic {
		// One way of authenticating per request (RFC 6749 section 2.3).
		if r.PostForm.Has("client_secret") {
			return "", wantID == ""
		}
		var err1, err2 error
		id, err1 = url.QueryUnescape(id)
		secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil {
			return "", wantID == ""
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id, wantID == "" || id == wantID && secret == wantSecret
}

// introspection returns the answer for one token (RFC 7662 section 2.2).
func (i *Issuer) introspection(token string) []byte {
	inactive := []byte(`{"active":false}`)
	i.mu.Lock()
	m, revoked := i.minted[token], i.revoked[token]
	i.mu.Unlock()
	if m == nil || revoked {
		return inactive
	}
	if m.opaque && m.raw {
		return m.payload
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(m.payload))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil || claims == nil {
		return inactive
	}
	now := time.Now()
	if exp, ok := numericDate(claims["exp"]); ok && !now.Before(exp) {
		return inactive
	}
	if nbf, ok := numericDate(claims["nbf"]); ok && now.Before(nbf) {
		return inactive
	}
	if m.opaque {
		return m.payload
	}
	claims["active"] = true
	claims["token_type"] = "Bearer"
	return mustJSON(claims)
}

// numericDate reads a NumericDate (RFC 7519 section 2).
func numericDate(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || seconds < -1e12 || seconds > 1e12 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}
