// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package interop holds tests of guarded servers next to the libraries that are
// often used with them. What they prove is written down for users in
// docs/with-others.md, whose code is that of these tests. It is a module of its
// own so that no user of bearerkit gets those libraries' requirements.
package interop
