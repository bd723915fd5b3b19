// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"sync"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer returns how a transport connects.
func dialer(t *http.Transport) dialFunc {
	switch {
	case t.DialContext != nil:
		return t.DialContext
	case t.Dial != nil: //nolint:staticcheck // whoever sets it means it
		return func(_ context.Context, network, address string) (net.Conn, error) {
			return t.Dial(network, address) //nolint:staticcheck // see above
		}
	default:
		return new(net.Dialer).DialContext
	}
}

// connections are those that are open, so that all of them can be closed.
type connections struct {
	mu     sync.Mutex
	closed bool
	open   map[*connection]bool
}

type connection struct {
	net.Conn
	of *connections
}

// through has what dial opens counted.
func (s *connections) through(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &connection{conn, s}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			_ = conn.Close()
			return nil, errors.New("the client certificate of this connection is not in use any more")
		}
		if s.open == nil {
			s.open = make(map[*connection]bool)
		}
		s.open[c] = true
		return c, nil
	}
}

// Close implements [net.Conn].
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// close closes all, and what is opened later at once.
func (s *connections) close() {
	s.mu.Lock()
	open := maps.Clone(s.open)
	s.closed, s.open = true, nil
	s.mu.Unlock()
	for c := range open {
		_ = c.Conn.Close()
	}
}
