// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
	"time"
)

// tlsProxies are proxies that are themselves spoken to in TLS. The transport has one
// configuration of TLS for proxies and for what is behind them, and a client's
// certificate is not for a proxy to see. So to the transport they are plain ones, by
// a name that nothing else has, and TLS with them is begun where it dials.
type tlsProxies struct {
	config  *tls.Config // without a certificate; nil for the default
	timeout time.Duration
	dial    dialFunc
	suffix  string // of their names
}

func newTLSProxies(config *tls.Config, timeout time.Duration, dial dialFunc) *tlsProxies {
	return &tlsProxies{config, timeout, dial, "." + strings.ToLower(rand.Text()) + ".invalid:443"}
}

// plain returns the proxy as the transport is to see it.
func (p *tlsProxies) plain(proxy *url.URL) *url.URL {
	address := net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "443"))
	seen := *proxy
	seen.Scheme, seen.Host = "http", hex.EncodeToString([]byte(address))+p.suffix
	return &seen
}

func (p *tlsProxies) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	name, ok := strings.CutSuffix(address, p.suffix)
	if !ok {
		return p.dial(ctx, network, address)
	}
	proxy, err := hex.DecodeString(name)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(string(proxy))
	if err != nil {
		return nil, err
	}
	conn, err := p.dial(ctx, network, string(proxy))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.config != nil {
		config = p.config.Clone()
	}
	config.NextProtos = nil // a proxy is spoken to in HTTP/1
	config.ServerName = cmp.Or(config.ServerName, host)
	secured := tls.Client(conn, config)
	if p.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}
