// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package renewal_test

import (
	"flag"
	"os"
	"testing"
)

// Nearly all that tests of real connections do here is wait until a token is old, and
// so many of them wait at once.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
