// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package grpcauth_test

import (
	"testing"

	"github.com/bearerkit/bearerkit/internal/speedtest"
)

func TestAllocations(t *testing.T) { speedtest.Pin(t, costs) }
