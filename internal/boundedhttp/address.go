// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// AddressPolicy says which addresses may be connected to, after names were
// resolved. The zero policy keeps away from addresses at which nobody's
// authorization server is, and metadata services of clouds are.
type AddressPolicy struct {
	// Allow are exceptions from what is blocked.
	Allow []netip.Prefix
	// Block are further ones.
	Block []netip.Prefix
}

// blocked are the addresses that no host may resolve to. What is private but
// ordinary (RFC 1918) is not among them: many issuers are there.
var blocked = prefixes(
	"169.254.0.0/16", "fe80::/10", // link-local, and in it the metadata service of most clouds
	"fd00:ec2::254/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", // metadata services over IPv6
	"100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", // metadata services elsewhere
	"0.0.0.0/8", "::/96", // this host, and IPv4 in a form of long ago
	"224.0.0.0/4", "ff00::/8", "240.0.0.0/4", // multicast, reserved
	"64:ff9b:1::/48", "::ffff:0:0:0/96", "2002::/16", "2001::/32", // IPv4 in other forms, of which nobody needs one here
)

var (
	loopback = prefixes("127.0.0.0/8", "::1/128")
	nat64    = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 section 2.1: IPv4 in the last four bytes
)

// CheckPrefix refuses prefixes that would match nothing.
func CheckPrefix(p netip.Prefix) error {
	if !p.IsValid() || p.Addr().Is4In6() {
		return errors.New("an invalid prefix, or one of IPv4 within IPv6; make it with netip.ParsePrefix from IPv4 or IPv6")
	}
	return nil
}

func prefixes(list ...string) (parsed []netip.Prefix) {
	for _, p := range list {
		parsed = append(parsed, netip.MustParsePrefix(p))
	}
	return parsed
}

// AddressError says that a host resolves to an address that is not connected to.
type AddressError struct {
	Host    string
	Address netip.Addr
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%s resolves to %s, where no authorization server is expected; if it is there, allow that address", e.Host, e.Address)
}

// dial connects to a host at the first of its addresses that is allowed and
// answers.
func (p AddressPolicy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return err
		}
		if !p.allows(host, to.Addr()) {
			return &AddressError{Host: host, Address: to.Addr()}
		}
		return nil
	}
	return dialer.DialContext(ctx, network, address)
}

// allows reports whether host may be at this address.
func (p AddressPolicy) allows(host string, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	in := func(list []netip.Prefix) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	switch {
	case in(p.Allow):
		return true
	case in(p.Block):
		return false
	case IsLoopback(host):
		// Plain HTTP is accepted for such a host, so it must not lead elsewhere.
		return in(loopback)
	default:
		// No other one leads to what listens on this machine only.
		return !in(loopback) && !in(blocked)
	}
}
