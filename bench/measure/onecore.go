// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package measure

import "runtime"

// OneCore has the process use one core until the function that it returns is
// called. Otherwise the processor time of a call that waits for another
// goroutine depends on how busily the idle cores look for work.
func OneCore() func() {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}
