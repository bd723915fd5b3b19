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
	if !i.authenticated(r) {
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
	reply(w, http.StatusOK, "application/json", i.introspection(tokens[0]))
}

func oauthError(w http.ResponseWriter, status int, code string) {
	reply(w, status, "application/json", mustJSON(map[string]string{"error": code}))
}

// authenticated checks the client's id and secret. In HTTP Basic both are
// form-encoded first (RFC 6749 section 2.3.1), which clients tend to forget and
// which shows with the first colon, plus or percent sign.
func (i *Issuer) authenticated(r *http.Request) bool {
	if i.config.ClientID == "" {
		return true
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		// One way of authenticating per request (RFC 6749 section 2.3).
		if r.PostForm.Has("client_secret") {
			return false
		}
		var err1, err2 error
		id, err1 = url.QueryUnescape(id)
		secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil {
			return false
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id == i.config.ClientID && secret == i.config.ClientSecret
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
