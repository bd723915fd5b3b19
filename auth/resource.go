// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// ProtectedResource is what a server says of itself to clients that know
// nothing but its address (RFC 9728).
type ProtectedResource struct {
	// Resource is the resource identifier, an https URL without fragment. It
	// comes from here and never from a request. Required.
	Resource string
	// MetadataURL is where clients find the metadata. The default is Resource
	// with "/.well-known/oauth-protected-resource" between its host and path.
	//
	// Note that a strict client compares Resource with the URL it called (RFC
	// 9728 section 3.3), which for an RPC ends in the procedure.
	MetadataURL string
	// Name and Documentation are for people; both may be empty.
	Name, Documentation string
}

// wellKnownResource is the path of RFC 9728 section 3.
const wellKnownResource = "/.well-known/oauth-protected-resource"

// WithProtectedResource has challenges name the place of the resource's
// metadata (RFC 9728 section 5.1). Serve them with
// connectauth.ResourceMetadataHandler.
func WithProtectedResource(r ProtectedResource) GuardOption {
	return guardOptionFunc(func(g *guardConfig) error {
		u, err := parseResourceURL(r.Resource)
		if err != nil {
			return fmt.Errorf("auth: ProtectedResource.Resource: %w", err)
		}
		if r.MetadataURL == "" {
			// Only the slash after the host goes; the rest of the URL stays (RFC 9728
			// section 3.1).
			path := u.EscapedPath()
			if path == "/" {
				path = ""
			}
			r.MetadataURL = u.Scheme + "://" + u.Host + wellKnownResource + path
			if u.RawQuery != "" {
				r.MetadataURL += "?" + u.RawQuery
			}
		}
		if _, err := parseResourceURL(r.MetadataURL); err != nil {
			return fmt.Errorf("auth: ProtectedResource.MetadataURL: %w", err)
		}
		if g.resource != nil {
			return errTwice("WithProtectedResource")
		}
		g.resource = &r
		return nil
	})
}

func parseResourceURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost":
		return nil, errors.New("must be an absolute https URL")
	case u.Fragment != "" || u.User != nil || !isQuotable(raw):
		return nil, errors.New("must not have a fragment, user information or characters that are not ASCII")
	}
	return u, nil
}

// ResourceMetadata is the metadata document of a protected resource (RFC 9728
// section 2), for an encoder of JSON.
type ResourceMetadata struct {
	Resource               string   `json:"resource"`
	AuthorizationServers   []string `json:"authorization_servers,omitempty"`
	ScopesSupported        []string `json:"scopes_supported,omitempty"`
	BearerMethodsSupported []string `json:"bearer_methods_supported"`
	ResourceName           string   `json:"resource_name,omitempty"`
	ResourceDocumentation  string   `json:"resource_documentation,omitempty"`
}

// ResourceMetadata returns the metadata of the Guard's [ProtectedResource]: its
// issuers are the verifier's, and its scopes those of the rules. The boolean is
// false without [WithProtectedResource].
func (g *Guard) ResourceMetadata() (ResourceMetadata, bool) {
	if g == nil || g.resource == nil {
		return ResourceMetadata{}, false
	}
	m := ResourceMetadata{
		Resource:               g.resource.Resource,
		BearerMethodsSupported: []string{"header"},
		ResourceName:           g.resource.Name,
		ResourceDocumentation:  g.resource.Documentation,
	}
	if d, ok := g.verifier.(Describer); ok {
		m.AuthorizationServers = slices.Clone(d.Describe().Issuers)
	}
	for _, rule := range g.rules {
		m.ScopesSupported = append(m.ScopesSupported, rule.scopes()...)
	}
	slices.Sort(m.ScopesSupported)
	m.ScopesSupported = slices.Compact(m.ScopesSupported)
	return m, true
}
