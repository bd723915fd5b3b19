// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package authtest

// Failures runs the contract and returns what it complains about, by subtest.
func Failures(c Contract) map[string][]string {
	r := &record{failures: make(map[string][]string)}
	c.run(r)
	return r.failures
}
