// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package measure

import "time"

// CPU returns how much of the processors this process has used, and whether the
// system tells.
func CPU() (time.Duration, bool) { return 0, false }
