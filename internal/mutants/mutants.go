// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// mutants are the checks of the library, and what is left without them: a list
// for each directory, in a file of that name.
var mutants = slices.Concat(
	authMutants,
	internalMutants,
	jwtauthMutants,
	issuerMutants,
	grpcauthMutants,
	connectauthMutants,
	introspectionMutants,
	clientauthMutants,
)
