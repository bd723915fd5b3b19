// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bearerkit/bearerkit/internal/strictjson"
)

// Logout is a request to end a user's session at the issuer (OpenID Connect
// RP-Initiated Logout 1.0 section 2). Empty fields are left out.
type Logout struct {
	// IDTokenHint is the ID token that the user got.
	IDTokenHint string
	// PostLogoutRedirectURI is where the issuer sends the browser afterwards. It
	// has to be registered there.
	PostLogoutRedirectURI string
	// State is passed to that place.
	State string
	// ClientID is who asks; without IDTokenHint most issuers need it.
	ClientID string
	// LogoutHint tells the issuer which user it is about.
	LogoutHint string
	// UILocales are the languages the user prefers (BCP 47).
	UILocales []string
}

// Format writes no field for any verb: the ID token is a secret.
func (l Logout) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("issuer.Logout{...}")) }

// LogoutURL returns where to send the browser of a user who wants to log out. It
// waits for the metadata within ctx; the error matches [ErrNotAnnounced] if the
// issuer has no end_session_endpoint.
//
// The URL holds the IDTokenHint: do not log it.
func (i *Issuer) LogoutURL(ctx context.Context, l Logout) (string, error) {
	meta, err := i.Metadata(ctx)
	if err != nil {
		return "", err
	}
	endpoint, err := meta.endSession()
	if err != nil {
		return "", err
	}
	query := []string{}
	if endpoint.RawQuery != "" {
		query = append(query, endpoint.RawQuery)
	}
	for _, parameter := range [][2]string{
		{"id_token_hint", l.IDTokenHint},
		{"post_logout_redirect_uri", l.PostLogoutRedirectURI},
		{"state", l.State},
		{"client_id", l.ClientID},
		{"logout_hint", l.LogoutHint},
		{"ui_locales", strings.Join(l.UILocales, " ")},
	} {
		if parameter[1] != "" {
			query = append(query, parameter[0]+"="+url.QueryEscape(parameter[1]))
		}
	}
	endpoint.RawQuery = strings.Join(query, "&")
	return endpoint.String(), nil
}

// endSession returns the end_session_endpoint. Other than the endpoints that are
// asked from here it may have a fragment: a browser goes there.
func (m *Metadata) endSession() (*url.URL, error) {
	const name = "end_session_endpoint"
	raw, err := m.members.String(name)
	if errors.Is(err, strictjson.ErrAbsent) {
		return nil, fmt.Errorf("issuer: %s: %w", name, ErrNotAnnounced)
	}
	if err != nil {
		return nil, fmt.Errorf("issuer: %s: %w", name, err)
	}
	whole, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("issuer: %s: not a URL", name)
	}
	asked, _, _ := strings.Cut(raw, "#")
	if err := checkEndpoint(asked, m.identifier); err != nil {
		return nil, fmt.Errorf("issuer: %s: %w", name, err)
	}
	return whole, nil
}
