// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package repotest holds the rules of this repository that a compiler does not
// check, as tests: licence headers, one package comment for each directory, who
// may import whom and why, which functions have a benchmark, and what must not be
// in go.mod.
package repotest
