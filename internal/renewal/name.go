// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal

import (
	"crypto/rand"
	"encoding/base64"
)

// Name returns a name for a stream that nobody can guess.
func Name() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // it does not fail
	return base64.RawURLEncoding.EncodeToString(b)
}
