// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package speedtest is what the tests of speed of every package share: a table of
// calls is a benchmark each, and the allocations of each are pinned.
package speedtest
