// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"testing"
	"time"
)

// Like the authorization server, the oracle notices the end of a killed test
// binary by its stdin alone.
func TestOracleEndsWithStdin(t *testing.T) {
	t.Parallel()
	o := startOracle(t)
	if err := o.process.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-o.process.done:
	case <-time.After(5 * time.Second):
		t.Error("the oracle is still running 5 s after its stdin was closed")
	}
}

func TestOracleEndsWithTest(t *testing.T) {
	t.Parallel()
	var o *oracle
	t.Run("inner", func(t *testing.T) { o = startOracle(t) })
	if o == nil {
		t.Skip("no oracle")
	}
	select {
	case <-o.process.done:
	default:
		t.Error("the oracle outlived its test")
	}
}
