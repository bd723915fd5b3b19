// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// webClient is a client of the server for users, see oidcprovider/server.mjs.
const (
	webClient   = "web"
	webRedirect = "http://127.0.0.1:9399/cb"
)

// userTokens are what a client gets when a user signed in.
type userTokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// signIn has a user sign in and consent, as in a browser, and returns the
// tokens of the code. Without a resource the access token is for the server's
// own userinfo endpoint.
func signIn(t *testing.T, p *Provider, user, resource, scope string) userTokens {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{
		Transport: p.client.Transport, Jar: jar, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	const verifier = "0123456789-0123456789-0123456789-0123456789"
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id": {webClient}, "response_type": {"code"}, "redirect_uri": {webRedirect},
		"scope": {strings.TrimSpace("openid offline_access " + scope)}, "prompt": {"consent"}, // offline_access needs it
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if resource != "" {
		query.Set("resource", resource)
	}
	code := ""
	next, form := p.Issuer()+"/auth?"+query.Encode(), url.Values(nil)
	forms := []url.Values{{"prompt": {"login"}, "login": {user}, "password": {"any"}}, {"prompt": {"consent"}}}
	for range 10 {
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(t.Context(), method, next, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		form = nil
		if resp.StatusCode == http.StatusOK && len(forms) > 0 { // a page with a form
			form, forms = forms[0], forms[1:]
			continue
		}
		to, err := resp.Location()
		if err != nil {
			t.Fatalf("sign in: %s at %s: %v", resp.Status, next, err)
		}
		if next = to.String(); strings.HasPrefix(next, webRedirect) {
			code = to.Query().Get("code")
			break
		}
	}
	if code == "" {
		t.Fatalf("sign in: no code, but %s", next)
	}
	exchange := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {webRedirect}, "code_verifier": {verifier}}
	if resource != "" {
		exchange.Set("resource", resource)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer()+"/token", strings.NewReader(exchange.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(webClient, ClientSecret)
	var tokens userTokens
	if err := p.do(req, &tokens); err != nil {
		t.Fatal(err)
	}
	if tokens.Access == "" || tokens.Refresh == "" || tokens.ID == "" {
		t.Fatalf("sign in: tokens of %d, %d and %d bytes, want all three", len(tokens.Access), len(tokens.Refresh), len(tokens.ID))
	}
	return tokens
}
