// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

import (
	"net/http"
	"time"
)

// IdleTimeout returns for how long a connection with a certificate is kept idle on
// the copy of a transport.
func IdleTimeout(t *http.Transport) time.Duration { return new(identity).with(t).IdleConnTimeout }

// Identities returns how many certificates a client keeps connections for.
func Identities(c *Client) int {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	return len(c.identities.list)
}
