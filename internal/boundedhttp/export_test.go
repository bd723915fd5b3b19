// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package boundedhttp

// Identities returns how many certificates a client keeps connections for.
func Identities(c *Client) int {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	return len(c.identities.list)
}
