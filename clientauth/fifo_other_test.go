// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package clientauth

import "testing"

func pipe(t testing.TB, _ string) {
	t.Helper()
	t.Skip("no named pipes in the file system")
}
