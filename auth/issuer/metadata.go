// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearerkit/bearerkit/internal/boundedhttp"
	"github.com/bearerkit/bearerkit/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// Metadata is what an issuer says of itself (OpenID Connect Discovery 1.0
// section 3, RFC 8414 section 2). It is immutable and safe for concurrent use.
// Members go by their registered names, such as "introspection_endpoint".
type Metadata struct {
	identifier string
	members    strictjson.Object
	aliases    strictjson.Object // mtls_endpoint_aliases (RFC 8705 section 5)
}

// ErrNotAnnounced is matched by errors about a member that the metadata lack.
var ErrNotAnnounced = errors.New("not in the issuer's metadata")

const (
	jwksURI        = "jwks_uri"
	endpointAlias  = "mtls_endpoint_aliases"
	endpointSuffix = "_endpoint"
	methodsSuffix  = "_auth_methods_supported"
	algsSuffix     = "_auth_signing_alg_values_supported"
)

// Issuer returns the issuer identifier.
func (m *Metadata) Issuer() string { return m.identifier }

// Endpoint returns the URL of an endpoint, or of another https URL such as
// jwks_uri. The error matches [ErrNotAnnounced] if there is none; an URL that is
// not safe to ask (plain http, a fragment, a user name) is an error as well.
func (m *Metadata) Endpoint(name string) (string, error) {
	return endpointURL(m.members, name, m.identifier)
}

// MTLSEndpoint returns the URL of an endpoint for a client that authenticates
// by certificate or uses tokens bound to one: its alias if there is one, or else
// the endpoint itself (RFC 8705 section 5).
func (m *Metadata) MTLSEndpoint(name string) (string, error) {
	alias, err := endpointURL(m.aliases, name, m.identifier)
	if errors.Is(err, ErrNotAnnounced) {
		return m.Endpoint(name)
	}
	return alias, err
}

// Strings returns a list, such as introspection_endpoint_auth_methods_supported.
// The error matches [ErrNotAnnounced] if there is none, which says something
// else than an empty list does.
func (m *Metadata) Strings(name string) ([]string, error) {
	raw, ok := m.members.Get(name)
	if !ok {
		return nil, fmt.Errorf("issuer: %s: %w", name, ErrNotAnnounced)
	}
	list, err := strictjson.Texts(raw)
	if err != nil || raw.Kind() == jsontext.KindString {
		return nil, fmt.Errorf("issuer: %s is not a list of strings", name)
	}
	return list, nil
}

// Bool returns a member that is true or false, and false if there is none.
func (m *Metadata) Bool(name string) bool {
	raw, _ := m.members.Get(name)
	return raw.Kind() == jsontext.KindTrue
}

func endpointURL(members strictjson.Object, name, identifier string) (string, error) {
	raw, err := members.String(name)
	if errors.Is(err, strictjson.ErrAbsent) {
		return "", fmt.Errorf("issuer: %s: %w", name, ErrNotAnnounced)
	}
	if err != nil {
		return "", fmt.Errorf("issuer: %s: %w", name, err)
	}
	if err := checkEndpoint(raw, identifier); err != nil {
		return "", fmt.Errorf("issuer: %s: %w", name, err)
	}
	return raw, nil
}

// checkEndpoint refuses URLs that an issuer has no business naming. What listens
// on this machine only is nobody else's endpoint.
func checkEndpoint(raw, identifier string) error {
	u, err := boundedhttp.ParseURL(raw)
	if err != nil {
		return err
	}
	at, err := boundedhttp.ParseURL(identifier)
	if err != nil {
		return err
	}
	if boundedhttp.IsLoopback(at.Hostname()) {
		return nil
	}
	if u.Scheme == "http" {
		return errors.New("plain http under an https issuer")
	}
	if boundedhttp.IsLoopback(u.Hostname()) {
		return errors.New("this machine, under an issuer that is elsewhere")
	}
	return nil
}

// parseMetadata reads the document and checks that it is this issuer's (RFC 8414
// section 3.3).
func parseMetadata(body []byte, identifier string) (*Metadata, error) {
	members, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	named, err := members.String("issuer")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if named != identifier {
		return nil, fmt.Errorf("they name another issuer than %q; configure the issuer exactly as it names itself, trailing slash included", identifier)
	}
	m := &Metadata{identifier: identifier, members: members}
	if raw, ok := members.Get(endpointAlias); ok {
		if m.aliases, err = strictjson.Parse(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", endpointAlias, err)
		}
	}
	return m, nil
}

// pinTo keeps what must not move while the process runs: whoever can alter the
// metadata for an hour must not be able to have tokens and secrets sent to a
// host of their own, nor a weaker proof of the client asked for. An endpoint may
// move within its origin; a new one may appear where the issuer or another of
// its endpoints already is. What else has changed is kept as it was, and named
// in the error.
func (m *Metadata) pinTo(first *Metadata) (*Metadata, error) {
	pinned := &Metadata{identifier: m.identifier}
	var kept []string
	origins := first.origins()
	pin := func(now, then strictjson.Object, prefix string) strictjson.Object {
		var out strictjson.Object
		for _, member := range now {
			before, was := then.Get(member.Name)
			switch {
			case isEndpoint(member.Name) && !sameOrigin(member.Value, before, was, origins),
				isMethods(member.Name) && !sameMembers(member.Value, before):
				kept = append(kept, prefix+member.Name)
				if was {
					out = append(out, strictjson.Member{Name: member.Name, Value: before})
				}
			default:
				out = append(out, member)
			}
		}
		for _, member := range then {
			if (isEndpoint(member.Name) || isMethods(member.Name)) && !now.Has(member.Name) {
				kept = append(kept, prefix+member.Name)
				out = append(out, member)
			}
		}
		return out
	}
	pinned.members = pin(m.members, first.members, "")
	pinned.aliases = pin(m.aliases, first.aliases, endpointAlias+".")
	if len(kept) == 0 {
		return m, nil
	}
	return pinned, fmt.Errorf("issuer: the metadata now have another %s; kept as it was, restart to accept it", strings.Join(kept, ", "))
}

func isMethods(name string) bool {
	return strings.HasSuffix(name, methodsSuffix) || strings.HasSuffix(name, algsSuffix)
}

func isEndpoint(name string) bool {
	return name == jwksURI || strings.HasSuffix(name, endpointSuffix)
}

// sameOrigin reports whether an endpoint is where it was, or, if it was not
// anywhere, in a place that is known.
func sameOrigin(now, before jsontext.Value, was bool, known []string) bool {
	origin, ok := originOf(now)
	then, wasURL := originOf(before)
	switch {
	case was && string(now) == string(before):
		return true
	case was && wasURL:
		return ok && origin == then
	default:
		return ok && slices.Contains(known, origin)
	}
}

// sameMembers reports whether two lists of strings have the same ones.
func sameMembers(now, before jsontext.Value) bool {
	a, err := strictjson.Texts(now)
	b, errBefore := strictjson.Texts(before)
	if err != nil || errBefore != nil {
		return string(now) == string(before)
	}
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func originOf(value jsontext.Value) (string, bool) {
	raw, err := strictjson.Text(value)
	if err != nil {
		return "", false
	}
	asked, _, _ := strings.Cut(raw, "#") // which one that a browser goes to may have
	u, err := boundedhttp.ParseURL(asked)
	if err != nil {
		return "", false
	}
	return boundedhttp.Origin(u), true
}

// origins are where the issuer and its endpoints are.
func (m *Metadata) origins() []string {
	var list []string
	if u, err := boundedhttp.ParseURL(m.identifier); err == nil {
		list = append(list, boundedhttp.Origin(u))
	}
	for _, object := range []strictjson.Object{m.members, m.aliases} {
		for _, member := range object {
			if origin, ok := originOf(member.Value); ok && isEndpoint(member.Name) {
				list = append(list, origin)
			}
		}
	}
	return list
}
