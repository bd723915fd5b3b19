// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// ParseURL reads the URL of an issuer or of one of its endpoints. It must be
// absolute and https, or http on a loopback host; it must not carry user
// information or a fragment.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	switch {
	case u.Host == "" || u.Hostname() == "":
		return nil, errors.New("not an absolute URL; write https:// and the host")
	case u.User != nil:
		return nil, errors.New("a URL with user information; remove it")
	case u.Fragment != "":
		return nil, errors.New("a URL with a fragment; remove it")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, errors.New("plain http is accepted on a loopback host only; use https")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the scheme must be https")
	}
	return u, nil
}

// Origin returns scheme, host and port, in one spelling of each.
func Origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// IsLoopback reports whether a host is this machine by its name.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
