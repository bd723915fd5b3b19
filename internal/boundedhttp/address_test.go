// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// K13.
func TestAddresses(t *testing.T) {
	private := AddressPolicy{Block: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	except := AddressPolicy{Allow: []netip.Prefix{netip.MustParsePrefix("169.254.1.1/32"), netip.MustParsePrefix("127.0.0.1/32")}, Block: []netip.Prefix{netip.MustParsePrefix("169.254.1.1/32")}}
	for _, tc := range []struct {
		policy        AddressPolicy
		host, address string
		allowed       bool
	}{
		{AddressPolicy{}, "as.test", "203.0.113.7", true},
		{AddressPolicy{}, "as.test", "10.1.2.3", true},
		{AddressPolicy{}, "as.test", "192.168.1.1", true},
		{AddressPolicy{}, "as.test", "fd00::1", true},
		{AddressPolicy{}, "as.test", "2001:db8::1", true},
		{AddressPolicy{}, "as.test", "169.254.169.254", false},
		{AddressPolicy{}, "as.test", "169.254.1.1", false},
		{AddressPolicy{}, "as.test", "fe80::1", false},
		{AddressPolicy{}, "as.test", "fe80::1%eth0", false},
		{AddressPolicy{}, "as.test", "fd00:ec2::254", false},
		{AddressPolicy{}, "as.test", "100.100.100.200", false},
		{AddressPolicy{}, "as.test", "0.0.0.0", false},
		{AddressPolicy{}, "as.test", "::", false},
		{AddressPolicy{}, "as.test", "224.0.0.1", false},
		{AddressPolicy{}, "as.test", "255.255.255.255", false},
		{AddressPolicy{}, "as.test", "::ffff:169.254.169.254", false},
		{AddressPolicy{}, "as.test", "::169.254.169.254", false},
		{AddressPolicy{}, "as.test", "64:ff9b::a9fe:a9fe", false},
		{AddressPolicy{}, "as.test", "64:ff9b::cb00:7107", true},
		{AddressPolicy{}, "as.test", "127.0.0.1", false},
		{AddressPolicy{}, "as.test", "::ffff:127.0.0.1", false},
		{AddressPolicy{}, "as.test", "::1", false},
		{AddressPolicy{}, "localhost", "127.0.0.1", true},
		{AddressPolicy{}, "localhost", "::1", true},
		{AddressPolicy{}, "127.0.0.1", "127.0.0.1", true},
		{AddressPolicy{}, "localhost", "10.0.0.1", false},
		{AddressPolicy{}, "169.254.169.254", "169.254.169.254", false},
		{private, "as.test", "10.1.2.3", false},
		{private, "as.test", "11.1.2.3", true},
		{except, "as.test", "169.254.1.1", true},
		{except, "as.test", "169.254.1.2", false},
		{except, "as.test", "127.0.0.1", true},
		{except, "as.test", "127.0.0.2", false},
	} {
		if got := tc.policy.allows(tc.host, netip.MustParseAddr(tc.address)); got != tc.allowed {
			t.Errorf("%s at %s: %v, want %v", tc.host, tc.address, got, tc.allowed)
		}
	}
}

// The policy is asked for the address that is connected to.
func TestAddressesAreCheckedWhenConnecting(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	c := New(Config{})
	defer c.Close()
	_, err := c.GetJSON(t.Context(), Get{URL: server.URL, Limit: 1})
	if _, ok := errors.AsType[*StatusError](err); !ok {
		t.Errorf("loopback: %v", err)
	}
	// [::ffff:127.0.0.1] is no loopback host by its name, and one by its address.
	_, err = c.GetJSON(t.Context(), Get{URL: strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1), Limit: 1})
	if e, ok := errors.AsType[*AddressError](err); !ok || e.Host != "0.0.0.0" || !strings.Contains(err.Error(), "allow that address") {
		t.Errorf("0.0.0.0: %v", err)
	}
}
