// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import "time"

// Hashing is a key elsewhere that hashes by itself.
type Hashing = hashing

// EndCooldown lets refused requests cause an attempt at once.
func EndCooldown(p *Provider) {
	p.rotation.mu.Lock()
	defer p.rotation.mu.Unlock()
	p.rotation.began = time.Time{}
}
