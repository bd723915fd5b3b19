// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal

import (
	"time"

	authv1 "github.com/bearerkit/bearerkit/proto/bearerkit/auth/v1"
)

// MaxAnswer is how many bytes a client reads of a server's answer to a renewal.
const MaxAnswer = 4 << 10

// End returns when a stream will end by an answer of its server; zero if that sets
// no time.
func End(answer *authv1.RenewResponse) time.Time {
	if end := answer.GetEnd(); end.IsValid() {
		return end.AsTime()
	}
	return time.Time{}
}
