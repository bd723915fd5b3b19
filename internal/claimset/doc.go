// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package claimset reads the claims that stand alike in an access token and in an
// introspection answer about one. Its errors name the claim; which check has
// failed is for the caller to say.
package claimset
