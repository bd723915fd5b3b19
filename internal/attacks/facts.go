// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package attacks

import (
	"fmt"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// Facts is everything that claims say, but for when somebody was asked.
func Facts(claims *auth.Claims) string {
	if claims == nil {
		return "none"
	}
	d := claims.Data()
	payload := string(d.Payload)
	d.Payload, d.Unmarshal, d.Holds = nil, nil, nil
	d.FreshUntil, d.StaleUntil, d.ConfirmedAt = time.Time{}, time.Time{}, time.Time{}
	if d.Expiry.IsZero() { // then the deadline counts from the question
		d.Deadline = time.Time{}
	}
	return fmt.Sprintf("%+v %s", d, payload)
}
