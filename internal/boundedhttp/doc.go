// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package boundedhttp fetches small JSON documents from an authorization
// server: no redirects, no proxy, no cookies, no unbounded body, and only over
// TLS unless the host is the loopback interface.
package boundedhttp
